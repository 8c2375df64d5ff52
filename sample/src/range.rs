//! The ranges of values that a host sent.

use crate::readings::most as limit;

/// What is out of its range.
pub(crate) type OutOfRange = &'static str;

pub(crate) fn within(good: bool, what: OutOfRange) -> Result<(), OutOfRange> {
    if good { Ok(()) } else { Err(what) }
}

/// Checks each that is there.
pub(crate) fn all_within<'a, T: 'a>(
    values: impl IntoIterator<Item = &'a T>,
    check: impl FnMut(&'a T) -> Result<(), OutOfRange>,
) -> Result<(), OutOfRange> {
    values.into_iter().try_for_each(check)
}

/// Checks that a list has at most so many entries, and each of them.
pub(crate) fn most<T>(
    list: Option<&[T]>,
    most: usize,
    check: impl FnMut(&T) -> Result<(), OutOfRange>,
    what: OutOfRange,
) -> Result<(), OutOfRange> {
    let list = list.unwrap_or_default();
    within(list.len() <= most, what)?;
    list.iter().try_for_each(check)
}

/// The database counts in signed 64-bit integers.
pub(crate) fn count(counts: impl IntoIterator<Item = u64>, what: OutOfRange) -> Result<(), OutOfRange> {
    within(counts.into_iter().all(|count| i64::try_from(count).is_ok()), what)
}

/// Percentages, from 0 to 100.
pub(crate) fn percentages(values: impl IntoIterator<Item = f64>, what: OutOfRange) -> Result<(), OutOfRange> {
    within(values.into_iter().all(|value| (0.0..=100.0).contains(&value)), what)
}

/// Finite numbers.
pub(crate) fn finite(values: impl IntoIterator<Item = f64>, what: OutOfRange) -> Result<(), OutOfRange> {
    within(values.into_iter().all(f64::is_finite), what)
}

/// Texts that may be empty.
pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<(), OutOfRange> {
    within(texts.into_iter().all(|text| text.len() <= limit::TEXT), "a text")
}

/// A name, which is never empty.
pub(crate) fn name(name: &str) -> Result<(), OutOfRange> {
    within((1..=limit::TEXT).contains(&name.len()), "a name")
}
