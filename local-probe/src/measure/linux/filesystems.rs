//! How full each filesystem is, and which mounts don't answer, or only with an error.

use std::collections::BTreeMap;

use sample::{Filesystem, StuckMount, Timestamp, most};

use super::ask::{Answers, Asking, Counts, Told};
use super::fstab::Fstab;
use super::mounts::{self, Mount};
use super::stuck::{Memory, Stuck};
use super::writable::{is_read_only, is_unexpectedly_read_only};
use super::{Asked, Tree, holding};
use crate::measure::{fullest_first, now};

/// Most mounts that are asked. A host with more has datasets by the thousand; the ones with the shortest paths stand
/// for them.
const MOST_ASKED: usize = 4 * most::FILESYSTEMS;

/// A reading of filesystems that is under way.
pub(super) struct Survey {
    /// None where the list of mounts can't be read.
    underway: Option<Underway>,
}

struct Underway {
    tree: Tree,
    memory: Memory,
    /// Those that are not asked, since one of our processes hangs there already.
    known: Vec<(Mount, Timestamp)>,
    mounts: Vec<Mount>,
    asking: Asking,
}

impl Survey {
    /// Begins to ask every filesystem how full it is.
    pub(super) fn begin(asked: &Asked<'_>, tree: &Tree) -> Survey {
        let underway = tree.mountinfo().map(|list| {
            let candidates = holding::holding_data(&mounts::parse(list), asked.scope.network_filesystems);
            Underway::begin(candidates, Memory::recall(asked.notes, tree), tree)
        });
        Survey { underway }
    }

    /// Those that answered, by mount point, and those that hang or are broken. The former are absent unless each one that
    /// was asked is in one of the lists, or has said that it is not to be counted: one that is missing would look unmounted.
    pub(super) fn finish(self) -> (Option<Vec<Filesystem>>, Vec<StuckMount>) {
        self.underway.map_or((None, Vec::new()), Underway::finish)
    }
}

impl Underway {
    fn begin(candidates: Vec<Mount>, memory: Memory, tree: &Tree) -> Underway {
        let (mut known, mut mounts) = (Vec::new(), Vec::new());
        for mount in candidates {
            match memory.holds_a_process(&mount) {
                Some(since) => known.push((mount, since)),
                None => mounts.push(mount),
            }
        }
        if memory.is_full() {
            mounts.clear();
        } else if mounts.len() > MOST_ASKED {
            mounts.sort_by_key(|mount| mount.point.len());
            mounts.truncate(MOST_ASKED);
        }
        let asking = Asking::start(&mounts);
        Underway { tree: tree.clone(), memory, known, mounts, asking }
    }

    fn finish(self) -> (Option<Vec<Filesystem>>, Vec<StuckMount>) {
        let Underway { tree, memory, known, mounts, asking } = self;
        let Answers { told, left_behind } = asking.finish();
        let asked = || mounts.iter().zip(&told);
        let seen = Timestamp::from(now());
        let those_that = |say: Told| -> Vec<(Mount, Timestamp)> {
            let saying = asked().filter(|(_, told)| **told == Some(say));
            saying.map(|(mount, _)| (mount.clone(), memory.since(mount).unwrap_or(seen))).collect()
        };
        let (hanging, broken) = (those_that(Told::Hangs), those_that(Told::Broken));
        let fstab = tree.bytes("etc/fstab").map(|text| Fstab::parse(&text)).unwrap_or_default();
        let filesystems = asked().filter_map(|(mount, told)| match told {
            Some(Told::Counts(counts)) => describe(mount, counts, &fstab),
            Some(Told::Failed | Told::Broken | Told::Hangs) | None => None,
        });
        let is_known = told.iter().all(Option::is_some) && !memory.is_full();
        let filesystems = is_known.then(|| the_fullest(filesystems));
        let stuck = stuck(known.iter().chain(&hanging).chain(&broken));
        memory.note(&tree, &mounts, &Stuck { hanging, broken, left_behind });
        (filesystems, stuck)
    }
}

/// By mount point. If there are more than a sample holds, the fullest.
fn the_fullest(filesystems: impl Iterator<Item = Filesystem>) -> Vec<Filesystem> {
    let mut by_mount = BTreeMap::new();
    for filesystem in filesystems {
        // Two names that are not UTF-8 may read the same.
        by_mount.entry(filesystem.mount.clone()).or_insert(filesystem);
    }
    let mut all: Vec<Filesystem> = by_mount.into_values().collect();
    if all.len() > most::FILESYSTEMS {
        all.sort_by(fullest_first);
        all.truncate(most::FILESYSTEMS);
    }
    all
}

/// By mount point, as many as a sample holds.
fn stuck<'a>(mounts: impl Iterator<Item = &'a (Mount, Timestamp)>) -> Vec<StuckMount> {
    let told = mounts
        .map(|(mount, since)| (mount.name(), mount.fs_type.clone(), *since))
        .filter(|(name, fs_type, _)| fits(name) && fits(fs_type));
    let by_mount: BTreeMap<_, _> = told.map(|(mount, fs_type, since)| (mount, (fs_type, since))).collect();
    let described = by_mount.into_iter().take(most::FILESYSTEMS);
    described.map(|(mount, (fs_type, since))| StuckMount { mount, fs_type, since_ms: Some(since) }).collect()
}

/// The numbers as `df` takes them. Absent for a filesystem without a size, and where the numbers can't be right.
fn describe(mount: &Mount, counts: &Counts, fstab: &Fstab) -> Option<Filesystem> {
    let bytes = |blocks: u64| blocks.checked_mul(counts.fragment_bytes).filter(|bytes| i64::try_from(*bytes).is_ok());
    let inodes = (counts.inodes > 0 && i64::try_from(counts.inodes).is_ok()).then_some(counts.inodes);
    let described = Filesystem {
        mount: mount.name(),
        fs_type: mount.fs_type.clone(),
        source: source(mount),
        pool: pool(mount),
        size_bytes: bytes(counts.blocks)?,
        used_bytes: bytes(counts.blocks.checked_sub(counts.free)?)?,
        avail_bytes: bytes(counts.available)?,
        inodes,
        inodes_free: inodes.map(|all| counts.inodes_free.min(all)),
        read_only: is_read_only(mount),
        unexpectedly_read_only: is_unexpectedly_read_only(mount, fstab),
    };
    (described.size_bytes > 0 && fits(&described.mount) && fits(&described.fs_type)).then_some(described)
}

/// What is mounted, without a password if it is a URL.
fn source(mount: &Mount) -> Option<String> {
    let whole = String::from_utf8_lossy(&mount.source);
    let told = match whole.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            let user = user.split(':').next().filter(|user| !user.is_empty());
            let path = &rest[authority.len()..];
            format!("{scheme}://{}{host}{path}", user.map(|user| format!("{user}@")).unwrap_or_default())
        }
        None => whole.into_owned(),
    };
    (!told.is_empty() && told != "none" && fits(&told)).then_some(told)
}

/// The pool whose free space it shares with others. Subvolumes of btrfs have one device number and so one row.
fn pool(mount: &Mount) -> Option<String> {
    let name = mount.source.split(|byte| matches!(byte, b'/' | b'@')).next()?;
    let pool = (mount.fs_type == "zfs").then(|| String::from_utf8_lossy(name).into_owned())?;
    (!pool.is_empty() && fits(&pool)).then_some(pool)
}

fn fits(text: &str) -> bool {
    text.len() <= most::TEXT
}

#[cfg(test)]
mod tests;
