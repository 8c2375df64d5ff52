//! What is known of mounts that hang or are broken, from one run to the next.
//!
//! A mount whose asking left a process behind that can't be killed is not asked again while that process is there: so
//! there is one for each such mount, however often the probe runs, and a few more at most where it was asked for several
//! servers at the same time. When it is gone, the mount is asked again.

use std::sync::Mutex;

use sample::Timestamp;
use serde::{Deserialize, Serialize};

use super::Tree;
use super::mounts::{self, Mount};
use crate::notes::Notes;
use crate::target;

/// Longest note: for each mount that a sample can tell of, its path and a little more.
const LONGEST_NOTE: u64 = 4 << 20;
/// So many processes of ours that hang are enough: beyond, nothing is asked.
const MOST_PROCESSES: usize = 64;

/// A mount that hangs, or answers with an error alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hanging {
    device: (u32, u32),
    /// The mount point. What is not UTF-8 in it is U+FFFD.
    mount: String,
    /// When it was first seen so, by the host's clock.
    since_ms: Timestamp,
    /// Which process of ours hangs there, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
}

/// A process, for as long as the host does not boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Process {
    pid: u32,
    /// The time after boot at which it started, which tells it from a later one with the same id.
    start: u64,
}

#[derive(Serialize, Deserialize)]
struct Note {
    boot: String,
    hanging: Vec<Hanging>,
}

/// What a run has found of mounts, and since when each is so.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    pub(super) hanging: Vec<(Mount, Timestamp)>,
    /// They answered at once, so no process is stuck there.
    pub(super) broken: Vec<(Mount, Timestamp)>,
    /// The process that hangs, if it could not be killed.
    pub(super) left_behind: Option<u32>,
}

/// One at a time of those that measure side by side in this process reads the note and writes it.
static NOTING: Mutex<()> = Mutex::new(());

/// What earlier runs have seen to hang.
#[derive(Debug)]
pub(super) struct Memory {
    notes: Notes,
    name: String,
    boot: String,
    hanging: Vec<Hanging>,
}

impl Memory {
    /// What was noted since the boot, as far as it is still true.
    pub(super) fn recall(notes: &Notes, tree: &Tree) -> Memory {
        let (name, boot) = (name_of_note("stuck-mounts", tree), boot(tree));
        let hanging = read(notes, &name, &boot, tree);
        Memory { notes: notes.clone(), name, boot, hanging }
    }

    /// Since when it hangs, if a process of ours does so there: then it must not be asked.
    pub(super) fn holds_a_process(&self, mount: &Mount) -> Option<Timestamp> {
        self.of(mount).any(|hanging| hanging.process.is_some()).then(|| self.since(mount)).flatten()
    }

    /// Since when it hangs or is broken, if it did so when it was asked last.
    pub(super) fn since(&self, mount: &Mount) -> Option<Timestamp> {
        self.of(mount).map(|hanging| hanging.since_ms).min()
    }

    /// Whether more processes would do harm.
    pub(super) fn is_full(&self) -> bool {
        let mut processes: Vec<Process> = self.hanging.iter().filter_map(|hanging| hanging.process).collect();
        processes.sort_unstable();
        processes.dedup();
        processes.len() >= MOST_PROCESSES
    }

