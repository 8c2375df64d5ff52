//! Nobody could be told for a while: mail was down, the alerter was off, a host was cut off. Nothing is lost, nothing
//! comes in heaps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rules::{Incident, NoticeKind};
use sample::Readings;

use crate::fleet::{Seen, memory};
use crate::office::{ALERTS, DAY, HOUR, Office, both, config, disk, down, host, used, web1, without_gone};
use crate::smtp_server::{Answer, Verb};

const NOBODY: [&str; 0] = [];

const PROBLEM: &str = "[WARN] web1: memory 90% (limit 85%)";
const OVER: &str = "[OK] web1: memory back at 10% (limit 85%)";
const MISSED: &str = "[MISSED] web1: memory 90% (limit 85%), over";

#[test]
fn a_short_problem_while_mail_was_down_is_told_in_exactly_one_mail() {
    let office = Office::new(&web1());
    office.mail_is_down(true);
    assert_eq!(office.see(0, &[("web1", used(90))]), NOBODY);
    assert_eq!(office.see(10, &[("web1", used(10))]), NOBODY);
    office.mail_is_down(false);
    let mails = office.run(3 * HOUR);
    assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), [MISSED]);
    let text = &mails[0].text;
    assert!(text.contains("WHILE YOU WERE NOT TOLD") && text.contains("06:17") && text.contains("06:27"), "{text}");
    assert!(text.contains("(10 min)") && text.contains("worst 90%"), "{text}");
    assert_eq!((office.told(4 * HOUR), office.unsettled()), (vec![], 0));
    assert_eq!(office.states(), ["superseded", "sent"]);
}

#[test]
fn of_a_mail_that_was_replaced_again_and_again_nothing_is_sent() {
    let office = Office::new(&web1());
    office.mail_is_down(true);
    office.see(0, &[("web1", used(90))]);
    office.see(10, &[("web1", both(90, 90))]);
    office.see(20, &[("web1", both(90, 97))]);
    office.see(30, &[("web1", both(10, 97))]);
    office.mail_is_down(false);
    let told = office.see(3 * HOUR, &[("web1", both(10, 97))]);
    assert_eq!(told, ["[1 CRIT, 1 MISSED] web1"]);
    assert_eq!(office.states(), ["superseded", "superseded", "superseded", "sent"]);
    assert_eq!(office.see(4 * HOUR, &[("web1", both(10, 10))]), ["[OK] web1: disk / back at 10% (limit 95%)"]);
    assert_eq!((office.told(5 * HOUR), office.unsettled()), (vec![], 0));
}

#[test]
fn a_recovery_while_mail_is_down_is_told_to_whoever_knew_the_problem() {
    let office = Office::new(&web1());
    assert_eq!(office.see(0, &[("web1", used(90))]), [PROBLEM]);
    office.mail_is_down(true);
    office.see(10, &[("web1", used(10))]);
    office.see(20, &[("web1", used(90))]);
    office.see(30, &[("web1", used(10))]);
    office.mail_is_down(false);
    assert_eq!(office.told(3 * HOUR), ["[1 OK, 1 MISSED] web1"]);
    assert_eq!((office.told(4 * HOUR), office.unsettled()), (vec![], 0));
}

#[test]
fn a_problem_that_lasts_while_mail_is_down_for_six_days_is_told_in_one_mail_when_it_is_back() {
    let office = Office::new(&web1());
    office.mail_is_down(true);
    for hour in 0..6 * 24 {
        assert_eq!(office.see(hour * HOUR, &[("web1", disk(97))]), NOBODY);
    }
    office.mail_is_down(false);
    let mails = office.run(6 * DAY + HOUR);
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["[CRIT] web1: disk / 97% (limit 95%)"]);
    assert!(mails[0].text.contains("2026-11-21 06:17"), "its original start: {}", mails[0].text);
    assert_eq!(office.told(6 * DAY + 2 * HOUR), NOBODY);
    let over = office.see(7 * DAY, &[("web1", disk(10))]);
    assert!(over.len() == 1 && over[0].starts_with("[OK] web1: disk"), "{over:?}");
    let states: BTreeSet<String> = office.states().into_iter().collect();
    assert!(states.contains("sent") && states.len() <= 2, "{states:?}");
}

