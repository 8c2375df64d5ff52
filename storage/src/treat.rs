//! What the alerter reads and writes while it treats rows: new samples and outcomes in, alert states and events out.

mod commit;
mod incident;
mod rows;
mod watch;

use std::collections::HashMap;

use rules::{AlertKey, AlertState, Event, Familiar, Seen, Telling, Watch};
use sample::{HostName, OutcomeKind, Readings, Timestamp};

use crate::{HostId, RunId, SampleRowId, Store, StoreError};
pub(crate) use rows::newest;
#[cfg(test)]
pub(crate) use rows::{
    HISTORY_OUTCOMES, HISTORY_SAMPLES, NEWEST_OUTCOME, NEWEST_SAMPLE, UNTREATED_OUTCOMES, UNTREATED_SAMPLES,
};
#[cfg(test)]
pub(crate) use {
    commit::{FIND, MARK_OUTCOMES, MARK_SAMPLES},
    incident::NEWEST as NEWEST_INCIDENT,
    watch::{ALERTS_OF, FAMILIAR_OF, LIVE},
};

/// A row that no alerter has taken into account.
#[derive(Clone, Debug, PartialEq)]
pub enum Untreated {
    /// A measurement.
    Sample {
        /// Its row.
        row: SampleRowId,
        /// The run that brought it home.
        run: RunId,
        /// The host.
        host: HostId,
        /// The host's name.
        name: HostName,
        /// When it was taken, by the server's clock.
        taken: Timestamp,
        /// The kernel's id of the boot it was taken in.
        boot_id: Option<String>,
        /// How far the host's clock was ahead of the server's, if that is known.
        clock_skew_ms: Option<i64>,
        /// What was measured, without the top processes, the lines of the log and the sockets; filesystems in the
        /// order of their mount points.
        readings: Box<Readings>,
    },
    /// How a visit ended.
    Outcome {
        /// The run.
        run: RunId,
        /// The host.
        host: HostId,
        /// The host's name.
        name: HostName,
        /// How it ended.
        kind: OutcomeKind,
        /// When.
        at: Timestamp,
    },
}

/// A place in the order of rows: by run, then host; the samples of a visit in the order of their rows, then its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    run: RunId,
    host: HostId,
    /// [`OUTCOME`] for the outcome.
    sample: SampleRowId,
}

/// Stands for the outcome, which comes after all samples of its visit.
const OUTCOME: SampleRowId = SampleRowId(i64::MAX);

/// Rows that no alerter has taken into account, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backlog {
    /// Those that can be read.
    pub rows: Vec<Untreated>,
    /// Those among them that hold a value this version does not know. They say nothing, and must not hold up the others:
    /// they go into [`Slice::unreadable`], and so are treated with it.
    pub unreadable: Vec<Cursor>,
}

impl Cursor {
    /// The run.
    pub fn run(self) -> RunId {
        self.run
    }
}

/// An alert that is pending or firing.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveAlert {
    /// The host; none for the fleet as a whole.
    pub host: Option<(HostId, HostName)>,
    /// Which alert of the host it is.
    pub key: AlertKey,
    /// Where it stands.
    pub state: AlertState,
    /// The limit that was reached last.
    pub limit: Option<f64>,
}

/// What treating some rows came to. It is committed as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    /// What changed of each host.
    pub hosts: Vec<HostChanges>,
    /// The samples that were taken into account.
    pub treated_samples: Vec<SampleRowId>,
    /// The outcomes that were taken into account.
    pub treated_outcomes: Vec<(RunId, HostId)>,
    /// The rows that could not be read.
    pub unreadable: Vec<Cursor>,
}

/// What changed of a host, or of the fleet as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostChanges {
    /// The host; none for the fleet as a whole.
    pub host: Option<HostId>,
    /// What it has; none if that did not change.
    pub familiar: Option<Familiar>,
    /// The last state of each alert that changed. A blank one that never fired is forgotten.
    pub alerts: Vec<(AlertKey, AlertState)>,
    /// In the order they happened.
    pub events: Vec<NewEvent>,
}

