//! Writing what treating rows came to.

use rules::{AlertKey, AlertState, Familiar};
use rusqlite::{Connection, OptionalExtension, params};
use sample::Timestamp;

use super::{Cursor, HostChanges, OUTCOME, Slice, incident};
use crate::error::Failure;
use crate::{AlertId, HostId, RunId, SampleRowId, StoreError, row};

pub(super) fn slice(db: &Connection, slice: &Slice, now: Timestamp) -> Result<(), Failure> {
    slice.hosts.iter().try_for_each(|host| changes(db, host, now))?;
    let samples = slice.treated_samples.iter().copied();
    let outcomes = slice.treated_outcomes.iter().copied();
    let (bad_outcomes, bad_samples): (Vec<Cursor>, Vec<Cursor>) =
        slice.unreadable.iter().partition(|cursor| cursor.sample == OUTCOME);
    mark_samples(db, samples.chain(bad_samples.iter().map(|cursor| cursor.sample)).collect(), now)?;
    mark_outcomes(db, outcomes.chain(bad_outcomes.iter().map(|cursor| (cursor.run, cursor.host))).collect(), now)
}

/// Events before states: an alert that is blank by now stays on file for the sake of its incidents.
fn changes(db: &Connection, changes: &HostChanges, now: Timestamp) -> Result<(), Failure> {
    let host = changes.host;
    for event in &changes.events {
        let alert = match find(db, host, &event.key)? {
            Some(alert) => alert,
            None => insert(db, host, &event.key, event.event.at)?,
        };
        incident::apply(db, alert, event, now)?;
    }
    for (key, state) in &changes.alerts {
        keep(db, host, key, state, now)?;
    }
    match (&changes.familiar, host) {
        (Some(familiar), Some(host)) => keep_familiar(db, host, familiar),
        _ => Ok(()),
    }
}

fn find(db: &Connection, host: Option<HostId>, key: &AlertKey) -> Result<Option<AlertId>, Failure> {
    let mut select = db.prepare_cached(FIND)?;
    let (rule, instance) = (&key.rule, key.instance.as_str());
    let identity = params![host, rule.metric.name(), rule.selector.as_str(), rule.ordinal, instance];
    Ok(select.query_row(identity, |row| row.get(0)).optional()?)
}

pub(crate) const FIND: &str = "
    SELECT id FROM alert
    WHERE coalesce(host_id, 0) = coalesce(?1, 0) AND metric = ?2 AND selector = ?3 AND ordinal = ?4 AND instance = ?5";

fn insert(db: &Connection, host: Option<HostId>, key: &AlertKey, at: Timestamp) -> Result<AlertId, Failure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO alert (host_id, metric, selector, ordinal, instance, state, since_ms, absent, switches, changes_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, 'resolved', ?6, 0, '', '') RETURNING id",
    )?;
    let (rule, instance) = (&key.rule, key.instance.as_str());
    let values = params![host, rule.metric.name(), rule.selector.as_str(), rule.ordinal, instance, at.as_millis()];
    Ok(insert.query_row(values, |row| row.get(0))?)
}

fn keep(
    db: &Connection,
    host: Option<HostId>,
    key: &AlertKey,
    state: &AlertState,
    now: Timestamp,
) -> Result<(), Failure> {
    if state.is_blank() {
        match find(db, host, key)? {
            Some(alert) if !forget(db, alert)? => {}
            Some(_) | None => return Ok(()),
        }
    }
    let (rule, problem) = (&key.rule, state.problem.as_ref());
    let (name, since) = standing(state, now);
    db.prepare_cached(KEEP)?.execute(params![
        host,
        rule.metric.name(),
        rule.selector.as_str(),
        rule.ordinal,
        key.instance.as_str(),
        name,
        since.as_millis(),
        problem.map(|problem| problem.severity.name()),
        problem.map(|problem| problem.worst),
        problem.and_then(|problem| problem.flapping).map(Timestamp::as_millis),
        state.value,
        state.seen.map(Timestamp::as_millis),
        state.absent,
        state.switches_to_stored(),
        state.changes_to_stored(),
    ])?;
    Ok(())
}

