use super::*;
use NoticeKind::{Missed, Over, Problem};
use Severity::{Critical, Info, Warning};

fn assert_in_order(text: &str, words: &[&str]) {
    let mut from = 0;
    for word in words {
        let found = text[from..].find(word).unwrap_or_else(|| panic!("no {word:?} after {from} in {text}"));
        from += found + word.len();
    }
}

#[test]
fn the_most_severe_comes_first_and_what_was_missed_last() {
    let stories = [
        memory("missed1", Critical, Missed),
        memory("over1", Critical, Over),
        memory("info1", Info, Problem),
        memory("warn1", Warning, Problem),
        memory("crit1", Critical, Problem),
        memory("warn2", Warning, Problem),
    ];
    let letter = write(&stories);
    let order = [
        "CRITICAL (1)",
        "crit1:",
        "WARNING (2)",
        "warn1:",
        "warn2:",
        "INFO (1)",
        "info1:",
        "OVER (1)",
        "over1:",
        "WHILE YOU WERE NOT TOLD (1)",
        "missed1:",
    ];
    assert_in_order(&letter.text, &order);
    assert_in_order(&read(&letter.content).html, &order.map(|word| word.trim_end_matches(':')));
}

#[test]
fn what_was_missed_is_told_by_alert_with_first_begin_last_end_and_worst() {
    let missed = |from, to, worst| {
        let mut story = memory("web1", Warning, Missed);
        story.incident = Incident {
            opened: at(from),
            worst,
            ended: Some(End { kind: EventKind::Resolved, at: at(to) }),
            ..story.incident
        };
        story
    };
    let text = write(&[missed(-60, -50, 88.0), missed(-200, -190, 99.0), missed(-20, -10, 90.0)]).text;
    assert_eq!(text.matches("web1: ").count(), 1, "{text}");
    let told =
        "3 times, first 2026-11-21 03:57:00 +01:00, last over 2026-11-21 07:07:00 +01:00 (30 min in all), worst 99%";
    assert!(text.contains(told), "{text}");
}

#[test]
fn the_worst_of_what_was_missed_is_the_lowest_where_low_is_bad() {
    let missed = |worst| {
        let mut story = story(incident("web1", Metric::Fan, "cpu", Warning, 0), Missed);
        story.incident.limit = 1000.0;
        story.incident.worst = worst;
        story
    };
    let letter = write(&[missed(700.0), missed(300.0), missed(900.0)]);
    let lowest = rules::words::value(Metric::Fan, 300.0);
    assert!(letter.text.contains(&format!("worst {lowest}")), "{}", letter.text);
}

#[test]
fn an_open_problem_that_is_told_late_says_so_with_its_true_beginning() {
    let is_late = |minute, kind, occasion| {
        let mut story = memory("web1", Warning, kind);
        story.incident.opened = at(minute);
        let text = write_on(&stationery(), &[story], occasion).text;
        assert!(text.contains(&stationery().zone.time(at(minute))), "{text}");
        text.contains("told late")
    };
    let usual = Occasion::default();
    assert!(is_late(12 - 31, Problem, usual), "longer ago than late_after");
    assert!(!is_late(12 - 30, Problem, usual));
    assert!(!is_late(12 - 31, NoticeKind::Reminder, usual), "it was told before");
    assert!(!is_late(12 - 31, Problem, Occasion { is_initial: true, ..usual }), "the state of a fleet has a past");
}

#[test]
fn the_mail_that_reaches_the_cap_says_so() {
    let told = |is_last_of_the_hour| {
        let occasion = Occasion { is_last_of_the_hour, ..Occasion::default() };
        write_on(&stationery(), &[memory("web1", Warning, Problem)], occasion).text.contains("this hour allows")
    };
    assert_eq!([told(false), told(true)], [false, true]);
}
