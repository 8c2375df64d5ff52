//! `<include>`: which files it means, and whether they may be read.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use sample::Untrusted;
use zeroize::Zeroizing;

use crate::access::{self, Identity, Refusal};
use crate::complaint::{Complaint, Parsed};
use crate::fields::{Fields, no_children};
use crate::load::MAX_BYTES;
use crate::report::Report;
use crate::value::line;
use crate::xml::Element;
use rules::wildcard_match;

/// All files together.
const MAX_FILES: usize = 10_000;
const MAX_TOTAL_BYTES: u64 = 64 * 1024 * 1024;

/// An `<include>`.
pub(crate) struct Include {
    href: Href,
    /// Where its `href` stands.
    pub(crate) at: usize,
}

/// A path below the folder of the file that includes it.
#[derive(Debug, PartialEq)]
enum Href {
    File(String),
    /// Of the last part; the folder is empty or ends with "/".
    Pattern {
        folder: String,
        pattern: String,
    },
}

/// Returns none if something is wrong, which then is reported.
pub(crate) fn include(element: &Element<'_>, report: &mut Report) -> Option<Include> {
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    let href = fields.required("href", href);
    let at = fields.place("href");
    fields.finish();
    Some(Include { href: href?, at })
}

fn href(text: &str) -> Parsed<Href> {
    let text = line(text)?;
    if text.starts_with('~') {
        return Err(Complaint::Tilde);
    }
    if text.starts_with('/') {
        return Err(Complaint::Absolute);
    }
    if text.split('/').any(|part| part == "..") {
        return Err(Complaint::LeadsUp);
    }
    if text.split('/').any(|part| part.is_empty() || part == ".") {
        return Err(Complaint::NotAPath);
    }
    let name_at = text.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, name) = text.split_at(name_at);
    if folder.contains(['*', '?']) {
        return Err(Complaint::FolderPattern);
    }
    if name.contains(['*', '?']) {
        return Ok(Href::Pattern { folder: folder.to_owned(), pattern: name.to_owned() });
    }
    Ok(Href::File(text.to_owned()))
}

/// Why a file is not included. Goes on after `cannot include conf.d/web.xml: `.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IncludeError {
    #[error("there is no such file")]
    NotThere,
    #[error("{0}")]
    Unreadable(io::Error),
    #[error("the file name \"{0}\" in it holds characters that are not shown")]
    OddName(String),
    #[error("it leads out of {}, to {}", folder.display(), Untrusted(&real.to_string_lossy()))]
    Outside { folder: PathBuf, real: PathBuf },
    #[error("{0}")]
    Refused(Refusal),
    #[error("it is included already, in {0}")]
    Again(String),
    #[error("it is the file that everything begins with")]
    Begun,
    #[error("these are more than {MAX_FILES} files")]
    TooMany,
    #[error("together with the files before it, it is larger than {} MiB", MAX_TOTAL_BYTES / 1024 / 1024)]
    TooMuch,
}

impl From<io::Error> for IncludeError {
    fn from(error: io::Error) -> IncludeError {
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        if is_missing { IncludeError::NotThere } else { IncludeError::Unreadable(error) }
    }
}

impl IncludeError {
    /// Whether every further file would fail alike.
    pub(crate) fn ends_all(&self) -> bool {
        matches!(self, IncludeError::TooMany | IncludeError::TooMuch)
    }

    /// The command that mends it.
    pub(crate) fn hint(&self, path: &Path) -> Option<String> {
        if let IncludeError::Refused(refusal) = self { refusal.hint(path) } else { None }
    }
}

impl Include {
    /// The files it means, in the order of their names; empty for a pattern that nothing matches.
    ///
    /// # Errors
    /// The folder of a pattern leads out of `base`, or can't be read.
    pub(crate) fn files(&self, base: &Path) -> Result<Vec<PathBuf>, (PathBuf, IncludeError)> {
        match &self.href {
            Href::File(path) => Ok(vec![base.join(path)]),
            Href::Pattern { folder, pattern } => {
                let folder = base.join(folder);
                match matching(base, &folder, pattern) {
                    Err(IncludeError::NotThere) => Ok(Vec::new()),
                    found => found.map_err(|error| (folder, error)),
                }
            }
        }
    }
}

