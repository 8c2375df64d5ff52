//! The state machine of an alert: its states and events. `advance` leads from one to the next.

mod advance;
mod switch;

use std::time::Duration;

use sample::Timestamp;

use crate::Severity;

pub(crate) use advance::limit;
pub use advance::{step, withdraw};

/// Where an alert stands, and what it remembers to come to the next state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertState {
    /// The problem that is open, if one is.
    pub problem: Option<Problem>,
    /// For each level of the rule: whether it is reached, and what speaks for a change.
    pub switches: Vec<Switch>,
    /// The newest sample time that had a say.
    pub seen: Option<Timestamp>,
    /// The newest value.
    pub value: Option<f64>,
    /// When it fired or was over in the last two hours, but six at most; the newest last.
    pub changes: Vec<Timestamp>,
    /// In how many samples in a row the thing itself was not there.
    pub absent: u32,
}

/// A problem that is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// The sample time at which it began: of the first sample in a row that made it fire.
    pub since: Timestamp,
    /// How bad it is now; while it flaps, how bad it last was.
    pub severity: Severity,
    /// The worst value from the sample on that made it fire.
    pub worst: f64,
    /// It comes and goes, and has done so since then: it stays open until it is quiet.
    pub flapping: Option<Timestamp>,
}

/// One level of a rule: reached or not, and what speaks for a change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Switch {
    /// The level is reached.
    pub on: bool,
    /// What was seen in a row that speaks against it, and does not suffice yet.
    pub against: Option<Run>,
}

/// The same seen several times in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// First at that time.
    pub since: Timestamp,
    /// For so long, not counting gaps in which nothing was seen.
    pub lasting: Duration,
    /// In so many samples.
    pub times: u32,
    /// The worst value among them.
    pub worst: f64,
}

/// What a sample says about the thing a rule watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// Its value, in the metric's unit, and for filesystems the bytes that are available.
    Value(f64, Option<u64>),
    /// It could not be read: neither good nor bad news.
    Absent,
    /// The thing itself is not there any more, in a list that could be read.
    Gone,
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
    /// When the problem began.
    pub since: Timestamp,
    /// The worst value seen since.
    pub worst: f64,
    /// How bad it is now, or was at last.
    pub severity: Severity,
    /// The limit of that severity.
    pub limit: f64,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A limit was reached.
    Fired,
    /// The limit of a worse level was reached.
    Worse,
    /// A worse level is over, a lesser one is not.
    Better,
    /// It comes and goes too often to tell each time. Opens a problem if none is open.
    Flapping,
    /// It stopped coming and going, and is not over.
    Steady,
    /// All levels are over.
    Resolved,
    /// The thing it was seen on is gone.
    Gone,
    /// The rule or the host left the configuration while it was firing.
    Withdrawn,
    /// Something that happened in a moment and is never over: opened and ended at once.
    Happened,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 9] = [
        EventKind::Fired,
        EventKind::Worse,
        EventKind::Better,
        EventKind::Flapping,
        EventKind::Steady,
        EventKind::Resolved,
        EventKind::Gone,
        EventKind::Withdrawn,
        EventKind::Happened,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Fired => "fired",
            EventKind::Worse => "worse",
            EventKind::Better => "better",
            EventKind::Flapping => "flapping",
            EventKind::Steady => "steady",
            EventKind::Resolved => "resolved",
            EventKind::Gone => "gone",
            EventKind::Withdrawn => "withdrawn",
            EventKind::Happened => "happened",
        }
    }

    /// Whether an incident is open after it.
    pub const fn opens(self) -> bool {
        matches!(self, EventKind::Fired | EventKind::Flapping | EventKind::Happened)
    }

    /// Whether it ends the incident.
    pub const fn ends(self) -> bool {
        matches!(self, EventKind::Resolved | EventKind::Gone | EventKind::Withdrawn | EventKind::Happened)
    }
}

impl AlertState {
    /// Nothing to remember: the same as never seen.
    pub fn is_blank(&self) -> bool {
        let quiet = |switch: &Switch| *switch == Switch::default();
        self.problem.is_none() && self.changes.is_empty() && self.absent == 0 && self.switches.iter().all(quiet)
    }

    /// Something speaks for a problem that is not open yet.
    pub fn is_pending(&self) -> bool {
        self.problem.is_none() && self.switches.iter().any(|switch| !switch.on && switch.against.is_some())
    }
}

#[cfg(test)]
mod tests;
