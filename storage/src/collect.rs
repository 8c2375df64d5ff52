//! What the collector writes: runs, and how each visit of a run ended.

use rusqlite::{Connection, OptionalExtension, params};
use sample::wire::Acknowledgement;
use sample::{Facts, HostName, KeyId, Outcome, Rejection, Sample, SpoolId, Timestamp};

use crate::error::{Failure, readable};
use crate::{HostId, RunId, Store, StoreError, row, samples, schema, visit};

/// How many spools of a host are acknowledged at most. A host has one; others are of earlier lives.
const ACKNOWLEDGED_SPOOLS: i64 = 8;

/// What is on file about a host before it is visited.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRecord {
    /// Its row.
    pub id: HostId,
    /// Its name.
    pub name: HostName,
    /// Where the probe lies, if not in the usual place.
    pub work_dir: Option<String>,
    /// The machine type its last sample named.
    pub architecture: Option<String>,
    /// What was committed of its newest spools.
    pub acknowledgements: Vec<Acknowledgement>,
    /// When the run began that has its latest outcome other than `cancelled`.
    pub visited: Option<Timestamp>,
    /// The boot of its newest sample, whose counters the next one's are compared with.
    pub known_boot: Option<String>,
}

/// A visit that is over, with everything it brought home.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The host.
    pub host: HostId,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the probe was found or put.
    pub work_dir: WorkDir,
    /// Which key the host seals to, and whether to no other.
    pub settled: Settled,
    /// What the host says it is, and the version of its probe.
    pub facts: Option<(Facts, String)>,
    /// In spool order, the fresh one last. What is already known is ignored.
    pub samples: Vec<ReceivedSample>,
    /// How far each spool that was seen may be acknowledged once this is committed.
    pub spools: Vec<SpoolProgress>,
    /// Envelopes that did not become samples, by class.
    pub rejected: Vec<(Rejection, u32)>,
}

/// What a visit says about the place of the probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkDir {
    /// Nothing new.
    Unchanged,
    /// It lies in the usual place.
    Default,
    /// It lies there.
    At(String),
}

/// What a visit says about envelopes that wait on the host for another key than the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing.
    Unchanged,
    /// There may be some.
    No,
    /// There are none: all that wait are for this key.
    Under(KeyId),
}

/// A sample with the server's times.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedSample {
    /// When it was taken, corrected to the server's clock.
    pub taken: Timestamp,
    /// When it came home.
    pub received: Timestamp,
    /// How far the host's clock is ahead of the server's, in milliseconds; known of the sample of this visit alone.
    pub clock_skew_ms: Option<i64>,
    /// The sample.
    pub sample: Sample,
}

/// How far a spool was taken home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolProgress {
    /// The spool.
    pub spool: SpoolId,
    /// Every envelope up to and with this one is committed with the visit; none if nothing is.
    pub through: Option<u64>,
    /// Envelopes the spool has lost for ever so far.
    pub dropped: u64,
}

/// How a run ends that was not killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Every selected host has its outcome.
    Done,
    /// It was interrupted.
    Cancelled,
}

impl RunEnd {
    /// Every end.
    pub const ALL: [RunEnd; 2] = [RunEnd::Done, RunEnd::Cancelled];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            RunEnd::Done => "done",
            RunEnd::Cancelled => "cancelled",
        }
    }
}

impl Store {
    /// Begins a run. A run that is still marked as running was killed, for the caller holds the run lock: it
    /// becomes `aborted`. Perhaps the power failed; so the whole file is checked first.
    ///
    /// # Errors
    /// The database is damaged, or can't be written.
    pub fn begin_run(&mut self, started: Timestamp, config_sha256: &str) -> Result<RunId, StoreError> {
        let begun = self.begin_run_unless(started, config_sha256, || false)?;
        Ok(begun.expect("nothing stops it"))
    }

    /// The same, unless `stopped` says so before it is done, which is asked often and also in the middle of the check.
    /// Nothing was written then.
    ///
    /// # Errors
    /// As for [`Store::begin_run`].
    pub fn begin_run_unless(
        &mut self,
        started: Timestamp,
        config_sha256: &str,
        stopped: impl Fn() -> bool + Clone + Send + 'static,
    ) -> Result<Option<RunId>, StoreError> {
        let was_killed =
            self.read(|db| Ok(db.prepare_cached("SELECT 1 FROM run WHERE state = 'running'")?.exists([])?))?;
        if was_killed && !schema::check_unless(self, stopped.clone())? {
            return Ok(None);
        }
        self.write(|db| {
            // The write lock may have been waited for.
            if stopped() {
                return Ok(None);
            }
            db.prepare_cached("UPDATE run SET state = 'aborted' WHERE state = 'running'")?.execute([])?;
            let mut insert = db.prepare_cached(
                "INSERT INTO run (started_ms, state, config_sha256) VALUES (?1, 'running', ?2) RETURNING id",
            )?;
            Ok(Some(insert.query_row(params![started.as_millis(), config_sha256], |row| row.get(0))?))
        })
    }

