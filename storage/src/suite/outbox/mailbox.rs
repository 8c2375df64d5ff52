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
fn the_last_mail_of_a_kind_is_known() {
    let mut fixture = with_deliveries(&["a@x"]);
    assert_eq!(fixture.store.last_mail(MailKind::Alerts).unwrap(), Some(NOON));
    assert_eq!(fixture.store.last_mail(MailKind::Heartbeat).unwrap(), None);
    for (number, seconds) in [(2, 60), (3, 30)] {
        let heartbeat = NewMail { kind: MailKind::Heartbeat, ..mail(number, &["a@x"]) };
        fixture.store.create_mails(&[heartbeat], &[], at(seconds)).unwrap();
    }
    assert_eq!(fixture.store.last_mail(MailKind::Heartbeat).unwrap(), Some(at(60)));
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
