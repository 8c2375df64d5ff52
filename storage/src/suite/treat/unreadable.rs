//! What this version can't read holds nothing up.

use super::*;

#[test]
fn a_row_that_can_not_be_read_is_left_out_and_treated_with_its_slice() {
    let mut fixture = Fixture::new();
    let [web1, db1, bad] = ["web1", "db1", "bad"].map(|name| fixture.host(name));
    let run = fixture.run();
    let visits = [visit_with(web1, &[1]), visit_with(db1, &[2, 3]), visit_with(bad, &[4])];
    fixture.store.record_visits(run, &visits).unwrap();
    fixture.spoil("UPDATE sample SET uptime_seconds = -1 WHERE taken_ms = 1795241857000 + 120000");
    fixture.spoil(
        "UPDATE filesystem SET used_bytes = -1
         WHERE sample_id = (SELECT id FROM sample WHERE taken_ms = 1795241857000 + 180000)",
    );
    fixture.spoil("PRAGMA ignore_check_constraints = ON; UPDATE outcome SET kind = 'melted' WHERE host_id = 1");
    fixture.spoil("UPDATE host SET name = 'b a d' WHERE name = 'bad'");

    let backlog = fixture.store.untreated(None, 100).unwrap();
    assert_eq!(shown(&backlog.rows), ["web1 sample 1", "db1 ok"]);
    assert_eq!(backlog.unreadable.len(), 5);
    assert_eq!(shown(&fixture.store.history(NOON, None, 100).unwrap()), ["web1 sample 1", "db1 ok"]);

    let slice = Slice { unreadable: backlog.unreadable, ..Slice::default() };
    fixture.store.commit_slice(&slice, NOON).unwrap();
    let left = fixture.store.untreated(None, 100).unwrap();
    assert_eq!((shown(&left.rows), left.unreadable.len()), (vec!["web1 sample 1".into(), "db1 ok".into()], 0));
    let twice = fixture.store.commit_slice(&slice, NOON);
    assert!(matches!(twice, Err(StoreError::AlreadyTreated { .. })), "{twice:?}");
}

#[test]
fn rows_of_which_none_can_be_read_are_not_the_end() {
    let mut fixture = with_two_runs();
    fixture.spoil("UPDATE host SET name = 'd b' WHERE name = 'db1'");
    fixture.spoil("UPDATE outcome SET treated_ms = 1 WHERE host_id = (SELECT id FROM host WHERE name = 'web1')");
    let backlog = fixture.store.untreated(None, 2).unwrap();
    assert_eq!((backlog.rows.len(), backlog.unreadable.len(), backlog.is_empty()), (0, 2, false));
    let after = fixture.store.history(NOON, None, 1).unwrap()[0].cursor();
    assert_eq!(shown(&fixture.store.history(NOON, Some(after), 1).unwrap()), ["web1 sample 2"]);
    fixture.store.commit_slice(&Slice { unreadable: backlog.unreadable, ..Slice::default() }, NOON).unwrap();
    assert_eq!(shown(&fixture.store.untreated(None, 2).unwrap().rows), ["web1 sample 2"]);
}

#[test]
fn an_alert_this_version_does_not_know_is_left_out() {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    fixture.fire(web1, &[Metric::Cpu, Metric::Memory, Metric::Load, Metric::Swap], &["a@x"]);
    fixture.fire(db1, &[Metric::Cpu], &["a@x"]);
    fixture.spoil("UPDATE alert SET metric = 'warmth' WHERE metric = 'memory'");
    fixture.spoil("UPDATE alert SET switches = 'perhaps' WHERE metric = 'load'");
    fixture.spoil(
        "UPDATE incident SET recipients = 'no one' WHERE alert_id = (SELECT id FROM alert WHERE metric = 'swap')",
    );
    fixture.spoil("UPDATE host SET name = 'b a d' WHERE name = 'db1'");
    let live = fixture.store.live_alerts().unwrap().into_iter().map(|alert| alert.key.rule.metric);
    assert_eq!(live.collect::<Vec<_>>(), [Metric::Cpu, Metric::Swap]);
    let watched = fixture.store.watches(&[web1]).unwrap().remove(&web1).unwrap();
    assert_eq!(watched.alerts.len(), 2);
    let owed = fixture.unsettled().into_iter().map(|incident| incident.key.rule.metric);
    assert_eq!(owed.collect::<Vec<_>>(), [Metric::Cpu, Metric::Load]);
}
