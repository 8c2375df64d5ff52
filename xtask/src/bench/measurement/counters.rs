//! What a simulated host has counted since it was started: so much each second, and a little more than its neighbour.

use sample::{CoreCounters, Counters, CpuCounters, DiskCounters, InterfaceCounters, PressureCounters};

use super::super::host::Host;
use super::readings::{CORES, busy_percent};

const TICK_MS: u64 = 10;
const DISKS: [&str; 2] = ["nvme0n1", "sda"];
const INTERFACES: [&str; 2] = ["eno1", "eno2"];

pub(super) fn counters(host: Host, uptime_ms: u64) -> Counters {
    let some = u64::from(host.0 % 97) + 1;
    Counters {
        cpu: Some(cpu(host, uptime_ms)),
        pressure: Some(pressure(some, uptime_ms)),
        swap_in_bytes: Some(uptime_ms / 1000 * some / 8 * 4096),
        swap_out_bytes: Some(uptime_ms / 1000 * some / 4 * 4096),
        oom_kills: Some(some % 3),
        listen_drops: Some(uptime_ms / 1_000_000 * some),
        disks: Some(DISKS.iter().zip(1..).map(|(name, nth)| disk(name, some * nth, uptime_ms)).collect()),
        interfaces: Some(
            INTERFACES.iter().zip(2..).map(|(name, index)| interface(name, index, some, uptime_ms)).collect(),
        ),
    }
}

/// The first cores are a little busier than the last ones.
fn cpu(host: Host, uptime_ms: u64) -> CpuCounters {
    let ticks = uptime_ms / TICK_MS;
    let core = |number: u32| {
        let percent = u64::from(busy_percent(host) + CORES / 2 - number).min(100);
        let busy = ticks * percent / 100;
        CoreCounters { number, busy, idle: ticks - busy }
    };
    let cores: Vec<CoreCounters> = (0..CORES).map(core).collect();
    let sum = |part: fn(&CoreCounters) -> u64| cores.iter().map(part).sum::<u64>();
    let (busy, idle) = (sum(|core| core.busy), sum(|core| core.idle));
    let (system, softirq, nice, iowait) = (busy / 4, busy / 50, busy / 100, idle / 200);
    let user = busy - system - softirq - nice;
    CpuCounters { user, nice, system, idle: idle - iowait, iowait, irq: 0, softirq, steal: 0, cores }
}

fn pressure(some: u64, uptime_ms: u64) -> PressureCounters {
    PressureCounters {
        cpu_some_us: Some(uptime_ms * some),
        memory_some_us: Some(uptime_ms * some / 2),
        memory_full_us: Some(uptime_ms * some / 3 + uptime_ms),
        io_some_us: Some(uptime_ms * some),
        io_full_us: Some(uptime_ms * some / 2),
    }
}

fn disk(name: &str, some: u64, uptime_ms: u64) -> DiskCounters {
    let (reads, writes) = (uptime_ms * some / 40, uptime_ms * some / 15);
    DiskCounters {
        name: name.to_owned(),
        reads,
        read_bytes: reads * 16_384,
        read_ms: reads / 2,
        writes,
        written_bytes: writes * 8192,
        write_ms: writes * 2,
        busy_ms: uptime_ms * some / 400,
        weighted_ms: writes * 3,
    }
}

fn interface(name: &str, index: u32, some: u64, uptime_ms: u64) -> InterfaceCounters {
    let packets = uptime_ms * some / u64::from(index);
    InterfaceCounters {
        name: name.to_owned(),
        index,
        up: Some(true),
        link_bits_per_second: Some(1_000_000_000),
        received_bytes: packets * 900,
        received_packets: packets,
        received_errors: 0,
        received_dropped: packets / 100_000,
        sent_bytes: packets * 1100,
        sent_packets: packets,
        sent_errors: 0,
        sent_dropped: 0,
    }
}
