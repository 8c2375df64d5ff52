//! Programs that can't be killed, from one run to the next.
//!
//! What waits for a dead disk or server sleeps beyond the reach of a signal, and is still there when the probe has ended.
//! The same program is not started again as long as that is so: else there would be one more with each run.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Command, Ended, How, Instant, Timestamp, Tree};
use crate::measure::linux::stuck::{self, Process};
use crate::measure::now;
use crate::notes::Notes;

/// Longest note: for each check that a sample can tell of, its name and a few processes.
const LONGEST_NOTE: u64 = 1 << 20;
/// So many of the processes that one program has left tell when it is gone.
const MOST_OF_ONE: usize = 8;

/// Notes are read and written again as a whole, by one thread at a time.
static NOTING: Mutex<()> = Mutex::new(());

/// Runs programs unless they hang since an earlier run.
#[derive(Clone, Debug)]
pub(in crate::measure::linux) struct Keeper {
    notes: Notes,
    tree: Tree,
}

/// A process that was killed and is still there.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hanging {
    program: String,
    since_ms: Timestamp,
    process: Process,
}

#[derive(Serialize, Deserialize)]
struct Note {
    boot: String,
    hanging: Vec<Hanging>,
}

impl Keeper {
    pub(in crate::measure::linux) fn new(notes: &Notes, tree: &Tree) -> Keeper {
        Keeper { notes: notes.clone(), tree: tree.clone() }
    }

    /// Runs a program until it ends or is killed, and keeps `most` bytes of its output. What it leaves behind when it
    /// ends by itself goes on, and is not waited for even if it holds the pipe open.
    pub(in crate::measure::linux) fn run(
        &self,
        program: &str,
        command: &mut Command,
        until: Instant,
        most: usize,
    ) -> Ended {
        if let Some(since) = self.since(program) {
            // Written anew, though it says what it did before: notes that are old are taken away.
            self.note(program, &[]);
            return Ended::without_start(How::Hangs(since), Duration::ZERO);
        }
        let ended = super::run(command, until, most);
        if let Some(group) = ended.left {
            self.note(program, &Process::running_in(group, &self.tree));
        }
        ended
    }

    /// Since when it hangs, if a process of it does.
    fn since(&self, program: &str) -> Option<Timestamp> {
        self.read().iter().filter(|hanging| hanging.program == program).map(|hanging| hanging.since_ms).min()
    }

    fn note(&self, program: &str, left: &[Process]) {
        let _alone = NOTING.lock().unwrap_or_else(PoisonError::into_inner);
        let since_ms = Timestamp::from(now());
        let new = |process: &Process| Hanging { program: program.to_owned(), since_ms, process: *process };
        let mut hanging = self.read();
        hanging.extend(left.iter().take(MOST_OF_ONE).map(new));
        let name = stuck::name_of_note("hanging-programs", &self.tree);
        if hanging.is_empty() {
            self.notes.remove(&name);
        } else {
            let note = Note { boot: stuck::boot(&self.tree), hanging };
            self.notes.write(&name, &serde_json::to_vec(&note).unwrap_or_default());
        }
    }

    /// What was noted in this boot and is still there.
    fn read(&self) -> Vec<Hanging> {
        let bytes = self.notes.read(&stuck::name_of_note("hanging-programs", &self.tree), LONGEST_NOTE);
        let note = bytes.and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
        let note = note.filter(|note| note.boot == stuck::boot(&self.tree));
        let hanging = note.map(|note| note.hanging).unwrap_or_default();
        hanging.into_iter().filter(|hanging| hanging.process.still_runs(&self.tree)).collect()
    }
}

#[cfg(test)]
mod tests;
