//! Text to a small tree in which everything knows its place. The only file that names quick-xml.
//!
//! quick-xml is lenient: it lets pass a second root, text beside it, `<` in values, odd names and missing ends.
//! All of that is refused here, so that a file we accept is XML for everybody.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::attributes::{AttrError, Attribute as RawAttribute};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use sample::Untrusted;
use zeroize::Zeroizing;

use crate::grammar::{is_declaration, is_xml, name_at};
use crate::report::Report;

const MAX_DEPTH: usize = 16;
const MAX_ATTRIBUTES: usize = 64;
/// More than 4 MiB of real elements can hold.
const MAX_ELEMENTS: usize = 200_000;

/// An element. Places are those of the [`Report`].
pub(crate) struct Element<'t> {
    pub(crate) name: &'t str,
    pub(crate) at: usize,
    pub(crate) attributes: Vec<Attribute<'t>>,
    pub(crate) children: Vec<Element<'t>>,
}

pub(crate) struct Attribute<'t> {
    pub(crate) name: &'t str,
    pub(crate) at: usize,
    /// With entities decoded. None: it could not be read, and that was reported.
    pub(crate) value: Option<Zeroizing<String>>,
    pub(crate) value_at: usize,
}

/// From here on the structure can't be trusted.
struct Fatal {
    at: usize,
    message: String,
}

fn fatal<T>(at: usize, message: impl Into<String>) -> Result<T, Fatal> {
    Err(Fatal { at, message: message.into() })
}

/// Returns the root element; none if the text is not XML, which then is reported. `base` is the place of the text's
/// first byte.
pub(crate) fn read<'t>(text: &'t str, base: usize, report: &mut Report) -> Option<Element<'t>> {
    let mut walk = Walk { text, base, open: Vec::new(), root: None, elements: 0, report };
    match walk.run() {
        Ok(()) => walk.root,
        Err(Fatal { at, message }) => {
            walk.report.problem(at, message);
            None
        }
    }
}

struct Walk<'t, 'r> {
    text: &'t str,
    /// The place of the text's first byte. Places below are places in the report unless they are called offsets.
    base: usize,
    open: Vec<Element<'t>>,
    root: Option<Element<'t>>,
    elements: usize,
    report: &'r mut Report,
}

