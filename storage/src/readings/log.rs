//! Lines of the log, and sockets that listen. Both are for people and their SQL alone.

use rusqlite::{Connection, params};
use sample::{Listener, LogLine, Timestamp};

use crate::SampleRowId;
use crate::error::Failure;

pub(super) fn write_lines(db: &Connection, sample: SampleRowId, lines: &[LogLine]) -> Result<(), Failure> {
    for (LogLine { at_ms, source, message }, position) in lines.iter().zip(1_i64..) {
        let mut insert = db.prepare_cached(
            "INSERT INTO log_line (sample_id, position, at_ms, source, message) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        insert.execute(params![sample, position, at_ms.map(Timestamp::as_millis), source, message])?;
    }
    Ok(())
}

pub(super) fn write_listeners(db: &Connection, sample: SampleRowId, listeners: &[Listener]) -> Result<(), Failure> {
    for Listener { protocol, address, port } in listeners {
        let mut insert = db.prepare_cached(
            "INSERT INTO listener (sample_id, protocol, address, port) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (sample_id, protocol, address, port) DO NOTHING",
        )?;
        insert.execute(params![sample, protocol, address, port])?;
    }
    Ok(())
}
