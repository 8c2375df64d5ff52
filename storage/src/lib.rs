//! The database: verbs that are whole transactions.
//!
//! Collector and alerter are joined by this database alone. A verb either happens as a whole or not at all,
//! speaks in words of the field, and lets nothing of SQLite through, so that another engine can take its place.
//! Nobody else writes SQL; the schema itself is in `sql/`.
//!
//! Everything here is synchronous, and every wait has a limit: 10 seconds for another program's transaction.

mod beside;
mod collect;
mod digest;
mod error;
mod id;
mod incidents;
mod lock;
mod open;
mod outbox;
mod plain;
mod readings;
mod rename;
mod row;
mod runs;
mod samples;
mod schema;
mod silences;
mod status;
mod store;
#[cfg(test)]
mod suite;
mod treat;
mod visit;

pub use beside::Trend;
pub use collect::{HostRecord, ReceivedSample, RunEnd, Settled, SpoolProgress, Visit, WorkDir};
pub use digest::{Digest, LostMail};
pub use error::{EngineError, StoreError};
pub use id::{AlertId, DeliveryId, HostId, RunId, SampleRowId};
pub use incidents::IncidentFilter;
pub use lock::{LockError, RunLock};
pub use outbox::{
    AttemptEnd, DeliveryFilter, DeliveryRecord, Due, DueDelivery, LostDeliveries, MailKind, NewMail, StuckMail, Way,
};
pub use rename::RenameOutcome;
pub use runs::{RunRecord, RunState};
pub use status::{FiringAlert, HostStatus, LatestSample, Part};
pub use store::Store;
pub use treat::{Backlog, Cursor, HostChanges, LiveAlert, NewEvent, Slice, Untreated};
