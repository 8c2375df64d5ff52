//! Values in rows: what the database can hold, and back again.

use std::error::Error;
use std::fmt::{Display, Write};
use std::str::FromStr;

use rules::{AlertKey, Instance, Recipient, RuleKey, Selector};
use rusqlite::Row;
use rusqlite::types::Type;
use sample::Timestamp;

use crate::{RunState, StoreError};

/// The text is not in a closed list of ours.
#[derive(Debug, thiserror::Error)]
#[error("unknown value {0:?}")]
struct UnknownText(String);

/// The text of column `index` as a value of ours.
pub(crate) fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text(row, index)?.parse().map_err(|error| misfit(index, error))
}

fn text<'r>(row: &'r Row<'_>, index: usize) -> rusqlite::Result<&'r str> {
    row.get_ref(index)?.as_str().map_err(|error| misfit(index, error))
}

fn misfit(index: usize, error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}

/// A count, which is never negative.
pub(crate) fn unsigned<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let value: i64 = row.get(index)?;
    T::try_from(value).or(Err(rusqlite::Error::IntegralValueOutOfRange(index, value)))
}

/// A count that may be unknown.
pub(crate) fn unsigned_if_known<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>> {
    match row.get::<_, Option<i64>>(index)? {
        None => Ok(None),
        Some(_) => unsigned(row, index).map(Some),
    }
}

/// Milliseconds since the epoch.
pub(crate) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    row.get(index).map(Timestamp::from_millis)
}

/// The alert that columns 0 to 3 name: metric, selector, ordinal, instance.
pub(crate) fn alert_key(row: &Row<'_>) -> rusqlite::Result<AlertKey> {
    let selector = Selector::from_stored(text(row, 1)?);
    let rule = RuleKey { metric: parsed(row, 0)?, selector, ordinal: unsigned(row, 2)? };
    Ok(AlertKey { rule, instance: Instance::from_stored(text(row, 3)?) })
}

/// Where a run stands.
pub(crate) fn run_state(row: &Row<'_>, index: usize) -> rusqlite::Result<RunState> {
    named(row, index, &RunState::ALL, RunState::name)
}

/// Recipients, separated by commas; none if the text is empty.
pub(crate) fn recipients(row: &Row<'_>, index: usize) -> rusqlite::Result<Vec<Recipient>> {
    let parts = text(row, index)?.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|error| misfit(index, error))).collect()
}

/// The text that [`recipients`] reads. No address and no name of a notifier can hold a comma.
pub(crate) fn joined(recipients: &[Recipient]) -> String {
    recipients.iter().map(Recipient::as_str).collect::<Vec<_>>().join(",")
}

/// Milliseconds since the epoch, if that is known.
pub(crate) fn time_if_known(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_millis))
}

/// The member of a closed list of ours that has the name in column `index`.
pub(crate) fn named<T: Copy>(
    row: &Row<'_>,
    index: usize,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> rusqlite::Result<T> {
    let wanted = text(row, index)?;
    let found = all.iter().copied().find(|one| name(*one) == wanted);
    found.ok_or_else(|| misfit(index, UnknownText(wanted.to_owned())))
}

/// A value that this version does not know, said of something as a whole.
pub(crate) fn unknown(what: &str) -> rusqlite::Error {
    misfit(0, UnknownText(what.to_owned()))
}

/// What a column's text is read as by `read`.
pub(crate) fn with<T, E: Error + Send + Sync + 'static>(
    row: &Row<'_>,
    index: usize,
    read: impl Fn(&str) -> Result<T, E>,
) -> rusqlite::Result<T> {
    read(text(row, index)?).map_err(|error| misfit(index, error))
}

/// Numbers as the JSON array that `json_each` takes apart: a list of any length is one parameter of one statement.
pub(crate) fn json(numbers: impl Iterator<Item = impl Display>) -> String {
    let mut text = String::from("[");
    for (index, number) in numbers.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}{number}").expect("writing to memory does not fail");
    }
    text + "]"
}

/// A count as the database holds it.
pub(crate) fn count(value: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value).or(Err(StoreError::OutOfRange { what, value }))
}
