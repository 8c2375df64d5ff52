//! From readings to the values a rule compares.

use std::fmt;

use sample::{Metric, OutcomeKind, Readings, Timestamp};

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
    /// Each thing with its value, and for filesystems the bytes that are available. What was not read is missing.
    pub values: Vec<(Instance, f64, Option<u64>)>,
    /// The list was read as a whole: a thing that is not in `values` is not there.
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

/// Returns the values of the metric in a row, in its unit.
pub fn observe(_metric: Metric, _seen: &Seen<'_>) -> Observed {
    todo!()
}
