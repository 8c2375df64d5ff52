//! The summary on its own crontab line, and the sign of life.

use storage::RunLock;

use crate::fleet::{Seen, memory};
use crate::office::{ALERTS, DAY, HOUR, Office, both, config, disk, down, host, used, web1, without_gone};

fn boss(rest: &str) -> Office {
    Office::with(r#"mail="boss@example.org""#, rest)
}

#[test]
fn a_digest_is_one_mail_for_those_who_are_told_of_the_fleet() {
    let office = Office::with(r#"mail="boss@example.org,chief@example.org""#, &web1());
    office.see(0, &[("web1", used(10))]);
    let report = office.digest(DAY, 1);
    assert_eq!((report.mails, report.deliveries.sent), (1, 2));
    let mails = office.mails();
    assert_eq!(
        mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
        ["boss@example.org", "chief@example.org"]
    );
    assert_eq!(mails[0].subject, "[DIGEST] 0 problems open, 0 opened, 0 over");
    assert_eq!(mails[0].bytes, mails[1].bytes);
}

#[test]
fn a_digest_tells_what_is_open_what_is_over_who_was_not_reached_and_which_mail_was_lost() {
    let hosts = [
        host("web1", "", "ops@example.org", ALERTS),
        host("web2", "", "gone@example.org", ALERTS),
        host("db1", "", "ops@example.org", ALERTS),
    ];
    let office = Office::start(&config(r#"mail="boss@example.org""#, &hosts.concat()), without_gone);
    office.see(0, &[("web1", used(90)), ("web2", disk(97)), ("db1", used(10))]);
    office.see(5, &[("web1", used(10)), ("web2", disk(97)), ("db1", down())]);
    office.see(10, &[("web1", used(10)), ("web2", disk(97)), ("db1", down())]);
    office.digest(HOUR, 1);
    let mail = office.mails().remove(0);
    assert_eq!(mail.subject, "[DIGEST] 2 problems open, 3 opened, 1 over, 1 mail not delivered");
    for line in [
        "CRIT web2: disk / 97%",
        "CRIT db1: host is unreachable",
        "OK web1: memory back at 10%",
        "db1: connect_timeout (last good visit: 2026-11-21 06:17",
        "failed to gone@example.org: [CRIT] web2: disk / 97%",
        "550",
    ] {
        assert!(mail.text.contains(line), "{line} is not in {}", mail.text);
    }
}

#[test]
fn a_digest_of_a_day_does_not_tell_of_the_day_before() {
    let office = boss(&web1());
    office.see(0, &[("web1", used(90))]);
    office.see(5, &[("web1", used(10))]);
    office.digest(2 * DAY, 1);
    office.digest(2 * DAY + 1, 7);
    let subjects: Vec<String> = office.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["[DIGEST] 0 problems open, 0 opened, 0 over", "[DIGEST] 0 problems open, 1 opened, 1 over"]);
}

#[test]
fn while_another_instance_runs_a_digest_is_made_and_that_one_or_the_next_delivers_it() {
    let office = boss(&web1());
    office.see(0, &[("web1", used(10))]);
    let held = RunLock::take(&office.fleet.database(), "alerter").unwrap();
    let report = office.digest(HOUR, 1);
    assert_eq!((report.mails, report.deliveries.sent, office.mails().len()), (1, 0, 0));
    drop(held);
    assert_eq!(office.told(HOUR + 1), ["[DIGEST] 0 problems open, 0 opened, 0 over"]);
    assert_eq!(office.told(HOUR + 2), [""; 0]);
}

#[test]
fn a_digest_changes_nothing_about_what_is_owed() {
    let office = boss(&host("web1", "", "boss@example.org", ALERTS));
    office.mail_is_down(true);
    office.see(0, &[("web1", used(90))]);
    office.digest(5, 1);
    office.mail_is_down(false);
    let mut told = office.told(HOUR);
    told.sort();
    assert_eq!(told, ["[DIGEST] 1 problem open, 1 opened, 0 over", "[WARN] web1: memory 90% (limit 85%)"]);
}

#[test]
fn a_sign_of_life_comes_once_in_its_time_and_says_how_many_hosts_and_problems() {
    let office = Office::with(r#"mail="boss@example.org" heartbeat="24h""#, &web1());
    let told = office.see_sent(0, &[("web1", used(10))]);
    assert_eq!(told, ["boss: [OK] Fleet Health is alive: 1 host, 0 problems"]);
    assert_eq!(office.told(DAY - 1), [""; 0]);
    let told = office.see_sent(DAY, &[("web1", used(90))]);
    assert_eq!(
        told,
        ["boss: [ALIVE] Fleet Health is alive: 1 host, 1 problem", "ops: [WARN] web1: memory 90% (limit 85%)"]
    );
    assert_eq!(office.told(DAY + 1), [""; 0]);
}

#[test]
fn a_sign_of_life_comes_again_when_the_clock_was_ahead_for_a_while() {
    let office = Office::with(r#"mail="boss@example.org" heartbeat="24h""#, &web1());
    office.fleet.visit(0, &[("web1", used(10))]);
    assert_eq!(office.told(30 * DAY).len(), 1, "the clock is a month ahead");
    assert_eq!(office.told(5).len(), 1);
    assert_eq!(office.told(10), [""; 0]);
    assert_eq!(office.told(DAY + 5).len(), 1);
}

#[test]
fn a_digest_is_a_sign_of_life_too() {
    let office = Office::with(r#"mail="boss@example.org" heartbeat="24h""#, &web1());
    office.see(0, &[("web1", used(10))]);
    office.digest(20 * HOUR, 1);
    office.mails();
    assert_eq!(office.told(30 * HOUR), [""; 0]);
    assert_eq!(office.told(44 * HOUR), ["[OK] Fleet Health is alive: 1 host, 0 problems"]);
}

#[test]
fn a_sign_of_life_that_waits_is_not_followed_by_a_heap_of_others() {
    let office = Office::with(r#"mail="boss@example.org" heartbeat="1h""#, &web1());
    office.mail_is_down(true);
    for hour in 0..48 {
        office.see(hour * HOUR, &[("web1", used(10))]);
    }
    office.mail_is_down(false);
    let told = office.told(48 * HOUR);
    assert_eq!(told, ["[OK] Fleet Health is alive: 1 host, 0 problems"]);
}

#[test]
fn a_dry_run_shows_the_sign_of_life_that_is_due() {
    let office = Office::with(r#"mail="boss@example.org" heartbeat="24h""#, &web1());
    office.fleet.visit(0, &[("web1", used(90))]);
    let said = office.forecast(0);
    assert_eq!(
        said,
        [
            "boss@example.org: [ALIVE] Fleet Health is alive: 1 host, 1 problem",
            "ops@example.org: [WARN] web1: memory 90% (limit 85%)"
        ]
    );
    assert_eq!(office.truth(0), said);
    assert_eq!(office.forecast(1), [""; 0]);
}

#[test]
fn a_digest_tells_of_mail_that_waits_for_an_hour_however_often_it_was_tried() {
    let office = boss(&web1());
    office.mail_is_down(true);
    office.see(0, &[("web1", used(90))]);
    for minute in [5, 10, 30] {
        office.told(minute);
    }
    office.digest(59, 1);
    office.digest(60, 1);
    office.mail_is_down(false);
    let told = office.told(3 * HOUR);
    let of = |lost: &str| format!("[DIGEST] 1 problem open, 1 opened, 0 over{lost}");
    assert!(told.contains(&of("")) && told.contains(&of(", 1 mail not delivered")), "{told:?}");
}

#[test]
fn a_reboot_in_a_digest_is_no_problem_that_is_over() {
    let office = boss(&web1());
    let booted = |id| Seen::Booted(id, memory(10));
    office.see(0, &[("web1", booted("one"))]);
    office.see(5, &[("web1", booted("two"))]);
    office.digest(HOUR, 1);
    let subject = office.mails().remove(0).subject;
    assert_eq!(subject, "[DIGEST] 0 problems open, 1 opened, 0 over");
}

#[test]
fn a_mail_about_a_problem_is_a_sign_of_life_too() {
    let office = Office::with(r#"mail="ops@example.org" heartbeat="24h""#, &web1());
    office.fleet.visit(0, &[("web1", used(90))]);
    let said = office.forecast(0);
    assert_eq!(said, ["ops@example.org: [WARN] web1: memory 90% (limit 85%)"]);
    assert_eq!(office.truth(0), said);
    assert_eq!(office.see(5, &[("web1", used(10))]).len(), 1, "it is over");
    assert_eq!(office.told(DAY + 4), [""; 0]);
    assert_eq!(office.told(DAY + 5), ["[OK] Fleet Health is alive: 1 host, 0 problems"]);
}

#[test]
fn a_sign_of_life_is_for_those_who_got_no_mail_themselves() {
    let office = Office::with(r#"mail="boss@example.org,ops@example.org" heartbeat="24h""#, &web1());
    let told = office.see_sent(0, &[("web1", used(90))]);
    assert_eq!(
        told,
        ["boss: [ALIVE] Fleet Health is alive: 1 host, 1 problem", "ops: [WARN] web1: memory 90% (limit 85%)"]
    );
}

#[test]
fn a_mail_that_was_refused_is_no_sign_of_life() {
    let alerter = r#"mail="gone@example.org" heartbeat="24h""#;
    let office = Office::start(&config(alerter, &host("web1", "", "gone@example.org", ALERTS)), without_gone);
    office.see(0, &[("web1", used(90))]);
    assert_eq!(office.states(), ["failed"]);
    office.told(5);
    office.told(10);
    assert_eq!(office.states(), ["failed", "failed"], "it is tried once");
}

#[test]
fn the_first_mail_about_problems_is_introduced_after_a_sign_of_life_as_without_one() {
    let office = Office::with(r#"mail="ops@example.org" heartbeat="24h""#, &web1());
    assert_eq!(office.see(0, &[("web1", used(10))]).len(), 1);
    let told = office.see(5, &[("web1", both(90, 97))]);
    assert!(told.len() == 1 && told[0].contains("INITIAL"), "{told:?}");
}

#[test]
fn a_dry_run_says_the_newest_value_though_nothing_changed_with_it() {
    let office = boss(&web1());
    office.fleet.visit(0, &[("web1", used(90))]);
    office.fleet.visit(5, &[("web1", used(99))]);
    office.fleet.visit(10, &[("web1", used(97))]);
    let said = office.forecast(10);
    assert_eq!(said, ["ops@example.org: [WARN] web1: memory 97% (limit 85%)"]);
    let text = office.forecast_text(10);
    assert!(text.contains("worst 99%"), "{text}");
    let mail = office.run(10).remove(0);
    assert!(mail.text.contains("worst 99%"), "{}", mail.text);
}
