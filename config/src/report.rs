//! Where mistakes are collected while a file is read, each with its line and column.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file with a thousand mistakes has one cause; people read the first ones.
const MAX_PROBLEMS: usize = 100;

/// One mistake (or one piece of advice), at its place in the file.
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

/// What was said about one text. Places are byte offsets into it.
pub(crate) struct Report<'t> {
    path: Arc<Path>,
    lines: Lines<'t>,
    problems: Vec<Problem>,
    omitted: usize,
    warnings: Vec<Problem>,
    inline_passwords: Vec<usize>,
}

/// Everything that was said, in the order of the file.
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    /// Problems beyond the first hundred.
    pub(crate) omitted: usize,
    pub(crate) warnings: Vec<Problem>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(path: &Path, text: &'t str) -> Report<'t> {
        Report {
            path: Arc::from(path),
            lines: Lines::new(text),
            problems: Vec::new(),
            omitted: 0,
            warnings: Vec::new(),
            inline_passwords: Vec::new(),
        }
    }

    pub(crate) fn problem(&mut self, at: usize, message: impl Into<String>) {
        self.problem_with(at, || message.into());
    }

    /// For messages that take work: nobody sees the thousandth.
    pub(crate) fn problem_with(&mut self, at: usize, message: impl FnOnce() -> String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(self.place(at, message()));
        } else {
            self.omitted += 1;
        }
    }

    pub(crate) fn warning(&mut self, at: usize, message: impl Into<String>) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings.push(self.place(at, message.into()));
        }
    }

    pub(crate) fn inline_password(&mut self, at: usize) {
        self.inline_passwords.push(at);
    }

    /// Where passwords stand in the file itself.
    pub(crate) fn inline_passwords(&self) -> &[usize] {
        &self.inline_passwords
    }

    pub(crate) fn line(&self, at: usize) -> u32 {
        self.lines.line(at)
    }

    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).to_owned()
    }

    pub(crate) fn into_findings(mut self) -> Findings {
        self.problems.sort();
        self.warnings.sort();
        Findings { problems: self.problems, omitted: self.omitted, warnings: self.warnings }
    }

    fn place(&self, at: usize, message: String) -> Problem {
        Problem { path: Arc::clone(&self.path), line: self.lines.line(at), column: self.lines.column(at), message }
    }
}

struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Lines<'t> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    fn line(&self, at: usize) -> u32 {
        // The text has at most 4 MiB (`load::MAX_BYTES`).
        self.starts.partition_point(|start| *start <= at) as u32
    }

    fn column(&self, at: usize) -> u32 {
        let start = self.starts[self.line(at) as usize - 1];
        let before = self.text.get(start..at).unwrap_or(&self.text[start..]);
        before.chars().count() as u32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_from_1_and_columns_in_characters() {
        let lines = Lines::new("ab\nüx\n\nz");
        let places: Vec<_> = [0, 1, 3, 5, 7, 8, 9].map(|at| (lines.line(at), lines.column(at))).into();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2)]);
    }

    #[test]
    fn a_thousand_mistakes_are_counted_but_not_all_kept() {
        let mut report = Report::new(Path::new("config.xml"), "x");
        (0..1000).for_each(|_| report.problem(0, "wrong"));
        let findings = report.into_findings();
        assert_eq!((findings.problems.len(), findings.omitted), (100, 900));
        assert_eq!(findings.problems[0].to_string(), "config.xml:1:1: wrong");
    }
}
