//! Incidents: what is still owed of them, and what people say and ask about them.

use rules::Incident;
use sample::{HostName, Timestamp};

use crate::{Store, StoreError};

/// Which incidents to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Only those that go on.
    pub open: bool,
    /// Only those of hosts with such a name, with wildcards.
    pub host: Option<String>,
    /// Only those that began, or ended, then or later.
    pub since: Option<Timestamp>,
    /// Only the one with this number.
    pub id: Option<i64>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

impl Store {
    /// Returns the incidents of which something may still be owed, oldest first. What config.xml says of their rules now
    /// is not known here: repeat, escalation and hours are the defaults.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn unsettled_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        todo!()
    }

    /// Returns the incidents that fit, the newest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn incidents(&self, _filter: &IncidentFilter) -> Result<Vec<Incident>, StoreError> {
        todo!()
    }

    /// Takes note that somebody takes care of an open incident. Returns false if there is no such one.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn acknowledge(
        &mut self,
        _incident: i64,
        _by: &str,
        _comment: &str,
        _until: Option<Timestamp>,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Takes an acknowledgement back. Returns false if there is none.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn unacknowledge(&mut self, _incident: i64) -> Result<bool, StoreError> {
        todo!()
    }

    /// Returns the hosts whose last visit failed and that are not confirmed to be down yet.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn suspects(&self) -> Result<Vec<HostName>, StoreError> {
        todo!()
    }
}
