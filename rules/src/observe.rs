//! From readings to the values a rule compares.

mod lists;
mod measured;
mod visit;

use std::collections::BTreeSet;
use std::fmt;

use sample::{Metric, OutcomeKind, Readings, Timestamp};

use crate::Observation;

/// The thing a value was seen on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instance {
    /// The host as a whole.
    Host,
    /// A mount point, an interface, a check: what [`Metric::selectors`] says. Chosen by the host.
    Named(String),
}

/// A row of the database, as rules see it.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'r> {
    /// A measurement.
    Sample {
        /// When it was taken, by the server's clock.
        taken: Timestamp,
        /// The kernel's id of the boot it was taken in.
        boot_id: Option<&'r str>,
        /// How far the host's clock was ahead of the server's, in milliseconds.
        clock_skew_ms: Option<i64>,
        /// What was measured.
        readings: &'r Readings,
    },
    /// How a visit ended.
    Outcome {
        /// How.
        kind: OutcomeKind,
        /// When.
        at: Timestamp,
    },
    /// The collector as a whole: it finished no run for so many seconds.
    Collector {
        /// Now.
        at: Timestamp,
        /// Since the last finished run.
        silent_seconds: u64,
    },
}

/// The values of one metric in a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Each thing with its value, and for filesystems the bytes that are available. Each thing once.
    pub values: Vec<(Instance, f64, Option<u64>)>,
    /// Things that are there, but without a value: it could not be read, or nothing happened that it could be made from.
    pub unread: BTreeSet<Instance>,
    /// The list was read as a whole: a thing that is neither in `values` nor in `unread` is not there.
    pub is_complete: bool,
}

impl Instance {
    /// Empty for the host, else the thing's name.
    pub fn as_str(&self) -> &str {
        match self {
            Instance::Host => "",
            Instance::Named(name) => name,
        }
    }

    /// The instance of a metric that [`Instance::as_str`] gave.
    pub fn from_stored(text: &str) -> Instance {
        if text.is_empty() { Instance::Host } else { Instance::Named(text.to_owned()) }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", sample::Untrusted(self.as_str()))
    }
}

impl Seen<'_> {
    /// When it was seen, in sample time.
    pub fn at(&self) -> Timestamp {
        match self {
            Seen::Sample { taken: at, .. } | Seen::Outcome { at, .. } | Seen::Collector { at, .. } => *at,
        }
    }
}

impl Observed {
    /// What is said about one thing. See [`Observed::values`] for all that have a value.
    pub fn of(&self, instance: &Instance) -> Observation {
        match self.values.iter().find(|(seen, ..)| seen == instance) {
            Some((_, value, avail_bytes)) => Observation::Value(*value, *avail_bytes),
            None if self.is_complete && !self.unread.contains(instance) => Observation::Gone,
            None => Observation::Absent,
        }
    }

    /// The host's one value, if there is one. A host is never gone.
    fn host(value: Option<f64>) -> Observed {
        let values = value.filter(|value| value.is_finite()).map(|value| (Instance::Host, value, None));
        Observed { values: values.into_iter().collect(), ..Observed::default() }
    }
}

/// Returns the values of the metric in a row, in its unit. Instances are named in plain text, see [`sample::plain`].
///
/// Nothing comes of what takes more than one row to know: [`Metric::DiskFull`], [`Metric::Reboot`], [`Metric::Gone`].
pub fn observe(metric: Metric, seen: &Seen<'_>) -> Observed {
    match *seen {
        Seen::Sample { clock_skew_ms, readings, .. } => measured::observe(metric, readings, clock_skew_ms),
        Seen::Outcome { kind, .. } => Observed::host(visit::value(metric, kind)),
        Seen::Collector { silent_seconds, .. } => {
            Observed::host((metric == Metric::Collector).then_some(silent_seconds as f64))
        }
    }
}

#[cfg(test)]
mod tests;
