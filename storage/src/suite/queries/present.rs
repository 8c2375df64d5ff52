//! Questions about the present leave out what was removed long ago.

use super::super::readings::whole;
use super::*;

/// The questions about how things are now. Each shows when the sample was taken that says so.
const PRESENT: [&str; 12] = [
    "biggest_processes.sql",
    "checks_that_are_not_ok.sql",
    "clocks_that_are_wrong.sql",
    "containers_and_their_limits.sql",
    "degraded_arrays.sql",
    "failed_units.sql",
    "fastest_growing_filesystems.sql",
    "filesystems_that_cannot_be_written.sql",
    "fullest_filesystems.sql",
    "hosts_that_need_a_reboot_or_updates.sql",
    "missing_processes_and_units.sql",
    "ports_new_since_yesterday.sql",
];

const ABSENT: [&str; 2] = ["hosts_without_data.sql", "hosts_without_a_good_visit_today.sql"];

/// Two samples of a host that has every fault there is, the newer one so many hours ago.
fn faulty(now: Timestamp, hours: i64) -> Vec<ReceivedSample> {
    let (mut older, mut newer) = (hours_ago(now, 1, hours + 48, whole()), hours_ago(now, 2, hours, whole()));
    older.sample.readings.listeners = Some(vec![]);
    for (received, elapsed_ms, used) in [(&mut older, 1, 10), (&mut newer, 3_600_001, 90)] {
        let readings = &mut received.sample.readings;
        readings.clock_synchronized = Some(false);
        readings.filesystems.as_mut().unwrap().push(filesystem("/srv", used));
        received.sample.boot = Some(Boot { id: "a".into(), elapsed_ms });
    }
    vec![older, newer]
}

#[test]
fn a_host_that_was_removed_is_told_by_no_question() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    let days = |days: i64| now.plus_millis(-days * 24 * HOUR_MS);
    fixture.visited("here", faulty(now, 24 * 4));
    fixture.visited("fresh", faulty(now, 0));
    for (name, samples, visited) in [
        ("gone", faulty(now, 24 * 400), days(400)),
        ("week", faulty(now, 24 * 7 + 1), days(7)),
        ("empty", vec![], days(31)),
        ("down", vec![], days(29)),
    ] {
        let host = fixture.store.host_records(&[host_name(name)], visited).unwrap()[0].id;
        let run = fixture.run();
        let kind = if samples.is_empty() { OutcomeKind::AuthFailed } else { OutcomeKind::Ok };
        fixture.store.record_visits(run, &[Visit { samples, ..ended(host, kind, visited) }]).unwrap();
    }
    for (name, text) in questions() {
        let lines = answer(&fixture.store, &text.replace(":host", "'gone'"), []).join("\n");
        let tells = |host: &str| lines.contains(host);
        assert!(!tells("gone") && !tells("empty"), "{name}: {lines}");
        if PRESENT.contains(&name.as_str()) {
            // A sample from before yesterday has no port that is new since.
            assert!(tells("here") != name.starts_with("ports_new"), "{name}: {lines}");
            assert!(tells("fresh") && !tells("week"), "{name}: {lines}");
            let header = "\n-- Only hosts with a sample of the last ";
            assert!(text.contains(header) && text.contains(" AS taken"), "{name}");
        }
        if ABSENT.contains(&name.as_str()) {
            assert!(tells("down") && tells("week"), "{name}: {lines}");
        }
    }
}
