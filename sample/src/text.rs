//! Text that a monitored host chose.

use std::fmt;

const MAX_SHOWN_CHARS: usize = 256;

/// Text from a host, made safe to show on a terminal, in a log or in a mail.
///
/// `Display` writes control characters, characters that reorder or hide text, and line breaks as `\u{…}`,
/// and cuts after 256 characters.
#[derive(Clone, Copy, Debug)]
pub struct Untrusted<'a>(pub &'a str);

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(MAX_SHOWN_CHARS) {
            if c.is_control() || reorders_or_hides(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

/// Zero-width characters, line and paragraph separators, bidirectional controls, tags.
fn reorders_or_hides(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_codes_and_reordering_are_shown_not_obeyed() {
        assert_eq!(Untrusted("/mnt/\u{1b}[2Jx\r\nSubject: y").to_string(), "/mnt/\\u{1b}[2Jx\\u{d}\\u{a}Subject: y");
        assert_eq!(Untrusted("a\u{202e}b\u{200b}").to_string(), "a\\u{202e}b\\u{200b}");
        assert_eq!(Untrusted("/srv/Bücher").to_string(), "/srv/Bücher");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(Untrusted(&"x".repeat(300)).to_string(), format!("{}…", "x".repeat(256)));
    }
}
