//! Text as quoted-printable that passes through everything that handles mail by lines.

use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;

/// RFC 2045, 6.7.
const MOST_COLUMNS: usize = 76;

/// Encodes text. Beyond what RFC 2045 demands, no line begins with `From ` or a dot: what keeps mails in mbox files, or
/// speaks SMTP badly, changes such lines.
pub(super) fn body(text: String) -> Body {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let encoded = Body::new_with_encoding(text, encoding).expect("quoted-printable encodes any text").into_vec();
    Body::dangerous_pre_encoded(guard(encoded), encoding)
}

fn guard(encoded: Vec<u8>) -> Vec<u8> {
    let mut guarded = Vec::with_capacity(encoded.len());
    for line in encoded.split_inclusive(|byte| *byte == b'\n') {
        let mut rest = line;
        while let Some((code, after)) = hazard(rest) {
            guarded.extend_from_slice(code);
            rest = after;
            if code.len() + after.trim_ascii_end().len() <= MOST_COLUMNS {
                break;
            }
            guarded.extend_from_slice(b"=\r\n");
        }
        guarded.extend_from_slice(rest);
    }
    guarded
}

/// The beginning of a line that must not stand there, encoded, and what follows.
fn hazard(line: &[u8]) -> Option<(&'static [u8], &[u8])> {
    if let Some(after) = line.strip_prefix(b"From ") {
        return Some((b"=46rom=20", after));
    }
    line.strip_prefix(b".").map(|after| (&b"=2E"[..], after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        String::from_utf8(body(text.to_owned()).into_vec()).unwrap()
    }

    #[test]
    fn no_line_begins_with_from_or_a_dot() {
        assert_eq!(encoded("From x\n.\n..\nok.\n"), "=46rom=20x\r\n=2E\r\n=2E.\r\nok.\r\n");
    }

    #[test]
    fn every_line_is_short_and_seven_bit() {
        let long = format!("{}\n{}\nFrom {}", ".".repeat(500), "ü\0\u{1b}=".repeat(300), "x".repeat(200));
        for line in encoded(&long).split("\r\n") {
            assert!(line.len() <= 76 && line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')), "{line:?}");
            assert!(!line.starts_with('.') && !line.starts_with("From "), "{line:?}");
        }
    }
}
