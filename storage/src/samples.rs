//! The samples of a visit, written into their rows. What happened since the sample before is worked out here.

use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use sample::{Baseline, Readings};

use crate::error::Failure;
use crate::{HostId, ReceivedSample, RunId, SampleRowId, Visit, readings};

/// The columns of `sample` that are not measured values.
const COLUMNS: [&str; 8] =
    ["host_id", "run_id", "probe_sample_id", "taken_ms", "host_taken_ms", "received_ms", "boot_id", "clock_skew_ms"];

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> = COLUMNS.into_iter().chain(readings::columns()).collect();
    let places = vec!["?"; columns.len()].join(", ");
    format!("INSERT INTO sample ({}) VALUES ({places}) RETURNING id", columns.join(", "))
});

/// Writes the samples of a visit, each compared with the one before. Returns how many were new.
///
/// A sample that is known already changes nothing: a host shows its spool until it learns that it may delete it.
pub(crate) fn insert(db: &Connection, run: RunId, visit: &Visit) -> Result<usize, Failure> {
    if visit.samples.is_empty() {
        return Ok(0);
    }
    let known = baseline(db, visit.host)?;
    let mut before = known.clone();
    let mut new_samples = 0;
    for (index, received) in visit.samples.iter().enumerate() {
        if is_known(db, visit.host, received)? {
            continue;
        }
        // What an earlier visit left on the host comes behind that visit's own sample, whose counts have it already. The
        // last sample is this visit's own: where that one is earlier, the host was restored with its memory.
        let is_own = index + 1 == visit.samples.len();
        let was_held = !is_own && before.as_ref().is_some_and(|before| before.is_ahead_of(&received.sample));
        let compared = before.as_ref().filter(|_| !was_held);
        insert_sample(db, (run, visit.host), received, &received.sample.readings_since(compared))?;
        if !was_held {
            before = received.sample.baseline_after(before.as_ref()).or(before);
        }
        new_samples += 1;
    }
    if let Some(before) = before.filter(|before| known.as_ref() != Some(before)) {
        keep_baseline(db, visit.host, &before)?;
    }
    Ok(new_samples)
}

/// Returns the boot of a host's newest sample that knew its boot.
pub(crate) fn known_boot(db: &Connection, host: HostId) -> Result<Option<String>, Failure> {
    let mut select = db.prepare_cached("SELECT boot_id FROM baseline WHERE host_id = ?1")?;
    Ok(select.query_row([host], |row| row.get(0)).optional()?)
}

/// A baseline that can't be read, such as another version's, is none: the next sample begins anew.
fn baseline(db: &Connection, host: HostId) -> Result<Option<Baseline>, Failure> {
    let mut select = db.prepare_cached("SELECT counters FROM baseline WHERE host_id = ?1")?;
    let text: Option<String> = select.query_row([host], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| Baseline::decode(&text)))
}

fn keep_baseline(db: &Connection, host: HostId, baseline: &Baseline) -> Result<(), Failure> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO baseline (host_id, boot_id, counters) VALUES (?1, ?2, ?3)
         ON CONFLICT (host_id) DO UPDATE SET boot_id = excluded.boot_id, counters = excluded.counters",
    )?;
    upsert.execute(params![host, baseline.boot_id(), baseline.encode()])?;
    Ok(())
}

fn is_known(db: &Connection, host: HostId, received: &ReceivedSample) -> Result<bool, Failure> {
    let mut select = db.prepare_cached("SELECT 1 FROM sample WHERE host_id = ?1 AND probe_sample_id = ?2")?;
    Ok(select.exists(params![host, received.sample.id.to_string()])?)
}

fn insert_sample(
    db: &Connection,
    (run, host): (RunId, HostId),
    received: &ReceivedSample,
    measured: &Readings,
) -> Result<(), Failure> {
    let sample = &received.sample;
    let identity: [Value; COLUMNS.len()] = [
        host.into(),
        run.into(),
        sample.id.to_string().into(),
        received.taken.as_millis().into(),
        sample.host_time_ms.as_millis().into(),
        received.received.as_millis().into(),
        sample.boot.as_ref().map(|boot| boot.id.clone()).into(),
        received.clock_skew_ms.into(),
    ];
    let values = identity.into_iter().chain(readings::values(measured)?);
    let row: SampleRowId = db.prepare_cached(&INSERT)?.query_row(params_from_iter(values), |row| row.get(0))?;
    readings::write_lists(db, row, measured)
}
