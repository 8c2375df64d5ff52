//! Which mounted filesystems hold data, from `/proc/self/mountinfo`. Source: proc_pid_mountinfo(5).
//!
//! The list is bytes: mount points need not be UTF-8.

use std::collections::{BTreeMap, HashMap};

/// One line of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    id: u32,
    parent: u32,
    /// major:minor. All bind mounts and all subvolumes of one filesystem share it.
    device: (u32, u32),
    /// Where it is mounted, an absolute path.
    pub(super) point: Vec<u8>,
    /// Such as `ext4` or `fuse.sshfs`.
    pub(super) fs_type: String,
    source: Vec<u8>,
}

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

/// Where containers keep their own mounts; the disk below is listed by itself. As node_exporter leaves them out.
const OF_CONTAINERS: &[&[u8]] = &[b"/var/lib/docker/", b"/var/lib/containers/storage/"];

/// The mounts in the text of mountinfo. Lines that are none are left out.
pub(super) fn parse(mountinfo: &[u8]) -> Vec<Mount> {
    mountinfo.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

/// Those that hold data, each filesystem once, at its shortest mount point.
pub(super) fn holding_data(mounts: &[Mount]) -> Vec<Mount> {
    let tree = Tree::new(mounts);
    let mut by_device: BTreeMap<(u32, u32), &Mount> = BTreeMap::new();
    for mount in mounts.iter().filter(|mount| holds_data(mount) && tree.can_be_reached(mount)) {
        let best = by_device.entry(mount.device).or_insert(mount);
        if mount.point.len() < best.point.len() {
            *best = mount;
        }
    }
    by_device.into_values().cloned().collect()
}

fn holds_data(mount: &Mount) -> bool {
    let fs_type = mount.fs_type.as_str();
    if mount.point == b"/" {
        // Whatever the root is, also a container's overlay or a diskless host's tmpfs: it must not run full.
        return !NETWORK.contains(&fs_type);
    }
    let of_container = OF_CONTAINERS.iter().any(|prefix| mount.point.starts_with(prefix));
    // A FUSE program that hangs blocks statvfs(2) like a dead server; `fuseblk` is NTFS on a local disk.
    if of_container || fs_type.starts_with("fuse.") || NETWORK.contains(&fs_type) || IMAGES.contains(&fs_type) {
        return false;
    }
    WITHOUT_DEVICE_FILE.contains(&fs_type) || (mount.source.starts_with(b"/dev/") && fs_type != "devtmpfs")
}

/// The mounts by the mount they are mounted on.
struct Tree<'a> {
    by_id: HashMap<u32, &'a Mount>,
    children: HashMap<u32, Vec<&'a Mount>>,
}

impl<'a> Tree<'a> {
    fn new(mounts: &'a [Mount]) -> Tree<'a> {
        let mut children: HashMap<u32, Vec<&Mount>> = HashMap::new();
        for mount in mounts.iter().filter(|mount| mount.parent != mount.id) {
            children.entry(mount.parent).or_default().push(mount);
        }
        Tree { by_id: mounts.iter().map(|mount| (mount.id, mount)).collect(), children }
    }

    /// Whether its mount point leads to it. Another mount on top, or on a folder above, hides it: asked by its
    /// path, that other one would answer.
    fn can_be_reached(&self, mount: &Mount) -> bool {
        let covered = self.on(mount.id).any(|above| above.point == mount.point);
        let mut here = Some(mount);
        let mut diverted = false;
        // The depth is bounded in case the list was read while it changed and leads in a circle.
        for _ in 0..100 {
            let Some(at) = here else { break };
            diverted |= self.on(at.parent).any(|other| lies_below(&at.point, &other.point));
            here = self.by_id.get(&at.parent).copied().filter(|parent| parent.id != at.id);
        }
        !covered && !diverted
    }

    fn on(&self, id: u32) -> impl Iterator<Item = &'a Mount> {
        self.children.get(&id).into_iter().flatten().copied()
    }
}

fn lies_below(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.len() > folder.len() + 1 && path.strip_prefix(folder).is_some_and(|rest| rest[0] == b'/')
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let mut device = fields.next()?.splitn(2, |byte| *byte == b':');
    let device = (number(device.next()?)?, number(device.next()?)?);
    let point = unescape(fields.nth(1)?);
    // After the mount options come any number of optional fields, ended by a dash.
    fields.find(|field| *field == b"-")?;
    let fs_type = String::from_utf8_lossy(&unescape(fields.next()?)).into_owned();
    let source = unescape(fields.next()?);
    point.starts_with(b"/").then_some(Mount { id, parent, device, point, fs_type, source })
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The kernel writes space, tab, line break and backslash as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) = (first, tail) {
            bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mountinfo: &[u8]) -> Vec<String> {
        let chosen = holding_data(&parse(mountinfo));
        let mut shown: Vec<_> =
            chosen.iter().map(|mount| format!("{} {}", mount.point.escape_ascii(), mount.fs_type)).collect();
        shown.sort();
        shown
    }

    #[test]
    fn disks_pools_and_subvolumes_are_listed_once_and_nothing_that_is_virtual_remote_or_an_image() {
        assert_eq!(
            shown(include_bytes!("../../../testdata/hosts/small-vm/proc/self/mountinfo")),
            [
                "/ ext4",
                "/boot/efi vfat",
                "/home btrfs",
                r"/mnt/usb stick\\x fuseblk",
                "/tank zfs",
                "/tank/vm zfs",
                "/www xfs", // the shortest of three mounts of the same filesystem
            ]
        );
    }

    #[test]
    fn the_initial_ramdisk_under_the_root_is_not_the_root() {
        assert_eq!(
            shown(include_bytes!("../../../testdata/hosts/linux-3.10/proc/self/mountinfo")),
            ["/ xfs", "/boot xfs"]
        );
    }

    #[test]
    fn the_root_of_a_container_is_shown_though_it_is_an_overlay() {
        assert_eq!(
            shown(include_bytes!("../../../testdata/hosts/container-lxcfs/proc/self/mountinfo")),
            ["/ overlay", "/etc/hosts ext4"]
        );
    }

    #[test]
    fn hidden_mounts_and_damaged_lines_are_left_out_and_odd_names_are_kept() {
        let names = shown(include_bytes!("../../../testdata/hosts/hostile/proc/self/mountinfo"));
        let expected =
            ["/ ext4", r"/a ext4", r"/line\nbreak\ttab ext4", r"/not-utf8-\xff ext4", r"/odd\\9 ext4", "/old ext4"];
        assert_eq!(names, expected);
        let mounts = parse(include_bytes!("../../../testdata/hosts/hostile/proc/self/mountinfo"));
        let a = holding_data(&mounts).into_iter().find(|mount| mount.point == b"/a").unwrap();
        assert_eq!(a.source, b"/dev/vdd", "the later mount on the same point is the one that is seen");
    }

    #[test]
    fn a_list_that_leads_in_a_circle_ends() {
        let circle = parse(b"1 2 8:1 / /x rw - ext4 /dev/a rw\n2 1 8:2 / /y rw - ext4 /dev/b rw");
        assert_eq!(holding_data(&circle).len(), 2);
    }
}
