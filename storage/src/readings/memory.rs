//! Memory and swap.

use rusqlite::types::Value;
use sample::{Memory, Readings, Swap};

use super::columns::{Columns, whole};
use crate::StoreError;

pub(super) const COLUMNS: [&str; 10] = [
    "memory_total_bytes",
    "memory_available_bytes",
    "memory_used_percent",
    "memory_cached_bytes",
    "memory_shared_bytes",
    "memory_zfs_arc_bytes",
    "memory_of_container",
    "swap_total_bytes",
    "swap_free_bytes",
    "swap_used_percent",
];

pub(super) fn values(readings: &Readings) -> Result<[Value; COLUMNS.len()], StoreError> {
    let (memory, swap) = (readings.memory, readings.swap);
    Ok([
        whole(memory.map(|memory| memory.total_bytes), "memory")?,
        whole(memory.map(|memory| memory.available_bytes), "memory")?,
        memory.map(|memory| memory.used_percent()).into(),
        whole(memory.and_then(|memory| memory.cached_bytes), "memory")?,
        whole(memory.and_then(|memory| memory.shared_bytes), "memory")?,
        whole(memory.and_then(|memory| memory.zfs_arc_bytes), "memory")?,
        memory.map(|memory| memory.of_container).into(),
        whole(swap.map(|swap| swap.total_bytes), "swap")?,
        whole(swap.map(|swap| swap.free_bytes), "swap")?,
        swap.map(|swap| swap.used_percent()).into(),
    ])
}

pub(super) fn read(row: &mut Columns<'_, '_>, readings: &mut Readings) -> rusqlite::Result<()> {
    let (total, available): (Option<u64>, Option<u64>) = (row.count()?, row.count()?);
    row.skip(1);
    let known = Memory {
        cached_bytes: row.count()?,
        shared_bytes: row.count()?,
        zfs_arc_bytes: row.count()?,
        of_container: row.get::<Option<bool>>()?.unwrap_or_default(),
        ..Memory::default()
    };
    readings.memory =
        total.zip(available).map(|(total_bytes, available_bytes)| Memory { total_bytes, available_bytes, ..known });
    let (total, free): (Option<u64>, Option<u64>) = (row.count()?, row.count()?);
    readings.swap = total.zip(free).map(|(total_bytes, free_bytes)| Swap { total_bytes, free_bytes });
    row.skip(1);
    Ok(())
}
