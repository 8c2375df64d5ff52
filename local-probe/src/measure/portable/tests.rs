//! What sysinfo says of this machine, against what the kernel's own files say.

use std::collections::HashSet;

use sample::{ProcessWish, Scope};

use super::*;
use crate::measure::{linux, tree::Tree};
use crate::notes::Notes;

fn both(scope: &Scope, spot: bool) -> [(Facts, Readings, Counters); 2] {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::in_folder(folder.path());
    let asked = Asked { scope, spot, notes: &notes, target: "00" };
    let linux = linux::Begun::begin(&asked, Tree::live());
    let portable = Begun::begin(&asked);
    [portable.finish(), linux.finish()]
}

#[test]
fn the_same_machine_is_seen_through_sysinfo_as_through_the_kernels_files() {
    const DRIFT: u64 = 512 << 20;
    let [(facts, readings, counters), (linux_facts, linux, linux_counters)] = both(&Scope::default(), true);
    assert_eq!(facts, Facts { virtualization: None, ..linux_facts });
    assert_eq!((readings.logical_cpus, readings.swap.is_some()), (linux.logical_cpus, linux.swap.is_some()));
    let (memory, exact) = (readings.memory.unwrap(), linux.memory.unwrap());
    assert_eq!(memory.total_bytes, exact.total_bytes);
    assert!(memory.available_bytes.abs_diff(exact.available_bytes) < DRIFT, "{memory:?} {exact:?}");
    assert!(readings.uptime_seconds.unwrap().abs_diff(linux.uptime_seconds.unwrap()) < 10);
    assert!((readings.load.unwrap().fifteen - linux.load.unwrap().fifteen).abs() < 1.0);
    let root = |readings: &Readings| {
        let mut all = readings.filesystems.clone().unwrap().into_iter();
        all.find(|fs| fs.mount == "/").unwrap()
    };
    let (fs, exact) = (root(&readings), root(&linux));
    assert_eq!((&fs.fs_type, fs.size_bytes, fs.inodes), (&exact.fs_type, exact.size_bytes, exact.inodes));
    assert!(fs.used_bytes.abs_diff(exact.used_bytes) < DRIFT && fs.avail_bytes.abs_diff(exact.avail_bytes) < DRIFT);
    let (all, exact) = (counters.interfaces.unwrap(), linux_counters.interfaces.unwrap());
    assert!(!exact.is_empty(), "this machine has a network");
    for exact in exact {
        let one = all.iter().find(|one| one.name == exact.name).unwrap();
        assert!(one.received_bytes.abs_diff(exact.received_bytes) < DRIFT, "{one:?} {exact:?}");
        assert!(one.sent_packets.abs_diff(exact.sent_packets) < 100_000, "{one:?} {exact:?}");
        assert_eq!(one.up, exact.up);
    }
    assert!(all.iter().all(|one| one.name != "lo"));
}

#[test]
fn a_spot_value_covers_the_window_and_is_left_out_when_not_wanted() {
    let [(_, readings, _), (_, linux, _)] = both(&Scope::default(), true);
    let (cpu, exact) = (readings.cpu.unwrap(), linux.cpu.unwrap());
    assert!(cpu.spot && (500..10_000).contains(&cpu.window_ms), "{cpu:?}");
    assert!((0.0..=100.0).contains(&cpu.busy_percent) && cpu.busiest_core_percent.unwrap() + 0.1 >= cpu.busy_percent);
    assert!((cpu.busy_percent - exact.busy_percent).abs() <= 50.0, "{cpu:?} {exact:?}");
    let [(_, readings, _), _] = both(&Scope::default(), false);
    assert_eq!(readings.cpu, None);
    assert!(readings.processes.unwrap().top.iter().all(|process| process.cpu_percent.is_none()));
}

#[test]
fn processes_are_counted_and_the_biggest_are_told_once_each() {
    let own = std::fs::read_to_string("/proc/self/comm").unwrap().trim().to_owned();
    let wish = |name: &str| ProcessWish { name: name.to_owned(), min: 1 };
    let scope = Scope { processes: vec![wish("no such process"), wish(&own)], ..Scope::default() };
    let [(_, readings, _), _] = both(&scope, true);
    let processes = readings.processes.unwrap();
    let listed = std::fs::read_dir("/proc").unwrap().flatten();
    let listed = listed.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()));
    let listed = u32::try_from(listed.count()).unwrap();
    assert!(processes.total.abs_diff(listed) < 50, "{} of {listed}: threads are none", processes.total);
    let pids: HashSet<u32> = processes.top.iter().map(|process| process.pid).collect();
    assert!(pids.len() == processes.top.len() && (5..=10).contains(&pids.len()), "{processes:?}");
    assert!(processes.top.iter().all(|process| process.arguments.is_none()), "nobody asked for them");
    let wanted = readings.wanted_processes.unwrap();
    assert_eq!(wanted[0].count, 0);
    assert!(wanted[1].count >= 1, "{wanted:?}");
}

#[test]
fn the_network_inside_a_host_is_left_out_on_other_platforms_too() {
    for name in ["lo0", "bridge100", "epair0", "utun3", "vnet0", "pflog0"] {
        assert!(is_inside(name), "{name}");
    }
    for name in ["em0", "en0", "igb1", "vtnet0", "ix0", "apx0"] {
        assert!(!is_inside(name), "{name}");
    }
}
