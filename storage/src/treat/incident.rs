//! Events, and the incidents they open, change and end.

use rules::{Event, EventKind, Telling};
use rusqlite::{Connection, OptionalExtension, params};
use sample::Timestamp;

use super::NewEvent;
use crate::error::Failure;
use crate::{AlertId, row};

/// The newest one is the open one, if one is: no alert has two.
pub(crate) const NEWEST: &str =
    "SELECT id, ended_ms IS NULL FROM incident WHERE alert_id = ?1 ORDER BY id DESC LIMIT 1";

pub(super) fn apply(db: &Connection, alert: AlertId, new: &NewEvent, now: Timestamp) -> Result<(), Failure> {
    let newest: Option<(i64, bool)> =
        db.prepare_cached(NEWEST)?.query_row([alert], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let incident = match newest {
        Some((incident, true)) => incident,
        Some((_, false)) | None => open(db, alert, new)?,
    };
    change(db, incident, new)?;
    if let Some(telling) = &new.telling {
        keep_telling(db, incident, telling)?;
    }
    insert_event(db, (alert, incident), new, now)?;
    db.prepare_cached("UPDATE alert SET limit_value = ?2 WHERE id = ?1")?.execute(params![alert, new.event.limit])?;
    Ok(())
}

/// The worst value. What is no number has no place in the database, and would hold up everything that comes after it.
fn worst(event: &Event) -> f64 {
    if event.worst.is_nan() { event.limit } else { event.worst }
}

fn open(db: &Connection, alert: AlertId, new: &NewEvent) -> Result<i64, Failure> {
    let event = &new.event;
    let mut insert = db.prepare_cached(
        "INSERT INTO incident (alert_id, opened_ms, severity, limit_value, value, worst_value, is_flapping, recipients)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, '') RETURNING id",
    )?;
    let values = params![alert, event.since.as_millis(), event.severity.name(), event.limit, event.value, worst(event)];
    Ok(insert.query_row(values, |row| row.get(0))?)
}

/// What is news of an incident is owed to somebody: it is not settled any more.
fn change(db: &Connection, incident: i64, new: &NewEvent) -> Result<(), Failure> {
    let event = &new.event;
    let flapping = match event.kind {
        EventKind::Flapping => Some(true),
        EventKind::Steady => Some(false),
        EventKind::Fired
        | EventKind::Worse
        | EventKind::Better
        | EventKind::Resolved
        | EventKind::Gone
        | EventKind::Withdrawn
        | EventKind::Happened => None,
    };
    let end = event.kind.ends().then(|| (event.at.max(event.since).as_millis(), event.kind.name()));
    let mut update = db.prepare_cached(
        "UPDATE incident SET
             severity = ?2, limit_value = ?3, value = coalesce(?4, value), worst_value = ?5,
             is_flapping = coalesce(?6, is_flapping), ended_ms = ?7, end_kind = ?8, settled_ms = NULL, untold = NULL
         WHERE id = ?1",
    )?;
    update.execute(params![
        incident,
        event.severity.name(),
        event.limit,
        event.value,
        worst(event),
        flapping,
        end.map(|(at, _)| at),
        end.map(|(_, kind)| kind),
    ])?;
    Ok(())
}

fn keep_telling(db: &Connection, incident: i64, telling: &Telling) -> Result<(), Failure> {
    let mut update = db.prepare_cached("UPDATE incident SET recipients = ?2, url = ?3, note = ?4 WHERE id = ?1")?;
    update.execute(params![incident, row::joined(&telling.recipients), telling.url, telling.text])?;
    Ok(())
}

fn insert_event(
    db: &Connection,
    (alert, incident): (AlertId, i64),
    new: &NewEvent,
    now: Timestamp,
) -> Result<(), Failure> {
    let event = &new.event;
    let mut insert = db.prepare_cached(
        "INSERT INTO event (alert_id, incident_id, sample_id, kind, at_ms, value, since_ms, worst_value, severity,
                            limit_value, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    insert.execute(params![
        alert,
        incident,
        new.sample,
        event.kind.name(),
        event.at.as_millis(),
        event.value,
        event.since.as_millis(),
        worst(event),
        event.severity.name(),
        event.limit,
        now.as_millis(),
    ])?;
    Ok(())
}
