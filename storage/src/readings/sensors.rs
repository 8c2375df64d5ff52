//! Temperatures and fans.

use rusqlite::{Connection, params};
use sample::{Fan, Temperature};

use super::columns::Columns;
use crate::SampleRowId;
use crate::error::Failure;
use crate::row::count;

pub(super) fn write_temperatures(db: &Connection, sample: SampleRowId, all: &[Temperature]) -> Result<(), Failure> {
    for Temperature { sensor, celsius, critical_celsius } in all {
        let mut insert = db.prepare_cached(
            "INSERT INTO temperature (sample_id, sensor, celsius, critical_celsius) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (sample_id, sensor) DO NOTHING",
        )?;
        insert.execute(params![sample, sensor, celsius, critical_celsius])?;
    }
    Ok(())
}

pub(super) const SELECT_TEMPERATURES: &str = "
    SELECT wanted.key, sensor, celsius, critical_celsius
    FROM json_each(?1) AS wanted CROSS JOIN temperature ON sample_id = wanted.value";

pub(super) fn read_temperature(row: &mut Columns<'_, '_>) -> rusqlite::Result<Temperature> {
    Ok(Temperature { sensor: row.get()?, celsius: row.get()?, critical_celsius: row.get()? })
}

pub(super) fn write_fans(db: &Connection, sample: SampleRowId, fans: &[Fan]) -> Result<(), Failure> {
    for Fan { sensor, rpm } in fans {
        let mut insert = db.prepare_cached(
            "INSERT INTO fan (sample_id, sensor, rpm) VALUES (?1, ?2, ?3) ON CONFLICT (sample_id, sensor) DO NOTHING",
        )?;
        insert.execute(params![sample, sensor, count(*rpm, "a fan")?])?;
    }
    Ok(())
}

pub(super) const SELECT_FANS: &str = "
    SELECT wanted.key, sensor, rpm FROM json_each(?1) AS wanted CROSS JOIN fan ON sample_id = wanted.value";

pub(super) fn read_fan(row: &mut Columns<'_, '_>) -> rusqlite::Result<Fan> {
    Ok(Fan { sensor: row.get()?, rpm: row.known_count()? })
}
