//! What stands beside an alert is that of its host, its thing and its time.

use rules::{FreeSpace, Side};
use sample::{Cpu, Fan, OutcomeKind, Processes, TopProcess};

use super::*;
use crate::{RunEnd, Trend};

/// A host with a sample each minute, with as much in use of `/` and of memory as is given.
fn measured(used: &[u64]) -> (Fixture, HostId) {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let sample = |(number, used): (u8, &u64)| {
        let memory = Some(Memory { total_bytes: 100, available_bytes: 100 - used, ..Memory::default() });
        let filesystems = Some(vec![filesystem("/", *used), filesystem("/var", 1)]);
        received(number, at(60 * i64::from(number)), Readings { memory, filesystems, ..Readings::default() })
    };
    let samples = (0..).zip(used).map(sample).collect();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    (fixture, host)
}

#[test]
fn a_trend_has_the_worst_value_of_each_part_and_nothing_where_nothing_was_measured() {
    let (fixture, _) = measured(&[10, 30, 20, 5, 40]);
    let trend = |metric, instance: &str, seconds, parts| {
        let times = (NOON, at(seconds));
        let instance = Instance::from_stored(instance);
        fixture.store.trend(&host_name("web1"), metric, &instance, Side::Above, times, parts).unwrap().parts
    };
    assert_eq!(trend(Metric::Memory, "", 240, 2), [Some(30.0), Some(40.0)]);
    assert_eq!(trend(Metric::Disk, "/", 480, 4), [Some(30.0), Some(20.0), Some(40.0), None]);
    assert_eq!(trend(Metric::Disk, "/var", 120, 1), [Some(1.0)]);
    assert_eq!(trend(Metric::Disk, "/no", 120, 2), [None, None]);
    assert_eq!(trend(Metric::Cpu, "", 240, 2), [None, None], "it was not read");
    for none in
        [trend(Metric::Unreachable, "", 240, 2), trend(Metric::Memory, "", 0, 2), trend(Metric::Memory, "", 9, 0)]
    {
        assert_eq!(none, []);
    }
    assert_eq!(trend(Metric::Memory, "", 240, usize::MAX).len(), 1000);
    let other = fixture.store.trend(&host_name("db1"), Metric::Memory, &Instance::Host, Side::Above, (NOON, at(9)), 2);
    assert_eq!(other.unwrap(), Trend::default());
}

#[test]
fn where_less_is_worse_a_part_has_its_lowest_value_and_the_extremes_are_those_of_all_values() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let sample = |(number, rpm): (u8, u32)| {
        let fans = Some(vec![Fan { sensor: "fan1".into(), rpm: rpm.into() }]);
        received(number, at(60 * i64::from(number)), Readings { fans, ..Readings::default() })
    };
    let samples = (0..).zip([1500, 400, 1400, 1600]).map(sample).collect();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let trend = |side| {
        let (name, instance) = (host_name("web1"), Instance::from_stored("fan1"));
        fixture.store.trend(&name, Metric::Fan, &instance, side, (NOON, at(240)), 2).unwrap()
    };
    let (low, high) = (Some(400.0), Some(1600.0));
    assert_eq!(trend(Side::Below), Trend { parts: vec![Some(400.0), Some(1400.0)], low, high });
    assert_eq!(trend(Side::Above), Trend { parts: vec![Some(1500.0), Some(1600.0)], low, high });
}

#[test]
fn a_trend_of_cpu_use_leaves_out_what_was_measured_on_the_spot() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let sample = |(number, (busy_percent, spot)): (u8, (f64, bool))| {
        let cpu = Cpu { busy_percent, window_ms: 300_000, spot, ..Cpu::default() };
        received(number, at(60 * i64::from(number)), Readings { cpu: Some(cpu), ..Readings::default() })
    };
    let samples = (0..).zip([(20.0, false), (99.0, true), (30.0, false)]).map(sample).collect();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let times = (NOON, at(240));
    let trend = fixture.store.trend(&host_name("web1"), Metric::Cpu, &Instance::Host, Side::Above, times, 1).unwrap();
    assert_eq!(trend, Trend { parts: vec![Some(30.0)], low: Some(20.0), high: Some(30.0) });
}

#[test]
fn every_trend_can_be_asked_for() {
    let (fixture, _) = measured(&[1]);
    for metric in Metric::ALL {
        for instance in ["", "/", "cpu", "memory", "io"] {
            let instance = Instance::from_stored(instance);
            fixture.store.trend(&host_name("web1"), *metric, &instance, Side::Above, (at(-60), at(60)), 3).unwrap();
        }
    }
}

#[test]
fn free_space_is_thinned_out_evenly_and_ends_with_the_newest() {
    let (fixture, host) = measured(&(0..100).collect::<Vec<_>>());
    let minutes = |until, most| {
        let points = fixture.store.free_space(host, "/", (NOON, at(until)), most).unwrap();
        assert!(points.iter().all(|FreeSpace { at, avail_bytes }| {
            i64::try_from(100 - avail_bytes).unwrap() == at.millis_since(NOON) / 60_000
        }));
        points.into_iter().map(|point| point.at.millis_since(NOON) / 60_000).collect::<Vec<_>>()
    };
    assert_eq!(minutes(60 * 99, 4), [24, 49, 74, 99]);
    assert_eq!(minutes(60 * 2, 48), [0, 1, 2]);
    assert_eq!(minutes(60 * 99, 1), [99]);
    assert_eq!((minutes(60 * 99, 0), minutes(-1, 4)), (vec![], vec![]));
    assert_eq!(fixture.store.free_space(host, "/no", (NOON, at(60)), 48).unwrap(), []);
}

