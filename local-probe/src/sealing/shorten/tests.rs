//! Samples that are too long, and what is left of them.

use sample::{
    Array, Boot, Check, CheckState, CheckValue, CoreCounters, CpuCounters, DiskCounters, Fan, Filesystem,
    InterfaceCounters, Listener, Log, LogLine, Processes, SampleId, StuckMount, SystemdUnit, Temperature, Timestamp,
    TopProcess, WantedProcess, most,
};

use super::*;

const MOST: usize = 256 << 10;

fn empty() -> Sample {
    Sample {
        id: SampleId([1; 16]),
        host: "web1".parse().unwrap(),
        nonce: None,
        host_time_ms: Timestamp::from_millis(0),
        boot: Some(Boot { id: "b".into(), elapsed_ms: 1 }),
        facts: Facts::default(),
        readings: Readings::default(),
        counters: Counters::default(),
    }
}

/// A text of so many bytes, which tells one entry from the others.
fn text(n: usize, length: usize) -> String {
    format!("{n:->length$}")
}

/// What is left, and the bytes, which fit and are a sample that a server takes.
fn shortened(mut sample: Sample, most: usize) -> Sample {
    let bytes = encode(&mut sample, most);
    assert!(bytes.len() <= most, "{} bytes", bytes.len());
    let decoded = Sample::decode(&bytes).unwrap();
    assert_eq!(decoded.encode(), bytes);
    decoded
}

fn list<T>(count: usize, entry: impl Fn(usize) -> T) -> Vec<T> {
    (0..count).map(entry).collect()
}

fn top(n: usize, arguments: usize) -> TopProcess {
    TopProcess { pid: 1, name: "p".into(), arguments: Some(text(n, arguments)), ..TopProcess::default() }
}

fn line(n: usize, length: usize) -> LogLine {
    LogLine { at_ms: None, source: None, message: text(n, length) }
}

fn filesystem(n: usize, length: usize) -> Filesystem {
    Filesystem {
        mount: text(n, length),
        fs_type: "ext4".into(),
        size_bytes: 1000,
        used_bytes: n as u64,
        avail_bytes: 1000 - n as u64,
        ..Filesystem::default()
    }
}

fn check(n: usize, length: usize) -> Check {
    let values = list(4, |n| CheckValue { label: text(n, length), ..CheckValue::default() });
    Check { name: format!("c{n}"), state: CheckState::Critical, output: text(n, length), duration_ms: 1, values }
}

/// As many of everything as a sample may hold, with texts of this length.
fn full(length: usize) -> Sample {
    let name = |n| text(n, length);
    let unit = |n: usize| SystemdUnit {
        name: name(n),
        active_state: "failed".into(),
        wanted: n % 2 == 1,
        ..SystemdUnit::default()
    };
    let readings = Readings {
        filesystems: Some(list(most::FILESYSTEMS, |n| filesystem(n, length))),
        stuck_mounts: Some(list(most::FILESYSTEMS, |n| StuckMount { mount: name(n), ..StuckMount::default() })),
        temperatures: Some(list(most::SENSORS, |n| Temperature { sensor: name(n), ..Temperature::default() })),
        fans: Some(list(most::SENSORS, |n| Fan { sensor: name(n), ..Fan::default() })),
        processes: Some(Processes { top: list(most::TOP_PROCESSES, |n| top(n, length)), ..Processes::default() }),
        wanted_processes: Some(list(64, |n| WantedProcess { name: name(n), ..WantedProcess::default() })),
        units: Some(list(most::WATCHED, unit)),
        arrays: Some(list(most::ARRAYS, |n| Array { name: name(n), ..Array::default() })),
        log: Some(Log { lines: list(most::LOG_LINES, |n| line(n, length)), omitted: 7 }),
        listeners: Some(list(most::LISTENERS, |n| Listener { protocol: "tcp".into(), address: name(n), port: 1 })),
        checks: Some(list(most::WATCHED, |n| check(n, length))),
        ..Readings::default()
    };
    let core = |number| CoreCounters { number, busy: u64::MAX / 4, idle: u64::MAX / 4 };
    let counters = Counters {
        cpu: Some(CpuCounters { cores: (0..8192).map(core).collect(), ..CpuCounters::default() }),
        disks: Some(list(most::DEVICES, |n| DiskCounters { name: name(n), ..DiskCounters::default() })),
        interfaces: Some(list(most::DEVICES, |n| InterfaceCounters { name: name(n), ..InterfaceCounters::default() })),
        ..Counters::default()
    };
    Sample { readings, counters, ..empty() }
}

