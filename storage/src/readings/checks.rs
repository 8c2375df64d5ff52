//! Custom checks and their values.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use sample::{Check, CheckValue};

use super::columns::Columns;
use crate::SampleRowId;
use crate::error::Failure;
use crate::row::{count, parsed, unsigned};

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

pub(super) fn read(db: &Connection, sample: SampleRowId) -> Result<Vec<Check>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT name, state, output, duration_ms FROM check_result WHERE sample_id = ?1 ORDER BY name",
    )?;
    let found = select.query_map([sample], |row| {
        let (state, duration_ms) = (parsed(row, 1)?, unsigned(row, 3)?);
        Ok(Check { name: row.get(0)?, state, output: row.get(2)?, duration_ms, values: Vec::new() })
    })?;
    let mut checks = found.collect::<Result<Vec<_>, _>>()?;
    if !checks.is_empty() {
        let mut values = read_values(db, sample)?;
        for check in &mut checks {
            check.values = values.remove(&check.name).unwrap_or_default();
        }
    }
    Ok(checks)
}

/// The values of all checks of the sample, by the check.
fn read_values(db: &Connection, sample: SampleRowId) -> Result<HashMap<String, Vec<CheckValue>>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT name, label, value, unit, warning, critical, minimum, maximum
         FROM check_value WHERE sample_id = ?1 ORDER BY name, label",
    )?;
    let found = select.query_map([sample], |row| {
        let mut row = Columns::of(row);
        let check: String = row.get()?;
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
    })?;
    let mut values: HashMap<_, Vec<_>> = HashMap::new();
    for found in found {
        let (check, value) = found?;
        values.entry(check).or_default().push(value);
    }
    Ok(values)
}
