//! Which mounts can't be written, and which of those were meant to be.

use super::fstab::Fstab;
use super::holding::is_read_only_by_nature;
use super::mounts::Mount;

/// What the kernel shows of a filesystem that it has stopped writing to after an error, though not as `ro`.
const STOPPED: [&str; 2] = ["emergency_ro", "shutdown"];

/// Whether it can't be written.
pub(super) fn is_read_only(mount: &Mount) -> bool {
    mount.has("ro") || mount.filesystem_has("ro") || has_stopped(mount)
}

/// Whether it can't be written though it was meant to.
pub(super) fn is_unexpectedly_read_only(mount: &Mount, fstab: &Fstab) -> bool {
    let by_nature = is_read_only_by_nature(mount);
    has_stopped(mount)
        || (!by_nature && is_read_only(mount) && (was_remounted(mount) || fstab.wants_to_write(&mount.point)))
}

fn has_stopped(mount: &Mount) -> bool {
    STOPPED.iter().any(|option| mount.filesystem_has(option))
}

/// Whether the filesystem went read-only under a mount that is to be written: so the kernel does it after an error,
/// where a person's `mount -o remount,ro` changes both. ZFS has it so for each dataset with `readonly=on`, and never
/// after an error.
fn was_remounted(mount: &Mount) -> bool {
    mount.filesystem_has("ro") && mount.has("rw") && mount.fs_type != "zfs"
}

#[cfg(test)]
mod tests {
    use super::super::mounts::parse;
    use super::*;
    use crate::measure::tree::Tree;

    /// Of each mount that can't be written: where it is, and whether that is unexpected.
    fn read_only(host: &str) -> Vec<(String, bool)> {
        let (tree, mut found) = (Tree::of(host), Vec::new());
        let fstab = Fstab::parse(&tree.bytes("etc/fstab").unwrap());
        for mount in parse(&tree.bytes("proc/self/mountinfo").unwrap()) {
            let unexpectedly = is_unexpectedly_read_only(&mount, &fstab);
            if is_read_only(&mount) {
                found.push((mount.name(), unexpectedly));
            } else {
                assert!(!unexpectedly, "{mount:?}");
            }
        }
        found
    }

    fn shown(found: &[(String, bool)]) -> Vec<(&str, bool)> {
        found.iter().map(|(name, unexpectedly)| (name.as_str(), *unexpectedly)).collect()
    }

    #[test]
    fn a_disk_after_an_error_and_one_that_fstab_wants_to_write_are_unexpected_and_images_are_not() {
        let server = read_only("server-128");
        let expected = [
            ("/data/2", true),  // the kernel has stopped writing
            ("/data/3", true),  // somebody has
            ("/data/4", false), // as fstab has it
            ("/snap/core22/1122", false),
            ("/media/dvd", false), // fstab lists it without ro
        ];
        assert_eq!(shown(&server), expected);
        assert_eq!(shown(&read_only("small-vm")), [("/snap/core/1", false), ("/media/cdrom", false)]);
    }

    #[test]
    fn datasets_of_zfs_with_readonly_on_and_snapshots_are_as_they_should_be() {
        assert_eq!(shown(&read_only("zfs")), [("/backup/db1", false), ("/srv/vm/.zfs/snapshot/monday", false)]);
    }

    #[test]
    fn a_filesystem_that_the_kernel_has_shut_down_is_unexpected_whatever_else_it_says() {
        assert_eq!(shown(&read_only("hostile")), [("/emergency", true), ("/shut", true), ("/ ", false)]);
        assert_eq!(read_only("container-lxcfs"), []);
    }

    #[test]
    fn an_overlay_is_read_only_by_nature_only_without_an_upper_layer() {
        let fstab = Fstab::parse(b"/dev/a / ext4 defaults 0 1");
        let root = |options: &str| parse(format!("1 0 0:9 / / {options}").as_bytes()).remove(0);
        let composefs = root("rw - overlay composefs ro,lowerdir=/a::/b,redirect_dir=on,metacopy=on");
        let read_only = root("ro - overlay overlay ro,lowerdir=/a,upperdir=/b,workdir=/c");
        assert!(is_read_only(&composefs) && !is_unexpectedly_read_only(&composefs, &fstab));
        assert!(is_unexpectedly_read_only(&read_only, &fstab));
        assert!(!is_unexpectedly_read_only(&read_only, &Fstab::default()));
    }
}
