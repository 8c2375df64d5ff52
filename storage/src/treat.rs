//! What the alerter reads and writes while it treats rows: new samples and outcomes in, alert states and events out.

use rules::{AlertKey, AlertState, Event, Recipient};
use rusqlite::{Connection, Row, params};
use sample::{HostName, OutcomeKind, Readings, Timestamp};

use crate::error::{Failure, readable};
use crate::{AlertId, HostId, RunId, SampleRowId, Store, StoreError, readings, row};

/// A row that no alerter has taken into account.
#[derive(Clone, Debug, PartialEq)]
pub enum Untreated {
    /// A measurement.
    Sample {
        /// Its row.
        row: SampleRowId,
        /// The host.
        host: HostId,
        /// The host's name.
        name: HostName,
        /// When it was taken, by the server's clock.
        taken: Timestamp,
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

/// Where an alert stands, and who was told.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRecord {
    /// Its row.
    pub id: AlertId,
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub name: HostName,
    /// Which alert of the host it is.
    pub key: AlertKey,
    /// Firing or resolved.
    pub state: AlertState,
    /// The rule's limit when it last changed.
    pub limit: f64,
    /// Who was told when it fired, and gets its recovery.
    pub recipients: Vec<Recipient>,
}

/// What treating some rows came to. It is committed as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// In the order they happened; one alert may appear several times.
    pub changes: Vec<AlertChange>,
    /// The samples that were taken into account.
    pub treated_samples: Vec<SampleRowId>,
    /// The outcomes that were taken into account.
    pub treated_outcomes: Vec<(RunId, HostId)>,
    /// When.
    pub now: Timestamp,
}

/// A new state of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertChange {
    /// The host.
    pub host: HostId,
    /// Which alert of the host it is.
    pub key: AlertKey,
    /// Firing or resolved.
    pub state: AlertState,
    /// The rule's limit.
    pub limit: f64,
    /// Who is told.
    pub recipients: Vec<Recipient>,
    /// The event this is, and the sample that caused it. A firing alert that merely got worse has none.
    pub event: Option<(Event, Option<SampleRowId>)>,
}

impl Store {
    /// Returns the oldest rows that are not treated: by run, then host; the samples of a visit in the order of their
    /// rows, then its outcome.
    ///
    /// # Errors
    /// The database can't be read, or holds a value this program does not know.
    pub fn untreated(&self, limit: usize) -> Result<Vec<Untreated>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(UNTREATED)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let found = select.query_map([limit], untreated)?.collect::<Result<Vec<_>, _>>()?;
            found.into_iter().map(|row| with_readings(db, row)).collect()
        })
    }

    /// Returns every alert that ever fired, with its state.
    ///
    /// An alert with a value this version does not know, such as a metric of a newer one, is left out: it must not
    /// hold up the others. Its row stays as it is until a rule of this version fires on the same thing, which then
    /// begins anew.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn alerts(&self) -> Result<Vec<AlertRecord>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT metric, selector, ordinal, instance, state, since_ms, worst_value,
                        limit_value, recipients, alert.id, host.id, host.name
                 FROM alert JOIN host ON host.id = alert.host_id
                 ORDER BY alert.id",
            )?;
            select.query_map([], alert)?.filter_map(|found| readable(found).transpose()).collect()
        })
    }

    /// Commits what treating some rows came to: states, events, and that the rows are treated.
    ///
    /// # Errors
    /// A row is treated already; a state is [`AlertState::Inactive`]; a host or sample is unknown; the database
    /// can't be written.
    pub fn commit_slice(&mut self, slice: &Slice) -> Result<(), StoreError> {
        self.write(|db| {
            slice.changes.iter().try_for_each(|change| apply(db, change, slice.now))?;
            slice.treated_samples.iter().try_for_each(|row| mark_sample(db, *row, slice.now))?;
            slice.treated_outcomes.iter().try_for_each(|visit| mark_outcome(db, *visit, slice.now))
        })
    }
}

/// Each half walks its partial index in order, and the two are merged: the cost is that of the rows returned,
/// however many are waiting or done. Left to itself, the planner walks all outcomes by their primary key, and may
/// begin with `host` but for the CROSS JOIN.
pub(crate) const UNTREATED: &str = "
    SELECT run_id, host_id, 0 AS is_outcome, sample.id AS row, host.name, taken_ms, NULL AS kind, clock_skew_ms
    FROM sample INDEXED BY sample_untreated CROSS JOIN host ON host.id = host_id
    WHERE treated_ms IS NULL
    UNION ALL
    SELECT run_id, host_id, 1, 0, host.name, at_ms, kind, NULL
    FROM outcome INDEXED BY outcome_untreated CROSS JOIN host ON host.id = host_id
    WHERE treated_ms IS NULL
    ORDER BY run_id, host_id, is_outcome, row
    LIMIT ?1";

