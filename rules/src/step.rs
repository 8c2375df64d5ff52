//! The state machine of an alert.

use sample::Timestamp;

use crate::Rule;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AlertState {
    /// Never seen over its limit.
    #[default]
    Inactive,
    /// Over its limit, and not yet back at its clear value.
    Firing {
        /// The sample time at which it began.
        since: Timestamp,
        /// The highest value seen since.
        worst: f64,
    },
    /// It fired once and is over.
    Resolved {
        /// The sample time at which it ended.
        at: Timestamp,
    },
}

/// What a sample says about the thing a rule watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// Its value, in the metric's unit.
    Value(f64),
    /// It could not be read.
    Absent,
}

/// A change of state that people may want to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// What changed.
    pub kind: EventKind,
    /// When, in sample time; never before `since`.
    pub at: Timestamp,
    /// The value that made it change; none where no value did.
    pub value: Option<f64>,
    /// When the alert began firing.
    pub since: Timestamp,
    /// The highest value seen while it fired.
    pub worst: f64,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The value reached the limit.
    Fired,
    /// The value came back to the clear value.
    Resolved,
    /// The rule or the host left the configuration while the alert was firing.
    Withdrawn,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 3] = [EventKind::Fired, EventKind::Resolved, EventKind::Withdrawn];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Fired => "fired",
            EventKind::Resolved => "resolved",
            EventKind::Withdrawn => "withdrawn",
        }
    }
}

/// Returns the state after `seen` was sampled `at` that time, and the event if the state changed.
///
/// A value between clear and limit keeps the alert as it was (hysteresis). An absent reading changes nothing:
/// it is neither good nor bad news. Nothing ends before it began: a sample that is older than the alert, as after a
/// correction of the clock, ends it at the time it began.
pub fn step(rule: &Rule, state: AlertState, seen: Observation, at: Timestamp) -> (AlertState, Option<Event>) {
    let Observation::Value(value) = seen else { return (state, None) };
    match state {
        AlertState::Inactive | AlertState::Resolved { .. } if value >= rule.limit() => {
            let event = Event { kind: EventKind::Fired, at, value: Some(value), since: at, worst: value };
            (AlertState::Firing { since: at, worst: value }, Some(event))
        }
        AlertState::Inactive | AlertState::Resolved { .. } => (state, None),
        AlertState::Firing { since, worst } if value <= rule.clear() && value < rule.limit() => {
            let at = at.max(since);
            let event = Event { kind: EventKind::Resolved, at, value: Some(value), since, worst };
            (AlertState::Resolved { at }, Some(event))
        }
        AlertState::Firing { since, worst } => (AlertState::Firing { since, worst: worst.max(value) }, None),
    }
}

/// Returns the state after the rule or its host was taken out of the configuration, and the event if the alert
/// was firing: who was told of a problem is told that nobody watches it any more. As in [`step`], it does not end before
/// it began.
pub fn withdraw(state: AlertState, at: Timestamp) -> (AlertState, Option<Event>) {
    match state {
        AlertState::Inactive | AlertState::Resolved { .. } => (state, None),
        AlertState::Firing { since, worst } => {
            let at = at.max(since);
            let event = Event { kind: EventKind::Withdrawn, at, value: None, since, worst };
            (AlertState::Resolved { at }, Some(event))
        }
    }
}

#[cfg(test)]
mod tests;
