//! What stands beside an alert: how its value went, what was running, how fast a filesystem fills.

mod trend;

use std::time::Duration;

use rules::FreeSpace;
use rusqlite::{Connection, OptionalExtension, params};
use sample::{HostName, Timestamp, TopProcess};

use crate::error::{Failure, readable};
use crate::{HostId, SampleRowId, Store, StoreError, Untreated, row, treat};
pub use trend::Trend;
#[cfg(test)]
pub(crate) use trend::statement as trend_statement;

impl Store {
    /// Returns the row of a host, by its name.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn host_id(&self, name: &HostName) -> Result<Option<HostId>, StoreError> {
        self.read(|db| host_id(db, name))
    }

    /// Returns the newest sample and the newest outcome of a host that was not cancelled, treated or not. What this version
    /// can't read is left out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn newest_rows(&self, host: HostId) -> Result<Vec<Untreated>, StoreError> {
        self.read(|db| treat::newest(db, host))
    }

    /// Returns the biggest processes of a host's newest sample that is not younger than `at`, those with the most CPU time
    /// first.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn top_processes(&self, host: &HostName, at: Timestamp) -> Result<Vec<TopProcess>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(TOP_PROCESSES)?;
            let found = select.query_map(params![host.as_str(), at.as_millis()], |found| {
                Ok(TopProcess {
                    pid: row::unsigned(found, 0)?,
                    name: found.get(1)?,
                    cpu_percent: found.get(2)?,
                    memory_bytes: row::unsigned(found, 3)?,
                    arguments: found.get(4)?,
                })
            })?;
            found.filter_map(|found| readable(found).transpose()).collect()
        })
    }

    /// Returns what was available on a filesystem from `from` to `until`, both included, oldest first: at most `most`
    /// points, spread evenly over the samples there are; the newest is always among them.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn free_space(
        &self,
        host: HostId,
        mount: &str,
        (from, until): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Vec<FreeSpace>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(SAMPLES_BETWEEN)?;
            let between = params![host, from.as_millis(), until.as_millis()];
            let samples = select.query_map(between, |found| Ok((found.get(0)?, row::time(found, 1)?)))?;
            let samples = samples.collect::<Result<Vec<(SampleRowId, Timestamp)>, _>>()?;
            let wanted: Vec<_> = thinned(&samples, most).collect();
            let mut select = db.prepare_cached(FREE_SPACE)?;
            let found =
                select.query_map(params![row::json(wanted.iter().map(|(sample, _)| sample)), mount], |found| {
                    let (_, at) = wanted[row::unsigned::<usize>(found, 0)?];
                    Ok(FreeSpace { at, avail_bytes: row::unsigned(found, 1)? })
                })?;
            found.filter_map(|found| readable(found).transpose()).collect()
        })
    }

    /// Returns the usual time between the beginnings of two runs: three of four gaps between the last runs are no longer, so
    /// that an interval that varies is not taken for its shortest. What people tried out in between counts for nothing:
    /// runs over a few hosts, and runs right after another. Nothing if there are fewer than three runs, or the clock was
    /// set so often that it can't be told.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn usual_interval(&self) -> Result<Option<Duration>, StoreError> {
        self.read(|db| {
            let started = runs_over_the_fleet(db)?;
            let between = started.windows(2).map(|pair| pair[0].millis_since(pair[1]));
            let between = between.filter_map(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
            let mut between: Vec<Duration> = between.filter(|gap| *gap >= SHORTEST_GAP).collect();
            between.sort_unstable();
            let is_known = between.len() >= 2;
            Ok(is_known.then(|| between[between.len() / 2].max(between[(between.len() - 1) * 3 / 4])))
        })
    }

    /// Returns when the last run that ended did so, whatever came of it.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn last_finished_run(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            let mut select = db
                .prepare_cached("SELECT finished_ms FROM run WHERE finished_ms IS NOT NULL ORDER BY id DESC LIMIT 1")?;
            Ok(select.query_row([], |found| row::time(found, 0)).optional()?)
        })
    }
}

/// Shorter than crontab's minute, if a run begins a moment late.
const SHORTEST_GAP: Duration = Duration::from_secs(55);

const LAST_RUNS: &str = "
    SELECT started_ms, (SELECT count(*) FROM outcome WHERE run_id = run.id) FROM run ORDER BY id DESC LIMIT 40";

/// When the last runs began, the newest first, without those that visited fewer than half as many hosts as is usual.
fn runs_over_the_fleet(db: &Connection) -> Result<Vec<Timestamp>, Failure> {
    let mut select = db.prepare_cached(LAST_RUNS)?;
    let runs = select.query_map([], |found| Ok((row::time(found, 0)?, row::unsigned(found, 1)?)))?;
    let mut runs = runs.collect::<Result<Vec<(Timestamp, u64)>, _>>()?;
    let mut visits: Vec<u64> = runs.iter().map(|(_, visits)| *visits).collect();
    visits.sort_unstable();
    let usual = visits.get(visits.len() / 2).copied().unwrap_or(0);
    runs.retain(|(_, visits)| visits.saturating_mul(2) >= usual);
    Ok(runs.into_iter().map(|(started, _)| started).collect())
}

fn host_id(db: &Connection, name: &HostName) -> Result<Option<HostId>, Failure> {
    let mut select = db.prepare_cached("SELECT id FROM host WHERE name = ?1")?;
    Ok(select.query_row([name.as_str()], |row| row.get(0)).optional()?)
}

pub(crate) const TOP_PROCESSES: &str = "
    SELECT pid, name, cpu_percent, memory_bytes, arguments FROM process
    WHERE sample_id = (
        SELECT id FROM sample
        WHERE host_id = (SELECT host.id FROM host WHERE host.name = ?1) AND taken_ms <= ?2
        ORDER BY taken_ms DESC, id DESC LIMIT 1
    )
    ORDER BY cpu_percent DESC, memory_bytes DESC, pid";

/// The index has all of it: no sample is read.
pub(crate) const SAMPLES_BETWEEN: &str = "
    SELECT id, taken_ms FROM sample WHERE host_id = ?1 AND taken_ms BETWEEN ?2 AND ?3 ORDER BY taken_ms, id";

pub(crate) const FREE_SPACE: &str = "
    SELECT wanted.key, avail_bytes
    FROM json_each(?1) AS wanted CROSS JOIN filesystem ON sample_id = wanted.value AND mount = ?2";

/// At most so many of them, evenly spread, the last one always.
fn thinned<T: Copy>(all: &[T], most: usize) -> impl Iterator<Item = T> + '_ {
    let count = all.len().min(most);
    (1..=count).map(move |number| all[(number * all.len()).div_ceil(count) - 1])
}
