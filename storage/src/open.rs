//! Opening the database: finding or making the file, and the settings every connection needs.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use sample::Timestamp;

use crate::error::Failure;
use crate::{Store, StoreError, lock, schema};

/// Earlier versions can damage a database in WAL mode that two programs write. Source: sqlite.org/wal.html, "the
/// WAL-reset bug".
const SOUND_ENGINE: i32 = 3_051_003;
/// One page of the smallest size there is, in bytes. Source: sqlite.org/fileformat2.html, section 1.3.2.
const SHORTEST: u64 = 512;
/// How long another program's transaction is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the schema lock is tried, and how long in between: 60 seconds, for a migration of a large database.
const SCHEMA_LOCK_TRIES: u32 = 3000;
const SCHEMA_LOCK_PAUSE: Duration = Duration::from_millis(20);
/// More than there are statements in this crate.
const CACHED_STATEMENTS: usize = 128;

impl Store {
    /// Opens the database at `path`, makes it if it does not exist, and brings its schema up to date.
    ///
    /// # Errors
    /// Its folder does not exist; the file is not a database of ours, damaged, or of a newer version; it can't be
    /// read or written.
    pub fn open(path: &Path, now: Timestamp) -> Result<Store, StoreError> {
        open(path, now, schema::STEPS)
    }

    /// Opens a database that must exist, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NoDatabase`], or as for [`Store::open`].
    pub fn open_existing(path: &Path, now: Timestamp) -> Result<Store, StoreError> {
        if !is_begun(path)? {
            return Err(StoreError::NoDatabase { path: path.to_owned() });
        }
        Store::open(path, now)
    }
}

pub(crate) fn open(path: &Path, now: Timestamp, steps: &[&str]) -> Result<Store, StoreError> {
    require_sound_engine(rusqlite::version_number())?;
    if is_begun(path)? {
        let store = connect(path)?;
        if schema::is_ready(&store, steps)? {
            return Ok(store);
        }
    }
    let _lock = schema_lock(path)?;
    if !is_there(path)? {
        create(path).map_err(|source| no_file(path, source))?;
    }
    let mut store = connect(path)?;
    schema::bring_up_to_date(&mut store, now, steps)?;
    Ok(store)
}

fn require_sound_engine(version: i32) -> Result<(), StoreError> {
    if version < SOUND_ENGINE { Err(StoreError::OldEngine { found: version }) } else { Ok(()) }
}

fn is_there(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|source| no_file(path, source))
}

/// Whether there is more than an empty file, which may be one that is being made just now.
///
/// What is shorter than any database was cut off. The engine would take it for an empty one and begin anew.
fn is_begun(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Ok(found) if (1..SHORTEST).contains(&found.len()) => {
            Err(StoreError::Corrupt { path: path.to_owned(), source: None })
        }
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(no_file(path, source)),
    }
}

/// Makes an empty file, which is an empty database.
///
/// It is made under another name: closing a file drops every lock this process has on it (fcntl(2)), and under its
/// own name another thread might have begun to use it.
fn create(path: &Path) -> io::Result<()> {
    let fresh = lock::beside(path, "new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    drop(lock::create_new(&fresh)?);
    fs::rename(&fresh, path)
}

fn connect(path: &Path) -> Result<Store, StoreError> {
    let connect = || -> Result<Connection, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // FULL: a mail that is marked as sent must be so after a power cut too.
        // mmap 0: an I/O error would be a signal that ends the program, instead of an error it can report.
        connection.execute_batch(
            "PRAGMA foreign_keys = ON;
             PRAGMA synchronous = FULL;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;
             PRAGMA mmap_size = 0;",
        )?;
        Ok(connection)
    };
    let connection = connect().map_err(|failure| failure.at(path))?;
    let path = path.to_owned();
    match identity(&path)? {
        Some(file) => Ok(Store { connection, path, file }),
        None => Err(StoreError::Replaced { path }),
    }
}

/// Device and inode of the file at `path`; nothing if there is none.
pub(crate) fn identity(path: &Path) -> Result<Option<(u64, u64)>, StoreError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(no_file(path, source)),
    }
}

/// Whoever has it may change the schema; everybody else waits, and finds the work done.
fn schema_lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = lock::beside(path, "schema.lock");
    let file = lock::open(&lock_path).map_err(|source| no_file(path, source))?;
    for _ in 0..SCHEMA_LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(SCHEMA_LOCK_PAUSE),
            Err(TryLockError::Error(source)) => return Err(StoreError::File { path: lock_path, source }),
        }
    }
    Err(StoreError::SchemaBusy { path: path.to_owned() })
}

fn no_file(path: &Path, source: io::Error) -> StoreError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        return StoreError::NoFolder { path };
    }
    StoreError::File { path, source }
}

#[cfg(test)]
mod tests;
