//! The templates, built in or the installation's own.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use sample::plain;
use serde::Serialize;

use super::{ComposeError, shown};

mod sample_mail;

/// The names of an installation's own, as config.xml has them: mistakes are told with them.
const OWN_TEXT: &str = "text-template";
const OWN_HTML: &str = "html-template";

const BUILT_IN: [(&str, &str); 5] = [
    ("mail.txt", include_str!("../../templates/mail.txt")),
    ("mail.html", include_str!("../../templates/mail.html")),
    ("summary.txt", include_str!("../../templates/summary.txt")),
    ("summary.html", include_str!("../../templates/summary.html")),
    ("style.css", include_str!("../../templates/style.css")),
];

/// A template is some pages; a longer file is something else.
const MOST_BYTES_OF_FILE: u64 = 256 * 1024;

/// Of a line with a mistake.
const MOST_CHARS_OF_LINE: usize = 100;

/// Before it is cut to the size of a mail.
const MOST_BYTES_OF_PAGE: usize = 8 * 1024 * 1024;

/// Steps of a template, twenty times what a mail of 200 entries takes: one that goes round for ever ends.
const MOST_STEPS: u64 = 2_000_000;

/// The templates of a mail. One that can't be rendered gives way to the built-in one, and is warned of: a mistake in it
/// keeps no mail back.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// Of the text.
    pub text: Option<String>,
    /// Of the HTML.
    pub html: Option<String>,
}

/// A template of the installation's own that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMistake {
    /// The attribute in config.xml that names it.
    pub attribute: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it: `line 2: undefined value: {{ sbject }}`.
    pub what: String,
}

impl fmt::Display for TemplateMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TemplateMistake { attribute, path, what } = self;
        write!(f, "{attribute} {}: {what}", path.display())
    }
}

impl Templates {
    /// Reads an installation's own templates, and tries each of them on a mail with one of everything. Where there is no
    /// path, or a mistake, the built-in one is used: what is wrong with one says nothing about the other.
    pub fn load(text: Option<&Path>, html: Option<&Path>) -> (Templates, Vec<TemplateMistake>) {
        let mut mistakes = Vec::new();
        let mut own = |attribute, path: Option<&Path>| {
            let path = path?;
            let tried = read(path).and_then(|source| match mistake(attribute, &source) {
                None => Ok(source),
                Some(what) => Err(what),
            });
            let keep = |what| mistakes.push(TemplateMistake { attribute, path: path.to_owned(), what });
            tried.map_err(keep).ok()
        };
        let templates = Templates { text: own(OWN_TEXT, text), html: own(OWN_HTML, html) };
        (templates, mistakes)
    }
}

/// The first mistake of a template: what does not compile, and what uses a value that there is not.
fn mistake(attribute: &str, source: &str) -> Option<String> {
    let told = |error: minijinja::Error| told(&error, attribute, source);
    let tried = || -> Result<(), minijinja::Error> {
        let mut pages = Pages::empty();
        // It may include the built-in ones.
        for (name, source) in BUILT_IN {
            pages.0.add_template(name, source)?;
        }
        let template = pages.0.template_from_named_str(attribute, source)?;
        sample_mail::values()
            .iter()
            .try_for_each(|values| template.render_captured_to(values, &mut Page::default()).map(drop))
    };
    tried().err().map(told)
}

/// With the line as it is written: the error does not name a value that there is not.
fn told(error: &minijinja::Error, attribute: &str, source: &str) -> String {
    let line = error.line().filter(|_| error.name() == Some(attribute));
    let Some(line) = line else { return plain(&error.to_string()).into_owned() };
    let what = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    let written = source.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
    let written: String = written.chars().take(MOST_CHARS_OF_LINE).collect();
    plain(&format!("line {line}: {what}: {written}")).into_owned()
}

/// The templates of one mail, compiled once.
pub(super) struct Pages<'t>(Environment<'t>);

impl<'t> Pages<'t> {
    /// Compiles the templates; warns of one that has a mistake.
    pub(super) fn new(templates: &'t Templates) -> Result<Pages<'t>, ComposeError> {
        let mut pages = Pages::empty();
        for (name, source) in BUILT_IN {
            pages.0.add_template(name, source).map_err(ComposeError::Template)?;
        }
        for (name, own) in [(OWN_TEXT, &templates.text), (OWN_HTML, &templates.html)] {
            if let Some(error) = own.as_ref().and_then(|own| pages.0.add_template(name, own).err()) {
                warn(name, &error);
            }
        }
        Ok(pages)
    }

    fn empty() -> Pages<'t> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(true);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(MOST_STEPS));
        environment.set_auto_escape_callback(|name| {
            if name == OWN_HTML || name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        Pages(environment)
    }

    /// The text of a mail.
    pub(super) fn text(&self, values: &impl Serialize) -> Result<String, ComposeError> {
        self.own_or(OWN_TEXT, "mail.txt", values)
    }

    /// The HTML of a mail.
    pub(super) fn html(&self, values: &impl Serialize) -> Result<String, ComposeError> {
        self.own_or(OWN_HTML, "mail.html", values)
    }

    /// A page of the built-in template of this name.
    pub(super) fn built_in(&self, name: &str, values: &impl Serialize) -> Result<String, ComposeError> {
        self.render(name, values).map_err(ComposeError::Template)
    }

    fn own_or(&self, own: &str, built_in: &str, values: &impl Serialize) -> Result<String, ComposeError> {
        match self.render(own, values) {
            Ok(page) => return Ok(page),
            // There is none, or it was warned of when it was compiled.
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => {}
            Err(error) => warn(own, &error),
        }
        self.built_in(built_in, values)
    }

    fn render(&self, name: &str, values: &impl Serialize) -> Result<String, minijinja::Error> {
        let mut page = Page::default();
        self.0.get_template(name)?.render_captured_to(values, &mut page)?;
        Ok(shown::page(String::from_utf8_lossy(&page.0).into_owned()))
    }
}

fn warn(name: &str, error: &minijinja::Error) {
    tracing::warn!("the built-in template takes the place of {name}, which has a mistake: {error}");
}

/// What is rendered, not without end.
#[derive(Default)]
struct Page(Vec<u8>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES_OF_PAGE {
            return Err(io::Error::other("the page is longer than 8 MiB"));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, String> {
    let text = || -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?.take(MOST_BYTES_OF_FILE + 1).read_to_string(&mut text)?;
        let is_short = u64::try_from(text.len()).is_ok_and(|length| length <= MOST_BYTES_OF_FILE);
        if is_short { Ok(text) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 256 KiB")) }
    };
    text().map_err(|error| format!("can't be read: {error}"))
}
