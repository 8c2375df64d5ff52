//! Locks in files beside the database: one instance of a program at a time, one change of the schema at a time.
//!
//! The kernel frees such a lock when its holder ends, however it ends; the file stays and means nothing by itself.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::OFlags;
use sample::{Timestamp, Untrusted};

/// How much of a lock file is read to name its holder, in bytes.
const MAX_HOLDER: u64 = 128;

/// Held for as long as this value lives, and not beyond the life of its process.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// The lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another instance has it.
    #[error("another instance is running ({holder})")]
    Held {
        /// Who, as the lock file has it: `pid 4711 since 2026-11-21T06:17:37Z`.
        holder: String,
    },
    /// The lock file can't be made, locked or written.
    #[error("can't lock {path}", path = path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl RunLock {
    /// Takes the lock of `program` (`collector`, `alerter`) over a database: `fleet.db.collector.lock` beside it.
    /// Does not wait.
    ///
    /// # Errors
    /// Another instance holds it, or the file can't be made, locked or written.
    pub fn take(database: &Path, program: &str) -> Result<RunLock, LockError> {
        let path = beside(database, &format!("{program}.lock"));
        let broken = |source| LockError::Io { path: path.clone(), source };
        let mut file = open(&path).map_err(broken)?;
        match file.try_lock() {
            Ok(()) => sign(&mut file).map_err(broken)?,
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { holder: holder(&file).map_err(broken)? }),
            Err(TryLockError::Error(source)) => return Err(broken(source)),
        }
        Ok(RunLock { file })
    }
}

impl Drop for RunLock {
    /// Closing the file is not enough: a child that another thread is starting right now has it open too, until it
    /// becomes another program.
    fn drop(&mut self) {
        // An error leaves it to the closing.
        drop(self.file.unlock());
    }
}

/// The file whose name is the database's with `.suffix` after it.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a lock file, and makes it if need be.
///
/// A link is not followed: where two users share the folder, one of them could lead the other to a file that only
/// the other may write, such as the private key.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).write(true).custom_flags(no_follow()).open(path)
        }
        made => made,
    }
}

/// Makes a file that only its owner may use; in a folder that its group shares (mode 2770), the group may too.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    const SHARED: u32 = 0o2020;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_shared = folder.metadata()?.permissions().mode() & SHARED == SHARED;
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    if is_shared {
        file.set_permissions(Permissions::from_mode(0o660))?;
    }
    Ok(file)
}

fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

/// Writes who holds the lock into its file. The time is the one the filesystem gave that write: nothing in this
/// crate reads the clock.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    write!(file, "pid {}", process::id())?;
    let since = Timestamp::from(file.metadata()?.modified()?);
    writeln!(file, " since {since}")
}

fn holder(file: &File) -> io::Result<String> {
    let mut text = Vec::new();
    file.take(MAX_HOLDER).read_to_end(&mut text)?;
    Ok(match String::from_utf8_lossy(&text).trim() {
        "" => "it has just begun".to_owned(),
        holder => Untrusted(holder).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_second_instance_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("fleet.db");
        let first = RunLock::take(&database, "collector").unwrap();
        let Err(LockError::Held { holder }) = RunLock::take(&database, "collector") else { panic!("taken twice") };
        let us = format!("pid {} since 20", process::id());
        assert!(holder.starts_with(&us), "{holder}");
        assert!(RunLock::take(&database, "alerter").is_ok(), "the other program has a lock of its own");
        drop(first);
        RunLock::take(&database, "collector").unwrap();
    }

    #[test]
    fn the_lock_ends_with_its_holder_and_not_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("fleet.db");
        fs::write(beside(&database, "collector.lock"), "pid 1 since 1970-01-01T00:00:00Z, and a longer text than ours")
            .unwrap();
        let _lock = RunLock::take(&database, "collector").unwrap();
        let text = fs::read_to_string(beside(&database, "collector.lock")).unwrap();
        assert!(text.starts_with(&format!("pid {} since", process::id())) && text.ends_with("Z\n"), "{text}");
    }

    #[test]
    fn a_link_in_place_of_the_lock_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("collector.pem");
        fs::write(&key, "private").unwrap();
        let database = folder.path().join("fleet.db");
        symlink(&key, beside(&database, "collector.lock")).unwrap();
        assert!(matches!(RunLock::take(&database, "collector"), Err(LockError::Io { .. })));
        assert_eq!(fs::read_to_string(&key).unwrap(), "private");
    }

    #[test]
    fn files_are_for_their_owner_unless_the_folder_is_shared_on_purpose() {
        for (folder_mode, file_mode) in [(0o700, 0o600), (0o775, 0o600), (0o2770, 0o660)] {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(folder_mode)).unwrap();
            let file = create_new(&folder.path().join("fleet.db")).unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, file_mode, "{folder_mode:o}");
        }
    }
}
