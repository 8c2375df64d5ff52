//! Silences, windows of maintenance, hours.

use super::*;
use crate::{Held, Why};

fn told() -> Incident {
    incident(Metric::Disk).told("ops", 0, NoticeKind::Problem)
}

#[test]
fn a_silence_holds_the_beginning_and_says_when_to_look_again() {
    let around = Around::silenced(&[(7, 0, 100), (8, 50, 90), (9, 200, 300)]);
    let held = around.decide(&incident(Metric::Disk), 60);
    assert_eq!((held.notices.len(), held.held, held.next), (0, Some(Held::Silenced(7)), Some(at(90))));
    let told = around.decide(&incident(Metric::Disk), 100);
    assert_eq!(told.notices, [(who("ops"), NoticeKind::Problem)]);
    assert_eq!(told.why.get(&who("ops")), Some(&Why::SilenceEnded(7)));
    assert_eq!(told.next, Some(at(300)), "a reminder will be due when the next one ends");
}

#[test]
fn a_silence_that_is_not_about_it_or_was_ended_before_it_began_changes_nothing() {
    let mut around = Around::silenced(&[(1, 0, 100), (2, 80, 10)]);
    around.silences[0].host = "db*".to_owned();
    assert_eq!(around.kinds(&incident(Metric::Disk), 5), [NoticeKind::Problem]);
    assert_eq!(around.kinds(&told(), 85), []);
    assert_eq!(around.kinds(&told(), 105), []);
}

#[test]
fn of_pauses_that_ended_the_last_one_is_the_reason() {
    let around = Around::silenced(&[(1, 10, 30), (2, 10, 40), (3, 10, 20)]);
    for minutes in [10, 20, 30, 39] {
        assert_eq!(around.kinds(&told(), minutes), [], "{minutes}");
    }
    let decision = around.decide(&told(), 500);
    assert_eq!(decision.notices, [(who("ops"), NoticeKind::Reminder)]);
    assert_eq!(decision.why.get(&who("ops")), Some(&Why::SilenceEnded(2)));
    assert_eq!(around.kinds(&told().told("ops", 40, NoticeKind::Reminder), 500), []);
}

#[test]
fn after_a_silence_what_comes_and_goes_is_said_to_and_info_is_not_repeated() {
    let around = Around::silenced(&[(1, 10, 30)]);
    let flapping = told().with(|incident| incident.flapping = true);
    assert_eq!(around.kinds(&flapping, 20), []);
    assert_eq!(around.kinds(&flapping, 30), [NoticeKind::Flapping]);
    assert_eq!(around.kinds(&flapping.told("ops", 5, NoticeKind::Flapping), 30), []);
    let info = incident(Metric::Disk).with(|incident| incident.severity = Severity::Info);
    assert_eq!(around.kinds(&info.told("ops", 0, NoticeKind::Problem), 30), []);
}

#[test]
fn a_pause_is_no_reason_for_those_it_kept_nothing_from() {
    let with_ann = |incident: Incident| incident.with(|incident| incident.telling.recipients.push(who("ann")));
    let around = Around::silenced(&[(3, 10, 30)]);
    for told in
        [told().told("ops", 30, NoticeKind::Reminder), incident(Metric::Disk).told("ops", 30, NoticeKind::Problem)]
    {
        let decision = around.decide(&with_ann(told), 60);
        assert_eq!((decision.notices, decision.why.len()), (vec![(who("ann"), NoticeKind::Problem)], 0));
    }
    let held = around.decide(&with_ann(incident(Metric::Disk)), 30);
    assert_eq!((held.notices.len(), held.why.get(&who("ann"))), (2, Some(&Why::SilenceEnded(3))));
}

#[test]
fn a_silence_that_began_before_the_collectors_limit_had_passed_holds_all_of_it() {
    let over = incident(Metric::Collector).with(|incident| incident.limit = 900.0).over(50);
    let of = |from| Around::silenced(&[(1, from, 60)]).decide(&over, 100);
    assert_eq!((of(15).is_settled, of(15).held), (true, Some(Held::Silenced(1))));
    assert_eq!((of(16).is_settled, of(16).held), (false, None));
}

#[test]
fn only_what_could_not_be_told_at_any_moment_is_never_told() {
    let over = incident(Metric::Disk).with(|incident| incident.opened = at(10)).over(50);
    for (silences, held) in [
        (vec![(1, 10, 51)], Some(1)),
        (vec![(1, 0, 30), (2, 30, 60)], Some(1)),
        (vec![(2, 20, 60), (1, 5, 25)], Some(1)),
        (vec![(1, 10, 50)], None),
        (vec![(1, 11, 60)], None),
        (vec![(1, 0, 30), (2, 31, 60)], None),
        (vec![(1, 60, 0)], None),
    ] {
        let decision = Around::silenced(&silences).decide(&over, 100);
        assert_eq!((decision.is_settled, decision.held), (held.is_some(), held.map(Held::Silenced)), "{silences:?}");
    }
}

#[test]
fn an_end_is_told_in_a_silence() {
    assert_eq!(Around::silenced(&[(1, 5, 100)]).kinds(&told().over(50), 60), [NoticeKind::Over]);
}

#[test]
fn a_silence_is_no_reason_that_nobody_was_told_if_somebody_was() {
    let around = Around::silenced(&[(1, 0, 100)]);
    let over = told().told("ops", 60, NoticeKind::Over).over(50);
    let with_ann = over.with(|incident| incident.telling.recipients.push(who("ann")));
    let decision = around.decide(&with_ann, 60);
    assert_eq!((decision.notices.len(), decision.is_settled, decision.held), (0, true, None));
}
