//! The readings of this machine, against what other programs say of it.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use super::*;

/// What may change between two readings on a machine that is in use.
const ALLOWED_DRIFT_BYTES: u64 = 256 << 20;

fn take(spot: bool) -> Measurement {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::in_folder(folder.path());
    Measurement::take(&Asked { scope: &Scope::default(), spot, notes: &notes, target: "00" })
}

/// Mount point to (size, used, available) in bytes, by coreutils' `df`.
fn df() -> HashMap<String, (u64, u64, u64)> {
    let output = Command::new("df").args(["-P", "-B1"]).output().expect("df runs: apt-get install coreutils");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().skip(1).map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let number = |field: &str| field.parse::<u64>().unwrap();
    lines.map(|field| (field[5].to_owned(), (number(field[1]), number(field[2]), number(field[3])))).collect()
}

/// By the kernel's other list, such as `0-3,6`.
fn cpus_online() -> u32 {
    let list = fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    let ranges = list.trim().split(',').map(|range| range.split_once('-').unwrap_or((range, range)));
    ranges.map(|(first, last)| last.parse::<u32>().unwrap() - first.parse::<u32>().unwrap() + 1).sum()
}

#[test]
fn filesystems_have_the_numbers_of_df() {
    let df = df();
    let filesystems = take(false).readings.filesystems.unwrap();
    assert!(filesystems.iter().any(|fs| fs.mount == "/"), "{filesystems:?}");
    for fs in filesystems {
        let (size, used, avail) = df[&fs.mount];
        assert_eq!(fs.size_bytes, size, "{}", fs.mount);
        assert!(fs.used_bytes.abs_diff(used) < ALLOWED_DRIFT_BYTES, "{fs:?}, df: {used}");
        assert!(fs.avail_bytes.abs_diff(avail) < ALLOWED_DRIFT_BYTES, "{fs:?}, df: {avail}");
        let percent = used as f64 / (used + avail) as f64 * 100.0;
        assert!((fs.used_percent().unwrap() - percent).abs() < 1.0, "{fs:?}, df: {percent} %");
    }
}

#[test]
fn memory_has_the_numbers_of_free() {
    let output = Command::new("free").arg("-b").output().expect("free runs: apt-get install procps");
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |name: &str| {
        let row = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        row.split_ascii_whitespace().map(|word| word.parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    let (readings, mem, swap) = (take(false).readings, row("Mem:"), row("Swap:"));
    let memory = readings.memory.unwrap();
    let [total, _, _, shared, cache, available] = mem[..] else { panic!("{text}") };
    assert!(!memory.of_container, "of a container: {memory:?}");
    assert_eq!(memory.total_bytes, total);
    assert!(memory.available_bytes.abs_diff(available) < 4 * ALLOWED_DRIFT_BYTES, "{memory:?}, free: {text}");
    assert!(memory.shared_bytes.unwrap().abs_diff(shared) < ALLOWED_DRIFT_BYTES, "{memory:?}, free: {text}");
    assert!(memory.cached_bytes.unwrap() < cache + ALLOWED_DRIFT_BYTES, "{memory:?}, free: {text}");
    assert_eq!(readings.swap.map_or(0, |swap| swap.total_bytes), swap[0]);
}

/// Counters only grow: what was read lies between what the kernel said before and after.
#[test]
fn counters_have_the_numbers_of_the_kernel() {
    let number = |path: &str, word: usize| {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        text.replace("total=", "").split_ascii_whitespace().nth(word).unwrap().parse::<u64>().unwrap()
    };
    let found = take(false).counters;
    let (disk, interface) = (&found.disks.as_ref().unwrap()[0].name, &found.interfaces.as_ref().unwrap()[0].name);
    let disk = format!("/sys/class/block/{disk}/stat");
    let traffic = |what: &str| number(&format!("/sys/class/net/{interface}/statistics/{what}"), 0);
    let now = || {
        let stalled = number("/proc/pressure/cpu", 4);
        [
            number(&disk, 0),
            number(&disk, 2) * 512,
            number(&disk, 6) * 512,
            stalled,
            traffic("rx_bytes"),
            traffic("tx_packets"),
        ]
    };
    let before = now();
    let counters = take(false).counters;
    let after = now();
    let (disk, interface) = (&counters.disks.unwrap()[0], &counters.interfaces.unwrap()[0]);
    let stalled = counters.pressure.unwrap().cpu_some_us.unwrap();
    let (received, sent) = (interface.received_bytes, interface.sent_packets);
    let read = [disk.reads, disk.read_bytes, disk.written_bytes, stalled, received, sent];
    for place in 0..read.len() {
        assert!((before[place]..=after[place]).contains(&read[place]), "{place}: {before:?} {read:?} {after:?}");
    }
    assert_eq!(u64::from(interface.index), number(&format!("/sys/class/net/{}/ifindex", interface.name), 0));
    assert!(counters.swap_in_bytes.is_some() && counters.oom_kills.is_some() && counters.listen_drops.is_some());
}

#[test]
fn a_spot_value_has_its_window_beside_it_and_is_left_out_when_not_wanted() {
    let cpu = take(true).readings.cpu.unwrap();
    assert!((0.0..=100.0).contains(&cpu.busy_percent) && (500..10_000).contains(&cpu.window_ms), "{cpu:?}");
    assert_eq!(take(false).readings.cpu, None);
}

#[test]
fn every_reading_of_this_machine_is_one_a_collector_accepts() {
    let measurement = take(true);
    let (first, second) = (
        measurement.sample_for("web1".parse().unwrap(), None).unwrap(),
        measurement.sample_for("web1".parse().unwrap(), None).unwrap(),
    );
    let arrived = Sample::decode(&first.encode()).unwrap();
    assert_eq!((arrived.id, arrived.readings.filesystems), (first.id, first.readings.filesystems.clone()));
    assert_ne!(first.id, second.id);
    assert_eq!(first.readings.logical_cpus, Some(cpus_online()));
    assert!(first.boot.unwrap().elapsed_ms / 1000 >= 1 && first.readings.uptime_seconds.is_some());
    assert!(first.facts.kernel.is_some() && first.facts.hostname.is_some());
}

#[test]
fn whatever_a_host_says_the_sample_is_one_a_collector_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::in_folder(folder.path());
    let asked = Asked { scope: &Scope::default(), spot: false, notes: &notes, target: "00" };
    for host in [
        "small-vm",
        "server-128",
        "container-lxcfs",
        "container-v1",
        "container-v2",
        "zfs",
        "linux-3.10",
        "none",
        "hostile",
    ] {
        let (facts, readings, counters) = linux::Begun::begin(&asked, tree::Tree::of(host)).finish();
        let measurement = Measurement { taken_at: Timestamp::from(now()), boot: None, facts, readings, counters };
        let sample = measurement.sample_for("web1".parse().unwrap(), None).unwrap();
        assert_eq!(Sample::decode(&sample.encode()).unwrap().counters, sample.counters, "{host}");
    }
}
