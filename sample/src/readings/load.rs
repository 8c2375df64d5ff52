//! How busy a host is: CPU, load, memory.

use serde::{Deserialize, Serialize};

use super::percent;
use crate::range::{OutOfRange, count, percentages, within};

/// CPU time over a window, all CPUs together, in percent of that time: 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpu {
    /// Everything but idle and iowait: user, system and steal.
    pub busy_percent: f64,
    /// The window it is the mean of, in milliseconds.
    pub window_ms: u64,
    /// Whether it was measured on the spot, by a probe that had no sample before to compare with.
    pub spot: bool,
    /// In programs, guests and niced ones included (`user` and `nice` of proc_stat(5)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_percent: Option<f64>,
    /// In the kernel, interrupts included (`system`, `irq`, `softirq`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_percent: Option<f64>,
    /// Idle while input or output was outstanding. Not part of busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iowait_percent: Option<f64>,
    /// Taken by the hypervisor for others. Part of busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_percent: Option<f64>,
    /// Busy share of the one CPU that was busiest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busiest_core_percent: Option<f64>,
}

impl Cpu {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        let parts = [self.user_percent, self.system_percent, self.iowait_percent, self.steal_percent];
        percentages([self.busy_percent], "cpu")?;
        percentages(parts.into_iter().chain([self.busiest_core_percent]).flatten(), "cpu")?;
        count([self.window_ms], "cpu")
    }
}

/// Load averages: the mean number of tasks that run or wait, over 1, 5 and 15 minutes. Source: proc_loadavg(5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Over one minute.
    pub one: f64,
    /// Over five minutes.
    pub five: f64,
    /// Over fifteen minutes.
    pub fifteen: f64,
}

impl Load {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        within([self.one, self.five, self.fifteen].iter().all(|load| *load >= 0.0), "load")
    }
}

/// Main memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// All of it. Above 0. In a container with a limit below the machine's memory, the limit.
    pub total_bytes: u64,
    /// What programs could still get without swapping: `MemAvailable` of proc_meminfo(5), and what ZFS's cache would
    /// give back. Where the kernel does not estimate it (before Linux 3.14): free, buffers, cache and reclaimable
    /// slab without shared memory.
    pub available_bytes: u64,
    /// Page cache and buffers, shared memory left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_bytes: Option<u64>,
    /// Shared memory and tmpfs: it is in the page cache, but can't be dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_bytes: Option<u64>,
    /// The cache of ZFS (ARC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zfs_arc_bytes: Option<u64>,
    /// Whether total and available are those of the container that the probe ran in, not the machine's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub of_container: bool,
}

impl Memory {
    /// Memory in use, percent: (total − available) / total, so page cache counts as free. 0 to 100.
    pub fn used_percent(&self) -> f64 {
        percent(self.total_bytes.saturating_sub(self.available_bytes), self.total_bytes)
    }

    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        within(self.total_bytes > 0, "memory")?;
        let parts = [self.cached_bytes, self.shared_bytes, self.zfs_arc_bytes].into_iter().flatten();
        count(parts.chain([self.total_bytes, self.available_bytes]), "memory")
    }
}

/// Swap space of a host that has some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Swap {
    /// All of it. Above 0.
    pub total_bytes: u64,
    /// What is free.
    pub free_bytes: u64,
}

impl Swap {
    /// Swap in use, percent. 0 to 100.
    pub fn used_percent(&self) -> f64 {
        percent(self.total_bytes.saturating_sub(self.free_bytes), self.total_bytes)
    }

    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        within(self.total_bytes > 0, "swap")?;
        count([self.total_bytes, self.free_bytes], "swap")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_used_is_what_is_not_available() {
        let memory = |available_bytes| Memory { total_bytes: 1000, available_bytes, ..Memory::default() };
        assert_eq!(memory(150).used_percent(), 85.0);
        // Seen under lxcfs: more available than there is.
        assert_eq!(memory(2000).used_percent(), 0.0);
    }
}
