//! What each recipient was sent of late, and what waits.

use super::*;

fn mailbox(fixture: &Fixture, address: &str, now: Timestamp) -> Mailbox {
    fixture.store.mailboxes(now).unwrap().remove(&address.parse().unwrap()).unwrap_or_default()
}

#[test]
fn a_mailbox_has_what_waits_and_may_be_replaced() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu, Metric::Load], &["a@x"]);
    let [cpu, load] = [0, 1].map(|place| fixture.unsettled()[place].id);
    assert_eq!(fixture.store.mailboxes(NOON).unwrap().len(), 0);
    let problem = (cpu, NoticeKind::Problem);
    let first = telling(1, "a@x", &[problem, (load, NoticeKind::Problem)]);
    fixture.store.create_mails(&[first, telling(2, "b@x", &[problem])], &[], NOON).unwrap();
    let waits = |incident| (incident, NoticeKind::Problem, Severity::Warning);
    assert_eq!(mailbox(&fixture, "a@x", NOON).waiting.into_iter().collect::<Vec<_>>(), [waits(cpu), waits(load)]);
    assert_eq!(mailbox(&fixture, "b@x", NOON).waiting.into_iter().collect::<Vec<_>>(), [waits(cpu)]);
    fixture.attempt(&AttemptEnd::Retry { next: at(60), reply: String::new() }, NOON);
    assert_eq!(mailbox(&fixture, "a@x", NOON).waiting.len(), 2);
    fixture.attempt(&AttemptEnd::Unknown { next: at(600), reply: String::new() }, NOON);
    assert_eq!(mailbox(&fixture, "b@x", NOON).waiting.len(), 0, "what may have arrived is not replaced");
}

#[test]
fn the_last_hour_counts_mails_about_incidents_that_were_not_replaced() {
    let mut fixture = Fixture::new();
    let digest = NewMail { kind: MailKind::Digest, ..mail(1, &["a@x"]) };
    fixture.store.create_mails(&[digest, mail(2, &["a@x", "b@x"])], &[], NOON).unwrap();
    let count = |fixture: &Fixture, seconds| mailbox(fixture, "a@x", at(seconds)).of_the_last_hour;
    assert_eq!(count(&fixture, 0), 1);
    fixture.store.create_mails(&[telling(3, "a@x", &[])], &[], at(60)).unwrap();
    assert_eq!(count(&fixture, 60), 1, "one was replaced");
    assert_eq!((count(&fixture, 3659), count(&fixture, 3660)), (1, 0));
    assert_eq!(count(&fixture, -1), 0, "what was made before the clock was set back uses up no hour");
}

#[test]
fn somebody_knows_us_once_a_server_may_have_taken_a_mail() {
    let mut fixture = with_deliveries(&["a@x"]);
    let knows_us = |fixture: &Fixture| mailbox(fixture, "a@x", NOON).knows_us;
    assert!(!knows_us(&fixture) && fixture.store.mailboxes(NOON).unwrap().len() == 1);
    fixture.attempt(&AttemptEnd::Retry { next: NOON, reply: String::new() }, NOON);
    assert!(!knows_us(&fixture));
    fixture.attempt(&sent(NOON), NOON);
    assert!(knows_us(&fixture));
}

#[test]
fn who_got_only_signs_of_life_does_not_know_us() {
    let mut fixture = Fixture::new();
    for (number, kind) in [(1, MailKind::Heartbeat), (2, MailKind::Digest)] {
        fixture.store.create_mails(&[NewMail { kind, ..mail(number, &["a@x"]) }], &[], NOON).unwrap();
        fixture.attempt(&sent(NOON), NOON);
    }
    assert!(!mailbox(&fixture, "a@x", NOON).knows_us);
    fixture.store.create_mails(&[mail(3, &["a@x"])], &[], NOON).unwrap();
    fixture.attempt(&sent(NOON), NOON);
    assert!(mailbox(&fixture, "a@x", NOON).knows_us);
}

#[test]
fn who_heard_of_us_got_a_mail_of_any_kind_or_is_about_to() {
    let mut fixture = Fixture::new();
    let heard = |fixture: &Fixture, from, to| -> Vec<Recipient> {
        fixture.store.heard_of_us(at(from), at(to)).unwrap().into_iter().collect()
    };
    fixture.store.create_mails(&[mail(1, &["a@x"])], &[], NOON).unwrap();
    assert_eq!(heard(&fixture, -60, 0), recipients(&["a@x"]), "it waits");
    assert_eq!(heard(&fixture, 0, 60), [], "it has been waiting for too long");
    fixture.attempt(&sent(at(90)), at(90));
    assert_eq!((heard(&fixture, 89, 90), heard(&fixture, 90, 99)), (recipients(&["a@x"]), vec![]));
    assert_eq!(heard(&fixture, -60, 80), [], "what is of a time to come says nothing");
    for (number, address, kind) in [(2, "b@x", MailKind::Alerts), (3, "c@x", MailKind::Heartbeat)] {
        fixture.store.create_mails(&[NewMail { kind, ..mail(number, &[address]) }], &[], at(100)).unwrap();
        fixture.attempt(&AttemptEnd::Failed { reply: String::new() }, at(100));
    }
    assert_eq!(heard(&fixture, 99, 100), recipients(&["c@x"]), "what was refused told nobody, and is tried no faster");
}

#[test]
fn what_was_lost_lately_is_counted_by_how() {
    let mut fixture = Fixture::new();
    let reply = String::new;
    for (number, end, seconds) in [
        (1, AttemptEnd::Failed { reply: reply() }, 0),
        (2, AttemptEnd::Failed { reply: reply() }, 60),
        (3, AttemptEnd::Expired { reply: reply() }, 60),
        (4, sent(at(60)), 60),
    ] {
        fixture.store.create_mails(&[mail(number, &["a@x"])], &[], NOON).unwrap();
        fixture.attempt(&end, at(seconds));
    }
    let lost = |seconds| {
        let lost = fixture.store.lost_since(at(seconds)).unwrap();
        (lost.refused, lost.given_up)
    };
    assert_eq!((lost(0), lost(60), lost(61)), ((2, 1), (1, 1), (0, 0)));
}

#[test]
fn a_recipient_this_version_does_not_know_is_left_out() {
    let mut fixture = with_deliveries(&["a@x", "b@x"]);
    fixture.spoil("UPDATE delivery SET recipient = 'carrier pigeon' WHERE recipient = 'a@x'");
    let known: Vec<_> = fixture.store.mailboxes(NOON).unwrap().into_keys().collect();
    assert_eq!(known, recipients(&["b@x"]));
    assert_eq!(fixture.store.deliveries(DeliveryFilter::All, 10).unwrap().len(), 1);
    fixture.store.create_mails(&[mail(2, &["b@x"])], &[], NOON).unwrap();
}
