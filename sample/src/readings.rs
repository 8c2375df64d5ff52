//! What is known of a host at one moment. Every part may be absent.

mod filesystem;
mod health;
mod load;
mod network;
mod processes;
mod watched;

pub use filesystem::{Filesystem, StuckMount};
pub use health::{Array, Container, Fan, Log, LogLine, RebootRequired, Temperature, Usage};
pub use load::{Cpu, Load, Memory, Swap};
pub use network::Listener;
pub use processes::{Processes, TopProcess};
pub use watched::{Check, CheckState, CheckValue, ParseCheckStateError, SystemdUnit, WantedProcess};

use serde::{Deserialize, Serialize};

use crate::Rates;
use crate::range::{OutOfRange, all_within, count, most, within};

/// Most entries that a sample may have of each kind. A probe that finds more says which it kept.
pub mod most {
    /// Filesystems, and mounts that hang.
    pub const FILESYSTEMS: usize = 512;
    /// Disks, and network interfaces.
    pub const DEVICES: usize = 512;
    /// Logical CPUs.
    pub const CPUS: usize = 8192;
    /// Temperatures, and fans.
    pub const SENSORS: usize = 256;
    /// Top processes.
    pub const TOP_PROCESSES: usize = 32;
    /// Wanted processes, units that failed or are wanted, custom checks.
    pub const WATCHED: usize = 256;
    /// Values of one custom check.
    pub const VALUES: usize = 64;
    /// Arrays and pools.
    pub const ARRAYS: usize = 256;
    /// Lines of the log.
    pub const LOG_LINES: usize = 100;
    /// Listening sockets.
    pub const LISTENERS: usize = 1024;
    /// Bytes of any one text: Linux's PATH_MAX.
    pub const TEXT: usize = 4096;
}

/// The measured values of one sample. What could not be read is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Readings {
    /// How long the measurement took, in milliseconds. The sample's times are those of its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measuring_ms: Option<u64>,
    /// CPU time: from the probe a spot value or nothing; the server puts the mean since the sample before in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// Number of logical CPUs that are online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logical_cpus: Option<u32>,
    /// Load averages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Main memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Swap space; absent also on a host that has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<Swap>,
    /// Seconds since boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
    /// The container that the probe ran in; absent on a host of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// Mounted filesystems that hold data; absent when the list could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filesystems: Option<Vec<Filesystem>>,
    /// Mounts that did not answer in time. They are not among the filesystems; absent like these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stuck_mounts: Option<Vec<StuckMount>>,
    /// Temperatures; absent where the list could not be read, empty on a machine without sensors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperatures: Option<Vec<Temperature>>,
    /// Fans, like temperatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fans: Option<Vec<Fan>>,
    /// Processes: how many, and the biggest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Processes>,
    /// The processes that were asked for; absent when the list of processes could not be read, or none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_processes: Option<Vec<WantedProcess>>,
    /// systemd's units that failed, and those that were asked for; absent without systemd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<SystemdUnit>>,
    /// Sessions of users who are logged in; our own visit is not one, since it has no terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logged_in_users: Option<u32>,
    /// Open file handles of the whole system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_handles: Option<Usage>,
    /// Connections the firewall keeps track of; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conntrack: Option<Usage>,
    /// Whether something keeps the clock right, as systemd-timesyncd or chrony says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_synchronized: Option<bool>,
    /// Whether the host waits for a reboot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reboot_required: Option<RebootRequired>,
    /// Installed packages for which the lists on the host have a security update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_updates: Option<u32>,
    /// Software RAID arrays and ZFS pools; absent where neither could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrays: Option<Vec<Array>>,
    /// Error lines of the log since the sample before; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// Sockets that listen; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<Listener>>,
    /// Custom checks of the host's own; absent where it has no folder for them, or they are not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<Check>>,
    /// Means since the sample before. The server makes them from [`crate::Counters`]; a probe sends none.
    #[serde(skip)]
    pub rates: Rates,
}

impl Readings {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        all_within(&self.cpu, Cpu::check)?;
        within(self.logical_cpus != Some(0), "logical_cpus")?;
        all_within(&self.load, Load::check)?;
        all_within(&self.memory, Memory::check)?;
        all_within(&self.swap, Swap::check)?;
        count([self.measuring_ms, self.uptime_seconds].into_iter().flatten(), "a time")?;
        all_within(&self.container, Container::check)?;
        most(self.filesystems.as_deref(), most::FILESYSTEMS, Filesystem::check, "filesystems")?;
        most(self.stuck_mounts.as_deref(), most::FILESYSTEMS, StuckMount::check, "stuck mounts")?;
        most(self.temperatures.as_deref(), most::SENSORS, Temperature::check, "temperatures")?;
        most(self.fans.as_deref(), most::SENSORS, Fan::check, "fans")?;
        all_within(&self.processes, Processes::check)?;
        most(self.wanted_processes.as_deref(), most::WATCHED, WantedProcess::check, "wanted processes")?;
        most(self.units.as_deref(), most::WATCHED, SystemdUnit::check, "units")?;
        all_within(&self.file_handles, Usage::check)?;
        all_within(&self.conntrack, Usage::check)?;
        all_within(&self.reboot_required, RebootRequired::check)?;
        most(self.arrays.as_deref(), most::ARRAYS, Array::check, "arrays")?;
        all_within(&self.log, Log::check)?;
        most(self.listeners.as_deref(), most::LISTENERS, Listener::check, "listeners")?;
        most(self.checks.as_deref(), most::WATCHED, Check::check, "checks")
    }
}

/// The share of `part` in `whole`, percent.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64 * 100.0
}
