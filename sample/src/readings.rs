//! What a probe can read on a host. Every part may be absent.

use serde::{Deserialize, Serialize};

/// The measured values of one sample. What could not be read is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// Number of logical CPUs that are online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logical_cpus: Option<u32>,
    /// Main memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Swap space; absent also on a host that has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<Swap>,
    /// Load averages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Seconds since boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
    /// Mounted filesystems that hold data; absent when the list could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filesystems: Option<Vec<Filesystem>>,
}

/// CPU time over a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// Share of time all CPUs were busy, percent: everything but idle and iowait. 0 to 100.
    pub busy_percent: f64,
    /// The window it is the mean of, in milliseconds.
    pub window_ms: u64,
}

/// Main memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// All of it. Above 0.
    pub total_bytes: u64,
    /// What programs could still get without swapping (`MemAvailable`, Linux 3.14 and later). Source: proc_meminfo(5).
    pub available_bytes: u64,
}

impl Memory {
    /// Memory in use, percent: (total − available) / total, so page cache counts as free. 0 to 100.
    pub fn used_percent(&self) -> f64 {
        percent(self.total_bytes.saturating_sub(self.available_bytes), self.total_bytes)
    }
}

/// Swap space of a host that has some.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// Load averages: the mean number of tasks that run or wait, over 1, 5 and 15 minutes. Source: proc_loadavg(5).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Over one minute.
    pub one: f64,
    /// Over five minutes.
    pub five: f64,
    /// Over fifteen minutes.
    pub fifteen: f64,
}

/// One mounted filesystem, in bytes and inodes as statvfs(3) counts them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filesystem {
    /// Where it is mounted. Chosen by the host: show it through [`crate::Untrusted`].
    pub mount: String,
    /// Its type, such as `ext4`.
    pub fs_type: String,
    /// All of it: blocks × fragment size.
    pub size_bytes: u64,
    /// blocks − free blocks. Blocks reserved for root are neither used nor available.
    pub used_bytes: u64,
    /// What an unprivileged user can still write.
    pub avail_bytes: u64,
    /// Number of inodes; absent where the filesystem has no fixed number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inodes: Option<u64>,
    /// Inodes that are free; absent like `inodes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inodes_free: Option<u64>,
}

impl Filesystem {
    /// Space in use, percent, as `df` counts it but unrounded: used / (used + avail). Absent for a size of 0.
    pub fn used_percent(&self) -> Option<f64> {
        let usable = self.used_bytes.saturating_add(self.avail_bytes);
        (usable > 0).then(|| percent(self.used_bytes, usable))
    }

    /// Inodes in use, percent. Absent where the filesystem has no fixed number.
    pub fn inodes_used_percent(&self) -> Option<f64> {
        let (all, free) = (self.inodes?, self.inodes_free?);
        (all > 0).then(|| percent(all.saturating_sub(free), all))
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64 * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_used_is_what_is_not_available() {
        let memory = Memory { total_bytes: 1000, available_bytes: 150 };
        assert_eq!(memory.used_percent(), 85.0);
        // Seen under lxcfs: more available than there is.
        assert_eq!(Memory { total_bytes: 1000, available_bytes: 2000 }.used_percent(), 0.0);
    }

    #[test]
    fn disk_percent_leaves_the_reserve_of_root_out_as_df_does() {
        let full = Filesystem {
            mount: "/".into(),
            fs_type: "ext4".into(),
            size_bytes: 100,
            used_bytes: 95,
            avail_bytes: 0,
            inodes: Some(0),
            inodes_free: Some(0),
        };
        assert_eq!(full.used_percent(), Some(100.0));
        assert_eq!(full.inodes_used_percent(), None, "btrfs has no fixed number of inodes");
    }
}
