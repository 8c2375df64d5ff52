//! Samples that come late, and clocks that were set.

use super::*;

#[test]
fn a_sample_older_than_the_problem_ends_it_no_earlier_than_it_began() {
    let events = check(&one_level(), "10 97 warning fired\n9 50 quiet resolved");
    assert_eq!((events[1].at, events[1].since), (minute(10), minute(10)));
    let (state, _) = play(&one_level(), AlertState::default(), "10 97 warning fired");
    assert_eq!(withdraw(state.clone(), 90.0, minute(9)).1.map(|event| event.at), Some(minute(10)));
    let state = AlertState { seen: None, ..state };
    assert_eq!(play(&one_level(), state, "8 gone warning\n9 gone quiet gone").1[0].at, minute(10));
}

#[test]
fn a_late_sample_is_judged_in_its_own_time_but_adds_none() {
    let mut rule = one_level();
    rule.rise.lasting = minutes(10);
    let (state, _) = play(
        &rule,
        AlertState::default(),
        " 0  95  pending
          5  96  pending
          2  95  pending
          4  95  pending",
    );
    assert_eq!((state.seen, state.value), (Some(minute(5)), Some(96.0)), "the newest is still the newest");
    play(&rule, state, "10 95 warning fired");
}

#[test]
fn a_late_sample_can_not_make_a_thing_gone() {
    check(&one_level(), "10 95 warning fired\n5 gone warning\n6 gone warning\n10 gone warning\n15 gone quiet gone");
}

#[test]
fn the_ends_of_time_are_times() {
    let mut rule = one_level();
    (rule.rise.lasting, rule.fall.lasting) = (Duration::MAX, Duration::MAX);
    for rule in [one_level(), rule] {
        let mut state = AlertState::default();
        for (value, at) in [(95.0, i64::MIN), (50.0, i64::MAX), (95.0, i64::MIN), (95.0, i64::MAX), (50.0, i64::MAX)] {
            state = step(&rule, state, Observation::Value(value, None), Timestamp::from_millis(at), Duration::MAX).0;
        }
        assert_eq!(state.seen, Some(Timestamp::from_millis(i64::MAX)));
    }
}