    /// Returns what is on file about hosts, in the order of `names`. A name that was never seen gets its row now.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn host_records(&mut self, names: &[HostName], now: Timestamp) -> Result<Vec<HostRecord>, StoreError> {
        self.write(|db| names.iter().map(|name| host_record(db, name, now)).collect())
    }

    /// Returns what is on file about a host that goes by one of these names: the first one that is on file. Unlike
    /// [`Store::host_records`] it makes no row, which would keep a host from being renamed to that name.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn known_host(&self, names: &[&HostName]) -> Result<Option<HostRecord>, StoreError> {
        self.read(|db| names.iter().find_map(|name| known(db, name).transpose()).transpose())
    }

    /// Returns the name of every host on which envelopes wait for no other key than this one.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn settled_hosts(&self, key: KeyId) -> Result<Vec<HostName>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached("SELECT name FROM host WHERE key_id = ?1 ORDER BY name")?;
            let found = select.query_map([key.to_string()], |row| row::parsed(row, 0))?;
            found.filter_map(|name| readable(name).transpose()).collect()
        })
    }

    /// Records how visits of a running run ended, with everything they brought home, all of them or none.
    /// Returns for each visit how many of its samples were new.
    ///
    /// # Errors
    /// The run is not running, a host is unknown or has its outcome already, a number does not fit, or the
    /// database can't be written.
    pub fn record_visits(&mut self, run: RunId, visits: &[Visit]) -> Result<Vec<usize>, StoreError> {
        self.write(|db| {
            require_running(db, run)?;
            visits.iter().map(|visit| visit::record(db, run, visit)).collect()
        })
    }

    /// Ends a running run.
    ///
    /// # Errors
    /// The run is not running, or the database can't be written.
    pub fn finish_run(&mut self, run: RunId, at: Timestamp, end: RunEnd) -> Result<(), StoreError> {
        self.write(|db| {
            require_running(db, run)?;
            let mut update = db.prepare_cached("UPDATE run SET finished_ms = ?2, state = ?3 WHERE id = ?1")?;
            update.execute(params![run, at.as_millis(), end.name()])?;
            Ok(())
        })
    }
}

fn require_running(db: &Connection, run: RunId) -> Result<(), Failure> {
    let mut select = db.prepare_cached("SELECT 1 FROM run WHERE id = ?1 AND state = 'running'")?;
    if select.exists([run])? { Ok(()) } else { Err(StoreError::RunNotRunning { run }.into()) }
}

fn host_record(db: &Connection, name: &HostName, now: Timestamp) -> Result<HostRecord, Failure> {
    if let Some(record) = known(db, name)? {
        return Ok(record);
    }
    let mut insert = db.prepare_cached("INSERT INTO host (name, first_seen_ms) VALUES (?1, ?2) RETURNING id")?;
    let id = insert.query_row(params![name.as_str(), now.as_millis()], |row| row.get(0))?;
    let (work_dir, architecture, acknowledgements, visited) = (None, None, Vec::new(), None);
    Ok(HostRecord { id, name: name.clone(), work_dir, architecture, acknowledgements, visited, known_boot: None })
}

fn known(db: &Connection, name: &HostName) -> Result<Option<HostRecord>, Failure> {
    let mut select = db.prepare_cached("SELECT id, work_dir, architecture FROM host WHERE name = ?1")?;
    let found = select.query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((id, work_dir, architecture)) = found else { return Ok(None) };
    let (acknowledgements, visited, known_boot) =
        (acknowledgements(db, id)?, visited(db, id)?, samples::known_boot(db, id)?);
    Ok(Some(HostRecord { id, name: name.clone(), work_dir, architecture, acknowledgements, visited, known_boot }))
}

fn visited(db: &Connection, host: HostId) -> Result<Option<Timestamp>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT run.started_ms FROM outcome INDEXED BY outcome_of_host JOIN run ON run.id = run_id
         WHERE host_id = ?1 AND kind <> 'cancelled'
         ORDER BY run_id DESC LIMIT 1",
    )?;
    Ok(select.query_row([host], |found| row::time(found, 0)).optional()?)
}

fn acknowledgements(db: &Connection, host: HostId) -> Result<Vec<Acknowledgement>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT spool_id, through FROM spool
         WHERE host_id = ?1 AND through IS NOT NULL
         ORDER BY seen_ms DESC, spool_id
         LIMIT ?2",
    )?;
    let found = select.query_map(params![host, ACKNOWLEDGED_SPOOLS], |found| {
        Ok(Acknowledgement { spool: row::parsed(found, 0)?, through: row::unsigned(found, 1)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
