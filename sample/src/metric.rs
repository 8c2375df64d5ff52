//! What rules watch, and in what units.

use std::fmt;
use std::str::FromStr;

/// What a metric's values are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// A plain number, with fractions.
    Number,
    /// How many.
    Count,
    /// Bytes per second.
    BytesPerSecond,
    /// So many per second.
    PerSecond,
    /// Degrees Celsius.
    Celsius,
    /// Revolutions per minute.
    Rpm,
    /// 0: fine, 1: not quite, 2: not at all.
    State,
}

/// What a rule over a metric may be narrowed down to: the thing its values are seen on, one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// One value per host: nothing to select.
    None,
    /// A mount point.
    Mount,
    /// A block device.
    Disk,
    /// A network interface.
    Interface,
    /// A temperature or fan sensor.
    Sensor,
    /// What tasks wait for: `cpu`, `memory` or `io`.
    Resource,
    /// A process that config.xml wants.
    Process,
    /// A systemd unit.
    Unit,
    /// A custom check of the host's own.
    Check,
    /// A software RAID array or ZFS pool.
    Array,
}

/// Declares the metrics: name in config.xml, in the database and in mails, unit, and what can be selected.
macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:ident, $selectors:ident;)+) => {
        /// A measured quantity, or a state, that a rule can watch.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($(#[$doc])* $variant,)+ }

        impl Metric {
            /// Every metric, in the order people read them.
            pub const ALL: &[Metric] = &[$(Metric::$variant,)+];

            /// The name in config.xml, in the database and in mails.
            pub const fn name(self) -> &'static str {
                match self { $(Metric::$variant => $name,)+ }
            }

            /// The unit of its values.
            pub const fn unit(self) -> Unit {
                match self { $(Metric::$variant => Unit::$unit,)+ }
            }

            /// What a rule over it may select.
            pub const fn selectors(self) -> Selectors {
                match self { $(Metric::$variant => Selectors::$selectors,)+ }
            }
        }
    };
}

