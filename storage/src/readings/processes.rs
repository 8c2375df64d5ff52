//! Processes and systemd units.

use rusqlite::{Connection, params};
use sample::{SystemdUnit, TopProcess, WantedProcess};

use crate::SampleRowId;
use crate::error::Failure;
use crate::row::{count, unsigned};

pub(super) fn write_top(db: &Connection, sample: SampleRowId, processes: &[TopProcess]) -> Result<(), Failure> {
    for TopProcess { pid, name, cpu_percent, memory_bytes, arguments } in processes {
        let mut insert = db.prepare_cached(
            "INSERT INTO process (sample_id, pid, name, cpu_percent, memory_bytes, arguments)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (sample_id, pid) DO NOTHING",
        )?;
        let memory_bytes = count(*memory_bytes, "the memory of a process")?;
        insert.execute(params![sample, pid, name, cpu_percent, memory_bytes, arguments])?;
    }
    Ok(())
}

pub(super) fn write_wanted(db: &Connection, sample: SampleRowId, wanted: &[WantedProcess]) -> Result<(), Failure> {
    for process in wanted {
        let mut insert = db.prepare_cached(
            "INSERT INTO wanted_process (sample_id, name, min_count, count, is_present) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (sample_id, name) DO NOTHING",
        )?;
        insert.execute(params![sample, process.name, process.min, process.count, process.is_present()])?;
    }
    Ok(())
}

pub(super) fn read_wanted(db: &Connection, sample: SampleRowId) -> Result<Vec<WantedProcess>, Failure> {
    let mut select =
        db.prepare_cached("SELECT name, min_count, count FROM wanted_process WHERE sample_id = ?1 ORDER BY name")?;
    let found = select.query_map([sample], |row| {
        Ok(WantedProcess { name: row.get(0)?, min: unsigned(row, 1)?, count: unsigned(row, 2)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn write_units(db: &Connection, sample: SampleRowId, units: &[SystemdUnit]) -> Result<(), Failure> {
    for SystemdUnit { name, load_state, active_state, wanted } in units {
        let mut insert = db.prepare_cached(
            "INSERT INTO unit (sample_id, name, load_state, active_state, is_wanted) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (sample_id, name) DO NOTHING",
        )?;
        insert.execute(params![sample, name, load_state, active_state, wanted])?;
    }
    Ok(())
}

pub(super) fn read_units(db: &Connection, sample: SampleRowId) -> Result<Vec<SystemdUnit>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT name, load_state, active_state, is_wanted FROM unit WHERE sample_id = ?1 ORDER BY name",
    )?;
    let found = select.query_map([sample], |row| {
        Ok(SystemdUnit { name: row.get(0)?, load_state: row.get(1)?, active_state: row.get(2)?, wanted: row.get(3)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
