//! Which delivery is due, when others are in its way or the clock was wrong.

use super::*;

const MINUTE: i64 = 60;

fn unknown(seconds: i64) -> AttemptEnd {
    AttemptEnd::Unknown { next: at(seconds), reply: String::new() }
}

#[test]
fn a_younger_mail_waits_for_an_older_one_that_may_have_been_taken_but_not_for_ever() {
    let mut fixture = with_deliveries(&["a@x"]);
    fixture.attempt(&unknown(MINUTE), NOON);
    let digest = NewMail { kind: MailKind::Digest, ..mail(2, &["a@x"]) };
    fixture.store.create_mails(&[digest, mail(3, &["a@x"]), mail(4, &["b@x"])], &[], NOON).unwrap();
    let ids = |fixture: &Fixture, seconds| {
        let due = fixture.store.due_deliveries(Way::Mail, at(seconds), 10).unwrap();
        due.into_iter().map(|delivery| delivery.message_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&fixture, 0), ["<2@fleet>", "<4@fleet>"], "one of another kind says something else");
    assert_eq!(ids(&fixture, MINUTE), ["<2@fleet>", "<4@fleet>", "<1@fleet>"]);
    let all = fixture.store.deliveries(DeliveryFilter::All, 10).unwrap();
    let [_, held, _, first] = &all[..] else { panic!("four") };
    for attempt in 1..5 {
        assert!(!fixture.store.begin_attempt(held.id, at(MINUTE)).unwrap(), "{attempt}");
        assert!(fixture.store.begin_attempt(first.id, at(MINUTE)).unwrap(), "{attempt}");
        fixture.store.end_attempt(first.id, &unknown(MINUTE)).unwrap();
    }
    assert_eq!(ids(&fixture, MINUTE), ["<2@fleet>", "<3@fleet>", "<4@fleet>", "<1@fleet>"]);
    assert!(fixture.store.begin_attempt(held.id, at(MINUTE)).unwrap());
}

#[test]
fn a_younger_mail_is_due_at_once_when_the_older_one_was_taken() {
    let mut fixture = with_deliveries(&["a@x"]);
    fixture.attempt(&unknown(MINUTE), NOON);
    fixture.store.create_mails(&[mail(2, &["a@x"])], &[], NOON).unwrap();
    assert_eq!(due(&fixture.store, NOON), []);
    fixture.attempt(&sent(at(MINUTE)), at(MINUTE));
    assert_eq!(fixture.store.due_deliveries(Way::Mail, at(MINUTE), 9).unwrap()[0].message_id, "<2@fleet>");
}

#[test]
fn what_was_put_off_before_the_clock_was_set_back_is_due() {
    let mut fixture = with_deliveries(&["a@x"]);
    let back = |hours: i64| NOON.plus_millis(-hours * 3_600_000);
    assert_eq!(due(&fixture.store, back(1)), [], "no pause is longer than an hour");
    let delivery = due(&fixture.store, back(24))[0];
    assert!(fixture.store.begin_attempt(delivery, back(24)).unwrap());
    let next = AttemptEnd::Retry { next: back(23), reply: String::new() };
    fixture.store.end_attempt(delivery, &next).unwrap();
    assert_eq!((due(&fixture.store, back(24)), due(&fixture.store, back(23)).len()), (vec![], 1));
}

#[test]
fn it_is_known_after_how_many_attempts_a_delivery_may_have_been_taken() {
    let mut fixture = with_deliveries(&["a@x"]);
    let counted = |fixture: &Fixture| {
        let due = &fixture.store.due_deliveries(Way::Mail, NOON, 1).unwrap()[0];
        (due.attempts, due.maybe_taken)
    };
    let retry = AttemptEnd::Retry { next: NOON, reply: String::new() };
    for (end, expected) in [(&retry, (1, 0)), (&unknown(0), (2, 1)), (&retry, (3, 1)), (&unknown(0), (4, 2))] {
        fixture.attempt(end, NOON);
        assert_eq!(counted(&fixture), expected);
    }
    fixture.store.begin_attempt(due(&fixture.store, NOON)[0], NOON).unwrap();
    fixture.store.interrupted_deliveries().unwrap();
    assert_eq!(counted(&fixture), (5, 3));
}

#[test]
fn a_delivery_this_version_can_not_read_is_in_nobodys_way() {
    let fixture = with_deliveries(&["a@x", "b@x", "c@x"]);
    fixture.spoil("UPDATE delivery SET recipient = 'carrier pigeon' WHERE recipient = 'a@x'");
    let found = fixture.store.due(Way::Mail, NOON, 1, &[]).unwrap();
    assert_eq!((found.deliveries[0].recipient.as_str(), found.unreadable), ("b@x", 1));
    let found = fixture.store.due(Way::Mail, NOON, 1, &recipients(&["b@x"])).unwrap();
    assert_eq!(found.deliveries[0].recipient.as_str(), "c@x", "but for these");
}
