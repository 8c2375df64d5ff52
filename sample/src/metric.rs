//! What can be measured and compared with a limit.

use std::fmt;
use std::str::FromStr;

/// A measured quantity that a rule can watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Share of time all CPUs were busy (neither idle nor waiting for I/O), percent.
    Cpu,
    /// Memory in use, percent of total: (total − available) / total.
    Memory,
    /// Swap in use, percent.
    Swap,
    /// A filesystem's space in use, percent as `df` counts it. One value per mount.
    Disk,
    /// A filesystem's inodes in use, percent. One value per mount.
    Inodes,
    /// Load average over one minute, per logical CPU.
    Load,
    /// Seconds since boot.
    Uptime,
}

/// What a metric's values are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// Seconds.
    Seconds,
    /// A plain number.
    Number,
}

/// What a rule over this metric may be narrowed down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// One value per host: nothing to select.
    None,
    /// One value per mount point.
    Mount,
}

/// The text names no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric {0:?}")]
pub struct ParseMetricError(String);

impl Metric {
    /// Every metric, in the order people read them.
    pub const ALL: [Metric; 7] =
        [Metric::Cpu, Metric::Memory, Metric::Swap, Metric::Disk, Metric::Inodes, Metric::Load, Metric::Uptime];

    /// The name in config.xml, in the database and in mails.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::Cpu => "cpu",
            Metric::Memory => "memory",
            Metric::Swap => "swap",
            Metric::Disk => "disk",
            Metric::Inodes => "inodes",
            Metric::Load => "load",
            Metric::Uptime => "uptime",
        }
    }

    /// The unit of its values.
    pub const fn unit(self) -> Unit {
        match self {
            Metric::Cpu | Metric::Memory | Metric::Swap | Metric::Disk | Metric::Inodes => Unit::Percent,
            Metric::Uptime => Unit::Seconds,
            Metric::Load => Unit::Number,
        }
    }

    /// What a rule over it may select.
    pub const fn selectors(self) -> Selectors {
        match self {
            Metric::Disk | Metric::Inodes => Selectors::Mount,
            Metric::Cpu | Metric::Memory | Metric::Swap | Metric::Load | Metric::Uptime => Selectors::None,
        }
    }
}

impl FromStr for Metric {
    type Err = ParseMetricError;

    fn from_str(text: &str) -> Result<Metric, ParseMetricError> {
        let found = Metric::ALL.into_iter().find(|metric| metric.name() == text);
        found.ok_or_else(|| ParseMetricError(text.to_owned()))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        assert!("cpuu".parse::<Metric>().is_err());
    }
}