#[test]
fn an_alerter_that_was_off_for_a_week_tells_all_of_it_in_one_mail_of_bounded_size() {
    let office = Office::new(&web1());
    for hour in 0..7 * 24 {
        // Every fourth hour memory is short; in the last days the disk fills.
        let memory_used = if hour % 4 == 0 { 90 + u64::try_from(hour / 24).unwrap() } else { 10 };
        let disk_used = if hour >= 5 * 24 { 97 } else { 10 };
        office.fleet.visit(hour * HOUR, &[("web1", both(memory_used, disk_used))]);
    }
    let mails = office.run(7 * DAY);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "[1 CRIT, 1 MISSED] web1");
    let text = &mails[0].text;
    assert!(text.contains("42 times, first 2026-11-21 06:17"), "{text}");
    assert!(text.contains("worst 96%"), "{text}");
    assert!(text.contains("since 2026-11-26 06:17") && text.contains("told late"), "the original start: {text}");
    assert!(text.lines().count() < 60, "{text}");
    assert_eq!(office.told(7 * DAY + 5), NOBODY);
    assert_eq!(office.unsettled(), 1);
}

#[test]
fn a_backlog_of_very_many_problems_makes_one_mail_that_counts_what_it_leaves_out() {
    let names: Vec<String> = (0..250).map(|n| format!("web{n}")).collect();
    let hosts: String = names.iter().map(|name| host(name, "", "ops@example.org", ALERTS)).collect();
    let office = Office::new(&hosts);
    for (minute, percent) in [(0, 90), (5, 10)] {
        let seen: Vec<(&str, Seen)> = names.iter().map(|name| (name.as_str(), used(percent))).collect();
        office.fleet.visit(minute, &seen);
    }
    let mails = office.run(DAY);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.starts_with("[250 MISSED] "), "{}", mails[0].subject);
    assert!(mails[0].text.contains("and 50 more: fleet alerts"));
    assert!(mails[0].bytes.len() <= 200_000);
    assert_eq!((office.told(DAY + 5), office.unsettled()), (vec![], 0));
}

#[test]
fn what_a_host_measured_itself_while_it_was_cut_off_is_told_with_its_true_times() {
    let office = Office::new(&web1());
    office.see(0, &[("web1", used(10))]);
    office.see(60, &[("web1", down())]);
    assert_eq!(office.see(65, &[("web1", down())]), ["[CRIT] web1: host is unreachable"]);
    let kept = [(120, 10), (125, 95), (130, 92), (135, 10), (300, 10)].map(|(minute, used)| (minute, memory(used)));
    office.fleet.visit(300, &[("web1", Seen::Kept(kept.to_vec()))]);
    let mails = office.run(300);
    assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["[1 OK, 1 MISSED] web1"]);
    let text = &mails[0].text;
    assert!(text.contains("08:22") && text.contains("08:32") && text.contains("worst 95%"), "{text}");
}

#[test]
fn a_recipient_who_is_refused_for_good_gets_no_new_mails_without_end() {
    let web1 = host("web1", "", "gone@example.org,ops@example.org", ALERTS);
    let office = Office::start(&config("", &web1), without_gone);
    assert_eq!(office.see_sent(0, &[("web1", used(90))]), [format!("ops: {PROBLEM}")]);
    for minute in 1..HOUR {
        assert_eq!(office.sent(minute), NOBODY);
    }
    assert_eq!(office.states(), ["failed", "sent"]);
    assert_eq!(office.see_sent(HOUR, &[("web1", used(10))]), [format!("ops: {OVER}")]);
    assert_eq!((office.told(2 * HOUR), office.unsettled()), (vec![], 0));
    assert_eq!(office.states().len(), 4);
}

#[test]
fn a_mail_that_may_have_been_taken_is_sent_again_as_it_is_and_never_replaced() {
    let messages = Arc::new(AtomicUsize::new(0));
    let count = messages.clone();
    let office = Office::start(&config("", &web1()), move |said| {
        // It took it, and its answer was lost.
        let is_lost = said.verb == Verb::Message && count.fetch_add(1, Ordering::SeqCst) == 0;
        if is_lost { Answer::Close } else { Answer::Usual }
    });
    office.fleet.visit(0, &[("web1", used(90))]);
    office.fleet.alert(0);
    let first = office.message();
    assert_eq!(office.states(), ["unknown"]);
    office.mail_is_down(true);
    office.see(5, &[("web1", used(10))]);
    office.mail_is_down(false);
    let mails = office.run(HOUR);
    let subjects: BTreeSet<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, BTreeSet::from([OVER, PROBLEM]), "the end is one, since the beginning may be known");
    let again = mails.iter().find(|mail| mail.subject == PROBLEM).unwrap();
    assert!(again.bytes == first, "the very same bytes");
    assert!(!office.states().contains(&"superseded".to_owned()));
    assert_eq!((office.told(2 * HOUR), office.unsettled()), (vec![], 0));
}

