//! Processes and systemd units.

use rusqlite::{Connection, params};
use sample::{SystemdUnit, TopProcess, WantedProcess};

use super::columns::Columns;
use crate::SampleRowId;
use crate::error::Failure;
use crate::row::count;

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

pub(super) const SELECT_WANTED: &str = "
    SELECT wanted.key, name, min_count, count
    FROM json_each(?1) AS wanted CROSS JOIN wanted_process ON sample_id = wanted.value";

pub(super) fn read_wanted(row: &mut Columns<'_, '_>) -> rusqlite::Result<WantedProcess> {
    Ok(WantedProcess { name: row.get()?, min: row.known_count()?, count: row.known_count()? })
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

pub(super) const SELECT_UNITS: &str = "
    SELECT wanted.key, name, load_state, active_state, is_wanted
    FROM json_each(?1) AS wanted CROSS JOIN unit ON sample_id = wanted.value";

pub(super) fn read_unit(row: &mut Columns<'_, '_>) -> rusqlite::Result<SystemdUnit> {
    Ok(SystemdUnit { name: row.get()?, load_state: row.get()?, active_state: row.get()?, wanted: row.get()? })
}