impl<'t> Walk<'t, '_> {
    fn run(&mut self) -> Result<(), Fatal> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = true;
        loop {
            let at = self.base + reader.buffer_position() as usize;
            match reader.read_event() {
                Ok(Event::Eof) => return self.end(at),
                Ok(event) => self.take(event, at)?,
                Err(error) => return self.ill_formed(&error, at, self.base + reader.error_position() as usize),
            }
        }
    }

    fn take(&mut self, event: Event<'t>, at: usize) -> Result<(), Fatal> {
        match event {
            Event::Start(tag) => {
                let element = self.element(&tag, at)?;
                self.open.push(element);
            }
            Event::Empty(tag) => {
                let element = self.element(&tag, at)?;
                self.place(element)?;
            }
            Event::End(_) => {
                let element = self.open.pop().expect("the reader refuses an end tag without a start");
                self.place(element)?;
            }
            Event::Text(text) => self.text(&text, at),
            Event::CData(_) | Event::GeneralRef(_) => {
                self.report.problem(at, "only elements are allowed here, found text")
            }
            Event::Decl(declaration) => self.declaration(&declaration, at)?,
            Event::PI(_) => self.report.problem(at, "only elements are allowed here, found a processing instruction"),
            Event::DocType(_) => return fatal(at, "a DOCTYPE is not allowed"),
            Event::Comment(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn end(&mut self, at: usize) -> Result<(), Fatal> {
        if let Some(open) = self.open.last() {
            return fatal(open.at, format!("<{}> is never closed", Untrusted(open.name)));
        }
        if self.root.is_none() {
            return fatal(at, "no <config> element");
        }
        Ok(())
    }

    fn place(&mut self, element: Element<'t>) -> Result<(), Fatal> {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(element);
            return Ok(());
        }
        if self.root.is_some() {
            return fatal(element.at, format!("a second root element <{}>", Untrusted(element.name)));
        }
        self.root = Some(element);
        Ok(())
    }

    fn element(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<Element<'t>, Fatal> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return fatal(at, format!("more than {MAX_ELEMENTS} elements"));
        }
        if self.open.len() >= MAX_DEPTH {
            return fatal(at, format!("elements nested more than {MAX_DEPTH} deep"));
        }
        let name = name_at(self.text, at - self.base + 1);
        if name.is_empty() || name.len() != tag.name().as_ref().len() {
            return fatal(at, "\"<\" is not followed by the name of an element");
        }
        let attributes = self.attributes(tag, at)?;
        Ok(Element { name, at, attributes, children: Vec::new() })
    }

    fn attributes(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<Vec<Attribute<'t>>, Fatal> {
        let mut attributes = Vec::new();
        for (count, attribute) in tag.attributes().enumerate() {
            if count == MAX_ATTRIBUTES {
                return fatal(at, format!("more than {MAX_ATTRIBUTES} attributes on one element"));
            }
            match attribute {
                Ok(attribute) => attributes.extend(self.attribute(&attribute)),
                Err(error) => self.bad_attribute(&error, at + 1),
            }
        }
        Ok(attributes)
    }

    fn attribute(&mut self, raw: &RawAttribute<'_>) -> Option<Attribute<'t>> {
        let offset_of_name = offset(self.text, raw.key.as_ref());
        let at = self.base + offset_of_name;
        let value_at = self.base + offset(self.text, &raw.value);
        let name = name_at(self.text, offset_of_name);
        if name.len() != raw.key.as_ref().len() || name.is_empty() {
            self.report.problem(at, "expected the name of an attribute");
            return None;
        }
        if !self.text[..offset_of_name].ends_with(|c: char| c.is_ascii_whitespace()) {
            self.report.problem(at, format!("expected a space before \"{}\"", Untrusted(name)));
        }
        Some(Attribute { name, at, value: self.value(raw, value_at), value_at })
    }

    /// Nothing of the value is shown: an unescaped `&` is found in passwords more than anywhere else.
    fn value(&mut self, raw: &RawAttribute<'_>, at: usize) -> Option<Zeroizing<String>> {
        if let Some(found) = raw.value.find('<') {
            self.report.problem(at + found, "\"<\" in a value is written \"&lt;\"");
            return None;
        }
        match raw.normalized_value(XmlVersion::Explicit1_0) {
            Ok(value) if value.chars().all(is_xml) => Some(Zeroizing::new(value.into_owned())),
            Ok(_) => {
                self.report.problem(at, "a character reference stands for a character that XML does not allow");
                None
            }
            Err(_) => {
                let found = bad_reference(&raw.value);
                self.report.problem(at + found, "\"&\" in a value is written \"&amp;\" (there are no entities but &amp; &lt; &gt; &quot; &apos; and &#…;)");
                None
            }
        }
    }

    fn bad_attribute(&mut self, error: &AttrError, content: usize) {
        match *error {
            AttrError::Duplicated(at, _) => {
                let name = Untrusted(name_at(self.text, content + at - self.base));
                self.report.problem(content + at, format!("attribute \"{name}\" is given twice"));
            }
            AttrError::ExpectedEq(at) => self.report.problem(content + at, "expected \"=\" and a value in quotes"),
            AttrError::ExpectedValue(at) | AttrError::UnquotedValue(at) => {
                self.report.problem(content + at, "expected a value in quotes");
            }
            AttrError::ExpectedQuote(at, _) => {
                self.report.problem(content + at, "the value's closing quote is missing")
            }
        }
    }

    fn text(&mut self, text: &str, at: usize) {
        if let Some(found) = text.find(|c: char| !c.is_ascii_whitespace()) {
            self.report.problem(at + found, "only elements are allowed here, found text");
        }
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>, at: usize) -> Result<(), Fatal> {
        if at != self.base {
            return fatal(at, "<?xml …?> stands at the very beginning of a file or not at all");
        }
        if !is_declaration(declaration) {
            return fatal(at, "expected <?xml version=\"1.0\" encoding=\"UTF-8\"?>, and the file saved in UTF-8");
        }
        Ok(())
    }

    fn ill_formed(&self, error: &Error, start: usize, place: usize) -> Result<(), Fatal> {
        match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                let opened = self.open.last().map_or(0, |element| self.report.line(element.at));
                let (expected, found) = (Untrusted(expected), Untrusted(found));
                fatal(place, format!("expected </{expected}> to end line {opened}, found </{found}>"))
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
                fatal(place, format!("</{}> ends nothing", Untrusted(found)))
            }
            Error::IllFormed(IllFormedError::DoubleHyphenInComment) => {
                let inside = start + "<!--".len();
                let found = self.text.get(inside - self.base..).and_then(|text| text.find("--")).unwrap_or(0);
                fatal(inside + found, "\"--\" is not allowed inside a comment")
            }
            Error::Syntax(
                SyntaxError::UnclosedSingleQuotedAttributeValue | SyntaxError::UnclosedDoubleQuotedAttributeValue,
            ) => fatal(place, "the closing quote of a value is missing in this element"),
            // The others tell of syntax only; none holds text of the file.
            Error::Syntax(error) => fatal(place, error.to_string()),
            Error::IllFormed(error) => fatal(place, error.to_string()),
            Error::InvalidAttr(_) | Error::Escape(_) | Error::Namespace(_) | Error::Encoding(_) | Error::Io(_) => {
                fatal(place, "this is not XML")
            }
        }
    }
}

/// Where `part`, a slice of `text`, begins in it.
fn offset(text: &str, part: &str) -> usize {
    let offset = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    debug_assert_eq!(text.get(offset..offset.saturating_add(part.len())), Some(part));
    offset.min(text.len())
}

/// Where the first `&` stands that does not begin an entity we know.
fn bad_reference(raw: &str) -> usize {
    let unknown = |at: &usize| {
        let rest = &raw[*at..];
        let end = rest.find(';').map_or(rest.len(), |end| end + 1);
        quick_xml::escape::unescape(&rest[..end]).is_err()
    };
    raw.match_indices('&').map(|(at, _)| at).find(unknown).unwrap_or(0)
}
