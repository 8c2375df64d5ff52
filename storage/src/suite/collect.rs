//! Runs, visits, and what of a spool may be acknowledged.

use sample::wire::Acknowledgement;
use sample::{KeyId, OutcomeKind, Readings, Rejection};

use super::*;
use crate::{RunEnd, SpoolProgress, StoreError};

#[test]
fn hosts_are_made_once_and_come_in_the_order_asked_for() {
    let mut fixture = Fixture::new();
    let db1 = fixture.host("db1");
    let records = fixture.store.host_records(&[host_name("web1"), host_name("db1")], NOON).unwrap();
    assert_eq!(records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["web1", "db1"]);
    assert_eq!(records[1].id, db1);
}

#[test]
fn a_group_of_visits_is_recorded_as_a_whole_or_not_at_all() {
    let (mut fixture, mut other) = (Fixture::new(), Fixture::new());
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let stranger = [other.host("a"), other.host("b")][1];
    let mut good = visit_with(host, &[1, 2]);
    good.spools = vec![SpoolProgress { spool: spool(1), through: Some(2), dropped: 0 }];
    good.work_dir = WorkDir::At("/opt/fleet".into());
    let group = [good.clone(), visit(stranger, OutcomeKind::Unreachable)];
    assert!(matches!(fixture.store.record_visits(run, &group), Err(StoreError::Engine { .. })));
    let record = fixture.store.host_records(&[host_name("web1")], NOON).unwrap().remove(0);
    assert_eq!((record.acknowledgements, record.work_dir), (vec![], None));
    assert_eq!(fixture.store.untreated(None, 10).unwrap().rows, []);

    assert_eq!(fixture.store.record_visits(run, &[good]).unwrap(), [2]);
    assert_eq!(fixture.store.untreated(None, 10).unwrap().rows.len(), 3);
}

#[test]
fn a_sample_that_comes_again_is_the_same_sample() {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    let first = fixture.run();
    assert_eq!(fixture.store.record_visits(first, &[visit_with(web1, &[1, 2])]).unwrap(), [2]);
    let second = fixture.run();
    let again = [visit_with(web1, &[1, 2, 3, 3]), visit_with(db1, &[1])];
    assert_eq!(fixture.store.record_visits(second, &again).unwrap(), [1, 1], "ids are per host");
}

#[test]
fn an_acknowledgement_never_goes_back_and_says_only_what_was_committed_here() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let mut acknowledged_after = |through, dropped| {
        let run = fixture.run();
        let spools = vec![SpoolProgress { spool: spool(7), through, dropped }];
        fixture.store.record_visits(run, &[Visit { spools, ..visit(host, OutcomeKind::Ok) }]).unwrap();
        let record = fixture.store.host_records(&[host_name("web1")], NOON).unwrap().remove(0);
        record.acknowledgements.into_iter().map(|known| known.through).collect::<Vec<_>>()
    };
    assert_eq!(acknowledged_after(None, 0), [0; 0], "seen, and nothing committed");
    assert_eq!(acknowledged_after(Some(41), 3), [41]);
    assert_eq!(acknowledged_after(Some(40), 2), [41]);
    assert_eq!(acknowledged_after(None, 3), [41]);
    assert_eq!(Fixture::new().store.host_records(&[host_name("web1")], NOON).unwrap()[0].acknowledgements, []);
}

#[test]
fn a_host_was_visited_when_the_run_began_that_has_its_latest_outcome_other_than_cancelled() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let mut visited_after = |kind, seconds| {
        let run = fixture.store.begin_run(at(seconds), "").unwrap();
        let outcome = outcome(kind, at(seconds + 35));
        fixture.store.record_visits(run, &[Visit { outcome, ..visit(host, kind) }]).unwrap();
        fixture.store.host_records(&[host_name("web1")], NOON).unwrap().remove(0).visited
    };
    assert_eq!(visited_after(OutcomeKind::Cancelled, 0), None);
    assert_eq!(visited_after(OutcomeKind::Ok, 60), Some(at(60)));
    assert_eq!(visited_after(OutcomeKind::Unreachable, 120), Some(at(120)));
    assert_eq!(visited_after(OutcomeKind::Cancelled, 180), Some(at(120)));
}

