//! Whether a host is well: sensors, arrays, tables of the kernel, the log.

use serde::{Deserialize, Serialize};

use super::{most, percent};
use crate::Timestamp;
use crate::range::{self, OutOfRange, count, finite, name, texts, within};

/// The container that the probe ran in, and what it may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// As systemd-detect-virt(1) calls it: `docker`, `lxc`, `podman`, `systemd-nspawn` … or `container-other`.
    pub kind: String,
    /// How many CPUs' time it may use (cgroup `cpu.max`); absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<f64>,
    /// How much memory it may use (cgroup `memory.max`); absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
}

impl Container {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.kind)?;
        finite(self.cpu_limit, "a container")?;
        within(self.cpu_limit.is_none_or(|cpus| cpus > 0.0), "a container")?;
        count(self.memory_limit_bytes, "a container")
    }
}

/// A temperature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Temperature {
    /// Chip and label, such as `coretemp Package id 0`; unique within the sample.
    pub sensor: String,
    /// Degrees Celsius.
    pub celsius: f64,
    /// The temperature that the sensor calls critical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_celsius: Option<f64>,
}

impl Temperature {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.sensor)?;
        finite([Some(self.celsius), self.critical_celsius].into_iter().flatten(), "a temperature")
    }
}

/// A fan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fan {
    /// Chip and label, such as `nct6775 fan2`; unique within the sample.
    pub sensor: String,
    /// Revolutions per minute; 0: it stands.
    pub rpm: u64,
}

impl Fan {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.sensor)?;
        count([self.rpm], "a fan")
    }
}

/// So many of so many that are possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In use.
    pub used: u64,
    /// As many as there may be. Above 0.
    pub limit: u64,
}

impl Usage {
    /// In use, percent. May be above 100 after the limit was lowered.
    pub fn used_percent(&self) -> f64 {
        percent(self.used, self.limit)
    }

    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        within(self.limit > 0, "a limit")?;
        count([self.used, self.limit], "a limit")
    }
}

/// Whether the host waits for a reboot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RebootRequired {
    /// It does.
    pub required: bool,
    /// Why, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RebootRequired {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        texts(&self.reason)
    }
}

/// A software RAID array or a ZFS pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Array {
    /// Such as `md0` or `tank`.
    pub name: String,
    /// `md` or `zfs`.
    pub kind: String,
    /// In the words of the kernel: `active`, `inactive`, `ONLINE`, `DEGRADED` …
    pub state: String,
    /// Whether it has lost a device, or is lost itself.
    pub degraded: bool,
    /// How many devices it should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<u32>,
    /// How many of them work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_devices: Option<u32>,
}

impl Array {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.name)?;
        texts([&self.kind, &self.state])
    }
}

/// Lines of the log at error level or above.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    /// The last ones since the sample before, oldest first.
    pub lines: Vec<LogLine>,
    /// Earlier ones since then that did not fit.
    pub omitted: u64,
}

impl Log {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        count([self.omitted], "the log")?;
        range::most(Some(&self.lines), most::LOG_LINES, LogLine::check, "lines of the log")
    }
}

/// A line of the log. Chosen by the host: show it through [`crate::Untrusted`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogLine {
    /// When it was written, by the host's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<Timestamp>,
    /// Who wrote it, such as `kernel` or `nginx`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What.
    pub message: String,
}

impl LogLine {
    fn check(&self) -> Result<(), OutOfRange> {
        texts(self.source.iter().chain([&self.message]))
    }
}
