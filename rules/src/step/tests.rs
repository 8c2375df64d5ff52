use proptest::prelude::*;
use sample::Metric;

use super::*;
use crate::{RuleKey, Selector};

fn rule(limit: f64, clear: Option<f64>) -> Rule {
    let key = RuleKey { metric: Metric::Memory, selector: Selector::Every, ordinal: 0 };
    Rule::new(key, limit, clear, vec![]).unwrap()
}

/// Plays a script of `minute value expectation` lines, where the expectation is the state after the value, in
/// capitals if an event came with it. `-` is an absent reading.
#[track_caller]
fn check(rule: &Rule, script: &str) {
    let mut state = AlertState::default();
    for line in script.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [minute, value, expected] = words[..] else { panic!("{line:?}") };
        let at = Timestamp::from_millis(minute.parse::<i64>().unwrap() * 60_000);
        let seen = if value == "-" { Observation::Absent } else { Observation::Value(value.parse().unwrap()) };
        let (next, event) = step(rule, state, seen, at);
        let name = match next {
            AlertState::Inactive => "inactive",
            AlertState::Firing { .. } => "firing",
            AlertState::Resolved { .. } => "resolved",
        };
        let found = if event.is_some() { name.to_uppercase() } else { name.to_owned() };
        assert_eq!(found, expected, "at {line:?}");
        state = next;
    }
}

#[test]
fn it_fires_at_the_limit_and_resolves_at_the_clear_value() {
    check(
        &rule(90.0, Some(85.0)),
        "0 89.9 inactive
         1 90   FIRING
         2 99   firing
         3 88   firing
         4 85   RESOLVED
         5 89   resolved
         6 91   FIRING",
    );
}

#[test]
fn an_absent_reading_is_neither_good_nor_bad_news() {
    check(
        &rule(90.0, None),
        "0 -  inactive
         1 95 FIRING
         2 -  firing
         3 10 RESOLVED
         4 -  resolved",
    );
}

#[test]
fn a_clear_value_equal_to_the_limit_does_not_flap_on_it() {
    check(
        &rule(90.0, Some(90.0)),
        "0 90   FIRING
         1 90   firing
         2 89.9 RESOLVED
         3 90   FIRING",
    );
}

#[test]
fn the_resolving_event_tells_since_when_and_how_bad_it_was() {
    let rule = rule(90.0, None);
    let at = Timestamp::from_millis;
    let (state, _) = step(&rule, AlertState::Inactive, Observation::Value(91.0), at(1));
    let (state, _) = step(&rule, state, Observation::Value(97.0), at(2));
    let (_, event) = step(&rule, state, Observation::Value(50.0), at(3));
    let expected = Event { kind: EventKind::Resolved, at: at(3), value: Some(50.0), since: at(1), worst: 97.0 };
    assert_eq!(event, Some(expected));
}

#[test]
fn a_withdrawn_rule_ends_its_firing_alert_and_says_so_once() {
    let at = Timestamp::from_millis;
    let (state, event) = withdraw(AlertState::Firing { since: at(1), worst: 9.0 }, at(5));
    assert_eq!(event.map(|event| event.kind), Some(EventKind::Withdrawn));
    assert_eq!(withdraw(state, at(6)), (state, None));
}

#[test]
fn a_sample_older_than_the_alert_ends_it_no_earlier_than_it_began() {
    let at = Timestamp::from_millis;
    let firing = AlertState::Firing { since: at(10), worst: 97.0 };
    let (state, event) = step(&rule(90.0, None), firing, Observation::Value(50.0), at(9));
    assert_eq!((state, event.map(|event| event.at)), (AlertState::Resolved { at: at(10) }, Some(at(10))));
    let (state, event) = withdraw(firing, at(9));
    assert_eq!((state, event.map(|event| event.at)), (AlertState::Resolved { at: at(10) }, Some(at(10))));
}

proptest! {
    #[test]
    fn nothing_ends_before_it_began_in_whatever_order_samples_come(seen in prop::collection::vec((0..1000i64, 0.0..100.0f64), 0..200)) {
        let rule = rule(50.0, Some(40.0));
        let mut state = AlertState::default();
        for (time, value) in seen {
            let before = state;
            let (next, event) = step(&rule, state, Observation::Value(value), Timestamp::from_millis(time));
            for event in event.into_iter().chain(withdraw(next, Timestamp::from_millis(time)).1) {
                prop_assert!(event.at >= event.since, "{:?}", event);
            }
            if let (AlertState::Firing { since, .. }, AlertState::Resolved { at }) = (before, next) {
                prop_assert!(at >= since);
            }
            state = next;
        }
    }

    #[test]
    fn fired_and_resolved_alternate_whatever_is_seen(values in prop::collection::vec(prop::option::of(0.0..100.0f64), 0..200)) {
        let rule = rule(50.0, Some(40.0));
        let mut state = AlertState::default();
        let mut last = None;
        for (minute, value) in values.into_iter().enumerate() {
            let seen = value.map_or(Observation::Absent, Observation::Value);
            let (next, event) = step(&rule, state, seen, Timestamp::from_millis(minute as i64));
            if let Some(event) = event {
                prop_assert_ne!(last.replace(event.kind), Some(event.kind));
            }
            state = next;
        }
    }
}
