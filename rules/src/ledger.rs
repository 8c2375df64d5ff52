//! The incidents, kept up to date by events. The database does the same in SQL; this is for what changes nothing:
//! a dry run, and the replay of history.

use sample::{HostName, Timestamp};

use crate::{AlertKey, Event, Incident, NoticeKind, Recipient, Telling};

/// Incidents in memory.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// In the order they were opened.
    pub incidents: Vec<Incident>,
    next_id: i64,
}

impl Ledger {
    /// One that goes on from these.
    pub fn new(_incidents: Vec<Incident>) -> Ledger {
        todo!()
    }

    /// Takes an event into account.
    pub fn record(&mut self, _host: Option<&HostName>, _key: &AlertKey, _event: &Event, _telling: &Telling) {
        todo!()
    }

    /// Takes note that somebody was told.
    pub fn told(&mut self, _incident: i64, _recipient: &Recipient, _kind: NoticeKind, _at: Timestamp) {
        todo!()
    }
}
