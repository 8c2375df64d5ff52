//! Linux: the kernel's own files wherever sysinfo has not the number, and a few programs of the host.
//!
//! What may take its time (filesystems, programs, checks) is begun first and collected last; all else is read in
//! between. Each module reads one thing, parsing apart from reading.

mod arrays;
mod ask;
mod checks;
mod clock;
mod container;
mod control_groups;
mod cpu;
mod disks;
mod filesystems;
mod fstab;
mod holding;
mod interfaces;
mod kernel_tables;
mod listeners;
mod load;
mod log;
mod memory;
mod mounts;
mod netstat;
mod pressure;
mod processes;
mod programs;
mod reboot;
mod sensors;
mod stuck;
mod units;
mod updates;
mod users;
mod virtualization;
mod vmstat;
mod writable;

use std::thread;
use std::time::Instant;

pub use ask::{ASK_MOUNTS, answer_for_mounts};
pub use checks::{CHECKS, answer_for_checks};

use sample::{Counters, Cpu, CpuCounters, Facts, Readings};

use super::tree::Tree;
use super::{Asked, SPOT_WINDOW, system};

/// A measurement that is under way.
pub(super) struct Begun<'a> {
    asked: &'a Asked<'a>,
    tree: Tree,
    at: Instant,
    /// The counters of CPU time at the beginning, where a spot value is wanted.
    cpu: Option<CpuCounters>,
    processes: processes::Begun,
    filesystems: filesystems::Survey,
    units: units::Begun,
    checks: checks::Begun,
    log: log::Begun,
}

impl<'a> Begun<'a> {
    /// Begins what takes time.
    pub(super) fn begin(asked: &'a Asked<'a>, tree: Tree) -> Begun<'a> {
        Begun {
            at: Instant::now(),
            cpu: asked.spot.then(|| cpu::read(&tree)).flatten(),
            processes: processes::Begun::begin(asked, &tree),
            filesystems: filesystems::Survey::begin(asked, &tree),
            units: units::Begun::begin(asked, &tree),
            checks: checks::Begun::begin(asked),
            log: log::Begun::begin(asked, &tree),
            asked,
            tree,
        }
    }

    /// Reads the rest, the counters last: whoever compares them with others takes the time between the ends.
    pub(super) fn finish(self) -> (Facts, Readings, Counters) {
        let Begun { asked, tree, at, cpu, processes, filesystems, units, checks, log } = self;
        let container = container::read(&tree);
        let in_container = container.is_some();
        let (memory, swap) = memory::read(&tree, container.as_ref());
        let (temperatures, fans) = sensors::read(&tree);
        let facts = Facts {
            cpu_model: cpu::model(&tree),
            virtualization: virtualization::read(&tree, container.as_ref()),
            ..system::facts()
        };
        let mut readings = Readings {
            load: load::read(&tree),
            memory,
            swap,
            uptime_seconds: system::uptime_seconds(),
            container,
            temperatures,
            fans,
            logged_in_users: users::logged_in(&tree),
            file_handles: kernel_tables::file_handles(&tree),
            conntrack: kernel_tables::conntrack(&tree),
            clock_synchronized: clock::synchronized(&tree, asked.notes),
            reboot_required: reboot::required(&tree, facts.kernel.as_deref(), in_container),
            security_updates: updates::security(&tree, asked.notes),
            arrays: arrays::read(&tree),
            listeners: asked.scope.listeners.then(|| listeners::read(&tree)).flatten(),
            ..Readings::default()
        };
        if let Some(before) = cpu {
            thread::sleep(SPOT_WINDOW.saturating_sub(at.elapsed()));
            readings.cpu = spot(&before, &tree, at);
        }
        (readings.processes, readings.wanted_processes) = processes.finish(asked, &tree);
        let stuck_mounts;
        (readings.filesystems, stuck_mounts) = filesystems.finish();
        let known = readings.filesystems.is_some() || !stuck_mounts.is_empty();
        readings.stuck_mounts = known.then_some(stuck_mounts);
        readings.units = units.finish();
        readings.checks = checks.finish();
        readings.log = log.finish();
        let counters = counters(&tree);
        readings.logical_cpus =
            counters.cpu.as_ref().and_then(|cpu| u32::try_from(cpu.cores.len()).ok()).filter(|n| *n > 0);
        (facts, readings, counters)
    }
}

fn spot(before: &CpuCounters, tree: &Tree, since: Instant) -> Option<Cpu> {
    let now = cpu::read(tree)?;
    let window_ms = u64::try_from(since.elapsed().as_millis()).ok()?;
    Some(Cpu { spot: true, ..now.since(before, window_ms)? })
}

fn counters(tree: &Tree) -> Counters {
    let vmstat = vmstat::read(tree);
    Counters {
        cpu: cpu::read(tree),
        pressure: pressure::read(tree),
        swap_in_bytes: vmstat.swap_in_bytes,
        swap_out_bytes: vmstat.swap_out_bytes,
        oom_kills: vmstat.oom_kills,
        listen_drops: netstat::listen_drops(tree),
        disks: disks::read(tree),
        interfaces: interfaces::read(tree),
    }
}