    /// Notes what is stuck now. `asked` are those that were asked this time: if they are not among the ones that are
    /// stuck, they have answered. What is not mounted any more is forgotten once no process hangs there.
    pub(super) fn note(self, tree: &Tree, asked: &[Mount], stuck: &Stuck) {
        let process = stuck.left_behind.and_then(|pid| Process::running(pid, tree));
        let hanging =
            stuck.hanging.iter().map(|(mount, since_ms)| Hanging { process, ..Hanging::of(mount, *since_ms) });
        let now = hanging.chain(stuck.broken.iter().map(|(mount, since_ms)| Hanging::of(mount, *since_ms)));
        let alone = NOTING.lock();
        // Read once more: another probe may have left something behind meanwhile.
        let before = read(&self.notes, &self.name, &self.boot, tree);
        let mounted = tree.mountinfo().filter(|_| !before.is_empty()).map(mounts::parse);
        let is_mounted =
            |hanging: &Hanging| mounted.as_ref().is_none_or(|all| all.iter().any(|mount| hanging.is(mount)));
        let answered = |hanging: &Hanging| asked.iter().any(|mount| hanging.is(mount));
        let stays = |hanging: &Hanging| hanging.process.is_some() || is_mounted(hanging) && !answered(hanging);
        let hanging: Vec<Hanging> = before.iter().filter(|hanging| stays(hanging)).cloned().chain(now).collect();
        if !hanging.is_empty() {
            // Also if it says what it did before: notes that are old are taken away.
            let note = Note { boot: self.boot, hanging };
            self.notes.write(&self.name, &serde_json::to_vec(&note).unwrap_or_default());
        } else if !before.is_empty() {
            self.notes.remove(&self.name);
        }
        drop(alone);
    }

    fn of(&self, mount: &Mount) -> impl Iterator<Item = &Hanging> {
        self.hanging.iter().filter(|hanging| hanging.is(mount))
    }
}

/// The name of a note about processes of this boot. A home folder may be shared by several machines, and those by
/// containers that show the same boot. Machines that were copied have one id, but each its own boots.
pub(super) fn name_of_note(what: &str, tree: &Tree) -> String {
    format!("{what}-{}-{}.json", target::machine_in_names(), target::plain(&boot(tree)))
}

/// Which boot this is.
pub(super) fn boot(tree: &Tree) -> String {
    tree.text("proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// What was noted in this boot, without processes that are gone.
fn read(notes: &Notes, name: &str, boot: &str, tree: &Tree) -> Vec<Hanging> {
    let note = notes.read(name, LONGEST_NOTE).and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
    let mut hanging = note.filter(|note| note.boot == boot).map(|note| note.hanging).unwrap_or_default();
    for one in &mut hanging {
        one.process = one.process.filter(|process| process.still_runs(tree));
    }
    hanging
}

impl Hanging {
    fn of(mount: &Mount, since_ms: Timestamp) -> Hanging {
        Hanging { device: mount.device, mount: mount.name(), since_ms, process: None }
    }

    fn is(&self, mount: &Mount) -> bool {
        self.device == mount.device && self.mount == mount.name()
    }
}

impl Process {
    /// The process with this id, unless all its threads have ended.
    fn running(pid: u32, tree: &Tree) -> Option<Process> {
        let start = start_of_running(&tree.text(format!("proc/{pid}/stat"))?)?;
        Some(Process { pid, start })
    }

    /// Those of a process group.
    pub(super) fn running_in(group: u32, tree: &Tree) -> Vec<Process> {
        let pids = tree.names("proc").unwrap_or_default().into_iter().filter_map(|name| name.parse().ok());
        let is_in_it =
            |pid: &u32| tree.text(format!("proc/{pid}/stat")).is_some_and(|stat| group_of(&stat) == Some(group));
        pids.filter(is_in_it).filter_map(|pid| Process::running(pid, tree)).collect()
    }

    /// Whether it still runs.
    pub(super) fn still_runs(&self, tree: &Tree) -> bool {
        Process::running(self.pid, tree).as_ref() == Some(self)
    }
}

fn group_of(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(2)?.parse().ok()
}

/// The start time in proc_pid_stat(5), of a process that still runs. One whose first thread has ended while another
/// hangs is a zombie with two threads, and one that nobody waits for a zombie with one.
fn start_of_running(stat: &str) -> Option<u64> {
    // The name before it may hold brackets and spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let (state, threads, start) = (*fields.first()?, fields.get(17)?, fields.get(19)?);
    let has_ended = matches!(state, "Z" | "X" | "x") && threads.parse::<u64>().ok()? <= 1;
    if has_ended { None } else { start.parse().ok() }
}

#[cfg(test)]
mod tests;
