//! Several levels, and other ones after a change of the configuration.

use super::*;

#[test]
fn it_gets_worse_and_better_and_is_over_when_all_levels_are() {
    let events = check(
        &two_levels(),
        " 0  82  warning   fired
          5  95  critical  worse
         10  86  critical
         15  84  warning   better
         20  76  warning
         25  75  quiet     resolved
         30  99  critical  fired
         35  10  quiet     resolved",
    );
    let told: Vec<_> = events.iter().map(|event| (event.severity, event.limit, event.since)).collect();
    let (warning, critical) = ((Severity::Warning, 80.0), (Severity::Critical, 90.0));
    let expected = [(warning, 0), (critical, 0), (warning, 0), (warning, 0), (critical, 30), (critical, 30)];
    assert_eq!(told, expected.map(|((severity, limit), since)| (severity, limit, minute(since))));
    assert_eq!(events[3].worst, 95.0);
}

#[test]
fn below_the_lower_limit_is_the_worse() {
    check(
        &rule(Side::Below, &[(Severity::Info, 30.0, 35.0), (Severity::Critical, 10.0, 15.0)]),
        " 0  29  info      fired
          5  5   critical  worse
         10  15  info      better
         15  35  quiet     resolved",
    );
}

#[test]
fn each_level_is_held_on_its_own() {
    let mut rule = two_levels();
    rule.rise = Hold { lasting: minutes(10), times: 1 };
    check(
        &rule,
        " 0  82  pending
          5  95  pending
         10  95  warning   fired
         15  95  critical  worse
         20  70  quiet     resolved",
    );
}

#[test]
fn a_critical_level_that_is_over_later_than_the_warning_is_what_remains() {
    check(
        &rule(Side::Above, &[(Severity::Warning, 80.0, 78.0), (Severity::Critical, 90.0, 50.0)]),
        " 0  95  critical  fired
          5  60  critical
         10  50  quiet     resolved",
    );
}

#[test]
fn a_changed_limit_goes_on_with_the_state() {
    let (state, _) = play(&one_level(), AlertState::default(), "0 91 warning fired");
    let higher = rule(Side::Above, &[(Severity::Warning, 95.0, 92.0)]);
    play(&higher, state.clone(), "5 93 warning\n10 92 quiet resolved");
    let (_, events) = play(&higher, state, "5 92 quiet resolved");
    assert_eq!(events[0].limit, 95.0);
}

#[test]
fn a_level_more_or_less_goes_on_with_the_severity() {
    let (warning, _) = play(&two_levels(), AlertState::default(), "0 85 warning fired");
    let (critical, _) = play(&two_levels(), AlertState::default(), "0 95 critical fired");
    let only_warning = rule(Side::Above, &[(Severity::Warning, 80.0, 75.0)]);
    let only_critical = rule(Side::Above, &[(Severity::Critical, 90.0, 85.0)]);
    play(&only_warning, warning.clone(), "5 78 warning\n10 75 quiet resolved");
    play(&only_warning, critical.clone(), "5 88 warning better\n10 75 quiet resolved");
    play(&only_critical, critical, "5 88 critical\n10 85 quiet resolved");
    play(&only_critical, warning, "5 88 quiet resolved\n10 90 critical fired");
    let (state, _) = play(&only_critical, AlertState::default(), "0 90 critical fired");
    play(&two_levels(), state, "5 88 critical\n10 85 warning better\n15 75 quiet resolved");
}

#[test]
fn a_pending_alert_starts_anew_with_another_number_of_levels() {
    let twice = |mut rule: Rule| {
        rule.rise.times = 2;
        rule
    };
    let (state, _) = play(&twice(one_level()), AlertState::default(), "0 95 pending");
    play(&twice(two_levels()), state, "5 95 pending\n10 95 critical fired");
}
