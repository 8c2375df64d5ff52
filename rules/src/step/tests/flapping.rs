//! What comes and goes.

use super::*;

const FIVE_CHANGES: &str = " 0  95  warning  fired
          5  50  quiet    resolved
         10  95  warning  fired
         15  50  quiet    resolved
         20  95  warning  fired";

fn flapping() -> AlertState {
    let (state, _) = play(&one_level(), AlertState::default(), FIVE_CHANGES);
    play(&one_level(), state, "25 50 flapping flapping").0
}

#[test]
fn the_sixth_change_within_two_hours_is_flapping_and_then_nothing_is_told() {
    let (_, events) = play(&one_level(), flapping(), "30 95 flapping\n35 50 flapping\n40 99 flapping");
    assert_eq!(events, []);
    assert_eq!(flapping().problem.and_then(|problem| problem.flapping), Some(minute(0)));
}

#[test]
fn flapping_that_stops_while_it_is_over_is_resolved() {
    let (state, events) = play(
        &one_level(),
        flapping(),
        "30  97  flapping
         35  50  flapping
         94  50  flapping
         95  50  quiet    resolved
         99  50  quiet",
    );
    let resolved = events[0];
    assert_eq!((resolved.since, resolved.worst, resolved.severity), (minute(20), 97.0, Severity::Warning));
    assert!(state.is_blank());
}

#[test]
fn flapping_that_stops_while_it_fires_is_steady_and_over_like_any_problem() {
    check_from_flapping(
        "30  95  flapping
         89  -   flapping
         90  95  warning  steady
         95  95  warning
        100  50  quiet    resolved",
    );
}

#[test]
fn each_change_starts_the_hour_of_quiet_anew() {
    check_from_flapping(
        " 60  95  flapping
         119  50  flapping
         178  50  flapping
         179  50  quiet    resolved",
    );
}

#[test]
fn a_change_after_hours_without_a_sample_is_still_the_same_flapping() {
    check_from_flapping("500 95 flapping\n505 95 flapping\n560 95 warning steady");
}

#[test]
fn changes_further_apart_are_told_one_by_one() {
    check(
        &one_level(),
        "  0  95  warning  fired
          25  50  quiet    resolved
          50  95  warning  fired
          75  50  quiet    resolved
         100  95  warning  fired
         125  50  quiet    resolved
         150  95  warning  fired",
    );
}

#[test]
fn two_hours_are_two_hours() {
    let story =
        "0 95 warning fired\n5 50 quiet resolved\n10 95 warning fired\n15 50 quiet resolved\n20 95 warning fired\n";
    check(&one_level(), &format!("{story}120 50 flapping flapping"));
    check(&one_level(), &format!("{story}121 50 quiet resolved"));
}

#[test]
fn a_sixth_change_that_fires_opens_the_problem_as_flapping() {
    let events = check(
        &one_level(),
        "  0  95  warning  fired
          30  50  quiet    resolved
         125  95  warning  fired
         130  50  quiet    resolved
         135  95  warning  fired
         140  50  quiet    resolved
         145  97  flapping flapping",
    );
    let last = events[6];
    assert!(last.kind.opens() && last.since == minute(145) && last.worst == 97.0);
}

#[test]
fn what_fires_after_flapping_is_over_is_a_problem_of_its_own() {
    check_from_flapping("85 50 quiet resolved\n90 95 warning fired\n95 50 quiet resolved");
}

#[test]
fn levels_that_come_and_go_are_no_flapping() {
    let better_and_worse = "5 95 critical worse\n5 84 warning better\n".repeat(10);
    check(&two_levels(), &format!("0 82 warning fired\n{better_and_worse}"));
}

#[test]
fn while_it_flaps_getting_worse_is_kept_and_told_at_the_end() {
    let story = "0 95 critical fired\n5 50 quiet resolved\n".repeat(2) + "9 82 warning fired\n9 50 flapping flapping\n";
    let events = check(&two_levels(), &(story + "10 82 flapping\n15 95 flapping\n70 95 critical steady"));
    let steady = events.last().unwrap();
    assert_eq!((steady.severity, steady.limit, steady.worst), (Severity::Critical, 90.0, 95.0));
}

#[test]
fn a_flapping_thing_that_is_gone_or_withdrawn_ends() {
    let (state, events) = play(&one_level(), flapping(), "30 gone flapping\n35 gone quiet gone");
    assert_eq!((state, events.len()), (AlertState::default(), 1));
    assert_eq!(withdraw(flapping(), 90.0, minute(30)).1.map(|event| event.kind), Some(EventKind::Withdrawn));
}

#[track_caller]
fn check_from_flapping(story: &str) {
    play(&one_level(), flapping(), story);
}