/// Old and new, over and open, told and not, of two people, with a silence.
fn mixed_backlog() -> Office {
    let both_people = host("web1", "", "ann@example.org,bob@example.org", ALERTS);
    let db1 = host("db1", r#"parent="web1""#, "bob@example.org", ALERTS);
    let web2 = host("web2", "", "ann@example.org", ALERTS);
    let office = Office::new(&format!("{both_people}{db1}{web2}"));
    office.see(0, &[("web1", both(90, 10)), ("db1", used(10)), ("web2", disk(90))]);
    office.silence("web2", "memory", 5, HOUR);
    office.mail_is_down(true);
    office.see(5, &[("web1", both(90, 97)), ("db1", used(90)), ("web2", both(90, 97))]);
    office.mail_is_down(false);
    for minute in [10, 15] {
        office.fleet.visit(minute, &[("web1", both(10, 97)), ("db1", down()), ("web2", both(10, 97))]);
    }
    office.fleet.visit(20, &[("web1", both(91, 10)), ("db1", down()), ("web2", both(10, 97))]);
    office.fleet.visit(25, &[("web1", both(10, 10)), ("db1", used(10)), ("web2", both(90, 97))]);
    office
}

#[test]
fn a_dry_run_says_exactly_the_mails_that_the_run_then_makes() {
    let office = mixed_backlog();
    let said = office.forecast(30);
    assert_eq!(said, office.truth(30));
    assert!(said.len() >= 2, "{said:?}");
    assert_eq!(office.forecast(30), NOBODY);
}

#[test]
fn whoever_was_told_of_a_problem_is_told_its_end_exactly_once_whatever_came_between() {
    let office = mixed_backlog();
    office.run(30);
    office.fleet.visit(35, &[("web1", both(10, 10)), ("db1", used(10)), ("web2", both(10, 10))]);
    office.run(35);
    office.run(2 * HOUR);
    assert_eq!(office.unsettled(), 0);
    for incident in office.incidents() {
        assert_told_once(&incident);
    }
}

/// Each who was told of a problem was told its end once, after it; nobody else was.
fn assert_told_once(incident: &Incident) {
    let people: BTreeSet<&rules::Recipient> = incident.told.iter().map(|told| &told.recipient).collect();
    for person in people {
        let kinds: Vec<NoticeKind> =
            incident.told.iter().filter(|told| told.recipient == *person).map(|told| told.kind).collect();
        let ends = kinds.iter().filter(|kind| matches!(kind, NoticeKind::Over | NoticeKind::Missed)).count();
        assert_eq!(ends, 1, "{person}: {kinds:?}, {incident:?}");
        let last = kinds.last().unwrap();
        assert!(matches!(last, NoticeKind::Over | NoticeKind::Missed), "{kinds:?}");
        assert_eq!(*last == NoticeKind::Missed, kinds.len() == 1, "{kinds:?}");
    }
}

#[test]
fn a_host_without_measurements_says_nothing_is_over() {
    let office = Office::new(&web1());
    office.see(0, &[("web1", used(90))]);
    let nothing_read = Seen::Well(Readings::default());
    assert_eq!(office.see(5, &[("web1", nothing_read.clone())]), NOBODY);
    assert_eq!(office.see(10, &[("web1", nothing_read)]), NOBODY);
    assert_eq!(office.see(15, &[("web1", used(10))]), [OVER]);
}

#[test]
fn what_was_never_told_and_is_not_watched_any_more_is_told_once() {
    let office = Office::new(&web1());
    office.mail_is_down(true);
    office.see(0, &[("web1", used(90))]);
    office.configure(&host("web2", "", "ops@example.org", ""));
    office.told(5);
    office.mail_is_down(false);
    let told = office.told(HOUR);
    assert!(told.len() == 1 && told[0].starts_with("[MISSED] web1: memory"), "{told:?}");
    assert_eq!((office.told(2 * HOUR), office.unsettled()), (vec![], 0));
}

#[test]
fn behind_a_gate_that_was_down_while_the_alerter_was_off_nobody_is_told_of_the_others() {
    let gate = host("gate", "", "ops@example.org", "");
    let office = Office::new(&format!("{gate}{}", host("db1", r#"jump="gate""#, "ops@example.org", "")));
    for minute in [0, 5, 10] {
        office.fleet.visit(minute, &[("gate", down()), ("db1", down())]);
    }
    office.fleet.visit(15, &[("gate", used(1)), ("db1", used(1))]);
    assert_eq!(office.told(DAY), ["[MISSED] gate: host is unreachable, over"]);
    assert_eq!((office.told(2 * DAY), office.unsettled()), (vec![], 0));
}
