//! Rows are treated once, in order, together with what they led to.

use sample::OutcomeKind;

use super::*;
use crate::{Cursor, StoreError};

mod alerts;
mod unreadable;

/// Each row as `host sample minute` or `host kind`.
fn shown(rows: &[Untreated]) -> Vec<String> {
    let line = |row: &Untreated| match row {
        Untreated::Sample { name, taken, .. } => format!("{name} sample {}", taken.millis_since(NOON) / 60_000),
        Untreated::Outcome { name, kind, .. } => format!("{name} {kind}"),
    };
    rows.iter().map(line).collect()
}

/// Two runs: in the first one host is unreachable and the other brings two samples.
fn with_two_runs() -> Fixture {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    let first = fixture.run();
    fixture.store.record_visits(first, &[visit_with(db1, &[9, 1]), visit(web1, OutcomeKind::Unreachable)]).unwrap();
    let second = fixture.store.begin_run(at(300), "c0ffee").unwrap();
    fixture.store.record_visits(second, &[visit_with(web1, &[2])]).unwrap();
    fixture
}

const ALL: [&str; 6] = ["web1 unreachable", "db1 sample 9", "db1 sample 1", "db1 ok", "web1 sample 2", "web1 ok"];

#[test]
fn untreated_rows_come_by_run_then_host_samples_before_the_outcome() {
    let fixture = with_two_runs();
    assert_eq!(shown(&fixture.store.untreated(None, 100).unwrap().rows), ALL);
    assert_eq!(shown(&fixture.store.untreated(None, 3).unwrap().rows), ALL[..3]);
}

#[test]
fn from_any_row_the_rows_behind_it_follow() {
    let fixture = with_two_runs();
    let rows = fixture.store.untreated(None, 100).unwrap().rows;
    for (index, row) in rows.iter().enumerate() {
        let behind = fixture.store.untreated(Some(row.cursor()), 100).unwrap();
        assert_eq!(shown(&behind.rows), ALL[index + 1..], "behind {}", ALL[index]);
        let behind = fixture.store.history(NOON, Some(row.cursor()), 100).unwrap();
        assert_eq!(shown(&behind), ALL[index + 1..], "behind {}", ALL[index]);
    }
    let cursors: Vec<Cursor> = rows.iter().map(Untreated::cursor).collect();
    assert!(cursors.is_sorted(), "{cursors:?}");
}

#[test]
fn history_is_what_runs_since_then_brought_treated_or_not() {
    let mut fixture = with_two_runs();
    let treated_samples = fixture.untreated_samples();
    fixture.store.commit_slice(&Slice { treated_samples, ..Slice::default() }, NOON).unwrap();
    let history = |since| shown(&fixture.store.history(since, None, 100).unwrap());
    assert_eq!(history(NOON), ALL);
    assert_eq!(history(at(1)), ALL[4..]);
    assert_eq!(history(at(301)), [""; 0]);
    assert_eq!(shown(&fixture.store.history(NOON, None, 2).unwrap()), ALL[..2]);
}

#[test]
fn readings_come_back_as_they_were_and_absent_stays_absent() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let empty_list = Readings { filesystems: Some(vec![]), ..Readings::default() };
    let given = [every_reading(), Readings::default(), empty_list];
    let samples = given.iter().zip(1..).map(|(readings, number)| received(number, NOON, readings.clone())).collect();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let rows = fixture.store.untreated(None, 10).unwrap().rows;
    let found = rows.into_iter().filter_map(|row| match row {
        Untreated::Sample { readings, .. } => Some(*readings),
        Untreated::Outcome { .. } => None,
    });
    assert_eq!(found.collect::<Vec<_>>(), given);
}

