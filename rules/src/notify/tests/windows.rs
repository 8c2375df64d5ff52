//! What comes every week: windows of maintenance, and the hours of a rule. The beginning is a Thursday at midnight.

use super::*;
use crate::{Held, Why};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// From 02:00 to 04:00, every day.
fn at_night() -> Around {
    let window = Maintenance::new("0 2 * * *", Duration::from_secs(2 * 3600), Zone::UTC, None).unwrap();
    Around { maintenance: vec![window], ..Around::default() }
}

fn began(minutes: i64) -> Incident {
    incident(Metric::Disk).with(|incident| incident.opened = at(minutes))
}

fn at_work(minutes: i64) -> Incident {
    began(minutes).with(|incident| incident.telling.active = Some("Mon-Fri 08-18".parse().unwrap()))
}

#[test]
fn maintenance_holds_a_problem_and_its_end_tells_it_once() {
    let held = at_night().decide(&began(130), 150);
    assert_eq!((held.notices.len(), held.held, held.next), (0, Some(Held::Maintenance), Some(at(4 * HOUR))));
    let told = at_night().decide(&began(130), 4 * HOUR);
    assert_eq!(told.notices, [(who("ops"), NoticeKind::Problem)]);
    assert_eq!(told.why.get(&who("ops")), Some(&Why::MaintenanceEnded));
    let known = began(130).told("ops", 4 * HOUR, NoticeKind::Problem);
    assert_eq!(at_night().kinds(&known, 5 * HOUR), []);
    assert_eq!(at_night().kinds(&began(HOUR), HOUR), [NoticeKind::Problem]);
}

#[test]
fn a_window_that_held_nothing_back_ends_without_a_word() {
    let told = began(HOUR).told("ops", HOUR, NoticeKind::Problem);
    for minutes in [3 * HOUR, 4 * HOUR, 4 * HOUR + 3] {
        assert_eq!(at_night().kinds(&told, minutes), [], "minute {minutes}");
    }
    let hourly = Maintenance::new("0 * * * *", Duration::from_secs(600), Zone::UTC, None).unwrap();
    let hourly = Around { maintenance: vec![hourly], ..Around::default() };
    let mails = (HOUR..20 * HOUR).filter(|minutes| !hourly.kinds(&told, *minutes).is_empty()).count();
    assert_eq!(mails, 0);
}

#[test]
fn a_window_that_held_back_a_reminder_or_that_it_got_worse_is_followed_by_it() {
    let critical = |minutes| {
        began(minutes).with(|incident| incident.severity = Severity::Critical).told("ops", minutes, NoticeKind::Problem)
    };
    // After 22:30, it is due at 02:30.
    let told = critical(-90);
    assert_eq!(at_night().decide(&told, 3 * HOUR).held, Some(Held::Maintenance));
    let after = at_night().decide(&told, 4 * HOUR + 3);
    assert_eq!(after.notices, [(who("ops"), NoticeKind::Reminder)]);
    assert_eq!(after.why.get(&who("ops")), Some(&Why::MaintenanceEnded));
    let told = critical(HOUR);
    assert_eq!(at_night().kinds(&told, 5 * HOUR - 1), []);
    let due = at_night().decide(&told, 5 * HOUR);
    assert_eq!((due.notices.len(), due.why.get(&who("ops"))), (1, Some(&Why::Repeat)), "as ever");
    let worse = began(HOUR).told("ops", HOUR, NoticeKind::Problem);
    let worse = worse.with(|incident| incident.severity = Severity::Critical);
    assert_eq!(at_night().kinds(&worse, 3 * HOUR), []);
    let after = at_night().decide(&worse, 4 * HOUR);
    assert_eq!(after.notices, [(who("ops"), NoticeKind::Worse)]);
    assert_eq!(after.why.get(&who("ops")), Some(&Why::MaintenanceEnded));
}

#[test]
fn what_came_and_went_in_a_window_is_never_told_and_ends_are() {
    let inside = at_night().decide(&began(130).over(200), 500);
    assert_eq!((inside.is_settled, inside.held), (true, Some(Held::Maintenance)));
    assert_eq!(at_night().kinds(&began(130).over(4 * HOUR), 500), [NoticeKind::Missed]);
    let told = began(HOUR).told("ops", HOUR, NoticeKind::Problem).over(150);
    assert_eq!(at_night().kinds(&told, 160), [NoticeKind::Over]);
}

#[test]
fn outside_its_hours_a_problem_waits_for_them() {
    let night = 3 * HOUR;
    let held = Around::default().decide(&at_work(night), night);
    assert_eq!((held.notices.len(), held.held, held.next), (0, Some(Held::OutsideHours), Some(at(8 * HOUR))));
    let told = Around::default().decide(&at_work(night), 8 * HOUR);
    assert_eq!(told.notices, [(who("ops"), NoticeKind::Problem)]);
    assert_eq!(told.why.get(&who("ops")), Some(&Why::HoursBegan));
    let by_day = Around::default().decide(&at_work(9 * HOUR), 9 * HOUR);
    assert_eq!((by_day.notices.len(), by_day.why.len()), (1, 0));
}

#[test]
fn reminders_keep_to_the_hours_too_and_ends_do_not() {
    let told = at_work(17 * HOUR).told("ops", 17 * HOUR, NoticeKind::Problem);
    let critical =
        told.with(|incident| incident.severity = Severity::Critical).told("ops", 17 * HOUR, NoticeKind::Worse);
    assert_eq!(Around::default().kinds(&critical, 21 * HOUR), []);
    assert_eq!(Around::default().kinds(&critical, DAY + 8 * HOUR - 1), []);
    assert_eq!(Around::default().kinds(&critical, DAY + 8 * HOUR), [NoticeKind::Reminder]);
    assert_eq!(Around::default().kinds(&critical.over(21 * HOUR), 21 * HOUR), [NoticeKind::Over]);
}

#[test]
fn what_came_and_went_outside_the_hours_is_never_told_a_whole_weekend_too() {
    let friday = DAY;
    let weekend = Around::default().decide(&at_work(friday + 19 * HOUR).over(friday + 60 * HOUR), 5 * DAY);
    assert_eq!((weekend.is_settled, weekend.held), (true, Some(Held::OutsideHours)));
    let until_monday = at_work(friday + 19 * HOUR).over(4 * DAY + 8 * HOUR);
    assert_eq!(Around::default().kinds(&until_monday, 5 * DAY), [NoticeKind::Missed]);
}

#[test]
fn pauses_of_different_kinds_make_one_where_they_touch() {
    let silences = vec![silence(3, 4 * HOUR, 8 * HOUR)];
    let around = Around { silences, ..at_night() };
    let over = around.decide(&began(130).over(7 * HOUR), 500);
    assert_eq!((over.is_settled, over.held), (true, Some(Held::Maintenance)));
    let over = around.decide(&began(130).over(8 * HOUR), 500);
    assert_eq!((over.is_settled, over.held), (false, None));
    let worst = Around { silences: vec![silence(3, 8 * HOUR, 18 * HOUR)], ..Around::default() };
    let weeks = at_work(0).over(12 * HOUR);
    assert_eq!(worst.decide(&weeks, DAY).held, Some(Held::OutsideHours));
}
