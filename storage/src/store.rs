//! A connection to the database, and the two ways to use it: reading, and writing.

use std::path::PathBuf;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::Failure;
use crate::{StoreError, open};

/// The database. Every verb is one transaction.
///
/// It may be moved to a thread of its own; two threads need a `Store` each.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    /// Device and inode of the file, as it was opened.
    pub(crate) file: (u64, u64),
}

impl Store {
    /// Returns the random id of this installation: 32 hexadecimal digits, made with the database.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn installation_id(&self) -> Result<String, StoreError> {
        self.read(|db| Ok(db.query_row("SELECT id FROM installation", [], |row| row.get(0))?))
    }

    /// Runs `verb` on one state of the database.
    pub(crate) fn read<T>(&self, verb: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        let read = || {
            let transaction = self.connection.unchecked_transaction()?;
            let found = verb(&transaction)?;
            transaction.commit()?;
            Ok(found)
        };
        read().map_err(|failure: Failure| failure.at(&self.path))
    }

    /// Runs `verb` and commits what it did, or nothing.
    ///
    /// The transaction takes the write lock at its beginning. One that took it later could find that another
    /// program has written since, and would fail at once, without waiting (SQLITE_BUSY_SNAPSHOT).
    ///
    /// A file that was deleted or replaced since it was opened is not written: the engine would do so without a word.
    pub(crate) fn write<T>(&mut self, verb: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        if open::identity(&self.path)? != Some(self.file) {
            return Err(StoreError::Replaced { path: self.path.clone() });
        }
        let connection = &mut self.connection;
        let write = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = verb(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        write().map_err(|failure: Failure| failure.at(&self.path))
    }
}
