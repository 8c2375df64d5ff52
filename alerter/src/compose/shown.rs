//! Text as a mail may show it.

use std::borrow::Cow;

/// The text without anything that hides, reorders or controls, in one line, and cut after so many characters.
pub(super) fn line(text: &str, most: usize) -> String {
    // Cut first: a megabyte is not escaped to show a line. Escaping makes it longer, so it is cut again.
    let beginning = text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end]);
    let plain = sample::plain(beginning);
    if beginning.len() == text.len() && plain.chars().count() <= most {
        return plain.into_owned();
    }
    plain.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// The whole of a part, whatever its template was: of control characters only line breaks and tabs.
pub(super) fn page(text: String) -> String {
    let is_odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_odd) {
        return text;
    }
    let kept = text.replace("\r\n", "\n");
    let shown = kept.split_inclusive(is_odd).map(|piece| match piece.strip_suffix(is_odd) {
        Some(before) => Cow::Owned(format!("{before}{}", sample::plain(&piece[before.len()..]))),
        None => Cow::Borrowed(piece),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_short_whatever_it_was() {
        assert_eq!(line("/srv/Bücher", 20), "/srv/Bücher");
        assert_eq!(line("a\r\nb\u{202e}", 40), "a\\u{d}\\u{a}b\\u{202e}");
        assert_eq!(line("abcdef", 5), "abcd…");
        assert_eq!(line("\u{1b}\u{1b}\u{1b}", 8).chars().count(), 8);
        assert_eq!(line(&"\0".repeat(100_000), 300).chars().count(), 300);
    }

    #[test]
    fn a_page_keeps_line_breaks_and_tabs_alone() {
        assert_eq!(page("a\tb\r\nc\n".to_owned()), "a\tb\nc\n");
        assert_eq!(page("a\u{1b}[2J\rb\0".to_owned()), "a\\u{1b}[2J\\u{d}b\\u{0}");
    }
}
