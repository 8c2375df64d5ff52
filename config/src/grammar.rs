//! The small pieces of XML's grammar that quick-xml does not check.

/// The characters of XML 1.0, production 2.
pub(crate) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The XML name that begins at `at`; empty if there is none.
pub(crate) fn name_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    let first = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    if !rest.starts_with(first) {
        return "";
    }
    let end = rest.find(|c: char| !(first(c) || c.is_numeric() || c == '-' || c == '.'));
    &rest[..end.unwrap_or(rest.len())]
}

/// Whether `xml version="1.0" encoding="UTF-8"` and the like is a declaration that we can obey.
pub(crate) fn is_declaration(text: &str) -> bool {
    let parts: Vec<(&str, String)> = text.split_ascii_whitespace().skip(1).map(name_and_value).collect();
    let is = |part: &(&str, String), name, values: &[&str]| part.0 == name && values.contains(&part.1.as_str());
    let version = |part| is(part, "version", &["1.0"]);
    let utf8 = |part| is(part, "encoding", &["utf-8", "us-ascii"]);
    let standalone = |part| is(part, "standalone", &["yes", "no"]);
    match &parts[..] {
        [first] => version(first),
        [first, second] => version(first) && (utf8(second) || standalone(second)),
        [first, second, third] => version(first) && utf8(second) && standalone(third),
        _ => false,
    }
}

/// `name="VALUE"` to `name` and `value`; the value is empty if it is not in quotes.
fn name_and_value(part: &str) -> (&str, String) {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    (name, within('"').or_else(|| within('\'')).unwrap_or("").to_ascii_lowercase())
}
