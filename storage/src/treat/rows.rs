//! Reading rows in their order: samples and outcomes, each from an index of its own, merged.

use std::sync::LazyLock;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use sample::{Readings, Timestamp};

use super::{Backlog, Cursor, OUTCOME, Untreated};
use crate::error::{Failure, readable};
use crate::readings::{self, Bare};
use crate::{HostId, RunId, SampleRowId, row};

/// So many rows are read, at first and at most, before the lists of their samples are.
const AT_ONCE: [usize; 2] = [16, 500];
/// No more is read once rows and lists are about this big.
const MOST_BYTES: usize = 12 << 20;

/// The columns before the measured values.
const IDENTITY: usize = 7;

/// Each of these walks its index in order and stops where the caller does: the cost is that of the rows taken, however
/// many wait or are done. The planner may begin with `host` but for the CROSS JOIN.
pub(crate) static UNTREATED_SAMPLES: LazyLock<String> = LazyLock::new(|| {
    samples(
        "sample INDEXED BY sample_untreated CROSS JOIN host ON host.id = host_id
         WHERE treated_ms IS NULL AND (run_id, host_id, sample.id) > (?1, ?2, ?3)",
    )
});

pub(crate) const UNTREATED_OUTCOMES: &str = "
    SELECT run_id, host_id, host.name, at_ms, kind
    FROM outcome INDEXED BY outcome_untreated CROSS JOIN host ON host.id = host_id
    WHERE treated_ms IS NULL AND (run_id, host_id) >= (?1, ?2)
    ORDER BY run_id, host_id";

pub(crate) static HISTORY_SAMPLES: LazyLock<String> = LazyLock::new(|| {
    samples(
        "sample INDEXED BY sample_of_run CROSS JOIN host ON host.id = host_id
         CROSS JOIN run ON run.id = run_id AND run.started_ms >= ?4
         WHERE (run_id, host_id, sample.id) > (?1, ?2, ?3)",
    )
});

pub(crate) const HISTORY_OUTCOMES: &str = "
    SELECT run_id, host_id, host.name, at_ms, kind
    FROM outcome INDEXED BY sqlite_autoindex_outcome_1 CROSS JOIN host ON host.id = host_id
    CROSS JOIN run ON run.id = run_id AND run.started_ms >= ?3
    WHERE (run_id, host_id) >= (?1, ?2)
    ORDER BY run_id, host_id";

pub(crate) static NEWEST_SAMPLE: LazyLock<String> = LazyLock::new(|| {
    samples(
        "sample CROSS JOIN host ON host.id = host_id
         WHERE sample.id = (SELECT id FROM sample WHERE host_id = ?1 ORDER BY taken_ms DESC, id DESC LIMIT 1)",
    )
});

pub(crate) const NEWEST_OUTCOME: &str = "
    SELECT run_id, host_id, host.name, at_ms, kind FROM outcome CROSS JOIN host ON host.id = host_id
    WHERE host_id = ?1 AND kind <> 'cancelled' ORDER BY run_id DESC LIMIT 1";

fn samples(source: &str) -> String {
    let columns: Vec<_> = readings::columns().collect();
    format!(
        "SELECT run_id, host_id, sample.id, host.name, taken_ms, boot_id, clock_skew_ms, {}
         FROM {source} ORDER BY run_id, host_id, sample.id",
        columns.join(", ")
    )
}

/// Before every row.
const BEGINNING: Cursor = Cursor { run: RunId(i64::MIN), host: HostId(i64::MIN), sample: SampleRowId(i64::MIN) };

pub(super) fn untreated(db: &Connection, after: Option<Cursor>, limit: usize) -> Result<Backlog, Failure> {
    let after = after.unwrap_or(BEGINNING);
    let mut samples = db.prepare_cached(&UNTREATED_SAMPLES)?;
    let mut outcomes = db.prepare_cached(UNTREATED_OUTCOMES)?;
    let samples = samples.query(params![after.run, after.host, after.sample])?;
    let outcomes = outcomes.query(params![after.run, after.host])?;
    collect(db, Merged::new(samples, outcomes, after)?, |backlog| {
        limit.saturating_sub(backlog.rows.len() + backlog.unreadable.len())
    })
}