fn untreated(found: &Row<'_>) -> rusqlite::Result<Untreated> {
    let (run, host, name, time) = (found.get(0)?, found.get(1)?, row::parsed(found, 4)?, row::time(found, 5)?);
    if found.get(2)? {
        return Ok(Untreated::Outcome { run, host, name, kind: row::parsed(found, 6)?, at: time });
    }
    let (row, clock_skew_ms, readings) = (found.get(3)?, found.get(7)?, Box::default());
    Ok(Untreated::Sample { row, host, name, taken: time, clock_skew_ms, readings })
}

fn with_readings(db: &Connection, mut untreated: Untreated) -> Result<Untreated, Failure> {
    if let Untreated::Sample { row, readings, .. } = &mut untreated {
        **readings = readings::read(db, *row)?;
    }
    Ok(untreated)
}

fn alert(found: &Row<'_>) -> rusqlite::Result<AlertRecord> {
    Ok(AlertRecord {
        id: found.get(9)?,
        host: found.get(10)?,
        name: row::parsed(found, 11)?,
        key: row::alert_key(found)?,
        state: row::alert_state(found)?,
        limit: found.get(7)?,
        recipients: row::recipients(found, 8)?,
    })
}

fn apply(db: &Connection, change: &AlertChange, now: Timestamp) -> Result<(), Failure> {
    let alert = upsert_alert(db, change)?;
    let Some((event, sample)) = &change.event else { return Ok(()) };
    let mut insert = db.prepare_cached(
        "INSERT INTO event (alert_id, sample_id, kind, at_ms, value, since_ms, worst_value, limit_value, recipients, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    insert.execute(params![
        alert,
        sample,
        event.kind.name(),
        event.at.as_millis(),
        event.value,
        event.since.as_millis(),
        event.worst,
        change.limit,
        row::joined(&change.recipients),
        now.as_millis(),
    ])?;
    Ok(())
}

fn upsert_alert(db: &Connection, change: &AlertChange) -> Result<AlertId, Failure> {
    let (state, since, worst) = match change.state {
        AlertState::Inactive => return Err(StoreError::NeverFired.into()),
        AlertState::Firing { since, worst } => ("firing", since, Some(worst)),
        AlertState::Resolved { at } => ("resolved", at, None),
    };
    let rule = &change.key.rule;
    let mut upsert = db.prepare_cached(
        "INSERT INTO alert (host_id, metric, selector, ordinal, instance, state, since_ms, worst_value, limit_value, recipients)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (host_id, metric, selector, ordinal, instance) DO UPDATE SET
             state = excluded.state, since_ms = excluded.since_ms, worst_value = excluded.worst_value,
             limit_value = excluded.limit_value, recipients = excluded.recipients
         RETURNING id",
    )?;
    let values = params![
        change.host,
        rule.metric.name(),
        rule.selector.to_string(),
        rule.ordinal,
        change.key.instance.as_str(),
        state,
        since.as_millis(),
        worst,
        change.limit,
        row::joined(&change.recipients),
    ];
    Ok(upsert.query_row(values, |row| row.get(0))?)
}

fn mark_sample(db: &Connection, row: SampleRowId, now: Timestamp) -> Result<(), Failure> {
    let mut update = db.prepare_cached("UPDATE sample SET treated_ms = ?2 WHERE id = ?1 AND treated_ms IS NULL")?;
    match update.execute(params![row, now.as_millis()])? {
        1 => Ok(()),
        _ => Err(StoreError::AlreadyTreated { what: format!("sample {row}") }.into()),
    }
}

fn mark_outcome(db: &Connection, (run, host): (RunId, HostId), now: Timestamp) -> Result<(), Failure> {
    let mut update = db.prepare_cached(
        "UPDATE outcome SET treated_ms = ?3 WHERE run_id = ?1 AND host_id = ?2 AND treated_ms IS NULL",
    )?;
    match update.execute(params![run, host, now.as_millis()])? {
        1 => Ok(()),
        _ => Err(StoreError::AlreadyTreated { what: format!("the outcome of host {host} in run {run}") }.into()),
    }
}
