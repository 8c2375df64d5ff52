//! What a simulated host reads of itself.

use sample::{
    Array, Cpu, Fan, Filesystem, Load, Memory, Processes, Readings, RebootRequired, Swap, Temperature, TopProcess,
    Usage,
};

use super::super::host::Host;

pub(super) const CORES: u32 = 8;
const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
/// Where, from where, and how many GiB.
const MOUNTS: [(&str, &str, u64); 6] = [
    ("/", "/dev/md0p2", 40),
    ("/boot", "/dev/md0p1", 1),
    ("/home", "/dev/mapper/vg0-home", 120),
    ("/srv", "/dev/mapper/vg0-srv", 400),
    ("/var", "/dev/mapper/vg0-var", 80),
    ("/var/lib/postgresql", "/dev/mapper/vg0-postgresql", 200),
];
const PROCESSES: [&str; 10] = [
    "postgres",
    "nginx",
    "php-fpm8.2",
    "systemd-journal",
    "redis-server",
    "python3",
    "dockerd",
    "containerd",
    "sshd",
    "kworker/3:1-eve",
];
const SENSORS: [&str; 6] = [
    "acpitz temp1",
    "coretemp Core 0",
    "coretemp Core 1",
    "coretemp Core 2",
    "coretemp Package id 0",
    "nvme Composite",
];
const FANS: [&str; 2] = ["nct6775 fan1", "nct6775 fan2"];

/// How busy the host's CPUs are, percent: 10 to 90.
pub(super) fn busy_percent(host: Host) -> u32 {
    10 + host.0 % 81
}

pub(super) fn readings(host: Host, uptime_ms: u64, spot: bool) -> Readings {
    let some = u64::from(host.0 % 97);
    let busy = f64::from(busy_percent(host));
    Readings {
        cpu: spot.then(|| Cpu { busy_percent: busy + 0.374_812_5, window_ms: 503, spot: true, ..parts(busy) }),
        logical_cpus: Some(CORES),
        // Two decimals, as the kernel writes them.
        load: Some(Load { one: busy / 100.0, five: (busy + 7.0) / 100.0, fifteen: (busy + 3.0) / 100.0 }),
        memory: Some(memory(some)),
        swap: Some(Swap { total_bytes: 2 * GIB, free_bytes: GIB + some * MIB }),
        uptime_seconds: Some(uptime_ms / 1000),
        filesystems: Some(MOUNTS.iter().map(|(at, source, gib)| filesystem(at, source, gib * GIB, some)).collect()),
        temperatures: Some(SENSORS.iter().zip(0_u32..).map(|(sensor, nth)| temperature(sensor, nth, host)).collect()),
        fans: Some(FANS.iter().map(|sensor| Fan { sensor: (*sensor).to_owned(), rpm: 1100 + some * 3 }).collect()),
        processes: Some(processes(host)),
        units: Some(Vec::new()),
        logged_in_users: Some(host.0 % 3),
        file_handles: Some(Usage { used: 2_000 + some * 32, limit: 9_223_372_036_854_775_807 }),
        conntrack: Some(Usage { used: 300 + some, limit: 262_144 }),
        clock_synchronized: Some(true),
        reboot_required: Some(RebootRequired::default()),
        security_updates: Some(host.0 % 5),
        arrays: Some(vec![array()]),
        ..Readings::default()
    }
}

fn parts(busy: f64) -> Cpu {
    Cpu {
        user_percent: Some(busy * 0.730_187_5),
        system_percent: Some(busy * 0.269_812_5),
        iowait_percent: Some(0.497_512_437_810_945_3),
        steal_percent: Some(0.0),
        busiest_core_percent: Some((busy + 4.166_666_666_666_667).min(100.0)),
        ..Cpu::default()
    }
}

fn memory(some: u64) -> Memory {
    Memory {
        total_bytes: 16 * GIB - 731_136,
        available_bytes: 3 * GIB + some * 10 * MIB,
        cached_bytes: Some(2 * GIB + some * 7 * MIB),
        shared_bytes: Some(81 * MIB + some * 4096),
        ..Memory::default()
    }
}

fn filesystem(mount: &str, source: &str, size_bytes: u64, some: u64) -> Filesystem {
    let used_bytes = size_bytes / 128 * (20 + some);
    let reserved = size_bytes / 20;
    Filesystem {
        mount: mount.to_owned(),
        fs_type: "ext4".to_owned(),
        source: Some(source.to_owned()),
        size_bytes,
        used_bytes,
        avail_bytes: (size_bytes - used_bytes).saturating_sub(reserved),
        inodes: Some(size_bytes / 16_384),
        inodes_free: Some(size_bytes / 16_384 / 128 * (128 - some)),
        ..Filesystem::default()
    }
}

fn temperature(sensor: &str, nth: u32, host: Host) -> Temperature {
    let celsius = f64::from(34 + nth + host.0 % 23);
    Temperature { sensor: sensor.to_owned(), celsius, critical_celsius: Some(100.0) }
}

fn processes(host: Host) -> Processes {
    let top = PROCESSES.iter().zip(1_u32..).map(|(name, nth)| TopProcess {
        pid: 417 * nth + host.0 % 1000,
        name: (*name).to_owned(),
        cpu_percent: Some(f64::from(busy_percent(host)) / f64::from(nth + 2)),
        memory_bytes: 900 * MIB / u64::from(nth) + u64::from(host.0) * 4096,
        arguments: None,
    });
    Processes {
        total: 180 + host.0 % 97,
        zombies: 0,
        blocked: host.0 % 2,
        window_ms: Some(300_000),
        top: top.collect(),
    }
}

fn array() -> Array {
    Array {
        name: "md0".to_owned(),
        kind: "md".to_owned(),
        state: "active".to_owned(),
        degraded: false,
        devices: Some(2),
        active_devices: Some(2),
    }
}