/// Lists are read for many samples at once, and every sample has its own.
#[test]
fn each_of_many_samples_has_its_own_lists() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let with = |number: u8| {
        let mounts = (0..number % 3).map(|mount| filesystem(&format!("/{number}/{mount}"), 1));
        let filesystems = (!number.is_multiple_of(4)).then(|| mounts.collect());
        received(number, at(i64::from(number)), Readings { filesystems, ..Readings::default() })
    };
    let samples: Vec<_> = (0..=255).map(with).collect();
    fixture.store.record_visits(run, &[Visit { samples: samples.clone(), ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let rows = fixture.store.untreated(None, 1000).unwrap().rows;
    let found = rows.into_iter().filter_map(|row| match row {
        Untreated::Sample { readings, .. } => Some(readings.filesystems),
        Untreated::Outcome { .. } => None,
    });
    let given: Vec<_> = samples.into_iter().map(|received| received.sample.readings.filesystems).collect();
    assert_eq!(found.collect::<Vec<_>>(), given);
}

/// The texts of a hostile host must not fill the memory: what is left comes with the next slice.
#[test]
fn big_rows_come_in_smaller_slices_and_none_is_lost() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let mounts = (0..30).map(|mount| filesystem(&format!("/{mount}/{}", "x".repeat(4000)), 1)).collect::<Vec<_>>();
    let readings = Readings { filesystems: Some(mounts), ..Readings::default() };
    let samples = (0..=255).map(|number| received(number, at(i64::from(number)), readings.clone())).collect();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let (mut after, mut slices) = (None, Vec::new());
    loop {
        let rows = fixture.store.untreated(after, 5000).unwrap().rows;
        let Some(last) = rows.last() else { break };
        after = Some(last.cursor());
        slices.push(rows.len());
    }
    assert_eq!(slices.iter().sum::<usize>(), 257, "{slices:?}");
    assert!(slices[0] <= 150, "{slices:?}");
}

#[test]
fn how_far_a_clock_was_ahead_is_known_of_the_sample_and_of_no_other() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let fresh = ReceivedSample { clock_skew_ms: Some(-1500), ..received(2, at(60), every_reading()) };
    let samples = vec![received(1, NOON, every_reading()), fresh];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let rows = fixture.store.untreated(None, 10).unwrap().rows;
    let skews = rows.into_iter().filter_map(|row| match row {
        Untreated::Sample { clock_skew_ms, .. } => Some(clock_skew_ms),
        Untreated::Outcome { .. } => None,
    });
    assert_eq!(skews.collect::<Vec<_>>(), [None, Some(-1500)]);
    assert_eq!(fixture.store.status().unwrap()[0].sample.as_ref().unwrap().clock_skew_ms, Some(-1500));
}

#[test]
fn nothing_is_treated_twice() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    fixture.store.record_visits(run, &[visit_with(host, &[1])]).unwrap();
    let sample = fixture.untreated_samples()[0];
    let samples = Slice { treated_samples: vec![sample], ..Slice::default() };
    let outcomes = Slice { treated_outcomes: vec![(run, host)], ..Slice::default() };
    for once in [samples, outcomes] {
        fixture.store.commit_slice(&once, NOON).unwrap();
        let twice = fixture.store.commit_slice(&once, NOON);
        assert!(matches!(twice, Err(StoreError::AlreadyTreated { .. })), "{twice:?}");
    }
    assert!(fixture.store.untreated(None, 10).unwrap().is_empty());
}

#[test]
fn a_slice_happens_as_a_whole_or_not_at_all() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    fixture.store.record_visits(run, &[visit_with(host, &[1, 2])]).unwrap();
    let samples = fixture.untreated_samples();
    fixture.store.commit_slice(&Slice { treated_samples: vec![samples[0]], ..Slice::default() }, NOON).unwrap();

    let key = key(Metric::Cpu, Instance::Host);
    let events = vec![new_event(key.clone(), event(EventKind::Fired), &["ops@example.org"])];
    let hosts = vec![HostChanges { host: Some(host), alerts: vec![(key, firing())], events, familiar: None }];
    let treated_samples = vec![samples[1], samples[0]];
    let refused = fixture.store.commit_slice(&Slice { hosts, treated_samples, ..Slice::default() }, NOON);
    assert!(matches!(refused, Err(StoreError::AlreadyTreated { .. })), "{refused:?}");
    assert_eq!(fixture.store.live_alerts().unwrap(), []);
    assert_eq!(fixture.unsettled(), []);
    assert_eq!(fixture.untreated_samples(), [samples[1]]);
}
