//! No mail is lost, and no delivery takes a step it may not take.

use rules::{Mailbox, NoticeKind};

use super::*;
use crate::{AttemptEnd, DeliveryFilter, DeliveryId, MailKind, NewMail, StoreError, Way};

mod accounted;
mod hand;
mod mailbox;
mod order;
mod telling;

/// A mail that tells nothing, to recipients for whom it replaces nothing.
pub(super) fn mail(number: u32, addresses: &[&str]) -> NewMail {
    let message_id = format!("<{number}@fleet>");
    let content = format!("Message-ID: {message_id}\r\n\r\n").into_bytes();
    let recipients = recipients(addresses).into_iter().map(|recipient| (recipient, false)).collect();
    NewMail { kind: MailKind::Alerts, message_id, subject: "s".into(), content, notices: vec![], recipients }
}

/// A mail in the place of all that wait, which tells this.
pub(super) fn telling(number: u32, address: &str, notices: &[(i64, NoticeKind)]) -> NewMail {
    let notices = notices.iter().map(|(incident, kind)| (*incident, *kind, Severity::Warning)).collect();
    let recipients = vec![(address.parse().unwrap(), true)];
    NewMail { notices, recipients, ..mail(number, &[]) }
}

/// A store with one mail to each of these addresses.
fn with_deliveries(addresses: &[&str]) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.store.create_mails(&[mail(1, addresses)], &[], NOON).unwrap();
    fixture
}

pub(super) fn due(store: &Store, at: Timestamp) -> Vec<DeliveryId> {
    store.due_deliveries(Way::Mail, at, 10).unwrap().into_iter().map(|delivery| delivery.id).collect()
}

/// Every delivery, oldest first, as `recipient state`.
pub(super) fn states(store: &Store) -> Vec<String> {
    let all = store.deliveries(DeliveryFilter::All, 100).unwrap();
    all.into_iter().rev().map(|delivery| format!("{} {}", delivery.recipient, delivery.state)).collect()
}

impl Fixture {
    /// Tries the delivery that is due first.
    pub(super) fn attempt(&mut self, end: &AttemptEnd, now: Timestamp) {
        let delivery = due(&self.store, now)[0];
        assert!(self.store.begin_attempt(delivery, now).unwrap());
        self.store.end_attempt(delivery, end).unwrap();
    }
}

pub(super) fn sent(at: Timestamp) -> AttemptEnd {
    AttemptEnd::Sent { at, reply: "250 ok".into() }
}

#[test]
fn a_mail_to_nobody_is_refused_since_its_events_would_be_lost() {
    let mut fixture = Fixture::new();
    let refused = fixture.store.create_mails(&[mail(1, &[])], &[], NOON);
    assert!(matches!(refused, Err(StoreError::NoRecipient { .. })), "{refused:?}");
}

#[test]
fn every_recipient_has_a_delivery_with_the_bytes_of_the_mail() {
    let mut fixture = Fixture::new();
    let (early, late) = (mail(1, &["b@x", "a@x", "b@x"]), mail(2, &["a@x"]));
    fixture.store.create_mails(&[early.clone(), late], &[], NOON).unwrap();
    let due = fixture.store.due_deliveries(Way::Mail, NOON, 10).unwrap();
    let order: Vec<_> =
        due.iter().map(|delivery| (delivery.message_id.as_str(), delivery.recipient.as_str())).collect();
    assert_eq!(order, [("<1@fleet>", "b@x"), ("<1@fleet>", "a@x"), ("<2@fleet>", "a@x")]);
    assert_eq!((&due[0].content, due[0].attempts, due[0].created), (&early.content, 0, NOON));
    assert_eq!(fixture.store.due_deliveries(Way::Mail, NOON, 2).unwrap().len(), 2);
    assert_eq!(fixture.store.due_deliveries(Way::Mail, at(-1), 10).unwrap(), []);
}

#[test]
fn what_was_never_tried_comes_before_what_failed_before() {
    let mut fixture = with_deliveries(&["a@x", "b@x"]);
    fixture.store.create_mails(&[mail(2, &["c@x"])], &[], NOON).unwrap();
    let [first, second, third] = due(&fixture.store, NOON)[..] else { panic!("three deliveries") };
    fixture.store.begin_attempt(first, NOON).unwrap();
    fixture.store.end_attempt(first, &AttemptEnd::Retry { next: NOON, reply: "450 later".into() }).unwrap();
    assert_eq!(due(&fixture.store, NOON), [second, third, first]);
    assert_eq!(fixture.store.due_deliveries(Way::Mail, NOON, 1).unwrap()[0].id, second);
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
        assert_eq!(fixture.store.due_deliveries(Way::Mail, next, 1).unwrap()[0].attempts, 1);
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
