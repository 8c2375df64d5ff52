//! How full each filesystem is: the list by sysinfo, the numbers by statvfs(2), as `df` takes them.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{StatVfs, statvfs};
use sample::{Filesystem, most};
use sysinfo::{Disk, DiskRefreshKind, Disks};

use super::{fits, text};
use crate::measure::fullest_first;

/// How long all of it may take. Where one filesystem hangs, none is told: the list itself asks each of them.
const BUDGET: Duration = Duration::from_secs(5);

/// Those that hold no data of their own.
const VIRTUAL: &[&str] = &[
    "autofs",
    "devfs",
    "fdescfs",
    "kernfs",
    "linprocfs",
    "linsysfs",
    "mfs",
    "nullfs",
    "procfs",
    "ptyfs",
    "tmpfs",
    "unionfs",
];
/// Those whose server may be gone: statvfs(2) on one can block for ever.
const NETWORK: &[&str] = &["afpfs", "cifs", "nfs", "nfs4", "smbfs", "webdav"];

/// A reading of filesystems that is under way, in a thread that nobody waits for longer than the budget.
pub(super) struct Survey {
    found: Receiver<Option<Vec<Filesystem>>>,
    deadline: Instant,
}

impl Survey {
    pub(super) fn begin(with_network: bool) -> Survey {
        let (send, found) = mpsc::channel();
        let read = thread::Builder::new().spawn(move || send.send(read(with_network)));
        // A host that gives no thread has no filesystems to tell of: the channel is closed then.
        drop(read);
        Survey { found, deadline: Instant::now() + BUDGET }
    }

    pub(super) fn finish(self) -> Option<Vec<Filesystem>> {
        self.found.recv_timeout(self.deadline.saturating_duration_since(Instant::now())).ok().flatten()
    }
}

/// Each filesystem once, at its shortest mount point. If there are more than a sample holds, the fullest.
fn read(with_network: bool) -> Option<Vec<Filesystem>> {
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    let mut by_device: BTreeMap<String, Filesystem> = BTreeMap::new();
    for disk in disks.iter().filter(|disk| holds_data(disk, with_network)) {
        let Some(found) = describe(disk, statvfs(disk.mount_point()).ok()) else { continue };
        let device = disk.id().map_or_else(|| found.mount.clone(), |id| id.to_string());
        let known = by_device.entry(device).or_insert_with(|| found.clone());
        if found.mount.len() < known.mount.len() {
            *known = found;
        }
    }
    let mut all: Vec<Filesystem> = by_device.into_values().collect();
    if all.len() > most::FILESYSTEMS {
        all.sort_by(fullest_first);
        all.truncate(most::FILESYSTEMS);
    }
    all.sort_by(|a, b| a.mount.cmp(&b.mount));
    Some(all)
}

fn holds_data(disk: &Disk, with_network: bool) -> bool {
    let fs_type = disk.file_system().to_string_lossy();
    let is_remote = NETWORK.contains(&&*fs_type) || fs_type.starts_with("fuse");
    !VIRTUAL.contains(&&*fs_type) && (with_network || !is_remote)
}

/// With the numbers of statvfs(2), which tell root's reserve apart. Where they do not agree with sysinfo's on the size
/// (macOS counts blocks in 32 bits), with sysinfo's: then the reserve counts as used.
fn describe(disk: &Disk, counts: Option<StatVfs>) -> Option<Filesystem> {
    let size_bytes = Some(disk.total_space()).filter(|size| *size > 0 && fits(*size))?;
    let exact = counts.as_ref().and_then(|counts| {
        let bytes = |blocks: u64| blocks.checked_mul(counts.f_frsize).filter(|bytes| *bytes <= size_bytes);
        let agrees = bytes(counts.f_blocks)? == size_bytes;
        agrees.then_some((bytes(counts.f_blocks.checked_sub(counts.f_bfree)?)?, bytes(counts.f_bavail)?))
    });
    let avail = disk.available_space().min(size_bytes);
    let (used_bytes, avail_bytes) = exact.unwrap_or((size_bytes - avail, avail));
    let inodes = counts.as_ref().map(|counts| counts.f_files).filter(|inodes| *inodes > 0 && fits(*inodes));
    let (fs_type, source) = (disk.file_system().to_string_lossy(), disk.name().to_string_lossy());
    let pool = (fs_type == "zfs").then(|| source.split('/').next().unwrap_or(&source).to_owned());
    Some(Filesystem {
        mount: text(disk.mount_point().to_string_lossy().into_owned())?,
        fs_type: text(fs_type.into_owned())?,
        source: text(source.clone().into_owned()),
        pool: pool.and_then(text),
        size_bytes,
        used_bytes,
        avail_bytes,
        inodes,
        inodes_free: inodes.and_then(|all| Some(counts.as_ref()?.f_ffree.min(all))),
        read_only: disk.is_read_only(),
        unexpectedly_read_only: false,
    })
}