fn matching(base: &Path, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, IncludeError> {
    let mut names = BTreeSet::new();
    for entry in within(base, folder)?.read_dir()? {
        let name = entry?.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with('.') || !wildcard_match(pattern, &shown) {
            continue;
        }
        // From here on the name goes into messages; whoever may create files may not write on our terminal.
        let harmless = Untrusted(&shown).to_string();
        if harmless != shown {
            return Err(IncludeError::OddName(harmless));
        }
        names.insert(name);
        if names.len() > MAX_FILES {
            return Err(IncludeError::TooMany);
        }
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// The real path, links resolved, if it lies in the folder.
fn within(folder: &Path, path: &Path) -> Result<PathBuf, IncludeError> {
    // The folder of a path without one is where we are.
    let here = |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    let folder = here(folder).canonicalize()?;
    let real = here(path).canonicalize()?;
    if real.starts_with(&folder) { Ok(real) } else { Err(IncludeError::Outside { folder, real }) }
}

/// A file that was included.
pub(crate) struct Included {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) mode: u32,
}

/// The files that were read so far.
pub(crate) struct Files {
    /// Where each was included; none for the first.
    seen: HashMap<Identity, Option<usize>>,
    bytes: u64,
}

impl Files {
    /// Counts the file that everything begins with. `identity`: none if it never was a file.
    pub(crate) fn begin(identity: Option<Identity>, bytes: usize) -> Files {
        Files { seen: identity.map(|identity| (identity, None)).into_iter().collect(), bytes: bytes as u64 }
    }

    /// Reads a file that `include` means, which stands in a file of the folder `base`.
    ///
    /// # Errors
    /// The file is missing, outside of the folder, open to others or included already; it is one too many.
    pub(crate) fn read(
        &mut self,
        path: &Path,
        (base, at): (&Path, usize),
        report: &Report,
    ) -> Result<Included, IncludeError> {
        if self.seen.len() >= MAX_FILES {
            return Err(IncludeError::TooMany);
        }
        let real = within(base, path)?;
        let file = access::open(&real)?;
        if let Some(refusal) = file.refusal().map_or_else(|| access::open_folder_above(&real), |it| Ok(Some(it)))? {
            return Err(IncludeError::Refused(refusal));
        }
        match self.seen.entry(file.identity()) {
            Entry::Vacant(unseen) => unseen.insert(Some(at)),
            Entry::Occupied(seen) => return Err(again(*seen.get(), at, report)),
        };
        let mode = file.mode();
        let bytes = file.read(MAX_BYTES)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_TOTAL_BYTES { Err(IncludeError::TooMuch) } else { Ok(Included { bytes, mode }) }
    }
}

fn again(first: Option<usize>, at: usize, report: &Report) -> IncludeError {
    first.map_or(IncludeError::Begun, |first| IncludeError::Again(report.line_for(first, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_downwards_can_be_included() {
        for path in ["a.xml", "conf.d/a.xml", "a b/c.xml", "...", "a..b", ".hidden/x"] {
            assert_eq!(href(path), Ok(Href::File(path.to_owned())));
        }
        for (text, complaint) in [
            ("", Complaint::Empty),
            (" ", Complaint::Empty),
            ("~/a.xml", Complaint::Tilde),
            ("/etc/passwd", Complaint::Absolute),
            ("../a.xml", Complaint::LeadsUp),
            ("a/../b.xml", Complaint::LeadsUp),
            ("a/..", Complaint::LeadsUp),
            ("./a.xml", Complaint::NotAPath),
            ("conf.d/", Complaint::NotAPath),
            ("a//b.xml", Complaint::NotAPath),
            ("*/a.xml", Complaint::FolderPattern),
            ("a?/*.xml", Complaint::FolderPattern),
            ("a\0.xml", Complaint::ControlCharacter),
        ] {
            assert_eq!(href(text), Err(complaint), "{text:?}");
        }
    }
}
