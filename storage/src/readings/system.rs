//! The host as a whole: what it runs in, its processes and tables, its upkeep.

use rusqlite::types::Value;
use sample::{Container, Processes, Readings, RebootRequired, Usage};

use super::columns::{Columns, whole};
use crate::StoreError;

pub(super) const COLUMNS: [&str; 20] = [
    "measuring_ms",
    "uptime_seconds",
    "container",
    "container_cpu_limit",
    "container_memory_limit_bytes",
    "processes_total",
    "processes_zombie",
    "processes_blocked",
    "process_window_ms",
    "logged_in_users",
    "file_handles_used",
    "file_handles_limit",
    "file_handles_used_percent",
    "conntrack_used",
    "conntrack_limit",
    "conntrack_used_percent",
    "clock_synchronized",
    "reboot_required",
    "reboot_reason",
    "security_updates",
];

pub(super) fn values(readings: &Readings) -> Result<[Value; COLUMNS.len()], StoreError> {
    let (container, processes) = (readings.container.as_ref(), readings.processes.as_ref());
    let reboot = readings.reboot_required.as_ref();
    let [handles_used, handles_limit, handles_percent] = usage(readings.file_handles, "a number of file handles")?;
    let [tracked, tracked_limit, tracked_percent] = usage(readings.conntrack, "a number of connections")?;
    Ok([
        whole(readings.measuring_ms, "the time of a measurement")?,
        whole(readings.uptime_seconds, "uptime")?,
        container.map(|container| container.kind.clone()).into(),
        container.and_then(|container| container.cpu_limit).into(),
        whole(container.and_then(|container| container.memory_limit_bytes), "a limit of memory")?,
        processes.map(|processes| processes.total).into(),
        processes.map(|processes| processes.zombies).into(),
        processes.map(|processes| processes.blocked).into(),
        whole(processes.and_then(|processes| processes.window_ms), "the window of processes")?,
        readings.logged_in_users.into(),
        handles_used,
        handles_limit,
        handles_percent,
        tracked,
        tracked_limit,
        tracked_percent,
        readings.clock_synchronized.into(),
        reboot.map(|reboot| reboot.required).into(),
        reboot.and_then(|reboot| reboot.reason.clone()).into(),
        readings.security_updates.into(),
    ])
}

fn usage(usage: Option<Usage>, what: &'static str) -> Result<[Value; 3], StoreError> {
    let percent = usage.filter(|usage| usage.limit > 0).map(|usage| usage.used_percent());
    Ok([whole(usage.map(|usage| usage.used), what)?, whole(usage.map(|usage| usage.limit), what)?, percent.into()])
}

pub(super) fn read(row: &mut Columns<'_, '_>, readings: &mut Readings) -> rusqlite::Result<()> {
    readings.measuring_ms = row.count()?;
    readings.uptime_seconds = row.count()?;
    let kind: Option<String> = row.get()?;
    let (cpu_limit, memory_limit_bytes) = (row.get()?, row.count()?);
    readings.container = kind.map(|kind| Container { kind, cpu_limit, memory_limit_bytes });
    readings.processes = read_processes(row)?;
    readings.logged_in_users = row.count()?;
    readings.file_handles = read_usage(row)?;
    readings.conntrack = read_usage(row)?;
    readings.clock_synchronized = row.get()?;
    let (required, reason): (Option<bool>, Option<String>) = (row.get()?, row.get()?);
    readings.reboot_required = required.map(|required| RebootRequired { required, reason });
    readings.security_updates = row.count()?;
    Ok(())
}

fn read_processes(row: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Processes>> {
    let (total, zombies, blocked): (Option<u32>, Option<u32>, Option<u32>) = (row.count()?, row.count()?, row.count()?);
    let window_ms = row.count()?;
    let counts = total.zip(zombies).zip(blocked);
    Ok(counts.map(|((total, zombies), blocked)| Processes { total, zombies, blocked, window_ms, top: Vec::new() }))
}

fn read_usage(row: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Usage>> {
    let (used, limit): (Option<u64>, Option<u64>) = (row.count()?, row.count()?);
    row.skip(1);
    Ok(used.zip(limit).map(|(used, limit)| Usage { used, limit }))
}
