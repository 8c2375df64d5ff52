//! How long and how often.

use super::*;

fn held(rise: Hold, fall: Hold) -> Rule {
    let mut rule = one_level();
    (rule.rise, rule.fall) = (rise, fall);
    rule
}

fn lasting(lasting: Duration) -> Hold {
    Hold { lasting, times: 1 }
}

fn times(times: u32) -> Hold {
    Hold { lasting: Duration::ZERO, times }
}

#[test]
fn for_ten_minutes_is_from_the_first_to_the_last_sample() {
    let events = check(
        &held(lasting(minutes(10)), Hold::default()),
        " 0  95  pending
          5  99  pending
         10  95  warning  fired
         15  50  quiet    resolved",
    );
    assert_eq!((events[0].since, events[0].at), (minute(0), minute(10)), "it began when it was first seen");
}

#[test]
fn the_worst_value_may_have_been_seen_while_it_was_pending() {
    let events = check(
        &held(lasting(minutes(10)), Hold::default()),
        " 0  91  pending
          5  99  pending
         10  92  warning  fired
         15  50  quiet    resolved",
    );
    assert_eq!((events[0].worst, events[1].worst), (99.0, 99.0));
}

#[test]
fn a_crontab_that_begins_a_moment_earlier_costs_no_cycle() {
    let rule = held(lasting(minutes(10)), Hold::default());
    let fires_at = |millis: [i64; 3]| {
        let mut state = AlertState::default();
        let fired = millis.map(|at| {
            let at = Timestamp::from_millis(at);
            let (next, event) = step(&rule, std::mem::take(&mut state), Observation::Value(95.0, None), at, CYCLE);
            state = next;
            event.is_some()
        });
        fired[2]
    };
    assert!(fires_at([900, 300_400, 600_100]), "three samples of five minutes are ten");
    assert!(!fires_at([0, 250_000, 540_000]), "nine are not");
}

#[test]
fn times_are_samples_in_a_row() {
    check(
        &held(times(3), Hold::default()),
        " 0  95  pending
          5  95  pending
         10  88  quiet
         15  95  pending
         20  95  pending
         25  -   pending
         30  95  warning  fired",
    );
}

#[test]
fn long_and_often_are_both_needed() {
    check(
        &held(Hold { lasting: minutes(5), times: 3 }, Hold::default()),
        " 0  95  pending
          5  95  pending
          6  95  warning  fired",
    );
    check(
        &held(Hold { lasting: minutes(5), times: 3 }, Hold::default()),
        "0  95  pending
         1  95  pending
         2  95  pending
         5  95  warning  fired",
    );
}

#[test]
fn a_long_gap_neither_counts_nor_starts_anew() {
    check(
        &held(lasting(minutes(10)), Hold::default()),
        "  0  95  pending
           5  95  pending
         100  95  pending
         105  95  warning  fired",
    );
}

#[test]
fn a_gap_of_two_and_a_half_cycles_still_counts() {
    let ms = Timestamp::from_millis;
    let rule = held(lasting(minutes(10)), Hold::default());
    for (gap, expected) in [(750_000, Some(EventKind::Fired)), (750_001, None)] {
        let (state, _) = step(&rule, AlertState::default(), Observation::Value(95.0, None), ms(0), CYCLE);
        let (_, event) = step(&rule, state, Observation::Value(95.0, None), ms(gap), CYCLE);
        assert_eq!(event.map(|event| event.kind), expected, "{gap}");
    }
}

#[test]
fn a_few_scattered_samples_are_not_all_the_time() {
    check(
        &held(lasting(minutes(50)), Hold::default()),
        " 0  95  pending
         12  95  pending
         24  95  pending
         36  95  pending
         48  95  pending
         60  95  pending
         65  95  pending
         70  95  warning  fired",
    );
}

#[test]
fn without_a_known_cycle_every_gap_counts() {
    let rule = held(lasting(minutes(60)), Hold::default());
    let seen = Observation::Value(95.0, None);
    let (state, _) = step(&rule, AlertState::default(), seen, minute(0), Duration::ZERO);
    let (_, event) = step(&rule, state, seen, minute(60), Duration::ZERO);
    assert_eq!(event.map(|event| event.kind), Some(EventKind::Fired));
}

#[test]
fn it_is_over_only_after_its_own_hold() {
    check(
        &held(Hold::default(), Hold { lasting: minutes(10), times: 2 }),
        " 0  95  warning  fired
          5  50  warning
         10  88  warning
         15  50  warning
         20  50  warning
         25  50  quiet    resolved",
    );
    check(
        &held(Hold::default(), times(2)),
        " 0  95  warning  fired
          5  50  warning
         10  -   warning
         15  50  quiet    resolved",
    );
}

#[test]
fn a_single_good_sample_ends_it_where_nothing_else_is_said() {
    check(&held(times(2), Hold::default()), "0 95 pending\n5 95 warning fired\n10 50 quiet resolved");
}
