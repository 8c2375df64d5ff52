//! Rates are made from two samples, in the order of the spool, however often and in whatever portions they come home.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sample::{
    Baseline, Boot, CoreCounters, CpuCounters, DiskCounters, InterfaceCounters, OutcomeKind, PressureCounters, Rates,
};

use super::readings::whole;
use super::*;
use crate::{RenameOutcome, StoreError, readings};

/// What the kernel of a small host has counted after so many seconds of a boot, if it was always equally busy.
fn counted(seconds: u64) -> Counters {
    Counters {
        cpu: Some(CpuCounters {
            user: 20 * seconds,
            system: 5 * seconds,
            idle: 75 * seconds,
            cores: vec![CoreCounters { number: 0, busy: 25 * seconds, idle: 75 * seconds }],
            ..CpuCounters::default()
        }),
        pressure: Some(PressureCounters { io_some_us: Some(30_000 * seconds), ..PressureCounters::default() }),
        swap_in_bytes: Some(4096 * seconds),
        oom_kills: Some(seconds / 100),
        disks: Some(vec![DiskCounters { name: "sda".into(), reads: 3 * seconds, ..DiskCounters::default() }]),
        interfaces: Some(vec![InterfaceCounters {
            name: "eth0".into(),
            sent_bytes: 7 * seconds,
            ..InterfaceCounters::default()
        }]),
        ..Counters::default()
    }
}

/// A sample that was taken so many seconds after its boot, which it may not know.
fn after(number: u8, boot: Option<&str>, seconds: u64) -> ReceivedSample {
    let spot = Cpu { busy_percent: 99.0, window_ms: 500, spot: true, ..Cpu::default() };
    let readings = Readings { cpu: Some(spot), logical_cpus: Some(1), ..Readings::default() };
    let mut received = received(number, at(60 * i64::from(number)), readings);
    received.sample.boot = boot.map(|id| Boot { id: id.to_owned(), elapsed_ms: 1000 * seconds });
    received.sample.counters = counted(seconds);
    received
}

fn bring(fixture: &mut Fixture, host: HostId, samples: Vec<ReceivedSample>) {
    let run = fixture.run();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
}

/// What was kept of a host's samples, in the order they came home.
fn kept(store: &Store, host: HostId) -> Vec<Readings> {
    let read = |db: &rusqlite::Connection| {
        let mut select = db.prepare_cached("SELECT id FROM sample WHERE host_id = ?1 ORDER BY id")?;
        let rows = select.query_map([host], |row| row.get::<_, SampleRowId>(0))?.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(|row| readings::read(db, row)).collect()
    };
    store.read(read).unwrap()
}

fn known_boot(fixture: &mut Fixture, name: &str) -> Option<String> {
    fixture.store.host_records(&[host_name(name)], NOON).unwrap().remove(0).known_boot
}

#[test]
fn a_sample_holds_what_happened_since_the_one_before() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    bring(&mut fixture, host, vec![after(1, Some("a"), 1000)]);
    bring(&mut fixture, host, vec![after(2, Some("a"), 1300)]);
    let [first, second] = &kept(&fixture.store, host)[..] else { panic!("two samples") };
    assert_eq!((first.cpu.unwrap().busy_percent, first.rates.window_ms), (99.0, None));
    assert_eq!(first.rates.disks.as_ref().unwrap()[0].reads_per_second, None);

    let cpu = second.cpu.unwrap();
    assert_eq!((cpu.busy_percent, cpu.user_percent, cpu.spot, cpu.window_ms), (25.0, Some(20.0), false, 300_000));
    let rates = &second.rates;
    assert_eq!(
        (rates.window_ms, rates.swap_in_bytes_per_second, rates.oom_kills),
        (Some(300_000), Some(4096.0), Some(3))
    );
    assert_eq!(rates.pressure.unwrap().io_some_percent, Some(3.0));
    assert_eq!(rates.disks.as_ref().unwrap()[0].reads_per_second, Some(3.0));
    assert_eq!(rates.interfaces.as_ref().unwrap()[0].sent_bytes_per_second, Some(7.0));
}

