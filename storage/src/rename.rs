//! Hosts that go by another name now.

use rusqlite::{Connection, params};
use sample::HostName;

use crate::error::Failure;
use crate::{Store, StoreError};

/// What became of the wish to give a host a new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameOutcome {
    /// The host has its new name, and everything on file about it goes by that name.
    Renamed,
    /// Both names have a history of their own, and keep it: nothing was changed.
    BothOnFile,
    /// No host goes by the former name: it has its new name already, or was never visited.
    NotOnFile,
}

impl Store {
    /// Gives hosts new names, each pair from its former name to its new one, in the order given. Returns what became
    /// of each pair. All of it is one transaction.
    ///
    /// History, alerts, spools and work directory hang on the host's row, not on its name, and stay with it. Envelopes
    /// that wait on the host are sealed for its former name.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn rename_hosts(&mut self, names: &[(HostName, HostName)]) -> Result<Vec<RenameOutcome>, StoreError> {
        self.write(|db| names.iter().map(|(former, new)| rename(db, former, new)).collect())
    }
}

fn rename(db: &Connection, former: &HostName, new: &HostName) -> Result<RenameOutcome, Failure> {
    let mut select = db.prepare_cached("SELECT 1 FROM host WHERE name = ?1")?;
    let mut is_on_file = |name: &HostName| select.exists([name.as_str()]);
    if !is_on_file(former)? {
        return Ok(RenameOutcome::NotOnFile);
    }
    if is_on_file(new)? {
        return Ok(RenameOutcome::BothOnFile);
    }
    let mut update = db.prepare_cached("UPDATE host SET name = ?2 WHERE name = ?1")?;
    update.execute(params![former.as_str(), new.as_str()])?;
    Ok(RenameOutcome::Renamed)
}
