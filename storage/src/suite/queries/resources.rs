//! Questions about what hosts use.

use sample::{Container, CpuCounters, PressureCounters, Processes, TopProcess};

use super::*;

const GIB: u64 = 1 << 30;

fn disk(mount: &str, source: &str, used_gib: u64) -> Filesystem {
    let (used_bytes, avail_bytes) = (used_gib * GIB, (100 - used_gib) * GIB);
    let source = Some(source.to_owned());
    Filesystem { source, size_bytes: 100 * GIB, used_bytes, avail_bytes, ..filesystem(mount, 1) }
}

#[test]
fn what_fills_is_told_with_the_days_that_are_left() {
    let mut fixture = Fixture::new();
    let with = |disks: Vec<Filesystem>| Readings { filesystems: Some(disks), ..Readings::default() };
    let sample = |now: Timestamp, number, days: i64, disks| hours_ago(now, number, 24 * days, with(disks));
    let now = now(&fixture.store);
    let web1 = vec![
        sample(now, 1, 8, vec![disk("/", "sda1", 1)]),
        hours_ago(now, 2, 24 * 7 - 1, Readings::default()),
        sample(now, 3, 6, vec![disk("/", "sda1", 10), disk("/srv", "sdb1", 50), disk("/new", "sdc1", 5)]),
        sample(now, 4, 0, vec![disk("/", "sda1", 40), disk("/srv", "sdb1", 50), disk("/new", "other", 50)]),
    ];
    let young =
        vec![hours_ago(now, 1, 23, with(vec![disk("/", "sda1", 10)])), sample(now, 2, 0, vec![disk("/", "sda1", 90)])];
    let slow = vec![sample(now, 1, 2, vec![disk("/", "sda1", 10)]), sample(now, 2, 0, vec![disk("/", "sda1", 12)])];
    fixture.visited("web1", web1);
    fixture.visited("young", young);
    fixture.visited("slow", slow);
    let query = include_str!("../../../../sql/queries/fastest_growing_filesystems.sql");
    let expected = ["web1 / 40 60 5 12", "slow / 12 88 1 88"].map(|line| format!("{line} {}", shown(now)));
    assert_eq!(answer(&fixture.store, query, []), expected);
}

#[test]
fn the_busiest_hour_is_that_of_the_highest_mean() {
    let mut fixture = Fixture::new();
    let midnight = now(&fixture.store).as_millis() / (24 * HOUR_MS) * 24 * HOUR_MS;
    let window = |number, days_ago: i64, hour: i64, cpu: Option<Cpu>| {
        let taken = Timestamp::from_millis(midnight + (hour - 24 * days_ago) * HOUR_MS);
        received(number, taken, Readings { cpu, ..Readings::default() })
    };
    let over = |minutes: u64, busy_percent| Cpu { busy_percent, window_ms: minutes * 60_000, ..Cpu::default() };
    let busy = |number, days_ago, hour, percent: Option<f64>| {
        window(number, days_ago, hour, percent.map(|percent| Cpu { window_ms: 1, ..over(1, percent) }))
    };
    let web1 = vec![
        busy(1, 9, 7, Some(100.0)),
        busy(2, 3, 7, Some(90.0)),
        busy(3, 2, 7, Some(10.0)),
        busy(4, 3, 15, Some(60.0)),
        busy(5, 2, 15, Some(70.0)),
        busy(6, 1, 15, None),
    ];
    let db1 = vec![busy(1, 1, 4, Some(5.0)), busy(2, 1, 3, Some(5.0))];
    let weighed = vec![
        window(1, 1, 4, Some(over(30, 10.0))),
        window(2, 2, 4, Some(over(10, 90.0))),
        window(3, 3, 4, Some(over(91, 100.0))),
        window(4, 1, 9, Some(Cpu { spot: true, ..over(1, 100.0) })),
        window(5, 1, 12, Some(over(90, 20.0))),
    ];
    fixture.visited("web1", web1);
    fixture.visited("db1", db1);
    fixture.visited("weighed", weighed);
    fixture.visited("silent", vec![busy(1, 1, 4, None)]);
    let query = include_str!("../../../../sql/queries/busiest_hour_of_each_host.sql");
    assert_eq!(answer(&fixture.store, query, []), ["web1 15:00 65 70 2", "weighed 03:00 30 90 2", "db1 03:00 5 5 1"]);
}

