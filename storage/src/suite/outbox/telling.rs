//! What a mail tells, what it replaces, and what is settled by it: all of it or nothing.

use rules::{Held, Reach};

use super::*;

fn told(incident: &Incident) -> Vec<(&str, NoticeKind, Timestamp)> {
    incident.told.iter().map(|told| (told.recipient.as_str(), told.kind, told.at)).collect()
}

/// Whether the last that was said got there.
fn reach(incident: &Incident) -> Option<Reach> {
    incident.told.last().map(|told| told.reach)
}

/// A store with one open incident for each metric.
fn with_incidents(metrics: &[Metric]) -> (Fixture, Vec<i64>) {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, metrics, &["a@x"]);
    let incidents = fixture.unsettled().iter().map(|incident| incident.id).collect();
    (fixture, incidents)
}

#[test]
fn a_mail_is_made_with_all_that_belongs_to_it_or_not_at_all() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu, Metric::Load]);
    let first = telling(1, "a@x", &[(incidents[0], NoticeKind::Problem)]);
    fixture.store.create_mails(&[first], &[], NOON).unwrap();
    let good = telling(2, "a@x", &[(incidents[1], NoticeKind::Problem)]);
    let same_id = telling(1, "a@x", &[]);
    let unknown = telling(3, "a@x", &[(99, NoticeKind::Problem)]);
    let before = (states(&fixture.store), fixture.store.mailboxes(NOON).unwrap());
    for (mails, settled) in [
        (vec![good.clone(), same_id], vec![]),
        (vec![good.clone(), unknown], vec![]),
        (vec![good.clone(), mail(4, &[])], vec![]),
        (vec![good], vec![(incidents[1], None), (99, None)]),
    ] {
        let refused = fixture.store.create_mails(&mails, &settled, at(60));
        assert!(refused.is_err());
        assert_eq!((states(&fixture.store), fixture.store.mailboxes(NOON).unwrap()), before, "{refused:?}");
        assert_eq!(fixture.unsettled().len(), 2, "{refused:?}");
    }
}

#[test]
fn what_somebody_settled_meanwhile_is_neither_told_nor_settled_again() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    fixture.store.create_mails(&[], &[(incidents[0], Some(Held::NoRecipient))], NOON).unwrap();
    let mail = telling(1, "a@x", &[(incidents[0], NoticeKind::Problem)]);
    for (mails, settled) in [(vec![mail], vec![]), (vec![], vec![(incidents[0], None)])] {
        let refused = fixture.store.create_mails(&mails, &settled, NOON);
        assert!(matches!(refused, Err(StoreError::AlreadySettled { .. })), "{refused:?}");
    }
    assert_eq!(states(&fixture.store), [""; 0]);
    let untold: String =
        fixture.store.connection.query_row("SELECT untold FROM incident", [], |row| row.get(0)).unwrap();
    assert_eq!(untold, "no_recipient");
}

#[test]
fn a_mail_replaces_what_waits_for_its_recipient_and_nothing_else() {
    let mut fixture = Fixture::new();
    let digest = NewMail { kind: MailKind::Digest, ..mail(3, &["a@x"]) };
    let [waits, other] = [mail(1, &["a@x"]), mail(10, &["b@x"])];
    let early = [waits, other, mail(2, &["a@x"]), digest, mail(4, &["a@x"]), mail(5, &["a@x"]), mail(6, &["a@x"])];
    fixture.store.create_mails(&early, &[], NOON).unwrap();
    let [_, _, is_sent, _, to_retry, to_unknown, is_sending] = due(&fixture.store, NOON)[..] else { panic!("seven") };
    let reply = String::new;
    fixture.store.begin_attempt(is_sending, NOON).unwrap();
    for (delivery, end) in [
        (is_sent, sent(NOON)),
        (to_retry, AttemptEnd::Retry { next: at(60), reply: reply() }),
        (to_unknown, AttemptEnd::Unknown { next: at(60), reply: reply() }),
    ] {
        fixture.store.begin_attempt(delivery, NOON).unwrap();
        fixture.store.end_attempt(delivery, &end).unwrap();
    }
    fixture.store.create_mails(&[telling(7, "a@x", &[])], &[], at(90)).unwrap();
    let expected = [
        "a@x superseded",
        "b@x pending",
        "a@x sent",
        "a@x pending",
        "a@x superseded",
        "a@x unknown",
        "a@x sending",
        "a@x pending",
    ];
    assert_eq!(states(&fixture.store), expected);
    assert!(!fixture.store.begin_attempt(to_retry, at(3600)).unwrap(), "it is never sent");
}

