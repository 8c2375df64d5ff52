//! Software RAID arrays and ZFS pools.

use rusqlite::{Connection, params};
use sample::Array;

use super::columns::Columns;
use crate::SampleRowId;
use crate::error::Failure;

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

pub(super) const SELECT: &str = "
    SELECT wanted.key, kind, name, state, is_degraded, devices, active_devices
    FROM json_each(?1) AS wanted CROSS JOIN storage_array ON sample_id = wanted.value";

pub(super) fn read(row: &mut Columns<'_, '_>) -> rusqlite::Result<Array> {
    Ok(Array {
        kind: row.get()?,
        name: row.get()?,
        state: row.get()?,
        degraded: row.get()?,
        devices: row.count()?,
        active_devices: row.count()?,
    })
}
