//! Text that a monitored host chose.

use std::borrow::Cow;
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
        match self.0.char_indices().nth(MAX_SHOWN_CHARS) {
            None => f.write_str(&plain(self.0)),
            Some((end, _)) => write!(f, "{}…", plain(&self.0[..end])),
        }
    }
}

/// The text with control characters, characters that reorder or hide text, and line breaks as `\u{…}`, uncut.
///
/// What is plain stays as it is, so doing it twice is doing it once.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_not_plain) {
        return Cow::Borrowed(text);
    }
    let escape = |mut plain: String, c: char| {
        if is_not_plain(c) {
            plain.extend(c.escape_unicode())
        } else {
            plain.push(c)
        }
        plain
    };
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 8), escape))
}

fn is_not_plain(c: char) -> bool {
    c.is_control() || reorders_or_hides(c)
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
        assert_eq!(Untrusted(&"ü".repeat(256)).to_string(), "ü".repeat(256));
        assert_eq!(Untrusted(&"\u{9b}".repeat(257)).to_string(), format!("{}…", "\\u{9b}".repeat(256)));
    }

    #[test]
    fn plain_text_is_not_cut_and_stays_plain() {
        let hostile = "a\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\t".repeat(100);
        let shown = plain(&hostile);
        assert_eq!(shown, "a\\u{1b}]0;x\\u{7}\\u{9b}2J\\u{202e}\\u{9}".repeat(100));
        for text in [&shown, "", "/srv/Bücher", r"C:\u{1b}"] {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
