//! Custom checks and their values.

use rusqlite::{Connection, params};
use sample::{Check, CheckValue};

use super::columns::Columns;
use crate::SampleRowId;
use crate::error::Failure;
use crate::row::count;

/// Of a check that is there twice, the second one's values stay away with it.
pub(super) fn write(db: &Connection, sample: SampleRowId, checks: &[Check]) -> Result<(), Failure> {
    for check in checks {
        let mut insert = db.prepare_cached(
            "INSERT INTO check_result (sample_id, name, state, output, duration_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (sample_id, name) DO NOTHING",
        )?;
        let duration_ms = count(check.duration_ms, "the duration of a check")?;
        if insert.execute(params![sample, check.name, check.state.name(), check.output, duration_ms])? > 0 {
            check.values.iter().try_for_each(|value| write_value(db, sample, &check.name, value))?;
        }
    }
    Ok(())
}

fn write_value(db: &Connection, sample: SampleRowId, check: &str, value: &CheckValue) -> Result<(), Failure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO check_value (sample_id, name, label, value, unit, warning, critical, minimum, maximum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (sample_id, name, label) DO NOTHING",
    )?;
    insert.execute(params![
        sample,
        check,
        value.label,
        value.value,
        value.unit,
        value.warning,
        value.critical,
        value.minimum,
        value.maximum,
    ])?;
    Ok(())
}

pub(super) const SELECT: &str = "
    SELECT wanted.key, name, state, output, duration_ms
    FROM json_each(?1) AS wanted CROSS JOIN check_result ON sample_id = wanted.value";

pub(super) fn read(row: &mut Columns<'_, '_>) -> rusqlite::Result<Check> {
    let (name, state) = (row.get()?, row.parsed()?);
    Ok(Check { name, state, output: row.get()?, duration_ms: row.known_count()?, values: Vec::new() })
}

/// Only of samples that have checks at all.
pub(super) const SELECT_VALUES: &str = "
    SELECT wanted.key, name, label, check_value.value, unit, warning, critical, minimum, maximum
    FROM json_each(?1) AS wanted CROSS JOIN check_value ON sample_id = wanted.value";

/// A value, and the name of its check.
pub(super) fn read_value(row: &mut Columns<'_, '_>) -> rusqlite::Result<(String, CheckValue)> {
    let check = row.get()?;
    let value = CheckValue {
        label: row.get()?,
        value: row.get()?,
        unit: row.get()?,
        warning: row.get()?,
        critical: row.get()?,
        minimum: row.get()?,
        maximum: row.get()?,
    };
    Ok((check, value))
}

/// Adds a value to its check. Both come in the order of their names.
pub(super) fn add_value(checks: &mut [Check], name: &str, value: CheckValue) {
    if let Ok(place) = checks.binary_search_by(|check| check.name.as_str().cmp(name)) {
        checks[place].values.push(value);
    }
}
