//! Rows are treated once, in order, together with what they led to.

use sample::OutcomeKind;

use super::*;
use crate::StoreError;

#[test]
fn untreated_rows_come_by_run_then_host_samples_before_the_outcome() {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    let first = fixture.run();
    fixture.store.record_visits(first, &[visit_with(db1, &[9, 1]), visit(web1, OutcomeKind::Unreachable)]).unwrap();
    let second = fixture.run();
    fixture.store.record_visits(second, &[visit_with(web1, &[2])]).unwrap();
    let shown = |limit| {
        let rows = fixture.store.untreated(limit).unwrap().into_iter();
        let line = |row| match row {
            Untreated::Sample { name, taken, .. } => format!("{name} sample {}", taken.millis_since(NOON) / 60_000),
            Untreated::Outcome { name, kind, .. } => format!("{name} {kind}"),
        };
        rows.map(line).collect::<Vec<_>>()
    };
    let all = ["web1 unreachable", "db1 sample 9", "db1 sample 1", "db1 ok", "web1 sample 2", "web1 ok"];
    assert_eq!(shown(100), all);
    assert_eq!(shown(3), all[..3]);
}

#[test]
fn readings_come_back_as_they_were_and_absent_stays_absent() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let empty_list = Readings { filesystems: Some(vec![]), ..Readings::default() };
    let given = [every_reading(), Readings::default(), empty_list];
    let samples = given.iter().zip(1..).map(|(readings, number)| received(number, NOON, readings.clone())).collect();
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let rows = fixture.store.untreated(10).unwrap();
    let found = rows.into_iter().filter_map(|row| match row {
        Untreated::Sample { readings, .. } => Some(*readings),
        Untreated::Outcome { .. } => None,
    });
    assert_eq!(found.collect::<Vec<_>>(), given);
}

#[test]
fn how_far_a_clock_was_ahead_is_known_of_the_sample_and_of_no_other() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let fresh = ReceivedSample { clock_skew_ms: Some(-1500), ..received(2, at(60), every_reading()) };
    let samples = vec![received(1, NOON, every_reading()), fresh];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let rows = fixture.store.untreated(10).unwrap();
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
    let samples = Slice { treated_samples: vec![sample], ..slice(vec![]) };
    let outcomes = Slice { treated_outcomes: vec![(run, host)], ..slice(vec![]) };
    for once in [samples, outcomes] {
        fixture.store.commit_slice(&once).unwrap();
        let twice = fixture.store.commit_slice(&once);
        assert!(matches!(twice, Err(StoreError::AlreadyTreated { .. })), "{twice:?}");
    }
    assert_eq!(fixture.store.untreated(10).unwrap(), []);
}

#[test]
fn a_slice_happens_as_a_whole_or_not_at_all() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    fixture.store.record_visits(run, &[visit_with(host, &[1, 2])]).unwrap();
    let samples = fixture.untreated_samples();
    fixture.store.commit_slice(&Slice { treated_samples: vec![samples[0]], ..slice(vec![]) }).unwrap();

    let change = fired(host, Metric::Cpu, &["ops@example.org"]);
    let treated_samples = vec![samples[1], samples[0]];
    let refused = fixture.store.commit_slice(&Slice { treated_samples, ..slice(vec![change]) });
    assert!(matches!(refused, Err(StoreError::AlreadyTreated { .. })), "{refused:?}");
    assert_eq!(fixture.store.alerts().unwrap(), []);
    assert_eq!(fixture.store.events_without_mail().unwrap(), []);
    assert_eq!(fixture.untreated_samples(), [samples[1]]);
}

#[test]
fn an_alert_is_one_row_through_all_its_changes() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let first = fired(host, Metric::Disk, &["a@example.org", "b@example.org"]);
    let key = AlertKey {
        rule: RuleKey { metric: Metric::Disk, selector: Selector::Mount("/srv/a=b".into()), ordinal: 2 },
        instance: Instance::Mount("/srv/a=b".into()),
    };
    let first = AlertChange { key: key.clone(), ..first };
    let worse = AlertState::Firing { since: NOON, worst: 99.0 };
    let worse = AlertChange { state: worse, limit: 80.0, event: None, ..first.clone() };
    fixture.store.commit_slice(&slice(vec![first.clone(), worse.clone()])).unwrap();
    let alert = fixture.store.alerts().unwrap().remove(0);
    assert_eq!((alert.key, alert.state, alert.limit, alert.recipients), (key, worse.state, 80.0, worse.recipients));

    let over = AlertState::Resolved { at: at(60) };
    let over = AlertChange { state: over, event: Some((event(EventKind::Resolved), None)), ..first };
    fixture.store.commit_slice(&slice(vec![over])).unwrap();
    let alerts = fixture.store.alerts().unwrap();
    assert_eq!((alerts.len(), alerts[0].id, alerts[0].state), (1, alert.id, AlertState::Resolved { at: at(60) }));
    let kinds = fixture.store.events_without_mail().unwrap().into_iter().map(|record| record.event.kind);
    assert_eq!(kinds.collect::<Vec<_>>(), [EventKind::Fired, EventKind::Resolved]);
}

#[test]
fn an_alert_that_never_fired_has_no_row() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let inactive = AlertChange { state: AlertState::Inactive, ..fired(host, Metric::Cpu, &[]) };
    assert!(matches!(fixture.store.commit_slice(&slice(vec![inactive])), Err(StoreError::NeverFired)));
}

#[test]
fn an_alert_this_version_does_not_know_is_left_out() {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    fixture.fire(web1, &[Metric::Cpu, Metric::Memory, Metric::Load], &[]);
    fixture.fire(db1, &[Metric::Cpu], &[]);
    fixture.spoil("UPDATE alert SET metric = 'temperature' WHERE metric = 'memory'");
    fixture.spoil("UPDATE alert SET selector = 'sensor=1' WHERE metric = 'load'");
    fixture.spoil("UPDATE host SET name = 'b a d' WHERE name = 'db1'");
    let known = fixture.store.alerts().unwrap().into_iter().map(|alert| (alert.host, alert.key.rule.metric));
    assert_eq!(known.collect::<Vec<_>>(), [(web1, Metric::Cpu)]);
}
