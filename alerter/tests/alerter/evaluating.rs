//! What rows become: states, incidents and treated marks.

use alerter::Surroundings;
use rules::{EventKind, Incident};
use storage::IncidentFilter;
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, at, client, disks, memory};
use crate::smtp_server::{CLOSED_PORT, SmtpServer, message_id};

const MEMORY: &str = r#"<alert type="memory" limit="85%"/>"#;

/// A fleet whose mails cannot leave, so that what was made of the rows can be seen.
fn fleet(alerts: &str) -> Fleet {
    Fleet::new(CLOSED_PORT, &client("web1", "ops@example.org", alerts))
}

/// Treats everything, and returns what is known of all incidents, oldest first.
fn treat(fleet: &Fleet, minute: i64) -> Vec<Incident> {
    fleet.alert(minute);
    incidents(fleet)
}

fn incidents(fleet: &Fleet) -> Vec<Incident> {
    let mut incidents = fleet.store().incidents(&IncidentFilter::default()).unwrap();
    incidents.reverse();
    incidents
}

/// When each began and ended, in minutes.
fn times(incidents: &[Incident]) -> Vec<(i64, Option<i64>)> {
    let minute = |time: sample::Timestamp| time.millis_since(at(0)) / 60_000;
    incidents.iter().map(|incident| (minute(incident.opened), incident.ended.map(|end| minute(end.at)))).collect()
}

#[test]
fn rows_without_a_violation_are_treated_too_and_only_once() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(10)), ("unknown-to-config", memory(99))]);
    assert_eq!(fleet.alert(1).rows, 4);
    assert!(fleet.store().untreated(None, 10).unwrap().is_empty());
    assert_eq!((fleet.alert(2).rows, incidents(&fleet)), (0, vec![]));
}

#[test]
fn a_backlog_of_fifty_runs_gives_the_incidents_of_fifty_runs_that_were_seen_in_time() {
    let (late, in_time) = (fleet(MEMORY), fleet(MEMORY));
    for minute in 0..50 {
        let readings = memory(if minute % 25 < 10 { 90 } else { 20 });
        late.measure(minute, &[("web1", readings.clone())]);
        in_time.measure(minute, &[("web1", readings)]);
        in_time.alert(minute);
    }
    late.alert(50);
    let expected = [(0, Some(10)), (25, Some(35))];
    assert_eq!(times(&incidents(&late)), expected);
    assert_eq!(times(&incidents(&in_time)), expected);
}

#[test]
fn a_backlog_comes_to_the_same_mail_in_small_slices_as_in_one() {
    let mails = [3, 5000].map(|slice| {
        let server = SmtpServer::friendly();
        let fleet = Fleet::new(server.port, &client("web1", "ops@example.org", MEMORY));
        for minute in 0..50 {
            fleet.measure(minute, &[("web1", memory(if minute % 25 < 10 { 90 } else { 20 }))]);
        }
        let (now, stop) = (|| at(50), CancellationToken::new());
        let report = fleet.run(&Surroundings { slice, ..Surroundings::new(&now, &stop) }).unwrap();
        assert_eq!((report.rows, report.events, report.mails), (100, 4, 1), "{slice} rows in a slice");
        let (_, content) = server.taken().remove(0);
        // Each installation has ids of its own, and lettre makes a new boundary for each mail.
        let mut text = String::from_utf8(content.clone()).unwrap().replace(&message_id(&content), "");
        text.truncate(text.find("\r\n\r\n").unwrap());
        text.lines().filter(|line| line.starts_with("Subject:") || line.starts_with("To:")).collect::<String>()
    });
    assert_eq!(mails[0], mails[1]);
}

#[test]
fn the_worst_value_is_kept_while_it_fires_and_told_when_it_ends() {
    let fleet = fleet(MEMORY);
    for (minute, percent) in [(0, 90), (1, 97), (2, 91)] {
        fleet.measure(minute, &[("web1", memory(percent))]);
    }
    let open = treat(&fleet, 3);
    assert_eq!(times(&open), [(0, None)]);
    fleet.measure(4, &[("web1", memory(10))]);
    let ended = treat(&fleet, 5);
    assert_eq!((times(&ended), ended[0].worst), (vec![(0, Some(4))], 97.0));
}

