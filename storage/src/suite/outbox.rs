//! No event is lost between its alert and its mail, and no delivery takes a step it may not take.

use super::*;
use crate::{AttemptEnd, DeliveryId, EventId, NewMail, StoreError};

fn mail(number: u32, events: Vec<EventId>, addresses: &[&str]) -> NewMail {
    let message_id = format!("<{number}@fleet>");
    let content = format!("Message-ID: {message_id}\r\n\r\n").into_bytes();
    NewMail { message_id, subject: "s".into(), content, events, recipients: recipients(addresses) }
}

/// A store with one mail to each of these addresses.
fn with_deliveries(addresses: &[&str]) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.store.create_mails(&[mail(1, vec![], addresses)], NOON).unwrap();
    fixture
}

fn due(store: &Store, at: Timestamp) -> Vec<DeliveryId> {
    store.due_deliveries(at, 10).unwrap().into_iter().map(|delivery| delivery.id).collect()
}

#[test]
fn an_event_tells_all_that_a_mail_needs() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    fixture.store.record_visits(run, &[visit_with(host, &[1])]).unwrap();
    let mut change = fired(host, Metric::Cpu, &["a@example.org", "b@example.org"]);
    change.event = Some((event(EventKind::Fired), Some(fixture.untreated_samples()[0])));
    fixture.store.commit_slice(&slice(vec![change.clone()])).unwrap();
    let record = fixture.store.events_without_mail().unwrap().remove(0);
    assert_eq!((record.host, record.key, record.event), (host_name("web1"), change.key, event(EventKind::Fired)));
    assert_eq!((record.limit, record.recipients), (90.0, change.recipients));
    assert_eq!(record.probe_sample_id, Some(SampleId([1; 16])));
}

#[test]
fn an_event_without_recipients_waits_for_no_mail() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu], &[]);
    assert_eq!(fixture.store.events_without_mail().unwrap(), []);
    assert_eq!(fixture.store.alerts().unwrap().len(), 1);
}

#[test]
fn an_event_is_in_one_mail_and_mails_are_made_all_or_none() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu, Metric::Memory], &["ops@example.org"]);
    let events: Vec<EventId> = fixture.store.events_without_mail().unwrap().iter().map(|record| record.id).collect();
    let first = mail(1, events[..1].to_vec(), &["ops@example.org"]);
    let both = mail(2, events.clone(), &["ops@example.org"]);
    let refused = fixture.store.create_mails(&[first.clone(), both], NOON);
    assert!(matches!(refused, Err(StoreError::AlreadyMailed { event }) if event == events[0]), "{refused:?}");
    assert_eq!(fixture.store.events_without_mail().unwrap().len(), 2);
    assert_eq!(fixture.store.undelivered().unwrap(), 0);

    fixture.store.create_mails(&[first], NOON).unwrap();
    assert_eq!(fixture.store.events_without_mail().unwrap().len(), 1);
    assert_eq!(fixture.store.undelivered().unwrap(), 1);
}

#[test]
fn a_mail_to_nobody_is_refused_since_its_events_would_be_lost() {
    let mut fixture = Fixture::new();
    let refused = fixture.store.create_mails(&[mail(1, vec![], &[])], NOON);
    assert!(matches!(refused, Err(StoreError::NoRecipient { .. })), "{refused:?}");
}

#[test]
fn every_recipient_has_a_delivery_with_the_bytes_of_the_mail() {
    let mut fixture = Fixture::new();
    let (early, late) = (mail(1, vec![], &["b@x", "a@x", "b@x"]), mail(2, vec![], &["a@x"]));
    fixture.store.create_mails(&[early.clone(), late], NOON).unwrap();
    let due = fixture.store.due_deliveries(NOON, 10).unwrap();
    let order: Vec<_> =
        due.iter().map(|delivery| (delivery.message_id.as_str(), delivery.recipient.as_str())).collect();
    assert_eq!(order, [("<1@fleet>", "b@x"), ("<1@fleet>", "a@x"), ("<2@fleet>", "a@x")]);
    assert_eq!((&due[0].content, due[0].attempts, due[0].created), (&early.content, 0, NOON));
    assert_eq!(fixture.store.due_deliveries(NOON, 2).unwrap().len(), 2);
    assert_eq!(fixture.store.due_deliveries(at(-1), 10).unwrap(), []);
}