#[test]
fn told_is_what_the_server_took_or_may_have_taken_or_refused_for_good_and_nothing_else() {
    let reply = String::new;
    let next = at(60);
    for (end, as_told) in [
        (sent(at(5)), Some((at(5), Reach::Delivered))),
        (AttemptEnd::Unknown { next, reply: reply() }, Some((at(4), Reach::Maybe))),
        (AttemptEnd::Failed { reply: reply() }, Some((at(4), Reach::Refused))),
        (AttemptEnd::Retry { next, reply: reply() }, None),
        (AttemptEnd::Expired { reply: reply() }, None),
    ] {
        let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
        let mail = telling(1, "a@x", &[(incidents[0], NoticeKind::Problem)]);
        fixture.store.create_mails(&[mail], &[], NOON).unwrap();
        assert_eq!(told(&fixture.unsettled()[0]), [], "it waits");
        fixture.store.begin_attempt(due(&fixture.store, at(4))[0], at(4)).unwrap();
        assert_eq!(told(&fixture.unsettled()[0]), [("a@x", NoticeKind::Problem, at(4))], "it is under way");
        let delivery = fixture.store.deliveries(DeliveryFilter::All, 1).unwrap()[0].id;
        fixture.store.end_attempt(delivery, &end).unwrap();
        let expected: Vec<_> = as_told.map(|(at, _)| ("a@x", NoticeKind::Problem, at)).into_iter().collect();
        assert_eq!(told(&fixture.unsettled()[0]), expected, "{end:?}");
        let shown = fixture.store.incidents(&crate::IncidentFilter::default()).unwrap();
        assert_eq!(told(&shown[0]), expected, "{end:?}");
        assert_eq!(reach(&shown[0]), as_told.map(|(_, reach)| reach), "{end:?}");
    }
}

#[test]
fn what_was_dropped_by_hand_counts_as_told_and_what_was_replaced_does_not() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    let problem = |number| telling(number, "a@x", &[(incidents[0], NoticeKind::Problem)]);
    fixture.store.create_mails(&[problem(1), problem(2)], &[], NOON).unwrap();
    assert_eq!(states(&fixture.store), ["a@x superseded", "a@x pending"]);
    assert_eq!(told(&fixture.unsettled()[0]), []);
    let delivery = due(&fixture.store, NOON)[0];
    assert!(fixture.store.drop_delivery(delivery, at(7)).unwrap());
    assert_eq!(told(&fixture.unsettled()[0]), [("a@x", NoticeKind::Problem, at(7))]);
    assert_eq!(reach(&fixture.unsettled()[0]), Some(Reach::Dropped));
}

#[test]
fn what_was_refused_after_it_may_have_been_taken_may_have_been_told() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    fixture.store.create_mails(&[telling(1, "a@x", &[(incidents[0], NoticeKind::Problem)])], &[], NOON).unwrap();
    fixture.attempt(&AttemptEnd::Unknown { next: at(1), reply: String::new() }, NOON);
    fixture.attempt(&AttemptEnd::Failed { reply: String::new() }, at(2));
    assert_eq!(states(&fixture.store), ["a@x failed"]);
    assert_eq!(reach(&fixture.unsettled()[0]), Some(Reach::Maybe));
}

#[test]
fn an_event_is_in_the_first_mail_that_tells_of_its_incident() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    let host = fixture.host("web1");
    let mail = |number, kind| telling(number, "a@x", &[(incidents[0], kind)]);
    fixture.store.create_mails(&[mail(1, NoticeKind::Problem)], &[], NOON).unwrap();
    fixture.attempt(&sent(NOON), NOON);
    fixture.store.create_mails(&[mail(2, NoticeKind::Reminder)], &[], NOON).unwrap();
    fixture.resolve(host, Metric::Cpu, 60);
    fixture.store.create_mails(&[mail(3, NoticeKind::Over)], &[], NOON).unwrap();
    assert_eq!(mailed(&fixture), ["<1@fleet> fired", "<3@fleet> resolved"]);
}

/// Every event with the mail that tells of it.
fn mailed(fixture: &Fixture) -> Vec<String> {
    let query = "
        SELECT coalesce(message_id, 'nobody') || ' ' || event.kind FROM event LEFT JOIN mail ON mail.id = mail_id
        ORDER BY event.id";
    let mut select = fixture.store.connection.prepare(query).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_event_whose_mail_was_replaced_is_in_the_next_one_that_tells_of_its_incident_or_in_none() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu, Metric::Load]);
    let problem = |incident: usize| (incidents[incident], NoticeKind::Problem);
    let both = telling(1, "a@x", &[problem(0), problem(1)]);
    fixture.store.create_mails(&[both, telling(2, "b@x", &[problem(0)])], &[], NOON).unwrap();
    assert_eq!(mailed(&fixture), ["<1@fleet> fired", "<1@fleet> fired"]);
    fixture.store.create_mails(&[telling(3, "a@x", &[])], &[], at(60)).unwrap();
    assert_eq!(mailed(&fixture), ["<2@fleet> fired", "nobody fired"], "the other one waits still");
    fixture.store.create_mails(&[telling(4, "a@x", &[problem(1)])], &[], at(120)).unwrap();
    let last = [telling(5, "a@x", &[problem(0), problem(1)]), telling(6, "b@x", &[problem(0)])];
    fixture.store.create_mails(&last, &[], at(180)).unwrap();
    assert_eq!(mailed(&fixture), ["<5@fleet> fired", "<5@fleet> fired"]);
}