#[test]
fn the_biggest_processes_are_those_of_the_newest_sample_that_is_not_younger() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let process = |pid, cpu_percent, memory_bytes| {
        let name = format!("p{pid}");
        TopProcess { pid, name, cpu_percent, memory_bytes, arguments: None }
    };
    let with = |number: u8, top| {
        let processes = Some(Processes { total: 9, zombies: 0, blocked: 0, window_ms: None, top });
        received(number, at(60 * i64::from(number)), Readings { processes, ..Readings::default() })
    };
    let first = vec![process(1, None, 9), process(2, Some(5.0), 1), process(3, Some(90.0), 1), process(4, None, 10)];
    let samples = vec![with(1, first), with(2, vec![process(7, None, 1)])];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let pids = |seconds| {
        let top = fixture.store.top_processes(&host_name("web1"), at(seconds)).unwrap();
        top.into_iter().map(|process| process.pid).collect::<Vec<_>>()
    };
    assert_eq!(pids(119), [3, 2, 4, 1]);
    assert_eq!((pids(120), pids(59)), (vec![7], vec![]));
}

#[test]
fn the_newest_rows_are_the_sample_taken_last_and_the_latest_outcome_that_says_something() {
    let (mut fixture, host) = measured(&[1, 2]);
    assert_eq!(fixture.store.host_id(&host_name("web1")).unwrap(), Some(host));
    assert_eq!(fixture.store.host_id(&host_name("db1")).unwrap(), None);
    for kind in [OutcomeKind::AuthFailed, OutcomeKind::Cancelled] {
        let run = fixture.run();
        fixture.store.record_visits(run, &[visit(host, kind)]).unwrap();
    }
    let rows = fixture.store.newest_rows(host).unwrap();
    let [Untreated::Sample { taken, readings, .. }, Untreated::Outcome { kind, .. }] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!((*taken, *kind), (at(60), OutcomeKind::AuthFailed));
    assert_eq!(readings.filesystems.as_ref().unwrap().len(), 2);
    let fresh = fixture.host("db1");
    assert_eq!(fixture.store.newest_rows(fresh).unwrap(), []);
}

#[test]
fn the_usual_interval_is_the_median_and_a_pause_or_a_clock_set_back_does_not_change_it() {
    let mut fixture = Fixture::new();
    let mut begin = |seconds| {
        let run = fixture.store.begin_run(at(seconds), "c0ffee").unwrap();
        fixture.store.finish_run(run, at(seconds + 10), RunEnd::Done).unwrap();
        fixture.store.usual_interval().unwrap()
    };
    assert_eq!((begin(0), begin(300)), (None, None));
    assert_eq!(begin(600), Some(Duration::from_secs(300)));
    begin(90_000);
    begin(90_300);
    begin(900);
    assert_eq!(begin(1200), Some(Duration::from_secs(300)));
    assert_eq!(fixture.store.last_finished_run().unwrap(), Some(at(1210)));
    fixture.run();
    assert_eq!(fixture.store.last_finished_run().unwrap(), Some(at(1210)), "one that is at work has not ended");
}

/// A run that begins then, over so many hosts.
fn run_over(fixture: &mut Fixture, seconds: i64, hosts: usize) {
    let run = fixture.store.begin_run(at(seconds), "c0ffee").unwrap();
    let hosts: Vec<_> = (0..hosts).map(|host| fixture.host(&format!("web{host}"))).collect();
    let visits: Vec<_> = hosts.into_iter().map(|host| visit(host, OutcomeKind::Ok)).collect();
    fixture.store.record_visits(run, &visits).unwrap();
    fixture.store.finish_run(run, at(seconds + 10), RunEnd::Done).unwrap();
}

#[test]
fn runs_over_a_few_hosts_and_runs_right_after_another_say_nothing_of_the_usual_interval() {
    let mut fixture = Fixture::new();
    for round in 0..6 {
        run_over(&mut fixture, 1200 * round, 4);
        run_over(&mut fixture, 1200 * round + 600, 4);
        for tried_out in 1..3 {
            run_over(&mut fixture, 1200 * round + 600 + 100 * tried_out, 1);
        }
        run_over(&mut fixture, 1200 * round + 620, 4);
        run_over(&mut fixture, 1200 * round + 640, 4);
    }
    let interval = fixture.store.usual_interval().unwrap().unwrap();
    assert!((560..=600).contains(&interval.as_secs()), "{interval:?}");
}

#[test]
fn of_an_interval_that_varies_the_longer_one_is_usual() {
    let mut fixture = Fixture::new();
    // Every five minutes by day, and once an hour for the rest.
    let gaps = [300, 300, 300, 300, 300, 300, 3600, 3600, 3600, 3600, 3600];
    let mut seconds = 0;
    for gap in gaps {
        run_over(&mut fixture, seconds, 1);
        seconds += gap;
    }
    run_over(&mut fixture, seconds, 1);
    assert_eq!(fixture.store.usual_interval().unwrap(), Some(Duration::from_secs(3600)));
}
