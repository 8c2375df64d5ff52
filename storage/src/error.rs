//! Why a verb did not happen. Nothing was changed then.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::{DeliveryId, RunId};

/// Why a verb did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database at this path.
    #[error("there is no database {path} yet; the first run of fleet-collector makes it", path = path.display())]
    NoDatabase {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder of the database is missing.
    #[error("the folder of the database {path} does not exist", path = path.display())]
    NoFolder {
        /// The database.
        path: PathBuf,
    },
    /// A newer version of this program has made or changed it.
    #[error("the schema of database {path} is {found}, newer than this program, which knows {known}; use the newer program", path = path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// What its header says.
        found: usize,
        /// The newest this program knows.
        known: usize,
    },
    /// It is an SQLite database, but not one of ours.
    #[error("{path} is a database of another program; choose another file", path = path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or no database at all.
    #[error("{path} is damaged or is not a database; move it away, or put a backup in its place", path = path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found; nothing where a check found it.
        #[source]
        source: Option<EngineError>,
    },
    /// Another program has held it for too long.
    #[error("the database {path} is busy: another program has been writing to it for 10 seconds; try again", path = path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// In the engine's words.
        #[source]
        source: EngineError,
    },
    /// Another program changes the schema, and takes its time.
    #[error("another program has been bringing the database {path} up to date for a minute; try again later", path = path.display())]
    SchemaBusy {
        /// The database.
        path: PathBuf,
    },
    /// There is no room.
    #[error("no space left for the database {path}; make room on its filesystem", path = path.display())]
    Full {
        /// The database.
        path: PathBuf,
        /// In the engine's words.
        #[source]
        source: EngineError,
    },
    /// It can be read but not written.
    #[error("the database {path} can't be written; check owner and mode of the file, of the files named like it, and of its folder", path = path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// In the engine's words.
        #[source]
        source: EngineError,
    },
    /// Its disk refused to read or write.
    #[error("the database {path} can't be read or written: its filesystem reports an error; look at free space (df) and at the kernel's log (dmesg)", path = path.display())]
    Disk {
        /// The database.
        path: PathBuf,
        /// In the engine's words.
        #[source]
        source: EngineError,
    },
    /// Somebody has moved, deleted or replaced it under a program that was using it.
    #[error("the database {path} was deleted or replaced while this program used it; what was written since is lost there, and hosts keep what they have not been told of: run again", path = path.display())]
    Replaced {
        /// The database.
        path: PathBuf,
    },
    /// It can't be opened.
    #[error("the database {path} can't be opened; check owner and mode of the file and of its folder", path = path.display())]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// In the engine's words.
        #[source]
        source: EngineError,
    },
    /// Its filesystem can't share memory between programs, which write-ahead logging needs.
    #[error("the database {path} can't use write-ahead logging (its journal mode stays {mode:?}); put it on a local disk", path = path.display())]
    NoWriteAheadLog {
        /// The database.
        path: PathBuf,
        /// What the engine uses instead.
        mode: String,
    },
    /// The engine has a fault that can damage the database.
    #[error(
        "this program was built with SQLite {found}, which can damage a database that two programs write; it needs 3051003 (3.51.3) or later"
    )]
    OldEngine {
        /// Its version.
        found: i32,
    },
    /// The file, or one beside it, can't be made or used.
    #[error("can't use the file {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A row holds what this program does not know.
    #[error("the database {path} holds a value that this program does not know", path = path.display())]
    UnknownValue {
        /// The database.
        path: PathBuf,
        /// Which.
        #[source]
        source: EngineError,
    },
    /// A statement failed for another reason.
    #[error("a statement failed in the database {path}", path = path.display())]
    Engine {
        /// The database.
        path: PathBuf,
        /// In the engine's words.
        #[source]
        source: EngineError,
    },
    /// A number is larger than the database can hold.
    #[error("{what} is {value}, and at most 9223372036854775807 can be stored")]
    OutOfRange {
        /// What it counts.
        what: &'static str,
        /// The number.
        value: u64,
    },
    /// The run has ended already, or never began.
    #[error("run {run} is not running")]
    RunNotRunning {
        /// The run.
        run: RunId,
    },
    /// Rows were treated before, or do not exist. Nothing is treated twice.
    #[error("{what} are treated already, or are not on file; is another alerter at work on this database?")]
    AlreadyTreated {
        /// How many rows of how many.
        what: String,
    },
    /// A mail tells of an incident, or settles one, that somebody else has settled meanwhile or that does not exist.
    #[error("incident {incident} is settled already, or is not on file; is another alerter at work on this database?")]
    AlreadySettled {
        /// The incident.
        incident: i64,
    },
    /// A mail that goes to nobody would lose its events.
    #[error("mail {message_id} has no recipient")]
    NoRecipient {
        /// The mail.
        message_id: String,
    },
    /// No attempt of this delivery is under way.
    #[error("no attempt of delivery {delivery} is under way")]
    NotSending {
        /// The delivery.
        delivery: DeliveryId,
    },
}

/// What the database engine said, for people.
#[derive(Debug)]
pub struct EngineError(rusqlite::Error);

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for EngineError {}

/// What can go wrong inside a verb, where the path of the database is not at hand.
#[derive(Debug)]
pub(crate) enum Failure {
    Engine(rusqlite::Error),
    Refused(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Engine(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Refused(error)
    }
}

impl Failure {
    /// The failure as the callers of this crate see it.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        match self {
            Failure::Refused(error) => error,
            Failure::Engine(error) => engine(error, path),
        }
    }
}

/// What was read; nothing where this version does not know a value in it. Another failure stays one.
pub(crate) fn readable<T>(found: Result<T, impl Into<Failure>>) -> Result<Option<T>, Failure> {
    match found.map_err(Into::into) {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Engine(error)) if is_unknown_value(&error) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn is_unknown_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    matches!(
        error,
        Error::FromSqlConversionFailure(..) | Error::IntegralValueOutOfRange(..) | Error::InvalidColumnType(..)
    )
}

fn engine(error: rusqlite::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    let code = error.sqlite_error_code();
    let unknown_value = is_unknown_value(&error);
    let source = EngineError(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path, source },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path, source: Some(source) }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { path, source },
        Some(ErrorCode::SystemIoFailure) => StoreError::Disk { path, source },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path, source },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => StoreError::CannotOpen { path, source },
        _ if unknown_value => StoreError::UnknownValue { path, source },
        _ => StoreError::Engine { path, source },
    }
}
