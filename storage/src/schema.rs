//! The schema: which steps lead to it, and how a database takes them.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::Progress;
use sample::Timestamp;

use crate::error::Failure;
use crate::{Store, StoreError, lock};

/// The steps in `sql/`, in their order. A database of schema N has taken the first N.
pub(crate) const STEPS: &[&str] = &[include_str!("../../sql/0001_fleet_health.sql")];

/// Marks a database as ours in its header: "FLHT".
const APPLICATION_ID: i64 = 0x464c_4854;
/// So many steps of the engine lie between two looks at whether to go on: some milliseconds.
const STEPS_BETWEEN: i32 = 1000;

/// Returns whether nothing is left to do before the database can be used.
///
/// # Errors
/// It is not ours, or of a newer version. Nothing was written then.
pub(crate) fn is_ready(store: &Store, steps: &[&str]) -> Result<bool, StoreError> {
    let mode = store.read(|db| Ok(db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?))?;
    Ok(version(store, steps)? == steps.len() && mode == "wal")
}

/// Takes the steps that are missing, each in a transaction of its own. The caller holds the schema lock.
///
/// A database that has taken some already is checked and copied first.
///
/// # Errors
/// It is not ours, of a newer version, damaged, or can't be written.
pub(crate) fn bring_up_to_date(store: &mut Store, now: Timestamp, steps: &[&str]) -> Result<(), StoreError> {
    let taken = version(store, steps)?;
    write_ahead(store)?;
    if (1..steps.len()).contains(&taken) {
        check(store)?;
        back_up(store, taken, now)?;
    }
    for (step, number) in steps.iter().zip(1..).skip(taken) {
        store.write(|db| take(db, step, number))?;
    }
    Ok(())
}

/// How many steps the database has taken; none if it is empty.
fn version(store: &Store, steps: &[&str]) -> Result<usize, StoreError> {
    let (found, application, tables) = store.read(|db| {
        let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((found, application, tables))
    })?;
    if (found, application, tables) == (0, 0, 0) {
        return Ok(0);
    }
    let path = store.path.clone();
    let taken = usize::try_from(found).ok().filter(|taken| *taken > 0 && application == APPLICATION_ID);
    match taken {
        None => Err(StoreError::NotOurs { path }),
        Some(taken) if taken > steps.len() => Err(StoreError::NewerSchema { path, found: taken, known: steps.len() }),
        Some(taken) => Ok(taken),
    }
}

fn write_ahead(store: &Store) -> Result<(), StoreError> {
    let set = store.connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
    let mode = set.map_err(|error| Failure::from(error).at(&store.path))?;
    if mode == "wal" { Ok(()) } else { Err(StoreError::NoWriteAheadLog { path: store.path.clone(), mode }) }
}

/// Looks through the whole file, which takes its time (6 s of CPU for 1 GB, measured): done before a migration and
/// after a run that was killed, not at every start.
///
/// # Errors
/// It is damaged, or can't be read.
pub(crate) fn check(store: &Store) -> Result<(), StoreError> {
    let verdict = store.read(|db| Ok(db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: store.path.clone(), source: None }) }
}

/// The same, until `stopped` says so. Returns whether it was done to the end.
///
/// # Errors
/// As for [`check`].
pub(crate) fn check_unless(
    store: &mut Store,
    stopped: impl Fn() -> bool + Clone + Send + 'static,
) -> Result<bool, StoreError> {
    let path = store.path.clone();
    let broken = |error| Failure::from(error).at(&path);
    store.connection.progress_handler(STEPS_BETWEEN, Some(stopped.clone())).map_err(broken)?;
    let checked = check(store);
    store.connection.progress_handler(0, None::<fn() -> bool>).map_err(broken)?;
    match checked {
        // Damage that was found at that moment is found again by the next one.
        Err(_) if stopped() => Ok(false),
        checked => checked.map(|()| true),
    }
}

/// Copies the database to `fleet.db.schema-N.TIME.backup` beside it. A copy under that name is whole.
fn back_up(store: &Store, taken: usize, now: Timestamp) -> Result<(), StoreError> {
    let time = now.to_string().replace(':', "");
    let path = lock::beside(&store.path, &format!("schema-{taken}.{time}.backup"));
    let half = lock::beside(&path, "new");
    let broken = |path: &Path| {
        let path = path.to_owned();
        |source| StoreError::File { path, source }
    };
    if half.exists() {
        fs::remove_file(&half).map_err(broken(&half))?;
    }
    drop(lock::create_new(&half).map_err(broken(&half))?);
    let copied = store.connection.backup("main", &half, None::<fn(Progress)>);
    copied.map_err(|error| Failure::from(error).at(&half))?;
    fs::rename(&half, &path).map_err(broken(&path))
}

fn take(db: &Connection, step: &str, number: usize) -> Result<(), Failure> {
    db.execute_batch(step)?;
    let number = i64::try_from(number).expect("there are a handful of steps");
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", number)?;
    Ok(())
}

#[cfg(test)]
mod tests;
