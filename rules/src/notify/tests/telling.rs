//! Who is told what, by what each was told.

use super::*;
use crate::{Ack, Escalation, Held, Repeat, Why};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

#[test]
fn severity_and_repeat_say_when_people_are_reminded() {
    let repeats = |severity, repeat, minutes| {
        let incident = incident(Metric::Disk)
            .with(|incident| {
                incident.severity = severity;
                incident.telling.repeat = repeat;
            })
            .told("ops", 0, NoticeKind::Problem);
        Around::default().kinds(&incident, minutes) == [NoticeKind::Reminder]
    };
    let every = Repeat::Every(Duration::from_secs(600));
    for (severity, repeat, first) in [
        (Severity::Critical, Repeat::BySeverity, Some(4 * HOUR)),
        (Severity::Warning, Repeat::BySeverity, Some(DAY)),
        (Severity::Warning, every, Some(10)),
        (Severity::Critical, Repeat::Never, None),
        (Severity::Info, Repeat::BySeverity, None),
        (Severity::Info, every, None),
    ] {
        let reminded = [1, 9, 10, 11, 4 * HOUR - 1, 4 * HOUR, DAY - 1, DAY, 100 * DAY];
        for minutes in reminded {
            let expected = first.is_some_and(|first| first <= minutes);
            assert_eq!(repeats(severity, repeat, minutes), expected, "{severity} {repeat:?} after {minutes} minutes");
        }
    }
}

#[test]
fn a_reminder_counts_from_the_last_word_of_whatever_kind() {
    let incident = incident(Metric::Disk).told("ops", 0, NoticeKind::Problem).told("ops", 100, NoticeKind::Worse);
    assert_eq!(Around::default().kinds(&incident, DAY + 99), []);
    assert_eq!(Around::default().kinds(&incident, DAY + 100), [NoticeKind::Reminder]);
    assert_eq!(Around::default().decide(&incident, 101).next, Some(at(DAY + 100)));
}

#[test]
fn what_got_less_severe_is_no_news_and_what_gets_as_bad_again_after_a_reminder_is() {
    let critical = incident(Metric::Disk).with(|incident| incident.severity = Severity::Critical);
    let told = critical.told("ops", 0, NoticeKind::Problem);
    let better = told.with(|incident| incident.severity = Severity::Warning);
    assert_eq!(Around::default().kinds(&better, 10), []);
    let again = better.clone().with(|incident| incident.severity = Severity::Critical);
    assert_eq!(Around::default().kinds(&again, 10), [], "they know it as critical");
    let reminded = better.told("ops", DAY, NoticeKind::Reminder);
    let again = reminded.with(|incident| incident.severity = Severity::Critical);
    assert_eq!(Around::default().kinds(&again, DAY + 1), [NoticeKind::Worse]);
}

#[test]
fn of_several_recipients_each_has_a_history() {
    let incident = incident(Metric::Disk)
        .with(|incident| incident.telling.recipients = vec![who("ops"), who("ann"), who("bob"), who("ops")])
        .told("ops", 0, NoticeKind::Problem)
        .told("old", 0, NoticeKind::Problem)
        .with(|incident| incident.severity = Severity::Critical)
        .told("ann", 5, NoticeKind::Problem);
    let decision = Around::default().decide(&incident, 10);
    assert_eq!(decision.notices, [(who("ops"), NoticeKind::Worse), (who("bob"), NoticeKind::Problem)]);
    let over = Around::default().decide(&incident.over(20), 30);
    let expected =
        [("ops", NoticeKind::Over), ("old", NoticeKind::Over), ("ann", NoticeKind::Over), ("bob", NoticeKind::Missed)];
    assert_eq!(over.notices, expected.map(|(name, kind)| (who(name), kind)));
    assert!(!over.is_settled && over.held.is_none());
}

#[test]
fn an_incident_is_settled_when_everybody_was_told_the_end() {
    let told = incident(Metric::Disk).told("ops", 0, NoticeKind::Problem).over(10);
    assert_eq!(Around::default().kinds(&told, 11), [NoticeKind::Over]);
    assert!(!Around::default().decide(&told, 11).is_settled);
    let over = told.told("ops", 11, NoticeKind::Over);
    assert!(Around::default().decide(&over, 12).is_settled);
    // A second attempt that turned out to have arrived before makes no second end.
    let again = over.told("ops", 13, NoticeKind::Problem);
    assert_eq!(Around::default().kinds(&again, 14), []);
}