#[test]
fn nothing_is_left_of_a_mail_that_was_replaced_for_all_of_its_recipients() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    let problem = [(incidents[0], NoticeKind::Problem)];
    let two = NewMail {
        recipients: ["a@x", "b@x"].map(|address| (address.parse().unwrap(), true)).into(),
        ..telling(1, "a@x", &problem)
    };
    fixture.store.create_mails(&[two], &[], NOON).unwrap();
    let left = |fixture: &Fixture| -> (i64, i64) {
        let query = "SELECT (SELECT count(*) FROM notice WHERE mail_id = 1), length(content) FROM mail WHERE id = 1";
        fixture.store.connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let whole = left(&fixture);
    fixture.store.create_mails(&[telling(2, "a@x", &problem)], &[], NOON).unwrap();
    assert_eq!((left(&fixture), whole.0), (whole, 1), "b@x is still to get it");
    fixture.store.create_mails(&[telling(3, "b@x", &problem)], &[], NOON).unwrap();
    assert_eq!(left(&fixture), (0, 0));
    assert_eq!(fixture.store.deliveries(DeliveryFilter::All, 10).unwrap().len(), 4, "people see that it was there");
}

#[test]
fn the_last_word_about_an_incident_is_not_said_again_once_it_was_given_up() {
    for kind in NoticeKind::ALL {
        let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
        fixture.store.create_mails(&[telling(1, "a@x", &[(incidents[0], kind)])], &[], NOON).unwrap();
        fixture.attempt(&AttemptEnd::Expired { reply: String::new() }, at(9));
        let expected = if kind.is_last() { vec![("a@x", kind, at(9))] } else { vec![] };
        assert_eq!(told(&fixture.unsettled()[0]), expected);
        assert_eq!(reach(&fixture.unsettled()[0]), kind.is_last().then_some(Reach::GivenUp));
    }
}

#[test]
fn what_may_have_been_taken_counts_as_told_when_it_is_given_up() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    fixture.store.create_mails(&[telling(1, "a@x", &[(incidents[0], NoticeKind::Problem)])], &[], NOON).unwrap();
    fixture.attempt(&AttemptEnd::Unknown { next: NOON, reply: String::new() }, NOON);
    fixture.attempt(&AttemptEnd::Expired { reply: String::new() }, at(9));
    assert_eq!(told(&fixture.unsettled()[0]), [("a@x", NoticeKind::Problem, at(9))]);
}

#[test]
fn what_was_told_is_in_the_order_of_the_mails_even_if_an_older_one_was_sent_again_later() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu]);
    let says = |number, kind| NewMail {
        recipients: vec![("a@x".parse().unwrap(), false)],
        ..telling(number, "a@x", &[(incidents[0], kind)])
    };
    let mails = [says(1, NoticeKind::Problem), says(2, NoticeKind::Worse)];
    fixture.store.create_mails(&mails, &[], NOON).unwrap();
    let [first, second] = due(&fixture.store, NOON)[..] else { panic!("two") };
    for (delivery, seconds) in [(second, 10), (first, 20)] {
        assert!(fixture.store.begin_attempt(delivery, at(seconds)).unwrap());
        fixture.store.end_attempt(delivery, &sent(at(seconds))).unwrap();
    }
    let expected = [("a@x", NoticeKind::Problem, at(20)), ("a@x", NoticeKind::Worse, at(10))];
    assert_eq!(told(&fixture.unsettled()[0]), expected);
    assert_eq!(told(&fixture.store.incidents(&crate::IncidentFilter::default()).unwrap()[0]), expected);
}

#[test]
fn of_years_of_reminders_only_what_decides_is_read_and_all_of_them_are_on_file() {
    let (mut fixture, incidents) = with_incidents(&[Metric::Cpu, Metric::Load]);
    use NoticeKind::{Over, Problem, Reminder, Worse};
    let kinds = [Problem, Reminder, Reminder, Over, Reminder, Worse];
    for (number, kind) in (0u32..).zip(kinds) {
        for (of, address) in [(0, "a@x"), (1, "b@x")] {
            let mail = telling(2 * number + of, address, &[(incidents[of as usize], kind)]);
            fixture.store.create_mails(&[mail], &[], at(number.into())).unwrap();
            fixture.attempt(&sent(at(number.into())), at(number.into()));
        }
    }
    for (incident, address) in fixture.unsettled().iter().zip(["a@x", "b@x"]) {
        let expected = [(address, Problem, at(0)), (address, Over, at(3)), (address, Worse, at(5))];
        assert_eq!(told(incident), expected);
        let all = fixture.store.told_of(incident.id).unwrap();
        assert_eq!(all.iter().map(|told| told.kind).collect::<Vec<_>>(), kinds);
    }
}
