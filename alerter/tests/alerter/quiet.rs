//! When problems are not told, and what is told afterwards: silences, maintenance, hours, acknowledgements, escalation.

use crate::fleet::at;
use crate::office::{ALERTS, DAY, HOUR, Office, both, disk, down, host, used, web1};

const NOBODY: [&str; 0] = [];

const PROBLEM: &str = "[WARN] web1: memory 90% (limit 85%)";
const STILL: &str = "[WARN] (still) web1: memory 90% (limit 85%)";
const OVER: &str = "[OK] web1: memory back at 10% (limit 85%)";

#[test]
fn a_silenced_problem_is_told_once_when_the_silence_ends_and_says_so() {
    let office = Office::new(&web1());
    let id = office.silence("web*", "*", 0, 2 * HOUR);
    assert_eq!(office.see(10, &[("web1", used(90))]), NOBODY);
    assert_eq!(office.see(2 * HOUR - 1, &[("web1", used(90))]), NOBODY);
    let mails = office.run(2 * HOUR);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, PROBLEM);
    assert!(mails[0].text.contains(&format!("silence {id} ended, and it is still there")), "{}", mails[0].text);
    assert_eq!(office.told(2 * HOUR + 5), NOBODY);
}

#[test]
fn a_problem_told_before_a_silence_is_told_to_be_still_there_after_it() {
    let office = Office::new(&web1());
    assert_eq!(office.see(0, &[("web1", used(90))]), [PROBLEM]);
    office.silence("web1", "memory", 5, DAY + HOUR);
    assert_eq!(office.told(DAY), NOBODY, "the reminder waits for its end");
    let mails = office.run(DAY + HOUR);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, STILL);
    assert!(mails[0].text.contains("ended, and it is still there"), "{}", mails[0].text);
    assert_eq!(office.told(DAY + HOUR + 5), NOBODY);
}

#[test]
fn a_recovery_is_told_in_spite_of_a_silence() {
    let office = Office::new(&web1());
    assert_eq!(office.see(0, &[("web1", used(90))]), [PROBLEM]);
    office.silence("*", "*", 5, DAY);
    assert_eq!(office.see(10, &[("web1", used(10))]), [OVER]);
    assert_eq!((office.told(2 * DAY), office.unsettled()), (vec![], 0));
}

#[test]
fn what_came_and_went_in_a_silence_is_never_told() {
    let office = Office::new(&web1());
    office.silence("*", "*", 0, HOUR);
    assert_eq!(office.see(10, &[("web1", used(90))]), NOBODY);
    assert_eq!(office.see(20, &[("web1", used(10))]), NOBODY);
    assert_eq!((office.told(2 * HOUR), office.unsettled()), (vec![], 0));
}

#[test]
fn what_came_in_a_silence_and_went_after_it_is_told_though_nothing_ran_in_between() {
    let office = Office::new(&web1());
    office.silence("*", "*", 0, HOUR);
    assert_eq!(office.see(10, &[("web1", used(90))]), NOBODY);
    assert_eq!(office.see(2 * HOUR, &[("web1", used(10))]), ["[MISSED] web1: memory 90% (limit 85%), over"]);
}

#[test]
fn a_silence_of_other_hosts_or_metrics_holds_nothing() {
    let office = Office::new(&web1());
    office.silence("db*", "*", 0, HOUR);
    office.silence("*", "disk", 0, HOUR);
    assert_eq!(office.see(10, &[("web1", both(90, 97))]), [PROBLEM]);
}

#[test]
fn a_silence_that_somebody_ends_early_is_over_then() {
    let office = Office::new(&web1());
    let id = office.silence("*", "*", 0, DAY);
    office.see(10, &[("web1", used(90))]);
    assert!(office.fleet.store().end_silence(id, at(20)).unwrap());
    assert_eq!(office.told(21), [PROBLEM]);
    assert_eq!(office.told(DAY + 5), NOBODY, "its planned end is none");
}

#[test]
fn getting_worse_in_a_silence_is_told_at_its_end() {
    let office = Office::new(&web1());
    assert_eq!(office.see(0, &[("web1", disk(90))]), ["[WARN] web1: disk / 90% (limit 85%)"]);
    office.silence("*", "*", 5, HOUR);
    assert_eq!(office.see(10, &[("web1", disk(97))]), NOBODY);
    assert_eq!(office.told(HOUR), ["[CRIT] (worse) web1: disk / 97% (limit 95%)"]);
    assert_eq!(office.told(HOUR + 5), NOBODY);
}

/// Minute 0 is 06:17 UTC, a Saturday.
const WINDOW: &str = r#"<maintenance cron="0 7 * * *" lasting="2h" timezone="UTC"/>"#;

#[test]
fn in_a_window_of_maintenance_nothing_is_told_and_after_it_what_is_still_there() {
    let office = Office::new(&host("web1", "", "ops@example.org", &format!("{ALERTS}{WINDOW}")));
    assert_eq!(office.see(45, &[("web1", down())]), NOBODY, "07:02");
    assert_eq!(office.see(50, &[("web1", down())]), NOBODY);
    assert_eq!(office.see(60, &[("web1", used(90))]), NOBODY, "back, with a problem");
    let mails = {
        assert_eq!(office.told(162), NOBODY, "08:59");
        office.run(163)
    };
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, PROBLEM);
    assert!(mails[0].text.contains("the maintenance ended, and it is still there"), "{}", mails[0].text);
    assert_eq!(office.told(170), NOBODY);
    assert_eq!(office.see(DAY + 60, &[("web1", used(10))]), [OVER], "in the window of the next day");
}

