//! Every other platform: what sysinfo knows of it, and statvfs(2) of its filesystems. On Linux it is compiled for its
//! tests alone, which compare it with the kernel's own files.
//!
//! Without a boot to compare counters within, CPU use is a spot value each time, and nothing is told per second.

mod filesystems;
mod processes;

use std::thread;
use std::time::Instant;

use sample::{Counters, Cpu, Facts, InterfaceCounters, Load, Memory, Readings, Swap, Temperature, most};
use sysinfo::{Components, CpuRefreshKind, InterfaceOperationalState, MemoryRefreshKind, Networks, System};

use super::system::{self, fits, text};
use super::{Asked, SPOT_WINDOW};

/// Loopback, and what the system makes for its own ends or its guests, on BSD, macOS and illumos. Each has a number.
const INSIDE: &[&str] = &[
    "lo", "anpi", "ap", "awdl", "bridge", "enc", "epair", "gif", "llw", "pflog", "pfsync", "stf", "tap", "utun",
    "vether", "vmenet", "vnet",
];

/// The states of an interface without a carrier.
const DOWN: &[InterfaceOperationalState] = &[
    InterfaceOperationalState::Down,
    InterfaceOperationalState::LowerLayerDown,
    InterfaceOperationalState::NotPresent,
];

/// A measurement that is under way.
pub(super) struct Begun<'a> {
    asked: &'a Asked<'a>,
    at: Instant,
    /// After a first look; absent where sysinfo can't look at all.
    system: Option<System>,
    processes: processes::Begun,
    filesystems: filesystems::Survey,
}

impl<'a> Begun<'a> {
    /// Begins what takes time.
    pub(super) fn begin(asked: &'a Asked<'a>) -> Begun<'a> {
        let filesystems = filesystems::Survey::begin(asked.scope.network_filesystems);
        let mut system = System::new().ok();
        let at = Instant::now();
        let processes = processes::Begun::begin(asked, system.as_mut());
        if let Some(system) = &mut system {
            system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
            system.refresh_memory_specifics(MemoryRefreshKind::everything());
        }
        Begun { asked, at, system, processes, filesystems }
    }

    /// Reads the rest. Takes as long as a spot value needs, if one is wanted.
    pub(super) fn finish(self) -> (Facts, Readings, Counters) {
        let Begun { asked, at, system, processes, filesystems } = self;
        let mut readings = Readings {
            load: load(),
            uptime_seconds: system::uptime_seconds(),
            temperatures: temperatures(),
            ..Readings::default()
        };
        let mut facts = system::facts();
        if let Some(mut system) = system {
            readings.logical_cpus = u32::try_from(system.cpus().len()).ok().filter(|n| *n > 0);
            (readings.memory, readings.swap) = (memory(&system), swap(&system));
            facts.cpu_model = system.cpus().first().and_then(|cpu| text(cpu.brand().to_owned()));
            if asked.spot {
                thread::sleep(SPOT_WINDOW.saturating_sub(at.elapsed()));
                readings.cpu = spot(&mut system, at);
            }
            (readings.processes, readings.wanted_processes) = processes.finish(asked, &mut system);
        }
        readings.filesystems = filesystems.finish();
        (facts, readings, Counters { interfaces: interfaces(), ..Counters::default() })
    }
}

/// Since the first look. Waiting for input and output is idle, time taken by the hypervisor is busy.
fn spot(system: &mut System, since: Instant) -> Option<Cpu> {
    let window_ms = u64::try_from(since.elapsed().as_millis()).ok()?;
    system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
    let percent = |usage: f32| Some(f64::from(usage)).filter(|usage| usage.is_finite()).map(|u| u.clamp(0.0, 100.0));
    let cores = system.cpus().iter().filter_map(|cpu| percent(cpu.usage()));
    let busiest_core_percent = cores.max_by(f64::total_cmp);
    let busy_percent = percent(system.global_cpu_usage())?;
    (!system.cpus().is_empty()).then_some(Cpu {
        busy_percent,
        window_ms,
        spot: true,
        busiest_core_percent,
        ..Cpu::default()
    })
}

/// What the system calls available: on BSD and macOS free and inactive pages.
fn memory(system: &System) -> Option<Memory> {
    let (total_bytes, available) = (system.total_memory(), system.available_memory());
    // Not a byte to be had is what a reading that failed looks like.
    (total_bytes > 0 && available > 0 && fits(total_bytes)).then_some(Memory {
        total_bytes,
        available_bytes: available.min(total_bytes),
        ..Memory::default()
    })
}

fn swap(system: &System) -> Option<Swap> {
    let (total_bytes, free_bytes) = (system.total_swap(), system.free_swap());
    (total_bytes > 0 && free_bytes <= total_bytes && fits(total_bytes)).then_some(Swap { total_bytes, free_bytes })
}

fn load() -> Option<Load> {
    let load = System::load_average().ok()?;
    let is_possible = [load.one, load.five, load.fifteen].iter().all(|value| value.is_finite() && *value >= 0.0);
    is_possible.then_some(Load { one: load.one, five: load.five, fifteen: load.fifteen })
}

/// By name, and each name once: several chips may call a sensor the same.
fn temperatures() -> Option<Vec<Temperature>> {
    let mut all: Vec<Temperature> = Components::new_with_refreshed_list()
        .ok()?
        .iter()
        .filter_map(|component| {
            let celsius = |value: f32| Some(f64::from(value)).filter(|value| value.is_finite());
            Some(Temperature {
                sensor: text(component.label().to_owned())?,
                celsius: celsius(component.temperature()?)?,
                critical_celsius: component.critical().and_then(celsius),
            })
        })
        .collect();
    all.sort_by(|a, b| a.sensor.cmp(&b.sensor));
    all.dedup_by(|later, first| later.sensor == first.sensor);
    all.truncate(most::SENSORS);
    Some(all)
}

/// By name. sysinfo knows of no packets that were dropped, and no number of the interface.
fn interfaces() -> Option<Vec<InterfaceCounters>> {
    let networks = Networks::new_with_refreshed_list().ok()?;
    let mut all: Vec<InterfaceCounters> = networks
        .iter()
        .filter_map(|(name, data)| {
            let name = text(name.to_string_lossy().into_owned()).filter(|name| !is_inside(name))?;
            let state = data.operational_state();
            let is_known = state == InterfaceOperationalState::Up || DOWN.contains(&state);
            Some(InterfaceCounters {
                name,
                up: is_known.then_some(state == InterfaceOperationalState::Up),
                link_bits_per_second: data.receive_link_speed().filter(|speed| *speed > 0 && fits(*speed)),
                received_bytes: data.total_received(),
                received_packets: data.total_packets_received(),
                received_errors: data.total_errors_on_received(),
                sent_bytes: data.total_transmitted(),
                sent_packets: data.total_packets_transmitted(),
                sent_errors: data.total_errors_on_transmitted(),
                ..InterfaceCounters::default()
            })
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.truncate(most::DEVICES);
    Some(all)
}

/// A prefix and a number, or nothing more.
fn is_inside(name: &str) -> bool {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    INSIDE.contains(&letters) || name.starts_with("vm-")
}

#[cfg(test)]
mod tests;
