//! What `fleet` shows: the latest known of every host.

use std::time::Duration;

use rules::AlertKey;
use rusqlite::{Connection, OptionalExtension, Row};
use sample::{Facts, HostName, Outcome, Readings, Timestamp};

use crate::error::Failure;
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
}

/// The newest sample of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestSample {
    /// When it was taken, by the server's clock.
    pub taken: Timestamp,
    /// What was measured.
    pub readings: Readings,
}

/// An alert that is firing.
#[derive(Clone, Debug, PartialEq)]
pub struct FiringAlert {
    /// Which alert of the host it is.
    pub key: AlertKey,
    /// The sample time at which it began.
    pub since: Timestamp,
    /// The highest value seen since.
    pub worst: f64,
}

impl Store {
    /// Returns the latest known of every host, in the order of their names.
    ///
    /// # Errors
    /// The database can't be read, or holds a value this program does not know.
    pub fn status(&self) -> Result<Vec<HostStatus>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT id, name, hostname, os, kernel, architecture, probe_version FROM host ORDER BY name",
            )?;
            let hosts = select.query_map([], host)?.collect::<Result<Vec<_>, _>>()?;
            hosts.into_iter().map(|(host, status)| with_latest(db, host, status)).collect()
        })
    }
}

fn host(found: &Row<'_>) -> rusqlite::Result<(HostId, HostStatus)> {
    let (hostname, os, kernel, architecture) = (found.get(2)?, found.get(3)?, found.get(4)?, found.get(5)?);
    let status = HostStatus {
        name: row::parsed(found, 1)?,
        outcome: None,
        last_ok: None,
        sample: None,
        firing: Vec::new(),
        facts: Facts { hostname, os, kernel, architecture },
        probe_version: found.get(6)?,
    };
    Ok((found.get(0)?, status))
}

fn with_latest(db: &Connection, host: HostId, mut status: HostStatus) -> Result<HostStatus, Failure> {
    status.outcome = latest_outcome(db, host)?;
    status.last_ok = last_ok(db, host)?;
    status.sample = latest_sample(db, host)?;
    status.firing = firing(db, host)?;
    Ok(status)
}

/// A cancelled visit says nothing about the host.
fn latest_outcome(db: &Connection, host: HostId) -> Result<Option<Outcome>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT kind, detail, at_ms, duration_ms FROM outcome
         WHERE host_id = ?1 AND kind <> 'cancelled'
         ORDER BY run_id DESC LIMIT 1",
    )?;
    let outcome = select.query_row([host], |found| {
        let duration = Duration::from_millis(row::unsigned(found, 3)?);
        Ok(Outcome { kind: row::parsed(found, 0)?, detail: found.get(1)?, at: row::time(found, 2)?, duration })
    });
    Ok(outcome.optional()?)
}

fn last_ok(db: &Connection, host: HostId) -> Result<Option<Timestamp>, Failure> {
    let mut select =
        db.prepare_cached("SELECT at_ms FROM outcome WHERE host_id = ?1 AND kind = 'ok' ORDER BY run_id DESC LIMIT 1")?;
    Ok(select.query_row([host], |found| row::time(found, 0)).optional()?)
}

fn latest_sample(db: &Connection, host: HostId) -> Result<Option<LatestSample>, Failure> {
    let mut select = db
        .prepare_cached("SELECT id, taken_ms FROM sample WHERE host_id = ?1 ORDER BY taken_ms DESC, id DESC LIMIT 1")?;
    let found = select.query_row([host], |found| Ok((found.get(0)?, row::time(found, 1)?))).optional()?;
    let Some((sample, taken)) = found else { return Ok(None) };
    Ok(Some(LatestSample { taken, readings: readings::read(db, sample)? }))
}

fn firing(db: &Connection, host: HostId) -> Result<Vec<FiringAlert>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT metric, selector, ordinal, instance, since_ms, worst_value FROM alert
         WHERE host_id = ?1 AND state = 'firing'
         ORDER BY metric, instance, selector, ordinal",
    )?;
    let found = select.query_map([host], |found| {
        Ok(FiringAlert { key: row::alert_key(found)?, since: row::time(found, 4)?, worst: found.get(5)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
