//! What one run of the probe leaves for the next: a folder of small files that may be lost at any time.
//!
//! Nothing in it is needed to answer; without it a value may be missing once. So a file that can't be written is no
//! error, and nothing is made durable.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::mem;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::durable;

/// No probe runs as long as this.
const HALF_DONE_STAYS: Duration = Duration::from_hours(24);
/// Age at which a note of a machine goes: it may be none of those that share this home any more. What is still true is
/// written anew before, or found out again.
const OF_A_MACHINE_STAYS: Duration = Duration::from_hours(7 * 24);
/// How the names of those begin. Behind it stands which machine's it is.
const OF_A_MACHINE: [&str; 3] = ["security-updates-", "stuck-mounts-", "hanging-programs-"];
/// How the names of those begin that belong to a spool. The rest is the name of its folder.
const OF_A_SPOOL: [&str; 2] = ["log-", "processes-"];

/// The folder, if there is one to write to.
#[derive(Clone, Debug)]
pub(crate) struct Notes {
    folder: PathBuf,
    /// What is written only once a sample has got somewhere, by name.
    pending: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Notes {
    /// Notes in this folder, which is made when it is needed.
    pub(crate) fn in_folder(folder: &Path) -> Notes {
        Notes { folder: folder.to_owned(), pending: Arc::default() }
    }

    /// What was noted under this name, of at most `most` bytes.
    pub(crate) fn read(&self, name: &str, most: u64) -> Option<Vec<u8>> {
        durable::read(&self.folder.join(name), most).ok()
    }

    /// Notes something in place of what was there. Probes that run at the same time each write a whole file; the last
    /// one stays.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        // A name of its own each time, so that two can't write into each other's: machines that share a home have the
        // same numbers for their processes.
        let Ok(number) = getrandom::u64() else { return };
        self.write_by_way_of(&format!("{name}.{number:020}"), name, bytes);
    }

    fn write_by_way_of(&self, unfinished: &str, name: &str, bytes: &[u8]) {
        let unfinished = self.folder.join(unfinished);
        let created = self.make_folder().and_then(|()| durable::create(&unfinished, bytes));
        let written = match created {
            // Another's.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return,
            created => created.and_then(|_| fs::rename(&unfinished, self.folder.join(name))),
        };
        if written.is_err() {
            drop(fs::remove_file(&unfinished));
        }
    }

    /// Notes something once what was found is kept or answered: what it makes the next run pass over would be told by
    /// nobody otherwise.
    pub(crate) fn write_once_settled(&self, name: &str, bytes: &[u8]) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), bytes.to_vec());
    }

    /// Writes what was to be noted once the sample is kept or answered.
    pub(crate) fn settle(&self) {
        let pending = mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        pending.iter().for_each(|(name, bytes)| self.write(name, bytes));
    }

    /// Takes a note away.
    pub(crate) fn remove(&self, name: &str) {
        drop(fs::remove_file(self.folder.join(name)));
    }

    fn make_folder(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Takes away what belongs to a spool that is gone, what a machine has noted long ago, and what a probe that was
    /// killed has left half done.
    pub(crate) fn tidy(&self, spools: &Path, now: SystemTime) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let of_no_spool = spool_of(&name).is_some_and(|spool| !spools.join(spool).exists());
            let half_done = name
                .rsplit_once('.')
                .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()));
            let of_a_machine = OF_A_MACHINE.iter().any(|beginning| name.starts_with(beginning));
            let written = entry.metadata().and_then(|found| found.modified()).unwrap_or(now);
            let age = now.duration_since(written).unwrap_or_default();
            let old = half_done && age > HALF_DONE_STAYS || of_a_machine && age > OF_A_MACHINE_STAYS;
            if of_no_spool || old {
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}

/// The spool whose note has this name: its folder's name has 16 hexadecimal digits.
fn spool_of(name: &str) -> Option<&str> {
    let spool = OF_A_SPOOL.iter().find_map(|beginning| name.strip_prefix(beginning))?;
    (spool.len() == 16 && spool.bytes().all(|c| c.is_ascii_hexdigit())).then_some(spool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_replaced_whole_and_one_that_cannot_be_written_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::in_folder(&folder.path().join("notes"));
        assert_eq!(notes.read("a", 100), None);
        notes.write("a", b"a longer first note");
        notes.write("a", b"second");
        assert_eq!(notes.read("a", 6).unwrap(), b"second");
        assert_eq!(notes.read("a", 5), None, "it is longer than anything we wrote");
        assert_eq!(fs::read_dir(folder.path().join("notes")).unwrap().count(), 1);
        // What another one has begun to write is left to it.
        fs::write(folder.path().join("notes/a.1"), b"half").unwrap();
        notes.write_by_way_of("a.1", "a", b"third");
        assert_eq!(
            (notes.read("a", 6).unwrap(), notes.read("a.1", 6).unwrap()),
            (b"second".to_vec(), b"half".to_vec())
        );
        // A note that can't take its place leaves nothing behind.
        fs::create_dir_all(folder.path().join("notes/b/c")).unwrap();
        notes.write("b", b"x");
        assert_eq!(fs::read_dir(folder.path().join("notes")).unwrap().count(), 3);
        notes.remove("a");
        assert_eq!(notes.read("a", 6), None);
        let nowhere = Notes::in_folder(Path::new("/proc/nowhere"));
        nowhere.write("a", b"x");
        assert_eq!(nowhere.read("a", 6), None);
    }

    #[test]
    fn notes_of_spools_that_are_gone_and_old_ones_of_machines_and_half_done_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let (notes, spools) = (Notes::in_folder(&folder.path().join("notes")), folder.path().join("spool"));
        fs::create_dir_all(spools.join("00aa11bb22cc33dd")).unwrap();
        let names = [
            "processes-00aa11bb22cc33dd",
            "processes-ffaa11bb22cc33dd",
            "log-ffaa11bb22cc33dd.01234567890123456789",
            "security-updates-ffaa11bb22cc33dd",
            "stuck-mounts-3d1219c7c4c5404aaa1f6d2a48adfda4-eedaaeeeeb244ed79701166aaf83b3c3.json",
            "hanging-programs-3d1219c7c4c5404aaa1f6d2a48adfda4-eedaaeeeeb244ed79701166aaf83b3c3.json",
        ];
        names.iter().for_each(|name| notes.write(name, b"x"));
        let left = |at: SystemTime| {
            notes.tidy(&spools, at);
            let entries = fs::read_dir(folder.path().join("notes")).unwrap();
            let mut left: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            left.sort();
            left
        };
        assert_eq!(left(crate::measure::now()), [names[5], names[2], names[0], names[3], names[4]]);
        assert_eq!(left(crate::measure::now() + 2 * HALF_DONE_STAYS), [names[5], names[0], names[3], names[4]]);
        assert_eq!(left(crate::measure::now() + 2 * OF_A_MACHINE_STAYS), [names[0]]);
    }
}