#[test]
fn a_host_swaps_that_reads_back_what_it_had_written() {
    let mut fixture = Fixture::new();
    let swapped = |gib_in: u64, gib_out: u64| {
        let pressure = PressureCounters { memory_full_us: Some(gib_in * 36_000_000), ..PressureCounters::default() };
        let (swap_in_bytes, swap_out_bytes) = (Some(gib_in * GIB), Some(gib_out * GIB));
        Counters { swap_in_bytes, swap_out_bytes, pressure: Some(pressure), ..Counters::default() }
    };
    let now = now(&fixture.store);
    let mut web1 = vec![
        counted(now, 1, 10, swapped(0, 0)),
        counted(now, 2, 15, swapped(50, 50)),
        counted(now, 3, 38, swapped(51, 52)),
        counted(now, 4, 39, swapped(55, 52)),
    ];
    web1[3].sample.readings.swap = Some(Swap { total_bytes: 100, free_bytes: 25 });
    let full = vec![counted(now, 1, 30, swapped(1, 1)), counted(now, 2, 31, swapped(1, 9))];
    fixture.visited("web1", web1);
    fixture.visited("full", full);
    fixture.visited("long", vec![counted(now, 1, 1, swapped(0, 0)), counted(now, 2, 26, swapped(9, 9))]);
    fixture.visited("unknown", vec![counted(now, 1, 30, Counters::default())]);
    let query = include_str!("../../../../sql/queries/hosts_that_swap.sql");
    // 5 GiB in and 2 out; 4 GiB in an hour are 1.14 MiB a second, and 144 s of waiting are 4 % of one.
    assert_eq!(answer(&fixture.store, query, []), ["web1 5120 2048 1.14 75 4"]);
}

#[test]
fn steal_is_the_mean_over_the_time_that_was_measured() {
    let mut fixture = Fixture::new();
    let ticks = |steal, idle| Counters {
        cpu: Some(CpuCounters { steal, idle, ..CpuCounters::default() }),
        ..Counters::default()
    };
    // One hour has 360,000 ticks.
    let now = now(&fixture.store);
    let web1 = vec![
        counted(now, 1, 30, ticks(0, 0)),
        counted(now, 2, 31, ticks(72_000, 288_000)),
        counted(now, 3, 34, ticks(72_000, 1_368_000)),
        counted(now, 4, 35, Counters::default()),
    ];
    let own = vec![counted(now, 1, 30, ticks(0, 0)), counted(now, 2, 31, ticks(0, 360_000))];
    let mut spot = counted(now, 1, 30, Counters::default());
    let stolen = Cpu { steal_percent: Some(99.0), window_ms: 500, spot: true, ..Cpu::default() };
    spot.sample.readings.cpu = Some(stolen);
    let long = vec![counted(now, 1, 1, ticks(0, 0)), counted(now, 2, 26, ticks(9_000_000, 0))];
    fixture.visited("spot", vec![spot]);
    fixture.visited("long", long);
    fixture.visited("web1", web1);
    fixture.visited("own", own);
    let query = include_str!("../../../../sql/queries/highest_steal.sql");
    assert_eq!(answer(&fixture.store, query, []), ["web1 - 5 20 2"]);
}

#[test]
fn the_biggest_processes_are_those_of_the_newest_samples() {
    let mut fixture = Fixture::new();
    let process = |pid, mib: u64, cpu_percent| {
        let (name, arguments) = (format!("p{pid}"), None);
        TopProcess { pid, name, cpu_percent, memory_bytes: mib << 20, arguments }
    };
    let with = |top: Vec<TopProcess>, memory: Option<u64>| Readings {
        processes: Some(Processes { top, ..Processes::default() }),
        memory: memory.map(|total_bytes| Memory { total_bytes, ..Memory::default() }),
        ..Readings::default()
    };
    let now = now(&fixture.store);
    let samples = vec![
        hours_ago(now, 1, 1, with(vec![process(1, 900, None)], None)),
        hours_ago(now, 2, 0, with(vec![process(1, 100, Some(150.25)), process(2, 512, None)], Some(GIB))),
    ];
    fixture.visited("web1", samples);
    fixture.visited("db1", vec![hours_ago(now, 1, 0, with(vec![process(3, 300, Some(0.0))], None))]);
    let query = include_str!("../../../../sql/queries/biggest_processes.sql");
    let expected = ["web1 2 p2 512 50 -", "db1 3 p3 300 - 0", "web1 1 p1 100 9.8 150.3"];
    let expected = expected.map(|line| format!("{line} {}", shown(now)));
    assert_eq!(answer(&fixture.store, query, []), expected);
}

#[test]
fn a_container_is_shown_with_its_limits_and_its_own_memory_alone() {
    let mut fixture = Fixture::new();
    let contained = |kind: &str, cpu_limit, memory_limit_bytes, of_container| Readings {
        container: Some(Container { kind: kind.into(), cpu_limit, memory_limit_bytes }),
        memory: Some(Memory { total_bytes: 100, available_bytes: 20, of_container, ..Memory::default() }),
        ..Readings::default()
    };
    let now = now(&fixture.store);
    fixture.visited("a", vec![hours_ago(now, 1, 0, contained("docker", None, None, false))]);
    fixture.visited("b", vec![hours_ago(now, 1, 0, contained("lxc", Some(1.5), Some(GIB / 2), true))]);
    fixture.visited("c", vec![hours_ago(now, 1, 0, every_reading())]);
    let query = include_str!("../../../../sql/queries/containers_and_their_limits.sql");
    let expected = ["b lxc 1.5 0.5 80", "a docker - - -"].map(|line| format!("{line} {}", shown(now)));
    assert_eq!(answer(&fixture.store, query, []), expected);
}