/// An event, to be kept. It opens, changes or ends the incident of its alert. One whose incident is not on file opens it,
/// and one that opens an incident which is open already goes on with it: then a row was lost or could not be read, and
/// what people are told is right nevertheless.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Which alert.
    pub key: AlertKey,
    /// What happened.
    pub event: Event,
    /// The sample that caused it.
    pub sample: Option<SampleRowId>,
    /// Who is told, and the words beside it; kept with the incident. None for a rule that is not there any more: who
    /// is told stays as it was.
    pub telling: Option<Telling>,
}

impl Untreated {
    /// Its place in the order of rows.
    pub fn cursor(&self) -> Cursor {
        match self {
            Untreated::Sample { row, run, host, .. } => Cursor { run: *run, host: *host, sample: *row },
            Untreated::Outcome { run, host, .. } => Cursor { run: *run, host: *host, sample: OUTCOME },
        }
    }

    /// The host.
    pub fn host(&self) -> (HostId, &HostName) {
        match self {
            Untreated::Sample { host, name, .. } | Untreated::Outcome { host, name, .. } => (*host, name),
        }
    }

    /// The row, as rules see it.
    pub fn seen(&self) -> Seen<'_> {
        match self {
            Untreated::Sample { taken, boot_id, clock_skew_ms, readings, .. } => {
                let boot_id = boot_id.as_deref();
                Seen::Sample { taken: *taken, boot_id, clock_skew_ms: *clock_skew_ms, readings }
            }
            Untreated::Outcome { kind, at, .. } => Seen::Outcome { kind: *kind, at: *at },
        }
    }
}

impl Backlog {
    /// The place of the last row, readable or not.
    pub fn last(&self) -> Option<Cursor> {
        let readable = self.rows.last().map(Untreated::cursor);
        readable.max(self.unreadable.last().copied())
    }

    /// Nothing is left to be treated.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.unreadable.is_empty()
    }
}

impl Store {
    /// Returns the oldest rows that are not treated, behind `after` if that is given: at most `limit`, and fewer where
    /// they are big. Empty only if there are no more.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn untreated(&self, after: Option<Cursor>, limit: usize) -> Result<Backlog, StoreError> {
        self.read(|db| rows::untreated(db, after, limit))
    }

    /// Returns rows of runs that began at `since` or later, treated or not, behind `after` if that is given: at most
    /// `limit`, and fewer where they are big. Empty only if there are no more.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn history(&self, since: Timestamp, after: Option<Cursor>, limit: usize) -> Result<Vec<Untreated>, StoreError> {
        self.read(|db| rows::history(db, since, after, limit))
    }

    /// Returns what is remembered of these hosts. One of which nothing is remembered is there too, blank. What this
    /// version can't read is as if never seen.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn watches(&self, hosts: &[HostId]) -> Result<HashMap<HostId, Watch>, StoreError> {
        self.read(|db| watch::of(db, hosts))
    }

    /// Returns what is remembered of the fleet as a whole.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn fleet_watch(&self) -> Result<Watch, StoreError> {
        self.read(|db| Ok(watch::of(db, &[watch::FLEET])?.remove(&watch::FLEET).unwrap_or_default()))
    }

    /// Returns every alert that is pending or firing. One with a value this version does not know is left out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn live_alerts(&self) -> Result<Vec<LiveAlert>, StoreError> {
        self.read(watch::live)
    }

    /// Commits what treating some rows came to: states, events, incidents, and that the rows are treated.
    ///
    /// # Errors
    /// A row is treated already; a host or sample is unknown; the database can't be written.
    pub fn commit_slice(&mut self, slice: &Slice, now: Timestamp) -> Result<(), StoreError> {
        self.write(|db| commit::slice(db, slice, now))
    }
}
