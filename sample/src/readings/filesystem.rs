//! Mounted filesystems.

use serde::{Deserialize, Serialize};

use super::percent;
use crate::Timestamp;
use crate::range::{OutOfRange, count, name, texts};

/// One mounted filesystem, in bytes and inodes as statvfs(3) counts them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filesystem {
    /// Where it is mounted. Chosen by the host: show it through [`crate::Untrusted`].
    pub mount: String,
    /// Its type, such as `ext4`.
    pub fs_type: String,
    /// What is mounted, such as `/dev/sda1`, `tank/home` or `server:/export`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The pool whose free space it shares with other filesystems: of ZFS the pool's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
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
    /// Whether it can't be written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Whether it can't be written though it was meant to: the kernel remounted it after an error, or fstab(5) mounts
    /// it for writing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unexpectedly_read_only: bool,
}

impl Filesystem {
    /// Space in use, percent, as `df` counts it but unrounded: used / (used + avail). Absent for a size of 0.
    pub fn used_percent(&self) -> Option<f64> {
        let usable = self.used_bytes.saturating_add(self.avail_bytes);
        (usable > 0).then(|| percent(self.used_bytes, usable))
    }

    /// What only root can still write.
    pub fn reserved_bytes(&self) -> u64 {
        self.size_bytes.saturating_sub(self.used_bytes).saturating_sub(self.avail_bytes)
    }

    /// Inodes in use, percent. Absent where the filesystem has no fixed number.
    pub fn inodes_used_percent(&self) -> Option<f64> {
        let (all, free) = (self.inodes?, self.inodes_free?);
        (all > 0).then(|| percent(all.saturating_sub(free), all))
    }

    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.mount)?;
        texts([Some(&self.fs_type), self.source.as_ref(), self.pool.as_ref()].into_iter().flatten())?;
        let counts = [Some(self.size_bytes), Some(self.used_bytes), Some(self.avail_bytes)];
        count(counts.into_iter().chain([self.inodes, self.inodes_free]).flatten(), "filesystem")
    }
}

/// A mount that did not answer in time, or only with an error by which its server, program or disk is gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StuckMount {
    /// Where it is mounted.
    pub mount: String,
    /// Its type, such as `nfs4`.
    pub fs_type: String,
    /// When it was first seen so, by the host's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<Timestamp>,
}

impl StuckMount {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.mount)?;
        texts([&self.fs_type])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_percent_leaves_the_reserve_of_root_out_as_df_does() {
        let full = Filesystem {
            size_bytes: 100,
            used_bytes: 95,
            inodes: Some(0),
            inodes_free: Some(0),
            ..Filesystem::default()
        };
        assert_eq!(full.used_percent(), Some(100.0));
        assert_eq!(full.reserved_bytes(), 5);
        assert_eq!(full.inodes_used_percent(), None, "btrfs has no fixed number of inodes");
    }
}
