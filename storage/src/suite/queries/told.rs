//! Questions about who was told of what.

use rules::{Held, NoticeKind};

use super::super::outbox::{sent, telling};
use super::*;
use crate::AttemptEnd;

const TOLD: &str = include_str!("../../../../sql/queries/who_was_told_what_this_week.sql");
const NOISIEST: &str = include_str!("../../../../sql/queries/noisiest_alerts_of_the_last_month.sql");
const UNTOLD: &str = include_str!("../../../../sql/queries/incidents_nobody_was_told_of.sql");

/// A host on which an alert fired so many hours ago, once for each length in minutes, and told nobody.
fn fired(
    (fixture, now): (&mut Fixture, Timestamp),
    name: &str,
    metric: Metric,
    hours: i64,
    minutes: &[i64],
    address: &[&str],
) -> Vec<i64> {
    let (host, began) = (fixture.new_host(name), now.plus_millis(-hours * HOUR_MS));
    let known = fixture.unsettled().len();
    for minutes in minutes {
        let (over, key) = (began.plus_millis(minutes * 60_000), key(metric, Instance::Host));
        let fired = Event { at: began, since: began, ..event(EventKind::Fired) };
        let over = Event { at: over, since: began, ..event(EventKind::Resolved) };
        let events = [fired, over].map(|event| new_event(key.clone(), event, address));
        fixture.change(host, vec![], events.to_vec());
    }
    fixture.unsettled()[known..].iter().map(|incident| incident.id).collect()
}

/// Makes a mail and tries it once at that time.
fn tell(fixture: &mut Fixture, number: u32, incident: i64, at: Timestamp, end: Option<&AttemptEnd>) {
    let mail = telling(number, "a@x", &[(incident, NoticeKind::Missed)]);
    fixture.store.create_mails(&[mail], &[], at).unwrap();
    if let Some(end) = end {
        fixture.attempt(end, at);
    }
}

#[test]
fn who_was_told_what_is_what_went_out_within_the_week() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    let ids = fired((&mut fixture, now), "web1", Metric::Cpu, 2, &[5, 10], &["a@x"]);
    let [old, lost, recent] = [-24 * 8, -3, -1].map(|hours| now.plus_millis(hours * HOUR_MS));
    tell(&mut fixture, 1, ids[0], old, Some(&sent(old)));
    tell(&mut fixture, 2, ids[0], lost, Some(&AttemptEnd::Expired { reply: String::new() }));
    tell(&mut fixture, 3, ids[0], recent, Some(&sent(recent)));
    tell(&mut fixture, 4, ids[1], now, None);
    let expected = [format!("{} a@x missed warning web1 cpu  {} sent", shown(recent), ids[0])];
    assert_eq!(answer(&fixture.store, TOLD, []), expected);
}

#[test]
fn the_noisiest_alerts_are_those_that_told_most_and_then_fired_most() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    fired((&mut fixture, now), "old", Metric::Cpu, 24 * 31, &[5, 5, 5, 5], &["a@x"]);
    fired((&mut fixture, now), "web1", Metric::Cpu, 5, &[5, 10, 15], &["a@x"]);
    let told = fired((&mut fixture, now), "web2", Metric::Load, 5, &[1], &["a@x"]);
    tell(&mut fixture, 1, told[0], now, Some(&sent(now)));
    let expected = ["web2 load  1 0 60 1", "web1 cpu  3 0 600 0"];
    assert_eq!(answer(&fixture.store, NOISIEST, []), expected);
}

#[test]
fn of_incidents_nobody_was_told_of_the_reason_is_known() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    let ids = fired((&mut fixture, now), "web1", Metric::Cpu, 5, &[1, 1, 1, 1, 1, 1], &["a@x"]);
    let [told, silenced, given_up, refused, waits, held] = ids[..] else { panic!("six") };
    let nobody = fired((&mut fixture, now), "web2", Metric::Cpu, 4, &[1], &[])[0];
    fired((&mut fixture, now), "old", Metric::Cpu, 24 * 31, &[5], &["a@x"]);
    fixture.store.create_mails(&[], &[(silenced, Some(Held::Silenced(1)))], now).unwrap();
    tell(&mut fixture, 1, told, now, Some(&sent(now)));
    tell(&mut fixture, 2, given_up, now, Some(&AttemptEnd::Expired { reply: String::new() }));
    tell(&mut fixture, 3, refused, now, Some(&AttemptEnd::Failed { reply: String::new() }));
    tell(&mut fixture, 4, waits, now, None);
    let (ago, minute) = (|hours: i64| now.plus_millis(-hours * HOUR_MS), 60_000);
    let line = |id, host, hours, why| {
        let ended = ago(hours).plus_millis(minute);
        format!("{id} {} {} {host} cpu  warning {why}", shown(ago(hours)), shown(ended))
    };
    let expected = [
        line(nobody, "web2", 4, "no_recipient"),
        line(held, "web1", 5, "held_back_for_now"),
        line(waits, "web1", 5, "its_mail_waits"),
        line(refused, "web1", 5, "its_mail_was_refused"),
        line(given_up, "web1", 5, "its_mail_was_given_up"),
        line(silenced, "web1", 5, "silenced"),
    ];
    assert_eq!(answer(&fixture.store, UNTOLD, []), expected);
}

/// Years of mail and incidents cost nothing.
#[test]
fn questions_about_incidents_read_those_of_their_time() {
    let fixture = Fixture::new();
    for (query, index) in [
        (TOLD, "mail_of_kind (kind=? AND created_ms>?)"),
        (NOISIEST, "incident_by_time (opened_ms>?)"),
        (UNTOLD, "incident_by_time (opened_ms>?)"),
    ] {
        let plan = answer(&fixture.store, &format!("EXPLAIN QUERY PLAN {query}"), []).join("\n").replace('_', " ");
        assert!(plan.contains(&index.replace('_', " ")), "{query}\n{plan}");
        assert!(!plan.contains("SCAN incident") && !plan.contains("SCAN notice"), "{query}\n{plan}");
    }
}
