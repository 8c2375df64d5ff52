//! What happened since the sample before, of the host as a whole.

use rusqlite::types::Value;
use sample::{Pressure, Rates};

use super::columns::{Columns, whole};
use crate::StoreError;

pub(super) const COLUMNS: [&str; 10] = [
    "rates_window_ms",
    "swap_in_bytes_per_second",
    "swap_out_bytes_per_second",
    "pressure_cpu_some_percent",
    "pressure_memory_some_percent",
    "pressure_memory_full_percent",
    "pressure_io_some_percent",
    "pressure_io_full_percent",
    "oom_kills",
    "tcp_listen_drops",
];

pub(super) fn values(rates: &Rates) -> Result<[Value; COLUMNS.len()], StoreError> {
    let pressure = rates.pressure.unwrap_or_default();
    Ok([
        whole(rates.window_ms, "the time between two samples")?,
        rates.swap_in_bytes_per_second.into(),
        rates.swap_out_bytes_per_second.into(),
        pressure.cpu_some_percent.into(),
        pressure.memory_some_percent.into(),
        pressure.memory_full_percent.into(),
        pressure.io_some_percent.into(),
        pressure.io_full_percent.into(),
        whole(rates.oom_kills, "a number of killed processes")?,
        whole(rates.listen_drops, "a number of dropped connections")?,
    ])
}

/// Pressure of which nothing is known is no pressure that was read.
pub(super) fn read(row: &mut Columns<'_, '_>, rates: &mut Rates) -> rusqlite::Result<()> {
    rates.window_ms = row.count()?;
    rates.swap_in_bytes_per_second = row.get()?;
    rates.swap_out_bytes_per_second = row.get()?;
    let pressure = Pressure {
        cpu_some_percent: row.get()?,
        memory_some_percent: row.get()?,
        memory_full_percent: row.get()?,
        io_some_percent: row.get()?,
        io_full_percent: row.get()?,
    };
    rates.pressure = Some(pressure).filter(|pressure| *pressure != Pressure::default());
    rates.oom_kills = row.count()?;
    rates.listen_drops = row.count()?;
    Ok(())
}
