//! Who is told of an alert, when, and with which words beside it.

use std::time::Duration;

use crate::{Hours, Recipient, Severity};

/// Who is told, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telling {
    /// Who is told. May be empty: then the alert is kept in the database only.
    pub recipients: Vec<Recipient>,
    /// How often they are reminded while it goes on.
    pub repeat: Repeat,
    /// Who else is told if nobody acknowledges it.
    pub escalation: Option<Escalation>,
    /// When problems may be told; recoveries always are. None: at any time.
    pub active: Option<Hours>,
    /// Where it is written what to do.
    pub url: Option<String>,
    /// What else to say.
    pub text: Option<String>,
}

/// How often people are reminded of a problem that goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// As [`Repeats`] has it for the problem's severity.
    #[default]
    BySeverity,
    /// Not at all.
    Never,
    /// So long after they were last told.
    Every(Duration),
}

/// How often people are reminded, by severity. None: not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Of what should be looked at within a day.
    pub warning: Option<Duration>,
    /// Of what should be looked at now.
    pub critical: Option<Duration>,
}

/// Who is told as well of a problem that nobody acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    /// So long after somebody was first told.
    pub after: Duration,
    /// Who.
    pub to: Vec<Recipient>,
}

impl Default for Repeats {
    /// Critical every four hours, warnings once a day.
    fn default() -> Repeats {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        Repeats { warning: hours(24), critical: hours(4) }
    }
}

impl Repeats {
    /// How often for this severity.
    pub const fn of(self, severity: Severity) -> Option<Duration> {
        match severity {
            // What is only worth knowing is never said twice.
            Severity::Info => None,
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }
}
