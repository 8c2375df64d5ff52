//! What rows become: states, events and treated marks.

use alerter::Surroundings;
use rules::{AlertState, EventKind, Instance};
use storage::EventRecord;
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, at, client, disks, memory};
use crate::smtp_server::{CLOSED_PORT, SmtpServer, message_id};

const MEMORY: &str = r#"<alert type="memory" limit="85%"/>"#;

/// A fleet whose mails cannot leave, so that what was made of the rows can be seen.
fn fleet(alerts: &str) -> Fleet {
    Fleet::new(CLOSED_PORT, &client("web1", "ops@example.org", alerts))
}

/// Treats everything, without making mails of it.
fn treat(fleet: &Fleet, minute: i64) -> Vec<EventRecord> {
    let (setting, mut store) = (fleet.setting(), fleet.store());
    let hosts = setting.config.hosts.iter();
    let rules = hosts.map(|host| (&host.name, host.rules.iter().map(|rule| &rule.rule).collect())).collect();
    let mut states = alerter::evaluate::States::new(store.alerts().unwrap());
    let rows = store.untreated(5000).unwrap();
    let slice = alerter::evaluate::evaluate(&rules, &mut states, &rows, at(minute));
    store.commit_slice(&slice).unwrap();
    let slice = alerter::evaluate::withdraw_unwatched(&rules, &mut states, at(minute));
    store.commit_slice(&slice).unwrap();
    store.events_without_mail().unwrap()
}

fn kinds(events: &[EventRecord]) -> Vec<EventKind> {
    events.iter().map(|record| record.event.kind).collect()
}

#[test]
fn rows_without_a_violation_are_treated_too_and_only_once() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(10)), ("unknown-to-config", memory(99))]);
    assert_eq!(treat(&fleet, 1), []);
    assert_eq!(fleet.store().untreated(10).unwrap(), []);
    assert_eq!(treat(&fleet, 2), []);
}

#[test]
fn a_backlog_of_fifty_runs_gives_the_events_of_fifty_runs_that_were_seen_in_time() {
    let (late, in_time) = (fleet(MEMORY), fleet(MEMORY));
    for minute in 0..50 {
        let readings = memory(if minute % 10 < 5 { 90 } else { 20 });
        late.measure(minute, &[("web1", readings.clone())]);
        in_time.measure(minute, &[("web1", readings)]);
        treat(&in_time, minute);
    }
    let events = treat(&late, 50);
    let told = |events: Vec<EventRecord>| -> Vec<_> { events.into_iter().map(|record| record.event).collect() };
    assert_eq!(kinds(&events), [EventKind::Fired, EventKind::Resolved].repeat(5));
    assert_eq!(told(events), told(treat(&in_time, 50)));
}

#[test]
fn a_backlog_comes_to_the_same_mail_in_small_slices_as_in_one() {
    let mails = [3, 5000].map(|slice| {
        let server = SmtpServer::friendly();
        let fleet = Fleet::new(server.port, &client("web1", "ops@example.org", MEMORY));
        for minute in 0..50 {
            fleet.measure(minute, &[("web1", memory(if minute % 10 < 5 { 90 } else { 20 }))]);
        }
        let (now, stop) = (|| at(50), CancellationToken::new());
        let report = fleet.run(&Surroundings { slice, ..Surroundings::new(&now, &stop) }).unwrap();
        assert_eq!((report.rows, report.events, report.mails), (100, 10, 1), "{slice} rows in a slice");
        let (_, content) = server.taken().remove(0);
        // Each installation has ids of its own.
        String::from_utf8(content.clone()).unwrap().replace(&message_id(&content), "")
    });
    assert_eq!(mails[0], mails[1]);
    assert!(mails[0].contains("it fired 5 times since"), "{}", mails[0]);
}

#[test]
fn the_worst_value_is_kept_while_it_fires_and_told_when_it_ends() {
    let fleet = fleet(MEMORY);
    for (minute, percent) in [(0, 90), (1, 97), (2, 91)] {
        fleet.measure(minute, &[("web1", memory(percent))]);
    }
    assert_eq!(kinds(&treat(&fleet, 3)), [EventKind::Fired]);
    let [alert] = &fleet.store().alerts().unwrap()[..] else { panic!("one alert") };
    assert_eq!(alert.state, AlertState::Firing { since: at(0), worst: 97.0 });
    fleet.measure(4, &[("web1", memory(10))]);
    assert_eq!(treat(&fleet, 5)[1].event.worst, 97.0);
}

#[test]
fn two_rules_over_one_metric_are_two_alerts() {
    let fleet = fleet(r#"<alert type="memory" limit="50"/><alert type="memory" limit="90"/>"#);
    fleet.measure(0, &[("web1", memory(70))]);
    fleet.measure(1, &[("web1", memory(95))]);
    let events = treat(&fleet, 2);
    let seen: Vec<_> = events.iter().map(|record| (record.limit, record.event.at)).collect();
    assert_eq!(seen, [(50.0, at(0)), (90.0, at(1))]);
}

#[test]
fn each_mount_is_an_alert_of_its_own() {
    let fleet = fleet(r#"<alert type="disk" limit="90"/>"#);
    fleet.measure(0, &[("web1", disks(&[("/", 95), ("/srv", 10), ("/var", 99)]))]);
    let events = treat(&fleet, 1);
    let mounts: Vec<_> = events.iter().map(|record| record.key.instance.clone()).collect();
    assert_eq!(mounts, [Instance::Mount("/".into()), Instance::Mount("/var".into())]);
}

#[test]
fn a_rule_that_leaves_the_configuration_ends_its_alert_and_says_so_to_who_was_told() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90))]);
    treat(&fleet, 1);
    let others = client("web1", "new@example.org", r#"<alert type="cpu" limit="90"/>"#);
    fleet.configure(r#"host="127.0.0.1""#, &others);
    let events = treat(&fleet, 2);
    assert_eq!(kinds(&events), [EventKind::Fired, EventKind::Withdrawn]);
    assert_eq!((events[1].recipients[0].as_str(), events[1].event.at), ("ops@example.org", at(2)));
    assert_eq!(treat(&fleet, 3).len(), 2, "it is said once");
}

#[test]
fn the_recovery_goes_to_who_was_told_and_to_nobody_else() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90))]);
    treat(&fleet, 1);
    fleet.configure(r#"host="127.0.0.1""#, &client("web1", "new@example.org", MEMORY));
    fleet.measure(2, &[("web1", memory(10))]);
    fleet.measure(3, &[("web1", memory(90))]);
    let events = treat(&fleet, 4);
    let told: Vec<_> = events.iter().map(|record| record.recipients[0].as_str()).collect();
    assert_eq!(told, ["ops@example.org", "ops@example.org", "new@example.org"]);
}