/// A page of which nothing can be read would look like the end: then the next one is taken.
pub(super) fn history(
    db: &Connection,
    since: Timestamp,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Untreated>, Failure> {
    let Some(after) = after.map_or_else(|| first_run(db, since), |after| Ok(Some(after)))? else {
        return Ok(Vec::new());
    };
    let mut samples = db.prepare_cached(&HISTORY_SAMPLES)?;
    let mut outcomes = db.prepare_cached(HISTORY_OUTCOMES)?;
    let samples = samples.query(params![after.run, after.host, after.sample, since.as_millis()])?;
    let outcomes = outcomes.query(params![after.run, after.host, since.as_millis()])?;
    let merged = Merged::new(samples, outcomes, after)?;
    Ok(collect(db, merged, |backlog| limit.saturating_sub(backlog.rows.len()))?.rows)
}

/// Takes rows until none is left, `wanted` says that it is enough, or they are big.
fn collect(db: &Connection, mut merged: Merged<'_>, wanted: impl Fn(&Backlog) -> usize) -> Result<Backlog, Failure> {
    let mut backlog = Backlog::default();
    let (mut taken, mut bytes, mut at_once) = (0, 0, AT_ONCE[0]);
    loop {
        let found = merged.take(at_once.min(wanted(&backlog)))?;
        if found.is_empty() {
            return Ok(backlog);
        }
        taken += found.len();
        bytes += keep(db, found, &mut backlog)?;
        if bytes >= MOST_BYTES && !backlog.rows.is_empty() {
            return Ok(backlog);
        }
        // As many as there is room for, if the next ones are like those before.
        at_once = (MOST_BYTES.saturating_sub(bytes) / (bytes / taken).max(1)).clamp(1, AT_ONCE[1]);
    }
}

/// The place before the first row of the first run that began then or later.
fn first_run(db: &Connection, since: Timestamp) -> Result<Option<Cursor>, Failure> {
    let mut select = db.prepare_cached("SELECT id FROM run WHERE started_ms >= ?1 ORDER BY id LIMIT 1")?;
    let run = select.query_row([since.as_millis()], |row| row.get(0)).optional()?;
    Ok(run.map(|run| Cursor { run, ..BEGINNING }))
}

/// A row as it was found; none if it can't be read.
struct Found {
    at: Cursor,
    row: Option<Untreated>,
    has_stuck_mounts: bool,
}

/// Reads the lists and sorts the rows. Returns about how many bytes they take up.
fn keep(db: &Connection, mut found: Vec<Found>, backlog: &mut Backlog) -> Result<usize, Failure> {
    let mut places = Vec::with_capacity(found.len());
    let mut bare = Vec::with_capacity(found.len());
    for (place, found) in found.iter_mut().enumerate() {
        if let Some(Untreated::Sample { row, readings, .. }) = &mut found.row {
            places.push(place);
            bare.push(Bare { sample: *row, readings, has_stuck_mounts: found.has_stuck_mounts });
        }
    }
    let filled = readings::fill_lists(db, &mut bare)?;
    let bytes = filled.bytes + places.len() * size_of::<Readings>() + found.len() * size_of::<Untreated>();
    for index in filled.unreadable {
        found[places[index]].row = None;
    }
    for Found { at, row, .. } in found {
        match row {
            Some(row) => backlog.rows.push(row),
            None => backlog.unreadable.push(at),
        }
    }
    Ok(bytes)
}

/// Samples and outcomes, each in their order, as one.
struct Merged<'s> {
    samples: Rows<'s>,
    outcomes: Rows<'s>,
}

impl<'s> Merged<'s> {
    fn new(mut samples: Rows<'s>, mut outcomes: Rows<'s>, after: Cursor) -> Result<Merged<'s>, Failure> {
        samples.advance()?;
        outcomes.advance()?;
        // The outcome of the visit that `after` lies in is still to come, unless `after` is that outcome.
        while outcomes.get().map(cursor_of_outcome).transpose()?.is_some_and(|cursor| cursor <= after) {
            outcomes.advance()?;
        }
        Ok(Merged { samples, outcomes })
    }

    fn take(&mut self, most: usize) -> Result<Vec<Found>, Failure> {
        let mut found = Vec::with_capacity(most);
        while found.len() < most {
            let sample = self.samples.get().map(cursor_of_sample).transpose()?;
            let outcome = self.outcomes.get().map(cursor_of_outcome).transpose()?;
            let sample_is_next = match (sample, outcome) {
                (None, None) => break,
                (Some(sample), Some(outcome)) => sample < outcome,
                (sample, _) => sample.is_some(),
            };
            let next = if sample_is_next { &mut self.samples } else { &mut self.outcomes };
            let read = if sample_is_next { sample_found } else { outcome_found };
            found.extend(next.get().map(read).transpose()?);
            next.advance()?;
        }
        Ok(found)
    }
}

fn cursor_of_sample(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor { run: row.get(0)?, host: row.get(1)?, sample: row.get(2)? })
}

fn cursor_of_outcome(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor { run: row.get(0)?, host: row.get(1)?, sample: OUTCOME })
}

fn sample_found(row: &Row<'_>) -> Result<Found, Failure> {
    let at = cursor_of_sample(row)?;
    let read = readable(sample(row))?;
    let (row, has_stuck_mounts) = read.map_or((None, false), |(row, stuck)| (Some(row), stuck));
    Ok(Found { at, row, has_stuck_mounts })
}

fn outcome_found(row: &Row<'_>) -> Result<Found, Failure> {
    Ok(Found { at: cursor_of_outcome(row)?, row: readable(outcome(row))?, has_stuck_mounts: false })
}

fn sample(row: &Row<'_>) -> rusqlite::Result<(Untreated, bool)> {
    let (readings, has_stuck_mounts) = readings::read_columns(row, IDENTITY)?;
    let sample = Untreated::Sample {
        row: row.get(2)?,
        run: row.get(0)?,
        host: row.get(1)?,
        name: row::parsed(row, 3)?,
        taken: row::time(row, 4)?,
        boot_id: row.get(5)?,
        clock_skew_ms: row.get(6)?,
        readings: Box::new(readings),
    };
    Ok((sample, has_stuck_mounts))
}

fn outcome(row: &Row<'_>) -> rusqlite::Result<Untreated> {
    Ok(Untreated::Outcome {
        run: row.get(0)?,
        host: row.get(1)?,
        name: row::parsed(row, 2)?,
        kind: row::parsed(row, 4)?,
        at: row::time(row, 3)?,
    })
}

/// The newest sample of a host and its newest outcome that was not cancelled, if they can be read.
pub(crate) fn newest(db: &Connection, host: HostId) -> Result<Vec<Untreated>, Failure> {
    let mut found = Vec::new();
    let (mut samples, mut outcomes) = (db.prepare_cached(&NEWEST_SAMPLE)?, db.prepare_cached(NEWEST_OUTCOME)?);
    found.extend(samples.query([host])?.next()?.map(sample_found).transpose()?);
    found.extend(outcomes.query([host])?.next()?.map(outcome_found).transpose()?);
    let mut backlog = Backlog::default();
    keep(db, found, &mut backlog)?;
    Ok(backlog.rows)
}
