//! A summary tells what happened in its time, and nothing else.

use sample::OutcomeKind;

use super::outbox::{due, mail, sent};
use super::*;
use crate::{AttemptEnd, Digest, LostMail, RunEnd};

fn day(fixture: &Fixture) -> Digest {
    fixture.store.digest(at(-1), at(86_400)).unwrap()
}

#[test]
fn of_an_empty_time_there_is_nothing_to_tell() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu], &[]);
    let later = fixture.store.digest(NOON, at(86_400)).unwrap();
    assert_eq!(later, Digest { open: [0, 1, 0], ..Digest::default() });
}

#[test]
fn incidents_are_counted_by_what_became_of_them_and_how_bad_they_are() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu, Metric::Load], &[]);
    let severity = Severity::Critical;
    let critical = new_event(key(Metric::Swap, Instance::Host), Event { severity, ..event(EventKind::Fired) }, &[]);
    fixture.change(host, vec![], vec![critical]);
    fixture.resolve(host, Metric::Cpu, 60);
    let found = day(&fixture);
    assert_eq!((found.opened, found.ended, found.open), ([0, 2, 1], [0, 1, 0], [0, 1, 1]));
    let before = fixture.store.digest(at(-100), at(-1)).unwrap();
    assert_eq!((before.opened, before.ended, before.open), ([0; 3], [0; 3], [0, 1, 1]));
    assert_eq!(fixture.store.digest(at(59), at(60)).unwrap().ended, [0, 1, 0]);
    assert_eq!(fixture.store.digest(at(60), at(61)).unwrap().ended, [0; 3]);
}

#[test]
fn mails_that_were_lost_are_named_and_those_that_went_out_are_counted() {
    let mut fixture = Fixture::new();
    fixture.store.create_mails(&[mail(1, &["a@x", "b@x", "c@x", "d@x"])], &[], NOON).unwrap();
    let [first, second, third, _] = due(&fixture.store, NOON)[..] else { panic!("four") };
    let reply = |text: &str| text.to_owned();
    for (delivery, seconds, end) in [
        (first, 10, sent(at(12))),
        (second, 20, AttemptEnd::Failed { reply: reply("550 no such user") }),
        (third, 30, AttemptEnd::Expired { reply: reply("timed out") }),
    ] {
        fixture.store.begin_attempt(delivery, at(seconds)).unwrap();
        fixture.store.end_attempt(delivery, &end).unwrap();
    }
    let found = day(&fixture);
    assert_eq!((found.sent, found.lost), (1, 2));
    let lost = |address: &str, state: &str, text| LostMail {
        recipient: address.parse().unwrap(),
        subject: "s".into(),
        created: NOON,
        state: state.into(),
        reply: Some(reply(text)),
    };
    let expected = [lost("c@x", "expired", "timed out"), lost("b@x", "failed", "550 no such user")];
    assert_eq!(found.lost_mails, expected);
    assert_eq!(fixture.store.digest(at(20), at(30)).unwrap().lost_mails, expected[..1]);
    assert_eq!(fixture.store.digest(at(11), at(12)).unwrap().sent, 1);
}

#[test]
fn a_host_that_was_visited_and_never_well_is_named() {
    let mut fixture = Fixture::new();
    let [bad, good, cut] = ["bad", "good", "cut"].map(|name| fixture.host(name));
    fixture.host("never");
    for kind in [OutcomeKind::AuthFailed, OutcomeKind::Ok] {
        let run = fixture.run();
        let visits = [visit(bad, OutcomeKind::DnsFailed), visit(good, kind), visit(cut, OutcomeKind::Cancelled)];
        fixture.store.record_visits(run, &visits).unwrap();
        fixture.store.finish_run(run, at(60), RunEnd::Done).unwrap();
    }
    let found = day(&fixture);
    assert_eq!((found.runs, found.hosts), (2, 2));
    assert_eq!((found.without_a_good_visit, found.hosts_without_a_good_visit), (vec![host_name("bad")], 1));
}