#[test]
fn the_newest_eight_spools_of_a_host_are_acknowledged() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    for number in 1..=10 {
        let run = fixture.run();
        let spools = vec![SpoolProgress { spool: spool(number), through: Some(1), dropped: 0 }];
        let outcome = outcome(OutcomeKind::Ok, at(i64::from(number)));
        fixture.store.record_visits(run, &[Visit { spools, outcome, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    }
    let record = fixture.store.host_records(&[host_name("web1")], NOON).unwrap().remove(0);
    let expected = (3..=10).rev().map(|number| Acknowledgement { spool: spool(number), through: 1 });
    assert_eq!(record.acknowledgements, expected.collect::<Vec<_>>());
}

#[test]
fn numbers_only_a_hostile_host_would_send_hurt_no_other_host() {
    let mut fixture = Fixture::new();
    let (run, hostile, other) = (fixture.run(), fixture.host("evil"), fixture.host("web1"));
    let mut visits = [visit_with(hostile, &[1]), visit_with(other, &[1])];
    visits[0].spools = vec![SpoolProgress { spool: spool(1), through: Some(u64::MAX), dropped: u64::MAX }];
    visits[0].samples[0].sample.readings.filesystems = Some(vec![filesystem("/", 1), filesystem("/", 99)]);
    visits[0].rejected = vec![(Rejection::Damaged, u32::MAX), (Rejection::Damaged, u32::MAX)];
    assert_eq!(fixture.store.record_visits(run, &visits).unwrap(), [1, 1]);
    let record = fixture.store.host_records(&[host_name("evil")], NOON).unwrap().remove(0);
    assert!(record.acknowledgements[0].through < u64::MAX, "less than was committed, never more");
}

#[test]
fn a_reading_too_large_for_the_database_is_refused_by_name() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let readings = Readings { uptime_seconds: Some(u64::MAX), ..Readings::default() };
    let bad = Visit { samples: vec![received(1, NOON, readings)], ..visit(host, OutcomeKind::Ok) };
    let refused = fixture.store.record_visits(run, &[bad]).unwrap_err();
    assert_eq!(refused.to_string(), "uptime is 18446744073709551615, and at most 9223372036854775807 can be stored");
}

#[test]
fn a_host_has_one_outcome_in_a_run() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    fixture.store.record_visits(run, &[visit(host, OutcomeKind::Ok)]).unwrap();
    let twice = fixture.store.record_visits(run, &[visit(host, OutcomeKind::Unreachable)]);
    assert!(matches!(twice, Err(StoreError::Engine { .. })), "{twice:?}");
}

#[test]
fn only_a_running_run_takes_visits_and_ends() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let killed = fixture.run();
    let run = fixture.run();
    let not_running = |ended: Result<(), StoreError>| assert!(matches!(ended, Err(StoreError::RunNotRunning { .. })));
    not_running(fixture.store.finish_run(killed, NOON, RunEnd::Done));
    fixture.store.finish_run(run, NOON, RunEnd::Cancelled).unwrap();
    not_running(fixture.store.finish_run(run, NOON, RunEnd::Done));
    not_running(fixture.store.record_visits(run, &[visit(host, OutcomeKind::Ok)]).map(|_| ()));
}

#[test]
fn the_place_of_the_probe_is_remembered_until_it_is_the_usual_one() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let mut after = |work_dir| {
        let run = fixture.run();
        fixture.store.record_visits(run, &[Visit { work_dir, ..visit(host, OutcomeKind::Ok) }]).unwrap();
        fixture.store.host_records(&[host_name("web1")], NOON).unwrap().remove(0).work_dir
    };
    assert_eq!(after(WorkDir::Unchanged), None);
    assert_eq!(after(WorkDir::At("/opt/f".into())).as_deref(), Some("/opt/f"));
    assert_eq!(after(WorkDir::Unchanged).as_deref(), Some("/opt/f"));
    assert_eq!(after(WorkDir::Default), None);
}

#[test]
fn a_host_is_settled_under_the_key_of_its_last_answer_that_left_nothing_for_others() {
    let mut fixture = Fixture::new();
    let (web1, _) = (fixture.host("web1"), fixture.host("db1"));
    let (old, new) = (KeyId([1; 32]), KeyId([2; 32]));
    let mut settled_after = |settled| {
        let run = fixture.run();
        fixture.store.record_visits(run, &[Visit { settled, ..visit(web1, OutcomeKind::Ok) }]).unwrap();
        [old, new].map(|key| fixture.store.settled_hosts(key).unwrap().len())
    };
    assert_eq!(settled_after(Settled::Unchanged), [0, 0]);
    assert_eq!(settled_after(Settled::Under(old)), [1, 0]);
    assert_eq!(settled_after(Settled::Unchanged), [1, 0]);
    assert_eq!(settled_after(Settled::Under(new)), [0, 1]);
    assert_eq!(settled_after(Settled::No), [0, 0], "a host that was rolled back has old spools again");
}
