//! Which of the mounts hold data and can be asked: kinds of filesystems, and what hides behind what.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::mounts::Mount;

/// Network filesystems: statvfs(2) on one whose server is gone can block for ever.
const NETWORK: &[&str] = &[
    "9p",
    "acfs",
    "afs",
    "afpfs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
    "virtiofs",
];

/// Images that are full by nature.
const IMAGES: &[&str] = &["cramfs", "erofs", "iso9660", "romfs", "squashfs"];

/// Filesystems that hold data though no device file is their source.
const WITHOUT_DEVICE_FILE: &[&str] = &["bcachefs", "btrfs", "jffs2", "ubifs", "yaffs2", "zfs"];

/// Places of tmpfs that programs rely on as on a disk: full, they stop them.
const IN_MEMORY: &[&[u8]] = &[b"/run", b"/tmp", b"/var/tmp"];

/// FUSE programs that show what is elsewhere, or nothing that fills up.
const VIEWS: &[&str] = &["fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal"];

/// Where the kernel, or lxcfs in its place, shows itself. As node_exporter leaves them out.
const OF_THE_KERNEL: &[&[u8]] = &[b"/dev/", b"/proc/", b"/sys/"];

/// Where containers keep their own mounts; the disk below is listed by itself. As node_exporter leaves them out.
const OF_CONTAINERS: &[&[u8]] = &[b"/var/lib/docker/", b"/var/lib/containers/storage/"];

/// Longest chain of mounts on mounts that is followed, in case the list was read while it changed and leads in a
/// circle.
const DEEPEST: usize = 100;

/// Those that hold data, each filesystem once, at its shortest mount point. Network and FUSE filesystems only where
/// they are wanted.
pub(super) fn holding_data(mounts: &[Mount], network: bool) -> Vec<Mount> {
    let tree = Tree::new(mounts);
    let mut by_device: BTreeMap<(u32, u32), &Mount> = BTreeMap::new();
    for mount in mounts.iter().filter(|mount| holds_data(mount, network) && tree.can_be_reached(mount)) {
        let best = by_device.entry(mount.device).or_insert(mount);
        if mount.point.len() < best.point.len() {
            *best = mount;
        }
    }
    by_device.into_values().cloned().collect()
}

fn holds_data(mount: &Mount, network: bool) -> bool {
    let (fs_type, may_hang) = (mount.fs_type.as_str(), may_hang(mount));
    // To ask an automount point would mount what is behind it.
    if fs_type == "autofs" || (may_hang && !network) {
        return false;
    }
    if mount.point == b"/" {
        // Whatever the root is, also a container's overlay or a diskless host's tmpfs: it must not run full.
        return true;
    }
    let left_out = OF_CONTAINERS.iter().chain(OF_THE_KERNEL).any(|prefix| mount.point.starts_with(prefix));
    let full_by_nature = IMAGES.contains(&fs_type) || mount.source.starts_with(b"/dev/sr");
    if left_out || full_by_nature || VIEWS.contains(&fs_type) {
        return false;
    }
    if fs_type == "tmpfs" {
        return IN_MEMORY.contains(&mount.point.as_slice());
    }
    may_hang || WITHOUT_DEVICE_FILE.contains(&fs_type) || (mount.source.starts_with(b"/dev/") && fs_type != "devtmpfs")
}

/// Whether a server or a program has to answer for it. A FUSE program that hangs blocks statvfs(2) like a dead server;
/// `fuseblk` is NTFS on a local disk.
pub(super) fn may_hang(mount: &Mount) -> bool {
    let fs_type = mount.fs_type.as_str();
    fs_type == "fuse" || fs_type.starts_with("fuse.") || NETWORK.contains(&fs_type)
}

/// Whether nobody expects to write it, however it is mounted.
pub(super) fn is_read_only_by_nature(mount: &Mount) -> bool {
    let fs_type = mount.fs_type.as_str();
    // DVDs are udf; an overlay without an upper layer, or a snapshot of ZFS, has no place to write to.
    IMAGES.contains(&fs_type)
        || fs_type == "udf"
        || (fs_type == "overlay" && !mount.filesystem_has("upperdir"))
        || (fs_type == "zfs" && mount.source.contains(&b'@'))
}

/// The mounts by the mount they are mounted on.
struct Tree<'a> {
    by_id: HashMap<u32, &'a Mount>,
    children: HashMap<u32, Vec<&'a Mount>>,
    /// Ids of those that lie below a mount that is mounted on the same one: it hides the folder they are in.
    behind_a_sibling: HashSet<u32>,
}

impl<'a> Tree<'a> {
    fn new(mounts: &'a [Mount]) -> Tree<'a> {
        let mut children: HashMap<u32, Vec<&Mount>> = HashMap::new();
        for mount in mounts.iter().filter(|mount| mount.parent != mount.id) {
            children.entry(mount.parent).or_default().push(mount);
        }
        let by_id = mounts.iter().map(|mount| (mount.id, mount)).collect();
        let mut behind_a_sibling = HashSet::new();
        for siblings in children.values_mut() {
            behind_a_sibling.extend(behind_another(siblings));
        }
        Tree { by_id, children, behind_a_sibling }
    }

    /// Whether its mount point leads to it. Another mount on top, or on a folder above, hides it: asked by its
    /// path, that other one would answer.
    fn can_be_reached(&self, mount: &Mount) -> bool {
        let on_it = self.children.get(&mount.id).into_iter().flatten();
        if on_it.into_iter().any(|above| above.point == mount.point) {
            return false;
        }
        let mut here = Some(mount);
        for _ in 0..DEEPEST {
            let Some(at) = here else { break };
            if self.behind_a_sibling.contains(&at.id) {
                return false;
            }
            here = self.by_id.get(&at.parent).copied().filter(|parent| parent.id != at.id);
        }
        true
    }
}

/// The ids of those whose mount point lies below that of another one. Sorted in the order of a walk, all that is
/// below a folder follows it, so that one look at each will do: a host may have ten thousand.
fn behind_another(siblings: &mut [&Mount]) -> Vec<u32> {
    siblings.sort_by(|a, b| in_walking_order(&a.point, &b.point));
    let mut hidden = Vec::new();
    let mut last_seen: Option<&Mount> = None;
    for mount in siblings {
        match last_seen {
            Some(above) if lies_below(&mount.point, &above.point) => hidden.push(mount.id),
            _ => last_seen = Some(mount),
        }
    }
    hidden
}

fn in_walking_order(a: &[u8], b: &[u8]) -> Ordering {
    a.split(|byte| *byte == b'/').cmp(b.split(|byte| *byte == b'/'))
}

fn lies_below(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.len() > folder.len() + 1 && path.strip_prefix(folder).is_some_and(|rest| rest[0] == b'/')
}

#[cfg(test)]
mod tests;
