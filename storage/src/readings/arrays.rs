//! Software RAID arrays and ZFS pools.

use rusqlite::{Connection, params};
use sample::Array;

use crate::SampleRowId;
use crate::error::Failure;
use crate::row::unsigned_if_known;

pub(super) fn write(db: &Connection, sample: SampleRowId, arrays: &[Array]) -> Result<(), Failure> {
    for Array { name, kind, state, degraded, devices, active_devices } in arrays {
        let mut insert = db.prepare_cached(
            "INSERT INTO storage_array (sample_id, kind, name, state, is_degraded, devices, active_devices)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (sample_id, kind, name) DO NOTHING",
        )?;
        insert.execute(params![sample, kind, name, state, degraded, devices, active_devices])?;
    }
    Ok(())
}

pub(super) fn read(db: &Connection, sample: SampleRowId) -> Result<Vec<Array>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT kind, name, state, is_degraded, devices, active_devices
         FROM storage_array WHERE sample_id = ?1 ORDER BY kind, name",
    )?;
    let found = select.query_map([sample], |row| {
        Ok(Array {
            kind: row.get(0)?,
            name: row.get(1)?,
            state: row.get(2)?,
            degraded: row.get(3)?,
            devices: unsigned_if_known(row, 4)?,
            active_devices: unsigned_if_known(row, 5)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
