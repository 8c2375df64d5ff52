//! The measured values of a sample, to and from their columns and tables. What was not read is NULL.
//!
//! The single values lie in columns of `sample`, in groups that each have a file here; each list has a table.

mod arrays;
mod checks;
mod columns;
mod cpu;
mod devices;
mod filesystems;
mod lists;
mod log;
mod memory;
mod processes;
mod rates;
mod sensors;
mod system;

use std::sync::LazyLock;

use rusqlite::Connection;
use rusqlite::types::Value;
use sample::Readings;

use crate::error::Failure;
use crate::{SampleRowId, StoreError};
use columns::Columns;

static SELECT: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> = columns().collect();
    format!("SELECT {} FROM sample WHERE id = ?1", columns.join(", "))
});

/// The columns of `sample` that are measured values.
pub(crate) fn columns() -> impl Iterator<Item = &'static str> {
    let groups = [&cpu::COLUMNS[..], &memory::COLUMNS, &rates::COLUMNS, &system::COLUMNS, &lists::COLUMNS];
    groups.into_iter().flatten().copied()
}

/// The values of these columns, in their order.
pub(crate) fn values(readings: &Readings) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(96);
    values.extend(cpu::values(readings)?);
    values.extend(memory::values(readings)?);
    values.extend(rates::values(&readings.rates)?);
    values.extend(system::values(readings)?);
    values.extend(lists::values(readings)?);
    Ok(values)
}

/// Adds what a sample has lists of. Hosts are not to be trusted: of what a list names twice, the first stays.
pub(crate) fn write_lists(db: &Connection, sample: SampleRowId, readings: &Readings) -> Result<(), Failure> {
    filesystems::write(db, sample, readings.filesystems.as_deref().unwrap_or_default())?;
    filesystems::write_stuck(db, sample, readings.stuck_mounts.as_deref().unwrap_or_default())?;
    devices::write_disks(db, sample, readings.rates.disks.as_deref().unwrap_or_default())?;
    devices::write_interfaces(db, sample, readings.rates.interfaces.as_deref().unwrap_or_default())?;
    sensors::write_temperatures(db, sample, readings.temperatures.as_deref().unwrap_or_default())?;
    sensors::write_fans(db, sample, readings.fans.as_deref().unwrap_or_default())?;
    processes::write_top(db, sample, readings.processes.as_ref().map(|all| &all.top[..]).unwrap_or_default())?;
    processes::write_wanted(db, sample, readings.wanted_processes.as_deref().unwrap_or_default())?;
    processes::write_units(db, sample, readings.units.as_deref().unwrap_or_default())?;
    arrays::write(db, sample, readings.arrays.as_deref().unwrap_or_default())?;
    log::write_lines(db, sample, readings.log.as_ref().map(|log| &log.lines[..]).unwrap_or_default())?;
    log::write_listeners(db, sample, readings.listeners.as_deref().unwrap_or_default())?;
    checks::write(db, sample, readings.checks.as_deref().unwrap_or_default())
}

/// What rules compare and people are shown of a sample, each list in the order of its table. The top processes, the
/// lines of the log and the sockets stay behind: they are many, and nobody asks for them here.
pub(crate) fn read(db: &Connection, sample: SampleRowId) -> Result<Readings, Failure> {
    let (mut readings, has_stuck_mounts) = db.prepare_cached(&SELECT)?.query_row([sample], |row| {
        let mut row = Columns::of(row);
        let mut readings = Readings::default();
        cpu::read(&mut row, &mut readings)?;
        memory::read(&mut row, &mut readings)?;
        rates::read(&mut row, &mut readings.rates)?;
        system::read(&mut row, &mut readings)?;
        let has_stuck_mounts = lists::read(&mut row, &mut readings)?;
        Ok((readings, has_stuck_mounts))
    })?;
    if has_stuck_mounts {
        readings.stuck_mounts = Some(filesystems::read_stuck(db, sample)?);
    }
    fill(&mut readings.filesystems, || filesystems::read(db, sample))?;
    fill(&mut readings.rates.disks, || devices::read_disks(db, sample))?;
    fill(&mut readings.rates.interfaces, || devices::read_interfaces(db, sample))?;
    fill(&mut readings.temperatures, || sensors::read_temperatures(db, sample))?;
    fill(&mut readings.fans, || sensors::read_fans(db, sample))?;
    fill(&mut readings.wanted_processes, || processes::read_wanted(db, sample))?;
    fill(&mut readings.units, || processes::read_units(db, sample))?;
    fill(&mut readings.arrays, || arrays::read(db, sample))?;
    fill(&mut readings.checks, || checks::read(db, sample))?;
    Ok(readings)
}

/// A list that was not read costs no query.
fn fill<T>(list: &mut Option<Vec<T>>, read: impl FnOnce() -> Result<Vec<T>, Failure>) -> Result<(), Failure> {
    if let Some(list) = list {
        *list = read()?;
    }
    Ok(())
}
