//! What a sample says, metric by metric.

use sample::{Cpu, DiskRates, Load, Metric, Readings, Swap};

use super::Observed;
use super::lists::{self, devices, interfaces};

/// The values of a sample. A line for each metric, in the order of [`Metric::ALL`].
pub(super) fn observe(metric: Metric, readings: &Readings, clock_skew_ms: Option<i64>) -> Observed {
    let (host, rates) = (Observed::host, &readings.rates);
    match metric {
        Metric::Collector | Metric::Unreachable | Metric::Login | Metric::HostKey | Metric::Probe => host(None),
        Metric::Reboot | Metric::Gone | Metric::DiskFull => host(None),
        Metric::Cpu => host(mean_cpu(readings).map(|cpu| cpu.busy_percent)),
        Metric::CpuCore => host(mean_cpu(readings).and_then(|cpu| cpu.busiest_core_percent)),
        Metric::CpuIowait => host(mean_cpu(readings).and_then(|cpu| cpu.iowait_percent)),
        Metric::CpuSteal => host(mean_cpu(readings).and_then(|cpu| cpu.steal_percent)),
        Metric::Load => host(load_per_cpu(readings, |load| load.one)),
        Metric::Load5 => host(load_per_cpu(readings, |load| load.five)),
        Metric::Load15 => host(load_per_cpu(readings, |load| load.fifteen)),
        Metric::Pressure => lists::pressure(readings),
        Metric::Memory => host(readings.memory.map(|memory| memory.used_percent())),
        Metric::Swap => swap(readings),
        Metric::SwapIn => host(rates.swap_in_bytes_per_second),
        Metric::OomKills => host(rates.oom_kills.map(number)),
        Metric::Disk => lists::disks(readings),
        Metric::Inodes => lists::inodes(readings),
        Metric::ReadOnly => lists::read_only(readings),
        Metric::StuckMount => lists::stuck_mounts(readings),
        Metric::Array => lists::arrays(readings),
        Metric::DiskBusy => devices(readings, |disk| disk.busy_percent),
        Metric::DiskLatency => devices(readings, slower_await),
        Metric::InterfaceIn => interfaces(readings, |of| of.received_bytes_per_second),
        Metric::InterfaceOut => interfaces(readings, |of| of.sent_bytes_per_second),
        Metric::InterfaceErrors => {
            interfaces(readings, |of| Some(of.received_errors_per_second? + of.sent_errors_per_second?))
        }
        Metric::InterfaceDrops => {
            interfaces(readings, |of| Some(of.received_dropped_per_second? + of.sent_dropped_per_second?))
        }
        Metric::InterfaceDown => interfaces(readings, |of| of.up.map(|up| state(!up))),
        Metric::ListenDrops => host(rates.listen_drops.map(number)),
        Metric::Conntrack => host(readings.conntrack.map(|usage| usage.used_percent())),
        Metric::FileHandles => host(readings.file_handles.map(|usage| usage.used_percent())),
        Metric::Temperature => lists::temperatures(readings),
        Metric::Fan => lists::fans(readings),
        Metric::Processes => host(readings.processes.as_ref().map(|processes| f64::from(processes.total))),
        Metric::Zombies => host(readings.processes.as_ref().map(|processes| f64::from(processes.zombies))),
        Metric::Process => lists::wanted_processes(readings),
        Metric::Unit => lists::wanted_units(readings),
        Metric::FailedUnits => host(failed_units(readings)),
        Metric::Check => lists::checks(readings),
        Metric::Uptime => host(readings.uptime_seconds.map(number)),
        Metric::Clock => host(clock_skew_ms.map(|skew| number(skew.unsigned_abs()) / 1000.0)),
        Metric::ClockUnsynchronized => host(readings.clock_synchronized.map(|is| state(!is))),
        Metric::Users => host(readings.logged_in_users.map(f64::from)),
        Metric::RebootRequired => host(readings.reboot_required.as_ref().map(|reboot| state(reboot.required))),
        Metric::SecurityUpdates => host(readings.security_updates.map(f64::from)),
    }
}

/// 1 for what is wrong, 0 for what is right.
pub(super) fn state(is_wrong: bool) -> f64 {
    f64::from(u8::from(is_wrong))
}

fn number(count: u64) -> f64 {
    count as f64
}

/// Half a second of the host's time, in which it was busy with our own login, is no reason to wake somebody.
fn mean_cpu(readings: &Readings) -> Option<Cpu> {
    readings.cpu.filter(|cpu| !cpu.spot)
}

fn load_per_cpu(readings: &Readings, of: fn(&Load) -> f64) -> Option<f64> {
    let cpus = readings.logical_cpus.filter(|cpus| *cpus > 0)?;
    Some(of(readings.load.as_ref()?) / f64::from(cpus))
}

/// Swap and memory are read from the same place: where that could be read and there is no swap, it was switched off, and
/// a problem with it is over.
fn swap(readings: &Readings) -> Observed {
    let used = readings.swap.as_ref().map(Swap::used_percent);
    Observed { is_complete: readings.memory.is_some(), ..Observed::host(used) }
}

/// A disk that is read from and not written to has one time alone, and one that stands idle has none.
fn slower_await(disk: &DiskRates) -> Option<f64> {
    disk.read_await_ms.into_iter().chain(disk.write_await_ms).max_by(f64::total_cmp)
}

fn failed_units(readings: &Readings) -> Option<f64> {
    let units = readings.units.as_ref()?;
    Some(units.iter().filter(|unit| unit.has_failed()).count() as f64)
}