#[test]
fn windows_of_group_and_defaults_hold_too() {
    for around in [
        format!(r#"<defaults>{WINDOW}</defaults>{}"#, web1()),
        format!(r#"<group name="g">{WINDOW}</group>{}"#, host("web1", r#"group="g""#, "ops@example.org", ALERTS)),
    ] {
        let office = Office::new(&around);
        assert_eq!(office.see(45, &[("web1", used(90))]), NOBODY, "{around}");
        assert_eq!(office.told(170), [PROBLEM]);
    }
}

#[test]
fn outside_of_its_hours_a_problem_waits_for_them_and_a_recovery_does_not() {
    let alert = r#"<alert type="memory" limit="85" active="Mon-Fri 08-18"/>"#;
    let office = Office::with(r#"timezone="Europe/Berlin""#, &host("web1", "", "ops@example.org", alert));
    assert_eq!(office.see(0, &[("web1", used(90))]), NOBODY, "on Saturday");
    assert_eq!(office.told(2 * DAY), NOBODY, "07:17 on Monday in Berlin");
    let mails = office.run(2 * DAY + 43);
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, PROBLEM));
    assert!(mails[0].text.contains("outside of the hours"), "{}", mails[0].text);
    assert_eq!(office.told(2 * DAY + HOUR), NOBODY);
    assert_eq!(office.see(2 * DAY + 14 * HOUR, &[("web1", used(10))]), [OVER], "in the evening");
}

#[test]
fn what_came_and_went_outside_of_its_hours_is_never_told() {
    let alert = r#"<alert type="memory" limit="85" active="Mon-Fri 08-18"/>"#;
    let office = Office::new(&host("web1", "", "ops@example.org", alert));
    assert_eq!(office.see(0, &[("web1", used(90))]), NOBODY);
    assert_eq!(office.see(HOUR, &[("web1", used(10))]), NOBODY);
    assert_eq!((office.told(2 * DAY + 5 * HOUR), office.unsettled()), (vec![], 0));
}

#[test]
fn who_takes_care_is_not_reminded_but_told_that_it_got_worse_and_that_it_is_over() {
    let office = Office::with(r#"repeat-warning="4h""#, &web1());
    assert_eq!(office.see(0, &[("web1", disk(90))]).len(), 1);
    office.acknowledge(5, None);
    assert_eq!(office.told(3 * DAY), NOBODY);
    assert_eq!(office.see(3 * DAY + 5, &[("web1", disk(97))]), ["[CRIT] (worse) web1: disk / 97% (limit 95%)"]);
    assert_eq!(office.told(5 * DAY), NOBODY);
    assert_eq!(office.see(5 * DAY + 5, &[("web1", disk(10))]), ["[OK] web1: disk / back at 10% (limit 95%)"]);
}

#[test]
fn taking_care_ends_with_the_problem() {
    let office = Office::new(&web1());
    office.see(0, &[("web1", used(90))]);
    office.acknowledge(5, None);
    assert_eq!(office.see(10, &[("web1", used(10))]), [OVER]);
    assert_eq!(office.see(15, &[("web1", used(90))]), [PROBLEM]);
    assert_eq!(office.told(15 + DAY), [STILL]);
}

#[test]
fn taking_care_until_then_ends_then() {
    let office = Office::new(&web1());
    office.see(0, &[("web1", used(90))]);
    office.acknowledge(5, Some(3 * DAY));
    assert_eq!(office.told(2 * DAY), NOBODY);
    let mails = office.run(3 * DAY);
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, STILL));
    assert!(mails[0].text.contains("the acknowledgement ended"), "{}", mails[0].text);
    assert_eq!(office.told(3 * DAY + 5), NOBODY);
    assert_eq!(office.told(4 * DAY), [STILL]);
}

fn escalating() -> Office {
    let alert = r#"<alert type="memory" limit="85" escalate-after="30m" escalate-to="boss@example.org"/>"#;
    Office::new(&host("web1", "", "ops@example.org", alert))
}

#[test]
fn what_nobody_takes_care_of_is_told_to_somebody_else_who_is_told_the_end_too() {
    let office = escalating();
    assert_eq!(office.see_sent(0, &[("web1", used(90))]), [format!("ops: {PROBLEM}")]);
    assert_eq!(office.sent(29), NOBODY);
    assert_eq!(office.sent(30), [format!("boss: {PROBLEM}")]);
    assert_eq!(office.sent(60), NOBODY);
    assert_eq!(office.see_sent(65, &[("web1", used(10))]), [format!("boss: {OVER}"), format!("ops: {OVER}")]);
    assert_eq!((office.told(70), office.unsettled()), (vec![], 0));
}

#[test]
fn what_somebody_takes_care_of_or_was_over_in_time_is_not_told_to_others() {
    let taken = escalating();
    taken.see(0, &[("web1", used(90))]);
    taken.acknowledge(5, None);
    assert_eq!(taken.sent(2 * DAY), NOBODY);
    assert_eq!(taken.see_sent(2 * DAY + 5, &[("web1", used(10))]), [format!("ops: {OVER}")]);
    let over = escalating();
    over.see(0, &[("web1", used(90))]);
    assert_eq!(over.see_sent(25, &[("web1", used(10))]), [format!("ops: {OVER}")]);
    assert_eq!(over.sent(60), NOBODY);
}

#[test]
fn time_counts_for_an_escalation_only_from_the_mail_that_was_delivered() {
    let office = escalating();
    office.mail_is_down(true);
    assert_eq!(office.see_sent(0, &[("web1", used(90))]), NOBODY);
    assert_eq!(office.sent(HOUR), NOBODY);
    office.mail_is_down(false);
    assert_eq!(office.sent(2 * HOUR), [format!("ops: {PROBLEM}")]);
    assert_eq!(office.sent(2 * HOUR + 29), NOBODY);
    assert_eq!(office.sent(2 * HOUR + 30), [format!("boss: {PROBLEM}")]);
}