#[test]
fn the_boot_that_is_known_of_a_host_is_that_of_its_newest_sample_under_any_name() {
    let mut fixture = Fixture::new();
    let (host, other) = (fixture.host("old"), fixture.host("db1"));
    assert_eq!(known_boot(&mut fixture, "old"), None);
    bring(&mut fixture, host, vec![after(1, Some("a"), 1000), after(2, None, 1300)]);
    assert_eq!(known_boot(&mut fixture, "old").as_deref(), Some("a"));
    bring(&mut fixture, host, vec![after(3, Some("b"), 10)]);
    assert_eq!(known_boot(&mut fixture, "old").as_deref(), Some("b"));
    assert_eq!(known_boot(&mut fixture, "db1"), None);

    let names = [(host_name("old"), host_name("new"))];
    assert_eq!(fixture.store.rename_hosts(&names).unwrap(), [RenameOutcome::Renamed]);
    assert_eq!(known_boot(&mut fixture, "new").as_deref(), Some("b"));
    bring(&mut fixture, host, vec![after(4, Some("b"), 20)]);
    bring(&mut fixture, other, vec![after(4, Some("b"), 20)]);
    assert_eq!(kept(&fixture.store, host)[3].rates.window_ms, Some(10_000));
    assert_eq!(kept(&fixture.store, other)[0].rates.window_ms, None, "hosts that were cloned share no counters");
}

#[test]
fn what_an_earlier_visit_left_behind_is_counted_once() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    bring(&mut fixture, host, vec![after(1, Some("a"), 1000), after(2, Some("a"), 1300), after(5, Some("a"), 2200)]);
    let held = vec![after(3, Some("a"), 1600), after(4, Some("a"), 1900)];
    let (known, own) = (after(5, Some("a"), 2200), after(6, Some("a"), 2500));
    bring(&mut fixture, host, [held, vec![known, own]].concat());
    let told: Vec<_> =
        kept(&fixture.store, host).iter().map(|all| (all.rates.window_ms, all.rates.oom_kills)).collect();
    let since = |seconds: u64| (Some(seconds * 1000), Some(seconds / 100));
    assert_eq!(told, [(None, None), since(300), since(900), (None, None), (None, None), since(300)]);
}

#[test]
fn a_machine_restored_with_its_memory_has_rates_again_from_its_second_sample_on() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    for (number, seconds) in [(1, 9000), (2, 1000), (3, 1300)] {
        bring(&mut fixture, host, vec![after(number, Some("a"), seconds)]);
    }
    let windows = kept(&fixture.store, host).into_iter().map(|readings| readings.rates.window_ms);
    assert_eq!(windows.collect::<Vec<_>>(), [None, None, Some(300_000)]);
}

#[test]
fn what_was_not_committed_is_not_compared_with() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let mut spoilt = after(2, Some("a"), 1100);
    spoilt.sample.readings.uptime_seconds = Some(u64::MAX);
    let samples = vec![after(1, Some("a"), 1000), spoilt];
    let refused = fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]);
    assert!(matches!(refused, Err(StoreError::OutOfRange { .. })), "{refused:?}");
    assert_eq!(known_boot(&mut fixture, "web1"), None);
}

#[test]
fn counters_that_cannot_be_read_back_are_none_and_the_next_ones_take_their_place() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    bring(&mut fixture, host, vec![after(1, Some("a"), 1000)]);
    fixture.spoil("UPDATE baseline SET counters = '{\"boot\":7}'");
    bring(&mut fixture, host, vec![after(2, Some("a"), 1100), after(3, Some("a"), 1200)]);
    let windows = kept(&fixture.store, host).into_iter().map(|readings| readings.rates.window_ms);
    assert_eq!(windows.collect::<Vec<_>>(), [None, None, Some(100_000)]);
}

