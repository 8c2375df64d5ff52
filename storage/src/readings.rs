//! The measured values of a sample, to and from their columns. What was not read is NULL.

use rusqlite::{Connection, Row, named_params, params};
use sample::{Cpu, Filesystem, Load, Memory, Readings, Swap};

use crate::error::Failure;
use crate::row::{count, unsigned, unsigned_if_known};
use crate::{SampleRowId, StoreError};

/// Fills the columns of a sample's row that are measured values, and adds its filesystems.
pub(crate) fn write(db: &Connection, sample: SampleRowId, readings: &Readings) -> Result<(), Failure> {
    let Readings { cpu, logical_cpus, memory, swap, load, uptime_seconds, filesystems, .. } = readings;
    let mut update = db.prepare_cached(
        "UPDATE sample SET
             cpu_percent = :cpu_percent, cpu_window_ms = :cpu_window_ms, logical_cpus = :logical_cpus,
             memory_total_bytes = :memory_total, memory_available_bytes = :memory_available,
             memory_used_percent = :memory_used_percent,
             swap_total_bytes = :swap_total, swap_free_bytes = :swap_free, swap_used_percent = :swap_used_percent,
             load1 = :load1, load5 = :load5, load15 = :load15, uptime_seconds = :uptime_seconds
         WHERE id = :sample",
    )?;
    update.execute(named_params! {
        ":sample": sample,
        ":cpu_percent": cpu.map(|cpu| cpu.busy_percent),
        ":cpu_window_ms": if_known(cpu.map(|cpu| cpu.window_ms), "the window of a CPU reading")?,
        ":logical_cpus": logical_cpus,
        ":memory_total": if_known(memory.map(|memory| memory.total_bytes), "memory")?,
        ":memory_available": if_known(memory.map(|memory| memory.available_bytes), "memory")?,
        ":memory_used_percent": memory.map(|memory| memory.used_percent()),
        ":swap_total": if_known(swap.map(|swap| swap.total_bytes), "swap")?,
        ":swap_free": if_known(swap.map(|swap| swap.free_bytes), "swap")?,
        ":swap_used_percent": swap.map(|swap| swap.used_percent()),
        ":load1": load.map(|load| load.one),
        ":load5": load.map(|load| load.five),
        ":load15": load.map(|load| load.fifteen),
        ":uptime_seconds": if_known(*uptime_seconds, "uptime")?,
    })?;
    filesystems.iter().flatten().try_for_each(|filesystem| write_filesystem(db, sample, filesystem))
}

/// A mount point may be there twice, where one filesystem is mounted over another: the first stays.
fn write_filesystem(db: &Connection, sample: SampleRowId, filesystem: &Filesystem) -> Result<(), Failure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO filesystem (sample_id, mount, fs_type, used_percent, used_bytes, avail_bytes, size_bytes,
                                 inodes, inodes_free, inodes_used_percent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (sample_id, mount) DO NOTHING",
    )?;
    insert.execute(params![
        sample,
        filesystem.mount,
        filesystem.fs_type,
        filesystem.used_percent(),
        count(filesystem.used_bytes, "a filesystem")?,
        count(filesystem.avail_bytes, "a filesystem")?,
        count(filesystem.size_bytes, "a filesystem")?,
        if_known(filesystem.inodes, "a number of inodes")?,
        if_known(filesystem.inodes_free, "a number of inodes")?,
        filesystem.inodes_used_percent(),
    ])?;
    Ok(())
}

/// The values of a sample's row, filesystems in the order of their mount points.
pub(crate) fn read(db: &Connection, sample: SampleRowId) -> Result<Readings, Failure> {
    let mut select = db.prepare_cached(
        "SELECT cpu_percent, cpu_window_ms, logical_cpus, memory_total_bytes, memory_available_bytes,
                swap_total_bytes, swap_free_bytes, load1, load5, load15, uptime_seconds, filesystems_read
         FROM sample WHERE id = ?1",
    )?;
    let (mut readings, has_filesystems) =
        select.query_row([sample], |row| Ok((scalars(row)?, row.get::<_, bool>(11)?)))?;
    if has_filesystems {
        readings.filesystems = Some(read_filesystems(db, sample)?);
    }
    Ok(readings)
}

fn scalars(row: &Row<'_>) -> rusqlite::Result<Readings> {
    let cpu = row.get::<_, Option<f64>>(0)?.zip(unsigned_if_known(row, 1)?);
    let memory = unsigned_if_known(row, 3)?.zip(unsigned_if_known(row, 4)?);
    let swap = unsigned_if_known(row, 5)?.zip(unsigned_if_known(row, 6)?);
    let load = row.get::<_, Option<f64>>(7)?.zip(row.get::<_, Option<f64>>(8)?).zip(row.get::<_, Option<f64>>(9)?);
    Ok(Readings {
        cpu: cpu.map(|(busy_percent, window_ms)| Cpu { busy_percent, window_ms, ..Cpu::default() }),
        logical_cpus: unsigned_if_known(row, 2)?,
        memory: memory.map(|(total_bytes, available_bytes)| Memory {
            total_bytes,
            available_bytes,
            ..Memory::default()
        }),
        swap: swap.map(|(total_bytes, free_bytes)| Swap { total_bytes, free_bytes }),
        load: load.map(|((one, five), fifteen)| Load { one, five, fifteen }),
        uptime_seconds: unsigned_if_known(row, 10)?,
        ..Readings::default()
    })
}

fn read_filesystems(db: &Connection, sample: SampleRowId) -> Result<Vec<Filesystem>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT mount, fs_type, size_bytes, used_bytes, avail_bytes, inodes, inodes_free
         FROM filesystem WHERE sample_id = ?1 ORDER BY mount",
    )?;
    let found = select.query_map([sample], |row| {
        Ok(Filesystem {
            mount: row.get(0)?,
            fs_type: row.get(1)?,
            size_bytes: unsigned(row, 2)?,
            used_bytes: unsigned(row, 3)?,
            avail_bytes: unsigned(row, 4)?,
            inodes: unsigned_if_known(row, 5)?,
            inodes_free: unsigned_if_known(row, 6)?,
            ..Filesystem::default()
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn if_known(value: Option<u64>, what: &'static str) -> Result<Option<i64>, StoreError> {
    value.map(|value| count(value, what)).transpose()
}