#[test]
fn what_was_never_tried_comes_before_what_failed_before() {
    let mut fixture = with_deliveries(&["a@x", "b@x"]);
    fixture.store.create_mails(&[mail(2, vec![], &["c@x"])], NOON).unwrap();
    let [first, second, third] = due(&fixture.store, NOON)[..] else { panic!("three deliveries") };
    fixture.store.begin_attempt(first, NOON).unwrap();
    fixture.store.end_attempt(first, &AttemptEnd::Retry { next: NOON, reply: "450 later".into() }).unwrap();
    assert_eq!(due(&fixture.store, NOON), [second, third, first]);
    assert_eq!(fixture.store.due_deliveries(NOON, 1).unwrap()[0].id, second);
}

#[test]
fn an_attempt_is_begun_once() {
    let mut fixture = with_deliveries(&["a@x"]);
    let delivery = due(&fixture.store, NOON)[0];
    assert!(!fixture.store.begin_attempt(delivery, at(-1)).unwrap(), "not due yet");
    assert!(fixture.store.begin_attempt(delivery, NOON).unwrap());
    assert!(!fixture.store.begin_attempt(delivery, NOON).unwrap(), "under way already");
    assert_eq!(due(&fixture.store, at(86_400)), []);
    assert_eq!(fixture.store.undelivered().unwrap(), 1);
}

#[test]
fn an_attempt_that_was_not_begun_can_not_end() {
    let mut fixture = with_deliveries(&["a@x"]);
    let delivery = due(&fixture.store, NOON)[0];
    let sent = AttemptEnd::Sent { at: NOON, reply: "250 ok".into() };
    assert!(matches!(fixture.store.end_attempt(delivery, &sent), Err(StoreError::NotSending { .. })));
    fixture.store.begin_attempt(delivery, NOON).unwrap();
    fixture.store.end_attempt(delivery, &sent).unwrap();
    assert!(matches!(fixture.store.end_attempt(delivery, &sent), Err(StoreError::NotSending { .. })));
}

#[test]
fn final_ends_are_final_and_others_are_due_again_at_their_time() {
    let (next, reply) = (at(60), "450 later".to_owned());
    let sent = AttemptEnd::Sent { at: NOON, reply: reply.clone() };
    let (failed, expired) = (AttemptEnd::Failed { reply: reply.clone() }, AttemptEnd::Expired { reply: reply.clone() });
    for end in [sent, failed, expired] {
        let mut fixture = with_deliveries(&["a@x"]);
        let delivery = due(&fixture.store, NOON)[0];
        fixture.store.begin_attempt(delivery, NOON).unwrap();
        fixture.store.end_attempt(delivery, &end).unwrap();
        assert_eq!((due(&fixture.store, at(1_000_000)), fixture.store.undelivered().unwrap()), (vec![], 0), "{end:?}");
        assert!(!fixture.store.begin_attempt(delivery, at(1_000_000)).unwrap(), "{end:?}");
    }
    for end in [AttemptEnd::Retry { next, reply: reply.clone() }, AttemptEnd::Unknown { next, reply }] {
        let mut fixture = with_deliveries(&["a@x"]);
        let delivery = due(&fixture.store, NOON)[0];
        fixture.store.begin_attempt(delivery, NOON).unwrap();
        fixture.store.end_attempt(delivery, &end).unwrap();
        assert_eq!((due(&fixture.store, at(59)), due(&fixture.store, next)), (vec![], vec![delivery]), "{end:?}");
        assert_eq!(fixture.store.due_deliveries(next, 1).unwrap()[0].attempts, 1);
    }
}

#[test]
fn an_attempt_that_broke_off_is_due_again_and_no_other_is_touched() {
    let mut fixture = with_deliveries(&["a@x", "b@x", "c@x"]);
    let deliveries = due(&fixture.store, NOON);
    for delivery in &deliveries[..2] {
        fixture.store.begin_attempt(*delivery, NOON).unwrap();
    }
    fixture.store.end_attempt(deliveries[0], &AttemptEnd::Sent { at: NOON, reply: String::new() }).unwrap();
    assert_eq!(fixture.store.interrupted_deliveries().unwrap(), 1);
    assert_eq!(due(&fixture.store, NOON), [deliveries[2], deliveries[1]]);
    assert_eq!(fixture.store.interrupted_deliveries().unwrap(), 0);
}