#[test]
fn two_rules_over_one_metric_are_two_alerts() {
    let fleet = fleet(r#"<alert type="memory" limit="50"/><alert type="memory" limit="90"/>"#);
    fleet.measure(0, &[("web1", memory(70))]);
    fleet.measure(1, &[("web1", memory(95))]);
    let incidents = treat(&fleet, 2);
    let seen: Vec<_> = incidents.iter().map(|incident| (incident.limit, incident.opened)).collect();
    assert_eq!(seen, [(50.0, at(0)), (90.0, at(1))]);
}

#[test]
fn each_mount_is_an_alert_of_its_own() {
    let fleet = fleet(r#"<alert type="disk" limit="90"/>"#);
    fleet.measure(0, &[("web1", disks(&[("/", 95), ("/srv", 10), ("/var", 99)]))]);
    let incidents = treat(&fleet, 1);
    let mounts: Vec<_> = incidents.iter().map(|incident| incident.key.instance.as_str()).collect();
    assert_eq!(mounts, ["/", "/var"]);
}

#[test]
fn a_rule_that_leaves_the_configuration_ends_its_alert_once() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90))]);
    treat(&fleet, 1);
    let others = client("web1", "new@example.org", r#"<alert type="cpu" limit="90"/>"#);
    fleet.configure(r#"host="127.0.0.1" port="1""#, &others);
    let incidents = treat(&fleet, 2);
    let end = incidents[0].ended.unwrap();
    assert_eq!((end.kind, end.at), (EventKind::Withdrawn, at(2)));
    assert_eq!(treat(&fleet, 3).len(), 1);
}

#[test]
fn a_host_that_is_not_visited_any_more_has_no_open_alerts() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90))]);
    treat(&fleet, 1);
    let disabled = client("web1", "ops@example.org", MEMORY).replace("<client ", r#"<client enabled="no" "#);
    fleet.configure(r#"host="127.0.0.1" port="1""#, &disabled);
    assert_eq!(treat(&fleet, 2)[0].ended.unwrap().kind, EventKind::Withdrawn);
}

#[test]
fn a_host_that_is_to_be_renamed_is_watched_until_the_collector_does_it() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90))]);
    treat(&fleet, 1);
    let renamed = client("web2", "ops@example.org", MEMORY).replace("<client ", r#"<client formerly="web1" "#);
    fleet.configure(r#"host="127.0.0.1" port="1""#, &renamed);
    assert_eq!(treat(&fleet, 2)[0].ended, None);
    fleet.store().rename_hosts(&[("web1".parse().unwrap(), "web2".parse().unwrap())]).unwrap();
    fleet.measure(3, &[("web2", memory(20))]);
    let incidents = treat(&fleet, 4);
    assert_eq!((incidents.len(), incidents[0].ended.unwrap().kind), (1, EventKind::Resolved));
}

#[test]
fn where_both_names_are_on_file_nobody_watches_the_former_one() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90)), ("web2", memory(10))]);
    treat(&fleet, 1);
    let renamed = client("web2", "ops@example.org", MEMORY).replace("<client ", r#"<client formerly="web1" "#);
    fleet.configure(r#"host="127.0.0.1" port="1""#, &renamed);
    assert_eq!(treat(&fleet, 2)[0].ended.unwrap().kind, EventKind::Withdrawn);
}

#[test]
fn who_was_to_be_told_is_to_be_told_that_the_rule_was_switched_off_too() {
    let fleet = fleet(MEMORY);
    fleet.measure(0, &[("web1", memory(90))]);
    treat(&fleet, 1);
    // As one rule among others of its metric, the rows themselves withdraw it.
    let off = client("web1", "new@example.org", r#"<alert type="memory" off="yes"/>"#);
    fleet.configure(r#"host="127.0.0.1" port="1""#, &off);
    fleet.measure(2, &[("web1", memory(90))]);
    let incidents = treat(&fleet, 3);
    assert_eq!(incidents[0].ended.unwrap().kind, EventKind::Withdrawn);
    assert_eq!(incidents[0].telling.recipients, ["ops@example.org".parse().unwrap()]);
}