metrics! {
    // What becomes of visits. First, since it explains what is missing below.
    /// The collector as a whole: seconds since it last finished a run.
    Collector = "collector", Seconds, None;
    /// 1: the last visit did not reach the host.
    Unreachable = "unreachable", State, None;
    /// 1: the host refused the login.
    Login = "login", State, None;
    /// 1: the host's key is not the one on file, or none is on file.
    HostKey = "host-key", State, None;
    /// 1: the probe gave nothing usable.
    Probe = "probe", State, None;
    /// The host was started anew. An event of a moment.
    Reboot = "reboot", Count, None;
    /// A mount, an interface or a sensor that was there is gone. An event of a moment.
    Gone = "gone", Count, None;

    // What was measured.
    /// Share of time all CPUs were busy (neither idle nor waiting for I/O).
    Cpu = "cpu", Percent, None;
    /// Busy share of the one CPU that was busiest.
    CpuCore = "cpu-core", Percent, None;
    /// Share of time CPUs were idle while input or output was outstanding.
    CpuIowait = "cpu-iowait", Percent, None;
    /// Share of time taken by the hypervisor for others.
    CpuSteal = "cpu-steal", Percent, None;
    /// Load average over one minute, per logical CPU.
    Load = "load", Number, None;
    /// Load average over five minutes, per logical CPU.
    Load5 = "load5", Number, None;
    /// Load average over fifteen minutes, per logical CPU.
    Load15 = "load15", Number, None;
    /// Share of time in which at least one task waited for a resource.
    Pressure = "pressure", Percent, Resource;
    /// Memory in use: (total − available) / total.
    Memory = "memory", Percent, None;
    /// Swap in use.
    Swap = "swap", Percent, None;
    /// Read back from swap.
    SwapIn = "swap-in", BytesPerSecond, None;
    /// Processes killed for want of memory since the sample before.
    OomKills = "oom-kills", Count, None;
    /// A filesystem's space in use, as `df` counts it.
    Disk = "disk", Percent, Mount;
    /// The time until a filesystem is full, at the pace of the last day; a year stands for longer, or never.
    DiskFull = "disk-full", Seconds, Mount;
    /// A filesystem's inodes in use.
    Inodes = "inodes", Percent, Mount;
    /// 1: a filesystem can't be written though it was meant to.
    ReadOnly = "read-only", State, Mount;
    /// 1: a mount does not answer.
    StuckMount = "stuck-mount", State, Mount;
    /// 1: a software RAID array or ZFS pool lost a device.
    Array = "array", State, Array;
    /// Share of time in which a block device had anything under way.
    DiskBusy = "disk-busy", Percent, Disk;
    /// How long a read or write of a block device took on average, the slower of both.
    DiskLatency = "disk-latency", Milliseconds, Disk;
    /// What an interface received.
    InterfaceIn = "interface-in", BytesPerSecond, Interface;
    /// What an interface sent.
    InterfaceOut = "interface-out", BytesPerSecond, Interface;
    /// Packets with errors, both ways.
    InterfaceErrors = "interface-errors", PerSecond, Interface;
    /// Packets dropped, both ways.
    InterfaceDrops = "interface-drops", PerSecond, Interface;
    /// 1: an interface has no carrier.
    InterfaceDown = "interface-down", State, Interface;
    /// Connections dropped by listening sockets since the sample before.
    ListenDrops = "listen-drops", Count, None;
    /// Connections the firewall keeps track of, of as many as it can.
    Conntrack = "conntrack", Percent, None;
    /// Open file handles, of as many as there may be.
    FileHandles = "file-handles", Percent, None;
    /// A temperature.
    Temperature = "temperature", Celsius, Sensor;
    /// A fan's speed.
    Fan = "fan", Rpm, Sensor;
    /// All processes.
    Processes = "processes", Count, None;
    /// Processes that ended and whose parent has not noticed.
    Zombies = "zombies", Count, None;
    /// How many of a wanted process are missing.
    Process = "process", Count, Process;
    /// 1: a wanted systemd unit is not active.
    Unit = "unit", State, Unit;
    /// How many systemd units failed.
    FailedUnits = "failed-units", Count, None;
    /// A custom check: 1 for warning and unknown, 2 for critical.
    Check = "check", State, Check;
    /// Seconds since boot.
    Uptime = "uptime", Seconds, None;
    /// How far the host's clock is from the server's, whichever way.
    Clock = "clock", Seconds, None;
    /// 1: nothing keeps the host's clock right.
    ClockUnsynchronized = "clock-unsynchronized", State, None;
    /// Sessions of users who are logged in.
    Users = "users", Count, None;
    /// 1: the host waits for a reboot.
    RebootRequired = "reboot-required", State, None;
    /// Installed packages with a security update.
    SecurityUpdates = "security-updates", Count, None;
}

/// The text names no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric {0:?}")]
pub struct ParseMetricError(String);

impl Metric {
    /// Whether it tells how visits end, not what was measured: as long as one of these is firing, what was measured
    /// before is no news.
    pub const fn is_visit(self) -> bool {
        matches!(self, Metric::Unreachable | Metric::Login | Metric::HostKey | Metric::Probe)
    }

    /// Whether its events have no duration: told once, and never over.
    pub const fn is_momentary(self) -> bool {
        matches!(self, Metric::Reboot | Metric::Gone)
    }
}

impl Selectors {
    /// The attribute in config.xml; nothing where nothing can be selected.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Selectors::None => None,
            Selectors::Mount => Some("mount"),
            Selectors::Disk => Some("disk"),
            Selectors::Interface => Some("interface"),
            Selectors::Sensor => Some("sensor"),
            Selectors::Resource => Some("resource"),
            Selectors::Process => Some("process"),
            Selectors::Unit => Some("unit"),
            Selectors::Check => Some("check"),
            Selectors::Array => Some("array"),
        }
    }
}

impl FromStr for Metric {
    type Err = ParseMetricError;

    fn from_str(text: &str) -> Result<Metric, ParseMetricError> {
        let found = Metric::ALL.iter().find(|metric| metric.name() == text);
        found.copied().ok_or_else(|| ParseMetricError(text.to_owned()))
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
            assert_eq!(metric.name().parse(), Ok(*metric));
        }
        assert!("cpuu".parse::<Metric>().is_err());
    }
}
