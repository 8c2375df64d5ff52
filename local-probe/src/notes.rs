//! What one run of the probe leaves for the next: a folder of small files that may be lost at any time.
//!
//! Nothing in it is needed to answer; without it a value may be missing once. So a file that can't be written is no
//! error, and nothing is made durable.

use std::fs;
use std::path::{Path, PathBuf};

use crate::durable;

/// The folder, if there is one to write to.
#[derive(Clone, Debug)]
pub(crate) struct Notes {
    folder: PathBuf,
}

impl Notes {
    /// Notes in this folder, which is made when it is needed.
    pub(crate) fn in_folder(folder: &Path) -> Notes {
        Notes { folder: folder.to_owned() }
    }

    /// What was noted under this name, of at most `most` bytes.
    pub(crate) fn read(&self, name: &str, most: u64) -> Option<Vec<u8>> {
        durable::read(&self.folder.join(name), most).ok()
    }

    /// Notes something in place of what was there. Probes that run at the same time each write a whole file; the last
    /// one stays.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        // One name for each process, so that two can't write into each other's.
        let unfinished = self.folder.join(format!("{name}.{}", std::process::id()));
        let written = durable::create_folder(&self.folder)
            .and_then(|()| durable::write_new(&unfinished, bytes))
            .and_then(|()| fs::rename(&unfinished, self.folder.join(name)));
        if written.is_err() {
            drop(fs::remove_file(&unfinished));
        }
    }

    /// Takes a note away.
    pub(crate) fn remove(&self, name: &str) {
        drop(fs::remove_file(self.folder.join(name)));
    }
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
        notes.remove("a");
        assert_eq!(notes.read("a", 6), None);
        let nowhere = Notes::in_folder(Path::new("/proc/nowhere"));
        nowhere.write("a", b"x");
        assert_eq!(nowhere.read("a", 6), None);
    }
}
