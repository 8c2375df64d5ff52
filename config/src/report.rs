//! Where mistakes are collected while files are read, each with its file, line and column.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::later::Later;

/// A file with a thousand mistakes has one cause; people read the first ones.
const MAX_PROBLEMS: usize = 100;

/// One mistake (or one piece of advice), at its place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub path: Arc<Path>,
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
    /// What was found and what is allowed. Never holds a password.
    pub message: String,
}

impl fmt::Display for Problem {
    /// Writes `config.xml:12:18: message`, the form that editors and terminals make a link of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path.display(), self.line, self.column, self.message)
    }
}

/// A file's text, shared by those who read it and those who count its lines. It may hold passwords.
pub(crate) type Text = Arc<Zeroizing<String>>;

/// What was said about all texts together. A place is one number: the byte offset in its text, after all texts before
/// it.
pub(crate) struct Report {
    /// In the order of their places. Never empty.
    sources: Vec<Source>,
    problems: Vec<(usize, String)>,
    omitted: usize,
    warnings: Vec<(usize, String)>,
    inline_passwords: Vec<usize>,
    /// What can be judged only when everything was read.
    pub(crate) later: Later,
    command: Option<String>,
}

/// Everything that was said, in the order of the files and of their lines.
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    /// Problems beyond the first hundred.
    pub(crate) omitted: usize,
    pub(crate) warnings: Vec<Problem>,
    /// The command that mends one of the problems.
    pub(crate) command: Option<String>,
}

impl Report {
    pub(crate) fn new(path: Arc<Path>, text: Text) -> Report {
        Report {
            sources: vec![Source::new(path, text, 0)],
            problems: Vec::new(),
            omitted: 0,
            warnings: Vec::new(),
            inline_passwords: Vec::new(),
            later: Later::default(),
            command: None,
        }
    }

    /// Adds a text, and returns the place of its first byte.
    pub(crate) fn add(&mut self, path: Arc<Path>, text: Text) -> usize {
        // One more, for the place behind the last byte.
        let base = self.sources.last().map_or(0, |last| last.base + last.text.len() + 1);
        self.sources.push(Source::new(path, text, base));
        base
    }

    pub(crate) fn problem(&mut self, at: usize, message: impl Into<String>) {
        self.problem_with(at, || message.into());
    }

    /// For messages that take work: nobody sees the thousandth.
    pub(crate) fn problem_with(&mut self, at: usize, message: impl FnOnce() -> String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push((at, message()));
        } else {
            self.omitted += 1;
        }
    }

    /// How many problems there are so far.
    pub(crate) fn count(&self) -> usize {
        self.problems.len() + self.omitted
    }

    pub(crate) fn warning(&mut self, at: usize, message: impl Into<String>) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings.push((at, message.into()));
        }
    }

    /// The command that mends a problem. The first one stays.
    pub(crate) fn command(&mut self, command: impl FnOnce() -> String) {
        self.command.get_or_insert_with(command);
    }

    pub(crate) fn inline_password(&mut self, at: usize) {
        self.inline_passwords.push(at);
    }

    /// Where passwords stand in the files themselves, since this was asked last.
    pub(crate) fn take_inline_passwords(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.inline_passwords)
    }

    pub(crate) fn line(&self, at: usize) -> u32 {
        self.source(at).line(at)
    }

    /// `line 3`; with its file if that is not the one of `reader`, the place whose message it is for.
    pub(crate) fn line_for(&self, at: usize, reader: usize) -> String {
        let (source, line) = (self.source(at), self.line(at));
        match source.base == self.source(reader).base {
            true => format!("line {line}"),
            false => format!("{} line {line}", source.path.display()),
        }
    }

    pub(crate) fn file(&self, at: usize) -> Arc<Path> {
        Arc::clone(&self.source(at).path)
    }

    /// The folder that relative paths of this place start from.
    pub(crate) fn folder(&self, at: usize) -> PathBuf {
        self.source(at).path.parent().unwrap_or(Path::new("")).to_owned()
    }

    pub(crate) fn into_findings(mut self) -> Findings {
        self.problems.sort();
        self.warnings.sort();
        let placed = |said: &[(usize, String)]| said.iter().map(|(at, message)| self.place(*at, message)).collect();
        let (problems, warnings) = (placed(&self.problems), placed(&self.warnings));
        Findings { problems, omitted: self.omitted, warnings, command: self.command }
    }

    fn place(&self, at: usize, message: &str) -> Problem {
        let source = self.source(at);
        let (line, column) = (source.line(at), source.column(at));
        Problem { path: Arc::clone(&source.path), line, column, message: message.to_owned() }
    }

    fn source(&self, at: usize) -> &Source {
        let next = self.sources.partition_point(|source| source.base <= at);
        &self.sources[next.saturating_sub(1)]
    }
}

struct Source {
    path: Arc<Path>,
    text: Text,
    /// The place of its first byte.
    base: usize,
    /// Where its lines begin, as offsets.
    starts: Vec<u32>,
}

impl Source {
    fn new(path: Arc<Path>, text: Text, base: usize) -> Source {
        // The text has at most 4 MiB (`load::MAX_BYTES`).
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        Source { path, text, base, starts }
    }

    fn line(&self, at: usize) -> u32 {
        self.starts.partition_point(|start| *start as usize <= at - self.base) as u32
    }

    fn column(&self, at: usize) -> u32 {
        let start = self.starts[self.line(at) as usize - 1] as usize;
        let before = self.text.get(start..at - self.base).unwrap_or(&self.text[start..]);
        before.chars().count() as u32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Arc::new(Zeroizing::new(text.to_owned()))
    }

    fn report(first: &str) -> Report {
        Report::new(Arc::from(Path::new("config.xml")), text(first))
    }

    #[test]
    fn lines_and_columns_are_counted_from_1_and_columns_in_characters() {
        let source = Source::new(Arc::from(Path::new("x")), text("ab\nüx\n\nz"), 10);
        let places: Vec<_> = [10, 11, 13, 15, 17, 18, 19].map(|at| (source.line(at), source.column(at))).into();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2)]);
    }

    #[test]
    fn a_thousand_mistakes_are_counted_but_not_all_kept() {
        let mut report = report("x");
        (0..1000).for_each(|_| report.problem(0, "wrong"));
        let findings = report.into_findings();
        assert_eq!((findings.problems.len(), findings.omitted), (100, 900));
        assert_eq!(findings.problems[0].to_string(), "config.xml:1:1: wrong");
    }

    #[test]
    fn a_place_belongs_to_one_file_even_at_its_very_end() {
        let mut report = report("a\nb");
        assert_eq!(report.add(Arc::from(Path::new("conf.d/a.xml")), text("")), 4);
        assert_eq!(report.add(Arc::from(Path::new("conf.d/b.xml")), text("\nx")), 5);
        for at in [6, 5, 4, 3, 0] {
            report.problem(at, "wrong");
        }
        let told: Vec<_> = report.into_findings().problems.iter().map(ToString::to_string).collect();
        let places = ["config.xml:1:1", "config.xml:2:2", "conf.d/a.xml:1:1", "conf.d/b.xml:1:1", "conf.d/b.xml:2:1"];
        assert_eq!(told, places.map(|place| format!("{place}: wrong")));
    }
}
