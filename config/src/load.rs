//! From a path, or from bytes, to a [`Config`]: all of it or nothing.

use std::path::Path;

use sample::Untrusted;
use sha2::{Digest, Sha256};

use crate::access;
use crate::fields::unknown_child;
use crate::grammar::is_xml;
use crate::report::Report;
use crate::xml::{self, Attribute, Element};
use crate::{Collector, Config, ConfigError, Host, Smtp, Storage, hosts, settings};

/// Read as a whole into memory, and far more than the largest fleet needs.
pub(crate) const MAX_BYTES: u64 = 4 * 1024 * 1024;
const OTHERS_MAY_READ: u32 = 0o004;
const SECTIONS: [&str; 5] = ["storage", "collector", "smtp", "defaults", "client"];

/// Reads and checks a configuration.
///
/// Files it names (keys, passwords) are not touched: each program opens the ones it needs.
///
/// # Errors
/// The file can't be read; others could change it; it holds mistakes, or a password that others can read.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let file = access::open(path).map_err(unreadable)?;
    let refusal = match file.refusal() {
        Some(refusal) => Some(refusal),
        None => access::open_folder_above(path).map_err(unreadable)?,
    };
    if let Some(refusal) = refusal {
        return Err(ConfigError::Permissions { path: path.to_owned(), refusal });
    }
    let mode = file.mode();
    let bytes = file.read(MAX_BYTES).map_err(unreadable)?;
    parse(&bytes, path, mode)
}

/// Checks a configuration that is in memory already.
///
/// `path` is for messages and for relative paths; `mode` holds the permission bits of the file, which decide about
/// passwords in it.
///
/// # Errors
/// It holds mistakes, or a password although others can read the file.
pub fn parse(bytes: &[u8], path: &Path, mode: u32) -> Result<Config, ConfigError> {
    let (text, broken) = text(bytes);
    let mut report = Report::new(path, text);
    let mut found = Sections::default();
    match broken {
        Some((at, message)) => report.problem(at, message),
        None => {
            if let Some(root) = xml::read(text, &mut report) {
                found = sections(&root, &mut report);
            }
        }
    }
    let exposed = judge_inline_passwords(mode, &mut report);
    let findings = report.into_findings();
    if !findings.problems.is_empty() {
        let command = exposed.then(|| format!("chmod 600 {}", path.display()));
        let (problems, omitted) = (findings.problems, findings.omitted);
        return Err(ConfigError::Invalid { path: path.to_owned(), problems, omitted, command });
    }
    let Sections { storage, collector, smtp, hosts } = found;
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Config { path: path.to_owned(), sha256, storage, collector, smtp, hosts, warnings: findings.warnings })
}

#[derive(Default)]
struct Sections {
    storage: Storage,
    collector: Collector,
    smtp: Smtp,
    hosts: Vec<Host>,
}

type Broken = (usize, &'static str);

/// Returns the text as far as it is text, without a byte order mark, and where it stops being XML if that can be seen
/// without parsing.
fn text(bytes: &[u8]) -> (&str, Option<Broken>) {
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

fn sections(root: &Element<'_>, report: &mut Report<'_>) -> Sections {
    if root.name != "config" {
        report.problem(root.at, format!("expected <config>, found <{}>", Untrusted(root.name)));
        return Sections::default();
    }
    root_attributes(root, report);
    for child in root.children.iter().filter(|child| !SECTIONS.contains(&child.name)) {
        unknown_child(child, "config", &SECTIONS, report);
    }
    let clients: Vec<_> = root.children.iter().filter(|child| child.name == "client").collect();
    let storage = single(root, "storage", report).map(|element| settings::storage(element, report));
    let collector = single(root, "collector", report).map(|element| settings::collector(element, report));
    let smtp = single(root, "smtp", report).map(|element| settings::smtp(element, report));
    let defaults = single(root, "defaults", report);
    let hosts = hosts::hosts(defaults, &clients, report);
    if clients.is_empty() {
        report.warning(root.at, "no <client>: nothing is monitored");
    }
    Sections {
        storage: storage.unwrap_or_default(),
        collector: collector.unwrap_or_default(),
        smtp: smtp.unwrap_or_default(),
        hosts,
    }
}

/// The root has none, but for those that lead an editor to the schema.
fn root_attributes(root: &Element<'_>, report: &mut Report<'_>) {
    const NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
    let value = |attribute: &Attribute<'_>| attribute.value.as_ref().map(|value| value.to_string());
    let is_namespace = |other: &Attribute<'_>| other.name == "xmlns:xsi" && value(other).as_deref() == Some(NAMESPACE);
    for attribute in &root.attributes {
        let allowed = is_namespace(attribute)
            || (attribute.name == "xsi:noNamespaceSchemaLocation" && root.attributes.iter().any(is_namespace));
        if !allowed {
            let name = Untrusted(attribute.name);
            report.problem(attribute.at, format!("unknown attribute \"{name}\" on <config>, which has none"));
        }
    }
}

/// The element of that name, of which there may be one.
fn single<'e, 't>(root: &'e Element<'t>, name: &str, report: &mut Report<'_>) -> Option<&'e Element<'t>> {
    let mut all = root.children.iter().filter(|child| child.name == name);
    let first = all.next()?;
    for next in all {
        let line = report.line(first.at);
        report.problem(next.at, format!("a second <{name}>, the first is in line {line}"));
    }
    Some(first)
}

/// Refuses passwords in a file that others can read, and warns of them in any other. One message for all of them.
fn judge_inline_passwords(mode: u32, report: &mut Report<'_>) -> bool {
    let &[first, ref rest @ ..] = report.inline_passwords() else { return false };
    let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
    let exposed = mode & OTHERS_MAY_READ != 0;
    if exposed {
        report.problem(first, format!("a password{more} in a file that others may read (mode {mode:04o})"));
    } else {
        report.warning(
            first,
            format!("a password{more} in this file: better are password-file, password-env or identity-file"),
        );
    }
    exposed
}
