//! What is on file about the collector's runs.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, Row};
use sample::{OutcomeKind, Timestamp};

use crate::error::Failure;
use crate::{RunId, Store, StoreError, row};

/// One run of the collector.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its row. Ids grow with time.
    pub id: RunId,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; nothing for a run that was killed or is still at work.
    pub finished: Option<Timestamp>,
    /// Where it stands.
    pub state: RunState,
    /// How many hosts' visits ended in which way. The hosts of a run that was killed are those it came to.
    pub outcomes: BTreeMap<OutcomeKind, u32>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It is at work, or was killed and no other has started since.
    Running,
    /// Every selected host has its outcome.
    Done,
    /// It was interrupted; the hosts not reached have the outcome `cancelled`.
    Cancelled,
    /// It was killed.
    Aborted,
}

impl RunRecord {
    /// How long it took; nothing as long as it has not ended, or if the clock was set back before its start meanwhile.
    pub fn took(&self) -> Option<Duration> {
        let millis = self.finished?.millis_since(self.started);
        u64::try_from(millis).ok().map(Duration::from_millis)
    }

    /// How many hosts have an outcome.
    pub fn hosts(&self) -> u32 {
        self.outcomes.values().sum()
    }

    /// How many hosts ended in this way.
    pub fn count(&self, kind: OutcomeKind) -> u32 {
        self.outcomes.get(&kind).copied().unwrap_or(0)
    }

    /// How many hosts failed, by the kind of failure. A cancelled visit is not one.
    pub fn failures(&self) -> impl Iterator<Item = (OutcomeKind, u32)> {
        let said_nothing = |kind: &OutcomeKind| matches!(kind, OutcomeKind::Ok | OutcomeKind::Cancelled);
        self.outcomes.iter().map(|(kind, count)| (*kind, *count)).filter(move |(kind, _)| !said_nothing(kind))
    }
}

impl RunState {
    /// Every state.
    pub const ALL: [RunState; 4] = [RunState::Running, RunState::Done, RunState::Cancelled, RunState::Aborted];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Cancelled => "cancelled",
            RunState::Aborted => "aborted",
        }
    }
}

impl Store {
    /// Returns the latest runs, the newest first, at most `limit` of them.
    ///
    /// # Errors
    /// The database can't be read, or holds a state or outcome that this version does not know.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        self.read(|db| {
            let mut select =
                db.prepare_cached("SELECT id, started_ms, finished_ms, state FROM run ORDER BY id DESC LIMIT ?1")?;
            let found = select.query_map([limit], run)?.collect::<Result<Vec<_>, _>>()?;
            found.into_iter().map(|run| Ok(RunRecord { outcomes: outcomes(db, run.id)?, ..run })).collect()
        })
    }
}

fn run(found: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let finished: Option<i64> = found.get(2)?;
    Ok(RunRecord {
        id: found.get(0)?,
        started: row::time(found, 1)?,
        finished: finished.map(Timestamp::from_millis),
        state: row::run_state(found, 3)?,
        outcomes: BTreeMap::new(),
    })
}

fn outcomes(db: &Connection, run: RunId) -> Result<BTreeMap<OutcomeKind, u32>, Failure> {
    let mut select = db.prepare_cached("SELECT kind, count(*) FROM outcome WHERE run_id = ?1 GROUP BY kind")?;
    let found = select.query_map([run], |found| Ok((row::parsed(found, 0)?, row::unsigned(found, 1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
