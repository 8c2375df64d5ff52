//! Temperatures and fans.

use rusqlite::{Connection, params};
use sample::{Fan, Temperature};

use crate::SampleRowId;
use crate::error::Failure;
use crate::row::{count, unsigned};

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

pub(super) fn read_temperatures(db: &Connection, sample: SampleRowId) -> Result<Vec<Temperature>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT sensor, celsius, critical_celsius FROM temperature WHERE sample_id = ?1 ORDER BY sensor",
    )?;
    let found = select.query_map([sample], |row| {
        Ok(Temperature { sensor: row.get(0)?, celsius: row.get(1)?, critical_celsius: row.get(2)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
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

pub(super) fn read_fans(db: &Connection, sample: SampleRowId) -> Result<Vec<Fan>, Failure> {
    let mut select = db.prepare_cached("SELECT sensor, rpm FROM fan WHERE sample_id = ?1 ORDER BY sensor")?;
    let found = select.query_map([sample], |row| Ok(Fan { sensor: row.get(0)?, rpm: unsigned(row, 1)? }))?;
    Ok(found.collect::<Result<_, _>>()?)
}
