//! CPU and load.

use rusqlite::types::Value;
use sample::{Cpu, Load, Readings};

use super::columns::{Columns, whole};
use crate::StoreError;

pub(super) const COLUMNS: [&str; 15] = [
    "cpu_percent",
    "cpu_window_ms",
    "cpu_is_spot",
    "cpu_user_percent",
    "cpu_system_percent",
    "cpu_iowait_percent",
    "cpu_steal_percent",
    "cpu_busiest_core_percent",
    "logical_cpus",
    "load1",
    "load5",
    "load15",
    "load1_per_cpu",
    "load5_per_cpu",
    "load15_per_cpu",
];

pub(super) fn values(readings: &Readings) -> Result<[Value; COLUMNS.len()], StoreError> {
    let (cpu, load) = (readings.cpu, readings.load);
    let per_cpu = |load: f64| readings.logical_cpus.filter(|cpus| *cpus > 0).map(|cpus| load / f64::from(cpus));
    Ok([
        cpu.map(|cpu| cpu.busy_percent).into(),
        whole(cpu.map(|cpu| cpu.window_ms), "the window of a CPU reading")?,
        cpu.map(|cpu| cpu.spot).into(),
        cpu.and_then(|cpu| cpu.user_percent).into(),
        cpu.and_then(|cpu| cpu.system_percent).into(),
        cpu.and_then(|cpu| cpu.iowait_percent).into(),
        cpu.and_then(|cpu| cpu.steal_percent).into(),
        cpu.and_then(|cpu| cpu.busiest_core_percent).into(),
        readings.logical_cpus.into(),
        load.map(|load| load.one).into(),
        load.map(|load| load.five).into(),
        load.map(|load| load.fifteen).into(),
        load.and_then(|load| per_cpu(load.one)).into(),
        load.and_then(|load| per_cpu(load.five)).into(),
        load.and_then(|load| per_cpu(load.fifteen)).into(),
    ])
}

pub(super) fn read(row: &mut Columns<'_, '_>, readings: &mut Readings) -> rusqlite::Result<()> {
    let (busy_percent, window_ms): (Option<f64>, Option<u64>) = (row.get()?, row.count()?);
    let known = Cpu {
        spot: row.get::<Option<bool>>()?.unwrap_or_default(),
        user_percent: row.get()?,
        system_percent: row.get()?,
        iowait_percent: row.get()?,
        steal_percent: row.get()?,
        busiest_core_percent: row.get()?,
        ..Cpu::default()
    };
    readings.cpu =
        busy_percent.zip(window_ms).map(|(busy_percent, window_ms)| Cpu { busy_percent, window_ms, ..known });
    readings.logical_cpus = row.count()?;
    let (one, five, fifteen): (Option<f64>, Option<f64>, Option<f64>) = (row.get()?, row.get()?, row.get()?);
    readings.load = one.zip(five).zip(fifteen).map(|((one, five), fifteen)| Load { one, five, fifteen });
    row.skip(3);
    Ok(())
}
