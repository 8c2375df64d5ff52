//! Which lists a sample has, and how long some are: an empty list is not one that could not be read.

use rusqlite::types::Value;
use sample::{Readings, SystemdUnit};

use super::columns::{Columns, whole};
use crate::StoreError;

pub(super) const COLUMNS: [&str; 14] = [
    "failed_units",
    "stuck_mounts",
    "log_lines_omitted",
    "filesystems_read",
    "disks_read",
    "interfaces_read",
    "temperatures_read",
    "fans_read",
    "wanted_processes_read",
    "units_read",
    "arrays_read",
    "checks_read",
    "log_read",
    "listeners_read",
];

pub(super) fn values(readings: &Readings) -> Result<[Value; COLUMNS.len()], StoreError> {
    let failed = |units: &Vec<SystemdUnit>| length(units.iter().filter(|unit| unit.has_failed()).count());
    Ok([
        whole(readings.units.as_ref().map(failed), "a number of units")?,
        whole(readings.stuck_mounts.as_ref().map(|mounts| length(mounts.len())), "a number of mounts")?,
        whole(readings.log.as_ref().map(|log| log.omitted), "a number of lines")?,
        readings.filesystems.is_some().into(),
        readings.rates.disks.is_some().into(),
        readings.rates.interfaces.is_some().into(),
        readings.temperatures.is_some().into(),
        readings.fans.is_some().into(),
        readings.wanted_processes.is_some().into(),
        readings.units.is_some().into(),
        readings.arrays.is_some().into(),
        readings.checks.is_some().into(),
        readings.log.is_some().into(),
        readings.listeners.is_some().into(),
    ])
}

fn length(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}

/// Makes those lists that there are, empty. Returns whether mounts hang.
pub(super) fn read(row: &mut Columns<'_, '_>, readings: &mut Readings) -> rusqlite::Result<bool> {
    row.skip(1);
    let stuck_mounts: Option<u64> = row.count()?;
    readings.stuck_mounts = stuck_mounts.map(|_| Vec::new());
    row.skip(1);
    readings.filesystems = list(row)?;
    readings.rates.disks = list(row)?;
    readings.rates.interfaces = list(row)?;
    readings.temperatures = list(row)?;
    readings.fans = list(row)?;
    readings.wanted_processes = list(row)?;
    readings.units = list(row)?;
    readings.arrays = list(row)?;
    readings.checks = list(row)?;
    Ok(stuck_mounts.is_some_and(|mounts| mounts > 0))
}

fn list<T>(row: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Vec<T>>> {
    Ok(row.get::<bool>()?.then(Vec::new))
}