/// As high as the numbers of a sample can be that is not refused.
fn extreme(number: u8, elapsed_ms: u64, counters: u64) -> ReceivedSample {
    const MOST: u64 = i64::MAX.unsigned_abs();
    let mut readings = whole();
    for filesystem in readings.filesystems.iter_mut().flatten() {
        (filesystem.size_bytes, filesystem.used_bytes, filesystem.avail_bytes) = (MOST, MOST, MOST);
        (filesystem.inodes, filesystem.inodes_free) = (Some(MOST), Some(0));
    }
    for check in readings.checks.iter_mut().flatten() {
        check.duration_ms = MOST;
        check.values[0].value = f64::MAX;
    }
    readings.cpu = Some(Cpu { busy_percent: 100.0, window_ms: MOST, spot: true, ..Cpu::default() });
    readings.memory = Some(Memory { total_bytes: 1, available_bytes: MOST, ..Memory::default() });
    readings.swap = Some(Swap { total_bytes: MOST, free_bytes: MOST });
    readings.load = Some(Load { one: f64::MAX, five: f64::MIN_POSITIVE, fifteen: 0.0 });
    readings.uptime_seconds = Some(MOST);
    readings.rates = Rates::default();
    let (steps, ticks) = (Some(counters), CoreCounters { number: u32::MAX, busy: counters, idle: counters });
    let mut received = received(number, NOON, readings);
    received.clock_skew_ms = Some(i64::MIN);
    received.sample.host_time_ms = Timestamp::from_millis(i64::MIN);
    received.sample.boot = Some(Boot { id: String::new(), elapsed_ms });
    received.sample.counters = Counters {
        cpu: Some(CpuCounters { user: counters, idle: counters, cores: vec![ticks; 3], ..CpuCounters::default() }),
        pressure: Some(PressureCounters { io_some_us: steps, ..PressureCounters::default() }),
        swap_in_bytes: steps,
        oom_kills: steps,
        listen_drops: steps,
        disks: Some(vec![DiskCounters {
            name: "sda".into(),
            reads: counters,
            read_ms: counters,
            ..DiskCounters::default()
        }]),
        interfaces: Some(vec![InterfaceCounters {
            name: "eth0".into(),
            sent_bytes: counters,
            ..InterfaceCounters::default()
        }]),
        ..Counters::default()
    };
    received.sample = Sample::decode(&received.sample.encode()).unwrap();
    received
}

/// A commit that failed would keep the samples of all hosts of its group away, again and again.
#[test]
fn what_a_hostile_host_may_send_can_be_committed() {
    let mut fixture = Fixture::new();
    let host = fixture.host("evil");
    let most = i64::MAX.unsigned_abs();
    for (number, elapsed_ms, counters) in
        [(1, 0, 0), (2, 500, most), (3, 1000, u64::MAX), (4, 1500, 0), (5, most - 1000, 1), (6, most, u64::MAX)]
    {
        bring(&mut fixture, host, vec![extreme(number, elapsed_ms, counters)]);
    }
    let kept = kept(&fixture.store, host);
    assert_eq!(kept.len(), 6);
    assert_eq!(kept[1].rates.oom_kills, Some(most));
    assert_eq!(kept[5].rates.oom_kills, None, "more than the database can hold");
}

/// What the samples of a host come to when they come home one after the other, each once.
///
/// Those that come late, without being a visit's own, are compared with nothing.
fn one_after_the_other<'a>(samples: impl Iterator<Item = (&'a ReceivedSample, bool)>) -> Vec<Readings> {
    let mut before: Option<Baseline> = None;
    let expected = samples.map(|(received, is_own)| {
        let is_late = !is_own && before.as_ref().is_some_and(|before| before.is_ahead_of(&received.sample));
        if is_late {
            return received.sample.readings_since(None);
        }
        let readings = received.sample.readings_since(before.as_ref());
        before = received.sample.baseline_after(before.as_ref()).or(before.take());
        readings
    });
    expected.collect()
}

/// The boot that a sample knows, and the seconds since.
type Taken = (Option<u8>, u64);

#[test]
fn samples_that_come_again_or_in_other_portions_change_no_rate() {
    let taken = (option::weighted(0.9, 0..3_u8), 0..2000_u64);
    let visits = vec(vec(0..12_usize, 0..6), 1..6);
    let (fixture, hosts) = (RefCell::new(Fixture::new()), RefCell::new(0));
    let runs_of_visits = |(taken, visits): (Vec<Taken>, Vec<Vec<usize>>)| {
        let fixture = &mut *fixture.borrow_mut();
        *hosts.borrow_mut() += 1;
        let host = fixture.host(&format!("host{}", hosts.borrow()));
        let boot = |boot: Option<u8>| boot.map(|boot| ["a", "b", "c"][usize::from(boot)]);
        let samples: Vec<_> =
            taken.iter().zip(1..).map(|((of, seconds), number)| after(number, boot(*of), *seconds)).collect();
        let mut distinct: Vec<(usize, bool)> = Vec::new();
        for visit in &visits {
            bring(fixture, host, visit.iter().map(|index| samples[*index].clone()).collect());
            for (place, index) in visit.iter().enumerate() {
                if distinct.iter().all(|(known, _)| known != index) {
                    distinct.push((*index, place + 1 == visit.len()));
                }
            }
        }
        let expected = one_after_the_other(distinct.iter().map(|(index, is_own)| (&samples[*index], *is_own)));
        prop_assert_eq!(kept(&fixture.store, host), expected);
        Ok(())
    };
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    runner.run(&(vec(taken, 12), visits), runs_of_visits).unwrap();
}
