//! Text that others chose, in as much room as there is.

use sample::Untrusted;

/// Returns the text, safe to show, with at most so many characters and a mark where it is cut.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let shown = Untrusted(text).to_string();
    match shown.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_and_what_moves_the_cursor_is_shown() {
        assert_eq!([cut("abc", 3), cut("äöüß", 3)], ["abc", "äöü…"]);
        assert_eq!(cut("\u{1b}[2J", 40), "\\u{1b}[2J");
    }
}
