//! One visit, written into its rows.

use rusqlite::{Connection, params};
use sample::{Facts, Rejection};

use crate::error::Failure;
use crate::row::count;
use crate::{HostId, RunId, Settled, SpoolProgress, Visit, WorkDir, plain, samples};

/// Writes everything a visit brought home, its texts made plain. Returns how many of its samples were new.
pub(crate) fn record(db: &Connection, run: RunId, visit: &Visit) -> Result<usize, Failure> {
    let visit = &plain::plain(visit);
    insert_outcome(db, run, visit)?;
    update_work_dir(db, visit)?;
    update_key(db, visit)?;
    if let Some((facts, probe_version)) = &visit.facts {
        update_facts(db, visit.host, facts, probe_version)?;
    }
    let new_samples = samples::insert(db, run, visit)?;
    for progress in &visit.spools {
        advance_spool(db, visit, progress)?;
    }
    for (class, number) in &visit.rejected {
        count_rejected(db, (run, visit.host), *class, *number)?;
    }
    Ok(new_samples)
}

fn insert_outcome(db: &Connection, run: RunId, visit: &Visit) -> Result<(), Failure> {
    let outcome = &visit.outcome;
    let duration_ms = u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX);
    let mut insert = db.prepare_cached(
        "INSERT INTO outcome (run_id, host_id, kind, detail, at_ms, duration_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute(params![
        run,
        visit.host,
        outcome.kind.name(),
        outcome.detail,
        outcome.at.as_millis(),
        count(duration_ms, "the duration of a visit")?,
    ])?;
    Ok(())
}

fn update_work_dir(db: &Connection, visit: &Visit) -> Result<(), Failure> {
    let work_dir = match &visit.work_dir {
        WorkDir::Unchanged => return Ok(()),
        WorkDir::Default => None,
        WorkDir::At(place) => Some(place),
    };
    let mut update = db.prepare_cached("UPDATE host SET work_dir = ?2 WHERE id = ?1 AND work_dir IS NOT ?2")?;
    update.execute(params![visit.host, work_dir])?;
    Ok(())
}

fn update_key(db: &Connection, visit: &Visit) -> Result<(), Failure> {
    let key = match visit.settled {
        Settled::Unchanged => return Ok(()),
        Settled::No => None,
        Settled::Under(key) => Some(key.to_string()),
    };
    let mut update = db.prepare_cached("UPDATE host SET key_id = ?2 WHERE id = ?1 AND key_id IS NOT ?2")?;
    update.execute(params![visit.host, key])?;
    Ok(())
}

fn update_facts(db: &Connection, host: HostId, facts: &Facts, probe_version: &str) -> Result<(), Failure> {
    let Facts { hostname, os, kernel, architecture, cpu_model, virtualization } = facts;
    let mut update = db.prepare_cached(
        "UPDATE host SET hostname = ?2, os = ?3, kernel = ?4, architecture = ?5, cpu_model = ?6, virtualization = ?7,
                         probe_version = ?8
         WHERE id = ?1 AND (hostname, os, kernel, architecture, cpu_model, virtualization, probe_version)
                           IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    update.execute(params![host, hostname, os, kernel, architecture, cpu_model, virtualization, probe_version])?;
    Ok(())
}

/// Neither number goes back. One that the database can't hold is cut: both come from the host, whose nonsense must
/// not keep other hosts' visits from being recorded, and an acknowledgement may always say less than was committed.
fn advance_spool(db: &Connection, visit: &Visit, progress: &SpoolProgress) -> Result<(), Failure> {
    let cut = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut upsert = db.prepare_cached(
        "INSERT INTO spool (host_id, spool_id, through, dropped, seen_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (host_id, spool_id) DO UPDATE SET
             through = coalesce(max(through, excluded.through), through, excluded.through),
             dropped = max(dropped, excluded.dropped),
             seen_ms = max(seen_ms, excluded.seen_ms)",
    )?;
    upsert.execute(params![
        visit.host,
        progress.spool.to_string(),
        progress.through.map(cut),
        cut(progress.dropped),
        visit.outcome.at.as_millis(),
    ])?;
    Ok(())
}

fn count_rejected(db: &Connection, visit: (RunId, HostId), class: Rejection, number: u32) -> Result<(), Failure> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO rejected_envelope (run_id, host_id, class, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (run_id, host_id, class) DO UPDATE SET count = count + excluded.count",
    )?;
    upsert.execute(params![visit.0, visit.1, class.name(), number])?;
    Ok(())
}
