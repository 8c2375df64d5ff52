//! What `fleet` shows: the latest known of every host.

use std::time::Duration;

use rules::AlertKey;
use rusqlite::{Connection, OptionalExtension, Row};
use sample::{Facts, HostName, Outcome, Readings, Timestamp};

use crate::error::{Failure, readable};
use crate::{HostId, Store, StoreError, readings, row};

/// The latest known of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostStatus {
    /// Its name.
    pub name: HostName,
    /// How the latest visit ended that was not cancelled.
    pub outcome: Option<Outcome>,
    /// When a visit last ended well.
    pub last_ok: Option<Timestamp>,
    /// Its newest sample, by the time it was taken.
    pub sample: Option<LatestSample>,
    /// The alerts that are firing, in the order of their metric's name and instance.
    pub firing: Vec<FiringAlert>,
    /// What the host says it is.
    pub facts: Facts,
    /// The version of its probe.
    pub probe_version: Option<String>,
    /// What the database holds of it that this version can't read. It is missing above.
    pub unreadable: Vec<Part>,
}

/// A part of what is known of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// How the latest visit ended.
    Outcome,
    /// When a visit last ended well.
    LastOk,
    /// The newest sample.
    Sample,
    /// One or more alerts that are firing.
    Alert,
}

impl Part {
    /// The name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Outcome => "outcome",
            Part::LastOk => "last_ok",
            Part::Sample => "sample",
            Part::Alert => "alert",
        }
    }
}

/// The newest sample of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestSample {
    /// When it was taken, by the server's clock.
    pub taken: Timestamp,
    /// How far the host's clock was ahead of the server's, if that is known.
    pub clock_skew_ms: Option<i64>,
    /// What was measured, without the top processes, the lines of the log and the sockets.
    pub readings: Readings,
}

/// An alert that is firing.
#[derive(Clone, Debug, PartialEq)]
pub struct FiringAlert {
    /// Which alert of the host it is.
    pub key: AlertKey,
    /// The sample time at which it began.
    pub since: Timestamp,
    /// The worst value seen since.
    pub worst: f64,
}

impl Store {
    /// Returns the latest known of every host, in the order of their names.
    ///
    /// What this version can't read of a host is missing and noted in [`HostStatus::unreadable`]; a host whose name
    /// it can't read, which no config.xml can hold, is left out. Neither hides anything else.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn status(&self) -> Result<Vec<HostStatus>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT id, name, hostname, os, kernel, architecture, cpu_model, virtualization, probe_version
                 FROM host ORDER BY name",
            )?;
            let found = select.query_map([], host)?.filter_map(|found| readable(found).transpose());
            let hosts = found.collect::<Result<Vec<_>, _>>()?;
            hosts.into_iter().map(|(host, status)| with_latest(db, host, status)).collect()
        })
    }
}

impl Store {
    /// Returns how the latest visit of a host ended that was not cancelled.
    ///
    /// # Errors
    /// The database can't be read, or holds a value this program does not know.
    pub fn latest_outcome(&self, host: HostId) -> Result<Option<Outcome>, StoreError> {
        self.read(|db| latest_outcome(db, host))
    }
}

/// A cancelled visit says nothing about the host.
pub(crate) const LATEST_OUTCOME: &str = "
    SELECT kind, detail, at_ms, duration_ms FROM outcome
    WHERE host_id = ?1 AND kind <> 'cancelled'
    ORDER BY run_id DESC LIMIT 1";

pub(crate) const LAST_OK: &str = "
    SELECT at_ms FROM outcome WHERE host_id = ?1 AND kind = 'ok' ORDER BY run_id DESC LIMIT 1";

pub(crate) const LATEST_SAMPLE: &str = "
    SELECT id, taken_ms, clock_skew_ms FROM sample WHERE host_id = ?1 ORDER BY taken_ms DESC, id DESC LIMIT 1";

pub(crate) const FIRING: &str = "
    SELECT metric, selector, ordinal, instance, since_ms, worst_value FROM alert INDEXED BY alert_firing
    WHERE host_id = ?1 AND state = 'firing'
    ORDER BY metric, instance, selector, ordinal";

fn host(found: &Row<'_>) -> rusqlite::Result<(HostId, HostStatus)> {
    let facts = Facts {
        hostname: found.get(2)?,
        os: found.get(3)?,
        kernel: found.get(4)?,
        architecture: found.get(5)?,
        cpu_model: found.get(6)?,
        virtualization: found.get(7)?,
    };
    let status = HostStatus {
        name: row::parsed(found, 1)?,
        outcome: None,
        last_ok: None,
        sample: None,
        firing: Vec::new(),
        facts,
        probe_version: found.get(8)?,
        unreadable: Vec::new(),
    };
    Ok((found.get(0)?, status))
}

fn with_latest(db: &Connection, host: HostId, mut status: HostStatus) -> Result<HostStatus, Failure> {
    let noted = &mut status.unreadable;
    status.outcome = readable_or_noted(latest_outcome(db, host), Part::Outcome, noted)?;
    status.last_ok = readable_or_noted(last_ok(db, host), Part::LastOk, noted)?;
    status.sample = readable_or_noted(latest_sample(db, host), Part::Sample, noted)?;
    let firing = firing(db, host)?;
    if firing.contains(&None) {
        noted.push(Part::Alert);
    }
    status.firing = firing.into_iter().flatten().collect();
    Ok(status)
}

fn readable_or_noted<T>(
    found: Result<Option<T>, Failure>,
    part: Part,
    noted: &mut Vec<Part>,
) -> Result<Option<T>, Failure> {
    let read = readable(found)?;
    if read.is_none() {
        noted.push(part);
    }
    Ok(read.flatten())
}

fn latest_outcome(db: &Connection, host: HostId) -> Result<Option<Outcome>, Failure> {
    let mut select = db.prepare_cached(LATEST_OUTCOME)?;
    let outcome = select.query_row([host], |found| {
        let duration = Duration::from_millis(row::unsigned(found, 3)?);
        Ok(Outcome { kind: row::parsed(found, 0)?, detail: found.get(1)?, at: row::time(found, 2)?, duration })
    });
    Ok(outcome.optional()?)
}

fn last_ok(db: &Connection, host: HostId) -> Result<Option<Timestamp>, Failure> {
    let mut select = db.prepare_cached(LAST_OK)?;
    Ok(select.query_row([host], |found| row::time(found, 0)).optional()?)
}

fn latest_sample(db: &Connection, host: HostId) -> Result<Option<LatestSample>, Failure> {
    let mut select = db.prepare_cached(LATEST_SAMPLE)?;
    let found =
        select.query_row([host], |found| Ok((found.get(0)?, row::time(found, 1)?, found.get(2)?))).optional()?;
    let Some((sample, taken, clock_skew_ms)) = found else { return Ok(None) };
    Ok(Some(LatestSample { taken, clock_skew_ms, readings: readings::read(db, sample)? }))
}

/// Nothing stands for an alert that can't be read.
fn firing(db: &Connection, host: HostId) -> Result<Vec<Option<FiringAlert>>, Failure> {
    let mut select = db.prepare_cached(FIRING)?;
    let found = select.query_map([host], |found| {
        Ok(FiringAlert { key: row::alert_key(found)?, since: row::time(found, 4)?, worst: found.get(5)? })
    })?;
    found.map(readable).collect()
}
