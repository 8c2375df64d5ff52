use super::*;
use NoticeKind::{Flapping, Missed, Over, Problem, Reminder, Worse};
use Severity::{Critical, Info, Warning};

fn subject(stories: &[Story]) -> String {
    write(stories).subject
}

#[test]
fn one_story_is_told_in_the_subject() {
    let of = |kind| subject(&[memory("web1", Critical, kind)]);
    assert_eq!(of(Problem), "[CRIT] web1: memory 91.2% (limit 85%)");
    assert_eq!(of(Worse), "[CRIT] (worse) web1: memory 91.2% (limit 85%)");
    assert_eq!(of(Reminder), "[CRIT] (still) web1: memory 91.2% (limit 85%)");
    assert_eq!(of(Over), "[OK] web1: memory back at 91.2% (limit 85%)");
    assert_eq!(of(Missed), "[MISSED] web1: memory 97.2% (limit 85%), over");
    let mut flapping = memory("web1", Critical, Flapping);
    flapping.incident.flapping = true;
    assert_eq!(subject(&[flapping]), "[CRIT] web1: memory 91.2% (limit 85%), comes and goes");
    assert_eq!(subject(&[memory("", Warning, Problem)]), "[WARN] fleet: memory 91.2% (limit 85%)");
}

#[test]
fn an_alert_that_was_missed_several_times_is_one_story() {
    let missed = memory("web1", Critical, Missed);
    assert!(subject(&[missed.clone(), missed.clone()]).contains("(2 times), over"));
    let several = write(&[missed.clone(), missed, memory("web1", Warning, Problem)]);
    assert_eq!(several.subject, "[1 WARN, 1 MISSED] web1");
    assert!(several.text.contains("WHILE YOU WERE NOT TOLD (1)"), "{}", several.text);
}

#[test]
fn several_stories_are_counted_the_most_severe_first() {
    let stories = [
        memory("db1", Critical, Over),
        memory("web1", Warning, Problem),
        memory("web3", Critical, Missed),
        memory("web2", Critical, Problem),
        memory("web1", Critical, Reminder),
        memory("web4", Info, Problem),
        memory("web3", Critical, Missed),
    ];
    assert_eq!(subject(&stories), "[2 CRIT, 1 WARN, 1 INFO, 1 OK, 1 MISSED] web2, web1, web4, db1, web3");
    let reminders = [memory("web1", Critical, Reminder), memory("web2", Critical, Reminder)];
    assert_eq!(subject(&reminders), "[2 CRIT] (still) web1, web2");
}

#[test]
fn the_first_mail_says_that_it_is_the_state_of_the_fleet() {
    let stories = [memory("web1", Critical, Problem), memory("web2", Warning, Problem)];
    let initial = Occasion { is_initial: true, ..Occasion::default() };
    let letter = write_on(&stationery(), &stories, initial);
    assert_eq!(letter.subject, "[INITIAL 1 CRIT, 1 WARN] web1, web2");
    assert!(letter.text.starts_with("This is the first mail"), "{}", letter.text);
}

#[test]
fn the_first_mail_does_not_deny_what_is_over() {
    let stories =
        [memory("web1", Critical, Problem), memory("web2", Warning, Problem), memory("web3", Warning, Missed)];
    let text = write_on(&stationery(), &stories, Occasion { is_initial: true, ..Occasion::default() }).text;
    assert!(text.contains("all that it found so far") && !text.contains("what is wrong now"), "{text}");
    assert!(text.contains("WHILE YOU WERE NOT TOLD (1)"), "{text}");
}

#[test]
fn what_nobody_watches_any_more_has_no_value() {
    let mut story = memory("web1", Critical, Over);
    for (kind, words) in [(EventKind::Withdrawn, "is no longer watched"), (EventKind::Gone, "is gone")] {
        story.incident.ended = Some(End { kind, at: at(3) });
        assert_eq!(subject(&[story.clone()]), format!("[END] web1: memory {words}"));
    }
    let several = [memory("web2", Critical, Problem), memory("db1", Warning, Over), story];
    assert_eq!(subject(&several), "[1 CRIT, 1 OK, 1 END] web2, web1, db1");
}

#[test]
fn hosts_that_do_not_fit_are_counted() {
    let stories: Vec<Story> = (100..200).map(|n| memory(&format!("web{n}"), Warning, Problem)).collect();
    let subject = subject(&stories);
    assert!(subject.chars().count() <= 200 && subject.starts_with("[100 WARN] web100, web101, "), "{subject}");
    let named = subject.matches("web").count();
    assert!(subject.ends_with(&format!(" and {} more", 100 - named)), "{subject}");
    let longest = format!("{0}.{0}.{0}", "a".repeat(60));
    let of_longest = [memory(&longest, Warning, Problem), memory("web1", Warning, Problem)];
    assert!(write(&of_longest).subject.chars().count() <= 200);
}
