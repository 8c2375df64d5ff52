//! Lines of the log at error level or above, since the sample before for the same server.
//!
//! From systemd's journal, where this account may read the system's part of it: root, and members of `systemd-journal`
//! or `adm`. Without a journal, from the kernel's own log (`/dev/kmsg`), which root may read and, unless
//! `kernel.dmesg_restrict` is set, everybody. Absent elsewhere: the files of classic syslog don't say how grave a line
//! is, and guessing by words would hide what matters.

mod journal;
mod kernel;

use rustix::fs::{Access, access};
use sample::{Log, LogLine, most};

use super::programs::{self, Keeper, Pending};
use super::{Asked, Tree};
use crate::notes::Notes;

/// How far back the first look goes.
const FIRST_LOOK_SECONDS: u64 = 3600;
/// Longest line that is told, and longest name of who wrote it, in bytes.
const LONGEST_LINE: usize = 500;
const LONGEST_SOURCE: usize = 64;
/// Longest note.
const LONGEST_NOTE: u64 = 1024;

/// A question to the log that is under way.
pub(super) struct Begun {
    /// None where there is no log to read, or none is wanted.
    reading: Option<Reading>,
}

struct Reading {
    notes: Notes,
    note: String,
    most: usize,
    from: From,
}

enum From {
    Journal(Pending<Result<Found, Miss>>),
    Kernel(Option<Found>),
}

/// Why a log was not read.
#[derive(Debug, PartialEq, Eq)]
enum Miss {
    Late,
    Refused,
}

/// What a log holds, oldest first, and where to go on next time.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    lines: Vec<LogLine>,
    next: String,
}

impl Begun {
    pub(super) fn begin(asked: &Asked<'_>, tree: &Tree) -> Begun {
        let most = usize::try_from(asked.scope.log_lines).unwrap_or(usize::MAX).min(most::LOG_LINES);
        let reading = || {
            let (notes, note) = (asked.notes.clone(), format!("log-{}", asked.target));
            let since = notes.read(&note, LONGEST_NOTE).and_then(|note| String::from_utf8(note).ok());
            let from = From::begin(since.as_deref(), &notes, tree)?;
            Some(Reading { notes, note, most, from })
        };
        Begun { reading: if most > 0 { reading() } else { None } }
    }

    /// Absent where the log can't be read, or not in time. Then the next run tells what this one did not; so it does where
    /// the sample with these lines is neither kept nor answered.
    pub(super) fn finish(self) -> Option<Log> {
        let Reading { notes, note, most, from } = self.reading?;
        let read = match from {
            From::Journal(pending) => pending.finish().unwrap_or(Err(Miss::Late)),
            From::Kernel(found) => found.ok_or(Miss::Refused),
        };
        if read == Err(Miss::Refused) {
            // Where the note is what the journal does not understand, the next run does without.
            notes.remove(&note);
        }
        let found = read.ok()?;
        notes.write_once_settled(&note, found.next.as_bytes());
        Some(newest(found.lines, most))
    }
}

impl From {
    fn begin(since: Option<&str>, notes: &Notes, tree: &Tree) -> Option<From> {
        // Also where journald runs without systemd having booted, as in some containers.
        if !tree.path("run/systemd/journal").is_dir() {
            return Some(From::Kernel(kernel::read(since, tree)));
        }
        let journalctl = programs::find(tree, "journalctl").filter(|_| may_read_journal(tree))?;
        Some(From::Journal(journal::ask(&journalctl, since, Keeper::new(notes, tree))))
    }
}

/// Whether this account may read what the system writes to the journal. journalctl would show it its own messages
/// otherwise, and no error of anybody else.
fn may_read_journal(tree: &Tree) -> bool {
    let readable = |folder: &str| {
        let machines = tree.names(folder).unwrap_or_default();
        machines.iter().any(|id| access(tree.path(folder).join(id).join("system.journal"), Access::READ_OK).is_ok())
    };
    readable("var/log/journal") || readable("run/log/journal")
}

/// The newest lines, and how many were there before them.
fn newest(mut lines: Vec<LogLine>, most: usize) -> Log {
    let omitted = lines.len().saturating_sub(most);
    lines.drain(..omitted);
    Log { lines, omitted: omitted as u64 }
}

#[cfg(test)]
mod tests;