/// One that is over stays so since the same time.
const KEEP: &str = "
    INSERT INTO alert (host_id, metric, selector, ordinal, instance, state, since_ms, severity, worst_value, flapping_ms,
                       value, seen_ms, absent, switches, changes_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    ON CONFLICT (coalesce(host_id, 0), metric, selector, ordinal, instance) DO UPDATE SET
        since_ms = CASE WHEN state = excluded.state AND state = 'resolved' THEN since_ms ELSE excluded.since_ms END,
        state = excluded.state, severity = excluded.severity, worst_value = excluded.worst_value,
        flapping_ms = excluded.flapping_ms, value = excluded.value, seen_ms = excluded.seen_ms,
        absent = excluded.absent, switches = excluded.switches, changes_ms = excluded.changes_ms";

/// Forgets an alert that never fired. Returns false for one that did.
fn forget(db: &Connection, alert: AlertId) -> Result<bool, Failure> {
    let mut delete = db.prepare_cached(
        "DELETE FROM alert WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM incident WHERE alert_id = alert.id)",
    )?;
    Ok(delete.execute([alert])? == 1)
}

/// The state's name for people, and when it began.
fn standing(state: &AlertState, now: Timestamp) -> (&'static str, Timestamp) {
    if let Some(problem) = &state.problem {
        return ("firing", problem.since);
    }
    if state.is_pending() {
        let runs = state.switches.iter().filter(|switch| !switch.on).filter_map(|switch| switch.against);
        return ("pending", runs.map(|run| run.since).min().unwrap_or(now));
    }
    ("resolved", state.changes.last().copied().or(state.seen).unwrap_or(now))
}

fn keep_familiar(db: &Connection, host: HostId, familiar: &Familiar) -> Result<(), Failure> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO familiar (host_id, boot_id, taken_ms, things) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (host_id) DO UPDATE SET
             boot_id = excluded.boot_id, taken_ms = excluded.taken_ms, things = excluded.things",
    )?;
    let taken = familiar.taken.map(Timestamp::as_millis);
    upsert.execute(params![host, familiar.boot_id, taken, familiar.things_to_stored()])?;
    Ok(())
}

/// All of them at once: a statement for each would take as long as everything else together.
pub(crate) const MARK_SAMPLES: &str = "
    UPDATE sample SET treated_ms = ?2 WHERE id IN (SELECT value FROM json_each(?1)) AND treated_ms IS NULL";

/// A list of pairs of run and host.
pub(crate) const MARK_OUTCOMES: &str = "
    UPDATE outcome SET treated_ms = ?2
    WHERE (run_id, host_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1)) AND treated_ms IS NULL";

fn mark_samples(db: &Connection, rows: Vec<SampleRowId>, now: Timestamp) -> Result<(), Failure> {
    let mut update = db.prepare_cached(MARK_SAMPLES)?;
    let ids = row::json(rows.iter().map(|row| row.as_i64()));
    match update.execute(params![ids, now.as_millis()])? {
        marked if marked == rows.len() => Ok(()),
        marked => Err(already_treated(rows.len(), marked, "samples")),
    }
}

fn mark_outcomes(db: &Connection, rows: Vec<(RunId, HostId)>, now: Timestamp) -> Result<(), Failure> {
    let mut update = db.prepare_cached(MARK_OUTCOMES)?;
    let pairs = rows.iter().map(|(run, host)| format!("[{run},{host}]"));
    match update.execute(params![row::json(pairs), now.as_millis()])? {
        marked if marked == rows.len() => Ok(()),
        marked => Err(already_treated(rows.len(), marked, "outcomes")),
    }
}

fn already_treated(wanted: usize, marked: usize, what: &str) -> Failure {
    let what = format!("{} of {wanted} {what}", wanted - marked.min(wanted));
    StoreError::AlreadyTreated { what }.into()
}
