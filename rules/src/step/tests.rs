//! Stories: what is seen when, and what becomes of it. A line is a minute, a value, the state after it and the event
//! that came with it. The values: `-` could not be read, `gone` is not there, `96/10` with so many bytes available.

mod flapping;
mod holds;
mod levels;
mod limits;
mod order;
mod properties;

use sample::Metric;

use super::*;
use crate::{Hold, Level, Rule, RuleKey, Selector, Side, Telling};

const CYCLE: Duration = Duration::from_secs(300);

pub(super) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

pub(super) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000)
}

fn rule(side: Side, levels: &[(Severity, f64, f64)]) -> Rule {
    let key = RuleKey { metric: Metric::Memory, selector: Selector::Every, ordinal: 0 };
    let level = |(severity, limit, clear): &(_, _, _)| Level::new(*severity, *limit, Some(*clear), side);
    Rule::new(key, side, levels.iter().map(level).collect(), Telling::default()).unwrap()
}

/// Fires at 90, is over at 85.
fn one_level() -> Rule {
    rule(Side::Above, &[(Severity::Warning, 90.0, 85.0)])
}

/// Warning at 80, over at 75; critical at 90, over at 85.
fn two_levels() -> Rule {
    rule(Side::Above, &[(Severity::Warning, 80.0, 75.0), (Severity::Critical, 90.0, 85.0)])
}

fn observation(word: &str) -> Observation {
    match word.split_once('/') {
        Some((value, avail)) => Observation::Value(value.parse().unwrap(), Some(avail.parse().unwrap())),
        None if word == "-" => Observation::Absent,
        None if word == "gone" => Observation::Gone,
        None => Observation::Value(word.parse().unwrap(), None),
    }
}

/// The state in a word.
fn word(state: &AlertState) -> &'static str {
    match state.problem {
        Some(Problem { flapping: Some(_), .. }) => "flapping",
        Some(Problem { severity, .. }) => severity.name(),
        None if state.is_pending() => "pending",
        None => "quiet",
    }
}

/// Plays a story from `state` on, and returns the state and all events.
#[track_caller]
fn play(rule: &Rule, mut state: AlertState, story: &str) -> (AlertState, Vec<Event>) {
    let mut events = vec![];
    for line in story.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [time, value, expected @ ..] = &words[..] else { panic!("{line:?}") };
        let (next, event) = step(rule, state, observation(value), minute(time.parse().unwrap()), CYCLE);
        let found: Vec<_> = [word(&next)].into_iter().chain(event.map(|event| event.kind.name())).collect();
        assert_eq!(found, expected, "at {line:?}");
        events.extend(event);
        state = next;
    }
    (state, events)
}

#[track_caller]
fn check(rule: &Rule, story: &str) -> Vec<Event> {
    play(rule, AlertState::default(), story).1
}
