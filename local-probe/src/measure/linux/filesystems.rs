//! How full each filesystem is, without letting one that hangs stop the probe.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{StatVfs, statvfs};
use sample::{Filesystem, StuckMount, most};

use super::mounts::{self, Mount};
use super::{Asked, Tree};
use crate::measure::fullest_first;

/// How long filesystems may take to answer, all together.
const BUDGET: Duration = Duration::from_secs(2);
/// How many may hang before the rest goes unread.
const WORKERS: usize = 8;
/// As many as a sample may hold.
const MOST: usize = most::FILESYSTEMS;
/// Longest mount point a sample may hold, in bytes.
const LONGEST_NAME: usize = 4096;

/// A reading of filesystems that is under way.
pub(super) struct Survey {
    /// None where the list of mounts can't be read.
    asking: Option<Asking>,
}

struct Asking {
    found: Receiver<Option<Filesystem>>,
    expected: usize,
    deadline: Instant,
}

impl Survey {
    /// Begins to ask every filesystem how full it is.
    pub(super) fn begin(_asked: &Asked<'_>, tree: &Tree) -> Survey {
        let list = tree.bytes("proc/self/mountinfo");
        let asking = list.map(|list| Asking::start(mounts::holding_data(&mounts::parse(&list)), BUDGET, read));
        Survey { asking }
    }

    /// Those that answered in time, by mount point, and those that did not.
    pub(super) fn finish(self) -> (Option<Vec<Filesystem>>, Vec<StuckMount>) {
        (self.asking.map(Asking::finish), Vec::new())
    }
}

impl Asking {
    /// statvfs(2) can hang for ever and its thread can't be stopped, so the asking is done by threads that
    /// nobody waits for. They end with the process.
    fn start<R>(mounts: Vec<Mount>, budget: Duration, read: R) -> Asking
    where
        R: Fn(&Mount) -> Option<Filesystem> + Clone + Send + 'static,
    {
        let (send, found) = mpsc::channel();
        let (expected, deadline) = (mounts.len(), Instant::now() + budget);
        let (mounts, next) = (Arc::new(mounts), Arc::new(AtomicUsize::new(0)));
        for _ in 0..WORKERS.min(expected) {
            let (mounts, next, send, read) = (Arc::clone(&mounts), Arc::clone(&next), send.clone(), read.clone());
            let work = move || {
                while let Some(mount) = mounts.get(next.fetch_add(1, Atomic::Relaxed)) {
                    if send.send(read(mount)).is_err() {
                        return;
                    }
                }
            };
            if thread::Builder::new().spawn(work).is_err() {
                // Fewer threads are slower; with none the list stays empty.
                break;
            }
        }
        Asking { found, expected, deadline }
    }

    /// Those that answered in time, by mount point. If there are more than a sample holds, the fullest.
    fn finish(self) -> Vec<Filesystem> {
        let mut by_mount = BTreeMap::new();
        for _ in 0..self.expected {
            let left = self.deadline.saturating_duration_since(Instant::now());
            match self.found.recv_timeout(left) {
                // Two names that are not UTF-8 may read the same.
                Ok(Some(fs)) => drop(by_mount.entry(fs.mount.clone()).or_insert(fs)),
                Ok(None) => {}
                Err(_late_or_no_worker_left) => break,
            }
        }
        let mut all: Vec<Filesystem> = by_mount.into_values().collect();
        if all.len() > MOST {
            all.sort_by(fullest_first);
            all.truncate(MOST);
        }
        all
    }
}

fn read(mount: &Mount) -> Option<Filesystem> {
    let counts = statvfs(OsStr::from_bytes(&mount.point)).ok()?;
    describe(mount, &counts)
}

/// The numbers as `df` takes them. Absent for a filesystem without a size, and where the numbers can't be right.
fn describe(mount: &Mount, counts: &StatVfs) -> Option<Filesystem> {
    let bytes = |blocks: u64| blocks.checked_mul(counts.f_frsize).filter(|bytes| i64::try_from(*bytes).is_ok());
    let inodes = (counts.f_files > 0 && i64::try_from(counts.f_files).is_ok()).then_some(counts.f_files);
    let name = String::from_utf8_lossy(&mount.point).into_owned();
    let described = Filesystem {
        mount: name,
        fs_type: mount.fs_type.clone(),
        size_bytes: bytes(counts.f_blocks)?,
        used_bytes: bytes(counts.f_blocks.checked_sub(counts.f_bfree)?)?,
        avail_bytes: bytes(counts.f_bavail)?,
        inodes,
        inodes_free: inodes.map(|all| counts.f_ffree.min(all)),
        ..Filesystem::default()
    };
    (described.size_bytes > 0 && described.mount.len() <= LONGEST_NAME).then_some(described)
}

#[cfg(test)]
mod tests {
    use super::super::mounts;
    use super::*;

    fn many(count: usize) -> Vec<Mount> {
        let lines: Vec<_> = (0..count).map(|n| format!("{n} 9999 8:{n} / /m{n} rw - ext4 /dev/x rw")).collect();
        mounts::parse(lines.join("\n").as_bytes())
    }

    fn filesystem(mount: &Mount, used: u64) -> Filesystem {
        let mount = String::from_utf8(mount.point.clone()).unwrap();
        Filesystem {
            mount,
            fs_type: "ext4".into(),
            size_bytes: 1000,
            used_bytes: used,
            avail_bytes: 1000 - used,
            ..Filesystem::default()
        }
    }

    #[test]
    fn a_filesystem_that_hangs_is_absent_and_the_others_are_not() {
        let (_held, hang) = mpsc::channel::<()>();
        let hang = Arc::new(std::sync::Mutex::new(hang));
        let started = Instant::now();
        let survey = Asking::start(many(20), Duration::from_millis(200), move |mount| {
            if mount.point == b"/m3" {
                hang.lock().unwrap().recv().unwrap_err();
            }
            Some(filesystem(mount, 1))
        });
        assert_eq!(survey.finish().len(), 19);
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn of_too_many_filesystems_the_fullest_are_kept() {
        let survey = Asking::start(many(600), BUDGET, |mount| {
            let used = std::str::from_utf8(&mount.point[2..]).unwrap().parse().unwrap();
            Some(filesystem(mount, used))
        });
        let kept = survey.finish();
        assert_eq!((kept.len(), kept.iter().map(|fs| fs.used_bytes).min()), (512, Some(600 - 512)));
    }

    #[test]
    fn odd_counts_are_absent_and_never_wrong() {
        let mount = &many(1)[0];
        let good = statvfs("/").unwrap();
        assert!(describe(mount, &good).is_some());
        let no_size = StatVfs { f_blocks: 0, f_bfree: 0, f_bavail: 0, ..good };
        let more_free_than_there_is = StatVfs { f_bfree: good.f_blocks + 1, ..good };
        let beyond_the_database = StatVfs { f_blocks: 1 << 62, f_frsize: 4096, ..good };
        for odd in [no_size, more_free_than_there_is, beyond_the_database] {
            assert_eq!(describe(mount, &odd), None);
        }
        let no_inodes = describe(mount, &StatVfs { f_files: 0, f_ffree: 0, ..good }).unwrap();
        assert_eq!((no_inodes.inodes, no_inodes.inodes_free), (None, None), "btrfs has no fixed number of inodes");
    }
}
