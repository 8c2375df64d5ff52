//! A file's bytes: whether they are the text of an XML file at all.

use crate::grammar::is_xml;
use crate::load::MAX_BYTES;

/// Where a text is broken, as an offset, and how.
pub(crate) type Broken = (usize, &'static str);

/// Returns the text as far as it is text, without a byte order mark, and where it stops being XML if that can be seen
/// without parsing.
pub(crate) fn text(bytes: &[u8]) -> (&str, Option<Broken>) {
    if bytes.len() as u64 > MAX_BYTES {
        return ("", Some((0, "the file is larger than 4 MiB")));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return ("", Some((0, "this is UTF-16, expected UTF-8")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (text, not_utf8) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, _) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), Some((error.valid_up_to(), "this is not UTF-8")))
        }
    };
    let start = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if start.is_empty() && not_utf8.is_none() {
        return (text, Some((0, "the file is empty")));
    }
    if bytes.contains(&0) || !start.starts_with('<') {
        return (text, Some((0, "this is not an XML file")));
    }
    let control = text.find(|c| !is_xml(c)).map(|at| (at, "a control character, which XML does not allow"));
    (text, control.or(not_utf8))
}