#[test]
fn a_sample_that_fits_is_left_alone() {
    let whole =
        Sample { readings: Readings { checks: Some(list(9, |n| check(n, 100))), ..Readings::default() }, ..empty() };
    let exactly = whole.encode().len();
    assert_eq!(shortened(whole.clone(), exactly), whole);
    assert_ne!(shortened(whole.clone(), exactly - 1), whole);
}

#[test]
fn with_as_many_of_everything_as_there_may_be_each_kind_is_still_told_of_as_far_as_it_matters() {
    let whole = full(20);
    assert!(whole.encode().len() > 2 * MOST);
    let Sample { readings, counters, .. } = shortened(whole.clone(), MOST);
    let left = [
        readings.processes.unwrap().top.len(),
        readings.log.unwrap().lines.len(),
        readings.listeners.unwrap().len(),
        readings.temperatures.unwrap().len(),
        counters.interfaces.unwrap().len(),
        counters.disks.unwrap().len(),
        readings.units.unwrap().len(),
        readings.checks.unwrap().len(),
        readings.wanted_processes.unwrap().len(),
        readings.stuck_mounts.unwrap().len(),
        readings.filesystems.unwrap().len(),
    ];
    assert_eq!(left, [32, 100, 268, 256, 87, 319, 256, 239, 64, 512, 512]);
    assert!(counters.cpu.unwrap().cores.is_empty(), "of half of them the busiest would be wrong");
}

#[test]
fn with_the_longest_texts_everywhere_the_fullest_filesystems_are_told_of() {
    let Sample { readings, .. } = shortened(full(most::TEXT), MOST);
    let told = readings.filesystems.unwrap();
    assert!(told.len() >= 2 && told[0].used_bytes == 511, "{}", told.len());
    assert!(readings.log.unwrap().omitted <= 107);
}

#[test]
fn a_list_out_of_all_proportion_goes_before_a_modest_one_that_matters_less() {
    let log = Log { lines: list(20, |n| line(n, 100)), omitted: 0 };
    let readings = Readings {
        filesystems: Some(list(512, |n| filesystem(n, 500))),
        log: Some(log.clone()),
        processes: Some(Processes { top: vec![top(1, 2000)], ..Processes::default() }),
        ..Readings::default()
    };
    let told = shortened(Sample { readings: readings.clone(), ..empty() }, MOST).readings;
    assert_eq!((told.log, told.processes), (Some(log), readings.processes));
    let kept: Vec<u64> = told.filesystems.unwrap().iter().map(|fs| fs.used_bytes).collect();
    let fullest: Vec<u64> = (0..512).rev().take(kept.len()).collect();
    assert!(kept == fullest && kept.len() > 60, "{kept:?}");
}

#[test]
fn of_the_log_the_oldest_lines_go_and_are_counted() {
    let log = Log { lines: list(100, |n| line(n, 4000)), omitted: 3 };
    let sample = Sample { readings: Readings { log: Some(log.clone()), ..Readings::default() }, ..empty() };
    let told = shortened(sample, MOST).readings.log.unwrap();
    let gone = log.lines.len() - told.lines.len();
    assert_eq!((told.lines.as_slice(), told.omitted), (&log.lines[gone..], 3 + gone as u64));
    assert!((60..=65).contains(&told.lines.len()), "{}", told.lines.len());
}

#[test]
fn units_that_were_asked_for_stay_longest() {
    let unit = |n: usize| SystemdUnit { name: text(n, 1500), wanted: n % 4 == 1, ..SystemdUnit::default() };
    let sample = Sample { readings: Readings { units: Some(list(256, unit)), ..Readings::default() }, ..empty() };
    let told = shortened(sample, MOST).readings.units.unwrap();
    assert!(told.len() < 256 && told.iter().filter(|unit| unit.wanted).count() == 64, "{}", told.len());
}

#[test]
fn where_nothing_can_be_cut_any_more_the_host_is_still_there() {
    let mut sample = Sample { facts: Facts { os: Some(text(1, 4000)), ..Facts::default() }, ..full(20) };
    assert!(encode(&mut sample, 1000).len() < 1000);
    assert_eq!((sample.facts, sample.readings, sample.boot), (Facts::default(), Readings::default(), empty().boot));
}
