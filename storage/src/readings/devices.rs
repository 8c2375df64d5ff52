//! Disks and network interfaces.

use rusqlite::{Connection, params};
use sample::{DiskRates, InterfaceRates};

use super::columns::{Columns, whole};
use crate::SampleRowId;
use crate::error::Failure;

pub(super) fn write_disks(db: &Connection, sample: SampleRowId, disks: &[DiskRates]) -> Result<(), Failure> {
    for disk in disks {
        let mut insert = db.prepare_cached(
            "INSERT INTO disk (sample_id, name, reads_per_second, writes_per_second, read_bytes_per_second,
                               written_bytes_per_second, busy_percent, read_await_ms, write_await_ms, queue_length)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (sample_id, name) DO NOTHING",
        )?;
        insert.execute(params![
            sample,
            disk.name,
            disk.reads_per_second,
            disk.writes_per_second,
            disk.read_bytes_per_second,
            disk.written_bytes_per_second,
            disk.busy_percent,
            disk.read_await_ms,
            disk.write_await_ms,
            disk.queue_length,
        ])?;
    }
    Ok(())
}

pub(super) const SELECT_DISKS: &str = "
    SELECT wanted.key, name, reads_per_second, writes_per_second, read_bytes_per_second, written_bytes_per_second,
           busy_percent, read_await_ms, write_await_ms, queue_length
    FROM json_each(?1) AS wanted CROSS JOIN disk ON sample_id = wanted.value";

pub(super) fn read_disk(row: &mut Columns<'_, '_>) -> rusqlite::Result<DiskRates> {
    Ok(DiskRates {
        name: row.get()?,
        reads_per_second: row.get()?,
        writes_per_second: row.get()?,
        read_bytes_per_second: row.get()?,
        written_bytes_per_second: row.get()?,
        busy_percent: row.get()?,
        read_await_ms: row.get()?,
        write_await_ms: row.get()?,
        queue_length: row.get()?,
    })
}

pub(super) fn write_interfaces(
    db: &Connection,
    sample: SampleRowId,
    interfaces: &[InterfaceRates],
) -> Result<(), Failure> {
    for interface in interfaces {
        let mut insert = db.prepare_cached(
            "INSERT INTO interface (sample_id, name, is_up, link_bits_per_second, received_bytes_per_second,
                                    received_packets_per_second, received_errors_per_second,
                                    received_dropped_per_second, sent_bytes_per_second, sent_packets_per_second,
                                    sent_errors_per_second, sent_dropped_per_second)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (sample_id, name) DO NOTHING",
        )?;
        insert.execute(params![
            sample,
            interface.name,
            interface.up,
            whole(interface.link_bits_per_second, "the speed of a link")?,
            interface.received_bytes_per_second,
            interface.received_packets_per_second,
            interface.received_errors_per_second,
            interface.received_dropped_per_second,
            interface.sent_bytes_per_second,
            interface.sent_packets_per_second,
            interface.sent_errors_per_second,
            interface.sent_dropped_per_second,
        ])?;
    }
    Ok(())
}

pub(super) const SELECT_INTERFACES: &str = "
    SELECT wanted.key, name, is_up, link_bits_per_second, received_bytes_per_second, received_packets_per_second,
           received_errors_per_second, received_dropped_per_second, sent_bytes_per_second, sent_packets_per_second,
           sent_errors_per_second, sent_dropped_per_second
    FROM json_each(?1) AS wanted CROSS JOIN interface ON sample_id = wanted.value";

pub(super) fn read_interface(row: &mut Columns<'_, '_>) -> rusqlite::Result<InterfaceRates> {
    Ok(InterfaceRates {
        name: row.get()?,
        up: row.get()?,
        link_bits_per_second: row.count()?,
        received_bytes_per_second: row.get()?,
        received_packets_per_second: row.get()?,
        received_errors_per_second: row.get()?,
        received_dropped_per_second: row.get()?,
        sent_bytes_per_second: row.get()?,
        sent_packets_per_second: row.get()?,
        sent_errors_per_second: row.get()?,
        sent_dropped_per_second: row.get()?,
    })
}