#[test]
fn what_happened_in_a_moment_is_told_once_and_has_no_end() {
    let reboot =
        incident(Metric::Reboot).with(|incident| incident.ended = Some(End { kind: EventKind::Happened, at: at(0) }));
    assert_eq!(Around::default().kinds(&reboot, 500), [NoticeKind::Happened]);
    assert!(Around::default().decide(&reboot.clone().told("ops", 1, NoticeKind::Happened), 2).is_settled);
    let held = Around::silenced(&[(4, -5, 5)]).decide(&reboot, 500);
    assert_eq!((held.notices.len(), held.is_settled, held.held), (0, true, Some(Held::Silenced(4))));
}

#[test]
fn an_acknowledgement_holds_what_repeats_and_neither_first_words_nor_what_got_worse() {
    let acked = |until: Option<i64>| {
        move |incident: &mut Incident| {
            let (by, comment) = ("ann".to_owned(), String::new());
            incident.ack = Some(Ack { at: at(1), until: until.map(at), by, comment });
        }
    };
    let incident = incident(Metric::Disk).with(acked(None));
    assert_eq!(Around::default().kinds(&incident, 2), [NoticeKind::Problem]);
    let told = incident.told("ops", 2, NoticeKind::Problem);
    let held = Around::default().decide(&told, 3 * DAY);
    assert_eq!((held.notices.len(), held.held), (0, Some(Held::Acknowledged)));
    let flapping = told.clone().with(|incident| incident.flapping = true);
    assert_eq!(Around::default().kinds(&flapping, 3), []);
    let worse = told.clone().with(|incident| incident.severity = Severity::Critical);
    assert_eq!(Around::default().kinds(&worse, 3), [NoticeKind::Worse]);
    let until = told.with(acked(Some(100)));
    assert_eq!(Around::default().decide(&until, 3).next, Some(at(100)));
    let ended = Around::default().decide(&until, 100);
    assert_eq!(
        (ended.notices, ended.why.get(&who("ops"))),
        (vec![(who("ops"), NoticeKind::Reminder)], Some(&Why::AckEnded))
    );
    assert_eq!(Around::default().kinds(&until.told("ops", 100, NoticeKind::Reminder), 101), []);
}

#[test]
fn escalation_begins_after_the_first_word_and_not_before_anybody_heard() {
    let escalation = Escalation { after: Duration::from_secs(1800), to: vec![who("boss"), who("ops")] };
    let incident = incident(Metric::Disk).with(|incident| incident.telling.escalation = Some(escalation));
    let untold = Around::default().decide(&incident, 500);
    assert_eq!((untold.notices, untold.next), (vec![(who("ops"), NoticeKind::Problem)], Some(at(530))));
    let told = incident.told("ops", 500, NoticeKind::Problem);
    assert_eq!(Around::default().kinds(&told, 529), []);
    assert_eq!(Around::default().decide(&told, 501).next, Some(at(530)));
    let escalated = Around::default().decide(&told, 530);
    assert_eq!(escalated.notices, [(who("boss"), NoticeKind::Problem)]);
    assert_eq!(escalated.why.get(&who("boss")), Some(&Why::Escalated));
    assert_eq!(Around::default().kinds(&told.clone().over(520), 600), [NoticeKind::Over], "the boss need not know");
    let both = told.told("boss", 530, NoticeKind::Problem);
    assert_eq!(Around::default().kinds(&both.clone().over(600), 600), [NoticeKind::Over, NoticeKind::Over]);
    let gone = both.with(|incident| incident.telling.escalation = None);
    assert_eq!(Around::default().kinds(&gone.over(600), 600), [NoticeKind::Over, NoticeKind::Over]);
}

#[test]
fn a_problem_of_nobody_says_so() {
    let nobody = incident(Metric::Disk).with(|incident| incident.telling.recipients.clear());
    let open = Around::default().decide(&nobody, 10);
    assert_eq!((open.is_settled, open.held), (false, Some(Held::NoRecipient)));
    let over = Around::default().decide(&nobody.over(20), 30);
    assert_eq!((over.is_settled, over.held), (true, Some(Held::NoRecipient)));
}
