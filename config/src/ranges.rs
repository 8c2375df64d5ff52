//! `web[01-40]`: one text that stands for many.

use sample::Untrusted;

/// How many hosts one client may stand for.
const MAX_EXPANDED: u64 = 10_000;
/// A host name or an address is no longer. Without it a long text with a wide range would fill the memory.
const MAX_LENGTH: usize = 253;
/// What a `u64` holds in any case.
const MAX_DIGITS: usize = 18;

/// Why a text with brackets stands for nothing. Goes on after `name "web[1-" `.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum RangeError {
    #[error("has a \"[\" that is not closed")]
    NotClosed,
    #[error("has a \"]\" without a \"[\" before it")]
    NotOpened,
    #[error("has \"[{0}]\" in it, which is no range such as [1-20] or [01-12,15]")]
    NotARange(String),
    #[error("has the range {0} in it, which runs backwards")]
    Backwards(String),
    #[error("stands for more than {MAX_EXPANDED} hosts: write several clients")]
    TooMany,
    #[error("is longer than {MAX_LENGTH} characters")]
    TooLong,
}

/// Returns the texts that this one stands for: a text without brackets for itself, each `[…]` for each of its numbers.
/// The last brackets change fastest, as the digits of a number.
pub(crate) fn expand(text: &str) -> Result<Vec<String>, RangeError> {
    let pieces = pieces(text)?;
    if pieces.iter().map(Piece::min_length).sum::<usize>() > MAX_LENGTH {
        return Err(RangeError::TooLong);
    }
    let count = pieces.iter().map(Piece::count).try_fold(1_u64, u64::checked_mul);
    if count.is_none_or(|count| count > MAX_EXPANDED) {
        return Err(RangeError::TooMany);
    }
    let mut expanded = vec![String::new()];
    for piece in &pieces {
        match piece {
            Piece::Text(text) => expanded.iter_mut().for_each(|begun| begun.push_str(text)),
            Piece::Numbers(spans) => {
                let numbers: Vec<String> = spans.iter().flat_map(Span::numbers).collect();
                let with_each = |begun: &String| numbers.iter().map(|number| format!("{begun}{number}")).collect();
                expanded = expanded.iter().flat_map::<Vec<String>, _>(with_each).collect();
            }
        }
    }
    Ok(expanded)
}

enum Piece<'t> {
    Text(&'t str),
    Numbers(Vec<Span>),
}

impl Piece<'_> {
    fn min_length(&self) -> usize {
        match self {
            Piece::Text(text) => text.len(),
            Piece::Numbers(_) => 1,
        }
    }

    fn count(&self) -> u64 {
        match self {
            Piece::Text(_) => 1,
            Piece::Numbers(spans) => spans.iter().fold(0, |sum, span| sum.saturating_add(span.last - span.first + 1)),
        }
    }
}

/// Numbers one after the other.
struct Span {
    first: u64,
    last: u64,
    /// Digits they have at least.
    width: usize,
}

impl Span {
    fn numbers(&self) -> impl Iterator<Item = String> {
        let width = self.width;
        (self.first..=self.last).map(move |number| format!("{number:0width$}"))
    }
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, RangeError> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, bracket)) = rest.split_once('[') {
        let (inside, after) = bracket.split_once(']').ok_or(RangeError::NotClosed)?;
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Numbers(inside.split(',').map(|part| span(part, inside)).collect::<Result<_, _>>()?));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    let is_open = |piece: &Piece<'_>| matches!(piece, Piece::Text(text) if text.contains(']'));
    if pieces.iter().any(is_open) { Err(RangeError::NotOpened) } else { Ok(pieces) }
}

/// `7`, `07` or `01-40`.
fn span(part: &str, inside: &str) -> Result<Span, RangeError> {
    let not_a_range = || RangeError::NotARange(Untrusted(inside).to_string());
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let number = |digits: &str| {
        let fits = (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if fits { digits.parse().ok() } else { None }
    };
    let (from, to): (u64, u64) = number(first).zip(number(last)).ok_or_else(not_a_range)?;
    if from > to {
        return Err(RangeError::Backwards(part.to_owned()));
    }
    let padded = [first, last].into_iter().filter(|digits| digits.len() > 1 && digits.starts_with('0'));
    Ok(Span { first: from, last: to, width: padded.map(str::len).max().unwrap_or(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_stand_for_each_of_their_numbers() {
        for (text, expanded) in [
            ("web1", "web1"),
            ("web[1-3,07]", "web1 web2 web3 web07"),
            ("web[08-11].example.org", "web08.example.org web09.example.org web10.example.org web11.example.org"),
            ("[0-1]", "0 1"),
            ("[99-101]", "99 100 101"),
            ("[099-101]", "099 100 101"),
            ("[8-010]", "008 009 010"),
            ("[00-02]x", "00x 01x 02x"),
            ("r[1-2]n[a]".replace("[a]", "[1,3]").as_str(), "r1n1 r1n3 r2n1 r2n3"),
            ("[5][6]", "56"),
        ] {
            assert_eq!(expand(text).unwrap().join(" "), expanded, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_told() {
        let not_a_range = |inside: &str| RangeError::NotARange(inside.to_owned());
        for inside in ["", ",", "1,", ",1", "1-", "-1", "-", "1-2-3", "a", "1-b", " 1", "1 - 2", "٣", "+1", "1..3"] {
            assert_eq!(expand(&format!("web[{inside}]")), Err(not_a_range(inside)), "{inside}");
        }
        assert_eq!(expand("[1[2]]"), Err(not_a_range("1[2")));
        assert_eq!(expand("[1234567890123456789]"), Err(not_a_range("1234567890123456789")));
        assert_eq!(expand("web[3-1]"), Err(RangeError::Backwards("3-1".to_owned())));
        assert_eq!(expand("web[1,10-09]"), Err(RangeError::Backwards("10-09".to_owned())));
        assert_eq!([expand("web[1-3"), expand("a[1]b[")], [Err(RangeError::NotClosed), Err(RangeError::NotClosed)]);
        assert_eq!([expand("web1]"), expand("a[1]b]")], [Err(RangeError::NotOpened), Err(RangeError::NotOpened)]);
    }

    #[test]
    fn a_range_is_counted_before_it_is_written_out() {
        assert_eq!(expand("h[1-100]x[1-100]").unwrap().len(), 10_000);
        assert_eq!(expand("h[1-100]x[0-100]"), Err(RangeError::TooMany));
        assert_eq!(expand("[0-999999999999999999]"), Err(RangeError::TooMany));
        assert_eq!(expand(&"[0-999999999999999999]".repeat(100)), Err(RangeError::TooMany));
        assert_eq!(expand(&format!("[{}0]", "0-999999999999999999,".repeat(100))), Err(RangeError::TooMany));
        for long in ["[1]".repeat(1_000_000), format!("{}[1-10000]", "x".repeat(4_000_000))] {
            assert_eq!(expand(&long), Err(RangeError::TooLong));
        }
    }
}
