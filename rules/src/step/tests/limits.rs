//! One limit, one clear value.

use super::*;

#[test]
fn it_fires_at_the_limit_and_resolves_at_the_clear_value() {
    check(
        &one_level(),
        " 0  89.9  quiet
          5  90    warning  fired
         10  99    warning
         15  88    warning
         20  85    quiet    resolved
         25  89    quiet
         30  91    warning  fired",
    );
}

#[test]
fn below_it_fires_under_the_limit_and_resolves_at_the_clear_value() {
    let events = check(
        &rule(Side::Below, &[(Severity::Warning, 10.0, 20.0)]),
        " 0  10  quiet
          5  9   warning  fired
         10  3   warning
         15  19  warning
         20  20  quiet    resolved",
    );
    assert_eq!(events[1].worst, 3.0, "the worst is the lowest");
}

#[test]
fn an_absent_reading_is_neither_good_nor_bad_news() {
    let events = check(
        &one_level(),
        " 0  -    quiet
          5  95   warning  fired
         10  -    warning
         15  10   quiet    resolved
         20  -    quiet
         25  inf  quiet
         30  95   warning  fired
         35  NaN  warning
         40  inf  warning
         45  -inf warning
         50  10   quiet    resolved",
    );
    assert_eq!(events[3].worst, 95.0, "what is no finite number is no reading");
}

#[test]
fn a_clear_value_equal_to_the_limit_does_not_flap_on_it() {
    check(
        &rule(Side::Above, &[(Severity::Warning, 90.0, 90.0)]),
        " 0  90    warning  fired
          5  90    warning
         10  89.9  quiet    resolved
         15  90    warning  fired",
    );
}

#[test]
fn a_filesystem_fires_only_while_little_is_free_and_is_over_when_enough_is() {
    let mut rule = one_level();
    rule.and_free_below = Some(1000);
    check(
        &rule,
        " 0  95/1000  quiet
          5  95       quiet
         10  95/999   warning  fired
         15  95/1049  warning
         20  95       warning
         25  95/1050  quiet    resolved
         30  95/10    warning  fired
         35  88/10    warning
         40  85/10    quiet    resolved",
    );
    let mut no_band = super::rule(Side::Above, &[(Severity::Warning, 90.0, 90.0)]);
    no_band.and_free_below = Some(1000);
    check(&no_band, "0 90/999 warning fired\n5 90/1049 warning\n10 89/1049 quiet resolved");
    rule.and_free_below = Some(u64::MAX);
    let most = u64::MAX;
    check(&rule, &format!("0 95/{} warning fired\n5 95/{most} warning", most - 1));
}

#[test]
fn the_resolving_event_tells_since_when_and_how_bad_it_was() {
    let events = check(
        &one_level(),
        "1  91  warning  fired
         2  97  warning
         3  50  quiet    resolved",
    );
    let severity = Severity::Warning;
    let fired = Event {
        kind: EventKind::Fired,
        at: minute(1),
        value: Some(91.0),
        since: minute(1),
        worst: 91.0,
        severity,
        limit: 90.0,
    };
    let resolved = Event { kind: EventKind::Resolved, at: minute(3), value: Some(50.0), worst: 97.0, ..fired };
    assert_eq!(events, [fired, resolved]);
}

#[test]
fn a_withdrawn_rule_ends_its_problem_and_says_so_once() {
    let (state, _) = play(&one_level(), AlertState::default(), "1 99 warning fired");
    let (state, event) = withdraw(state, 90.0, minute(5));
    let event = event.unwrap();
    assert_eq!((event.kind, event.at, event.since, event.value), (EventKind::Withdrawn, minute(5), minute(1), None));
    assert_eq!((event.worst, event.limit), (99.0, 90.0));
    assert_eq!(withdraw(state, 90.0, minute(6)), (AlertState::default(), None));
}

#[test]
fn what_is_missing_twice_in_a_row_is_gone_and_forgotten() {
    let (state, events) = play(
        &one_level(),
        AlertState::default(),
        " 0  95    warning  fired
          5  gone  warning
         10  95    warning
         15  gone  warning
         20  -     warning
         25  gone  quiet    gone
         30  gone  quiet",
    );
    assert_eq!((events[1].since, events[1].value, state), (minute(0), None, AlertState::default()));
}

#[test]
fn what_is_gone_leaves_nothing_behind_for_what_has_its_name_later() {
    let mut rule = one_level();
    rule.rise.times = 2;
    check(
        &rule,
        " 0  95    pending
          5  gone  pending
         10  gone  quiet
         15  95    pending
         20  95    warning  fired",
    );
}
