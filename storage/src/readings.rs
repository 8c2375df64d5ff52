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

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sample::Readings;

use crate::error::{Failure, readable};
use crate::{SampleRowId, StoreError, row};
use columns::Columns;

static SELECT: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> = columns().collect();
    format!("SELECT {} FROM sample WHERE id = ?1", columns.join(", "))
});

/// Bytes that an entry of a list takes up beside its texts.
const ENTRY_BYTES: usize = 192;

/// A sample whose single values were read, and whose lists are still empty.
pub(crate) struct Bare<'r> {
    /// Its row.
    pub(crate) sample: SampleRowId,
    /// Its values.
    pub(crate) readings: &'r mut Readings,
    /// Its list of mounts that hang has entries.
    pub(crate) has_stuck_mounts: bool,
}

/// What filling lists came to.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// Positions of samples that hold a value this version does not know.
    pub(crate) unreadable: BTreeSet<usize>,
    /// About so many bytes were read.
    pub(crate) bytes: usize,
}

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
    let (mut readings, has_stuck_mounts) =
        db.prepare_cached(&SELECT)?.query_row([sample], |row| read_columns(row, 0))?;
    let filled = fill_lists(db, &mut [Bare { sample, readings: &mut readings, has_stuck_mounts }])?;
    if filled.unreadable.is_empty() { Ok(readings) } else { Err(row::unknown("a list of a sample").into()) }
}

/// The single values in the columns of a row behind the first `identity`, its lists empty; and whether mounts hang.
pub(crate) fn read_columns(row: &Row<'_>, identity: usize) -> rusqlite::Result<(Readings, bool)> {
    let mut row = Columns::behind(identity, row);
    let mut readings = Readings::default();
    cpu::read(&mut row, &mut readings)?;
    memory::read(&mut row, &mut readings)?;
    rates::read(&mut row, &mut readings.rates)?;
    system::read(&mut row, &mut readings)?;
    let has_stuck_mounts = lists::read(&mut row, &mut readings)?;
    Ok((readings, has_stuck_mounts))
}

/// Reads the lists of many samples with one statement for each table, whose primary key gives the order. A list that a
/// sample does not have costs nothing.
pub(crate) fn fill_lists(db: &Connection, samples: &mut [Bare<'_>]) -> Result<Filled, Failure> {
    let mut reader = Lists { db, samples, filled: Filled::default() };
    reader.read_mounts()?;
    reader.read_devices()?;
    reader.read_watched()?;
    Ok(reader.filled)
}

struct Lists<'d, 's, 'r> {
    db: &'d Connection,
    samples: &'s mut [Bare<'r>],
    filled: Filled,
}

impl Lists<'_, '_, '_> {
    fn read_mounts(&mut self) -> Result<(), Failure> {
        self.each(
            filesystems::SELECT,
            |bare| bare.readings.filesystems.is_some(),
            |readings, row| push(&mut readings.filesystems, filesystems::read(row)?),
        )?;
        self.each(
            filesystems::SELECT_STUCK,
            |bare| bare.has_stuck_mounts,
            |readings, row| push(&mut readings.stuck_mounts, filesystems::read_stuck(row)?),
        )?;
        self.each(
            arrays::SELECT,
            |bare| bare.readings.arrays.is_some(),
            |readings, row| push(&mut readings.arrays, arrays::read(row)?),
        )
    }

    fn read_devices(&mut self) -> Result<(), Failure> {
        self.each(
            devices::SELECT_DISKS,
            |bare| bare.readings.rates.disks.is_some(),
            |readings, row| push(&mut readings.rates.disks, devices::read_disk(row)?),
        )?;
        self.each(
            devices::SELECT_INTERFACES,
            |bare| bare.readings.rates.interfaces.is_some(),
            |readings, row| push(&mut readings.rates.interfaces, devices::read_interface(row)?),
        )?;
        self.each(
            sensors::SELECT_TEMPERATURES,
            |bare| bare.readings.temperatures.is_some(),
            |readings, row| push(&mut readings.temperatures, sensors::read_temperature(row)?),
        )?;
        self.each(
            sensors::SELECT_FANS,
            |bare| bare.readings.fans.is_some(),
            |readings, row| push(&mut readings.fans, sensors::read_fan(row)?),
        )
    }

    fn read_watched(&mut self) -> Result<(), Failure> {
        self.each(
            processes::SELECT_WANTED,
            |bare| bare.readings.wanted_processes.is_some(),
            |readings, row| push(&mut readings.wanted_processes, processes::read_wanted(row)?),
        )?;
        self.each(
            processes::SELECT_UNITS,
            |bare| bare.readings.units.is_some(),
            |readings, row| push(&mut readings.units, processes::read_unit(row)?),
        )?;
        self.each(
            checks::SELECT,
            |bare| bare.readings.checks.is_some(),
            |readings, row| push(&mut readings.checks, checks::read(row)?),
        )?;
        self.each(
            checks::SELECT_VALUES,
            |bare| bare.readings.checks.as_ref().is_some_and(|checks| !checks.is_empty()),
            |readings, row| {
                let (check, value) = checks::read_value(row)?;
                checks::add_value(readings.checks.as_deref_mut().unwrap_or_default(), &check, value);
                Ok(())
            },
        )
    }

    /// Adds each row that `select` has of the samples that are wanted.
    fn each(
        &mut self,
        select: &str,
        is_wanted: impl Fn(&Bare<'_>) -> bool,
        add: impl Fn(&mut Readings, &mut Columns<'_, '_>) -> rusqlite::Result<()>,
    ) -> Result<(), Failure> {
        let wanted: Vec<usize> = (0..self.samples.len()).filter(|index| is_wanted(&self.samples[*index])).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut select = self.db.prepare_cached(select)?;
        let ids = wanted.iter().map(|index| self.samples[*index].sample.as_i64());
        let mut rows = select.query([row::json(ids)])?;
        while let Some(found) = rows.next()? {
            let index = wanted[row::unsigned::<usize>(found, 0)?];
            let bare = &mut self.samples[index];
            if readable(add(bare.readings, &mut Columns::behind(1, found)))?.is_none() {
                self.filled.unreadable.insert(index);
            }
            self.filled.bytes += ENTRY_BYTES + texts(found)?;
        }
        Ok(())
    }
}

/// The statements that read lists.
#[cfg(test)]
pub(crate) fn lists() -> [&'static str; 11] {
    [
        filesystems::SELECT,
        filesystems::SELECT_STUCK,
        arrays::SELECT,
        devices::SELECT_DISKS,
        devices::SELECT_INTERFACES,
        sensors::SELECT_TEMPERATURES,
        sensors::SELECT_FANS,
        processes::SELECT_WANTED,
        processes::SELECT_UNITS,
        checks::SELECT,
        checks::SELECT_VALUES,
    ]
}

fn push<T>(list: &mut Option<Vec<T>>, entry: T) -> rusqlite::Result<()> {
    list.get_or_insert_default().push(entry);
    Ok(())
}

/// The bytes of the texts in a row.
fn texts(found: &Row<'_>) -> rusqlite::Result<usize> {
    (0..found.as_ref().column_count()).try_fold(0, |sum, index| match found.get_ref(index)? {
        ValueRef::Text(text) => Ok(sum + text.len()),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => Ok(sum),
    })
}
