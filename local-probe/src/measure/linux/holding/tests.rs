//! What is chosen of the mounts of each fixture host.

use super::super::mounts::parse;
use super::*;
use crate::measure::tree::Tree as Files;

fn shown(mounts: &[Mount]) -> Vec<String> {
    let mut shown: Vec<_> =
        mounts.iter().map(|mount| format!("{} {}", mount.point.escape_ascii(), mount.fs_type)).collect();
    shown.sort();
    shown
}

fn of(host: &str, network: bool) -> Vec<String> {
    shown(&holding_data(&parse(&Files::of(host).bytes("proc/self/mountinfo").unwrap()), network))
}

#[test]
fn disks_pools_and_subvolumes_are_listed_once_and_nothing_that_is_virtual_remote_or_an_image() {
    let local = [
        "/ ext4",
        "/boot/efi vfat",
        "/home btrfs",
        r"/mnt/usb stick\\x fuseblk",
        "/run tmpfs",
        "/tank zfs",
        "/tank/vm zfs",
        "/www xfs", // the shortest of three mounts of the same filesystem
    ];
    assert_eq!(of("small-vm", false), local);
}

#[test]
fn network_and_fuse_filesystems_are_listed_where_they_are_wanted_and_automount_points_never() {
    let remote = |host| of(host, true).into_iter().filter(|name| !of(host, false).contains(name)).collect::<Vec<_>>();
    assert_eq!(remote("small-vm"), ["/mnt/cifs cifs", "/mnt/nfs nfs4", "/mnt/sshfs fuse.sshfs"]);
    assert_eq!(remote("server-128"), ["/net/home/anna nfs4", "/scratch lustre", "/srv/objects fuse"]);
}

#[test]
fn of_a_server_with_containers_each_disk_is_listed_once() {
    assert_eq!(
        of("server-128", false),
        [
            "/ ext4",
            "/boot ext4",
            "/boot/efi vfat",
            "/data/1 xfs",
            "/data/2 xfs",
            "/data/3 xfs",
            "/data/4 xfs",
            "/run tmpfs",
            "/var/lib/docker xfs",
        ]
    );
}

#[test]
fn each_dataset_of_zfs_is_listed_as_df_does() {
    assert_eq!(
        of("zfs", false),
        [
            "/ zfs",
            "/backup/db1 zfs",
            "/boot/efi vfat",
            "/run tmpfs",
            "/srv/vm/.zfs/snapshot/monday zfs",
            "/tank zfs",
            "/tank/home zfs",
            "/tank/home/anna zfs",
        ]
    );
}

#[test]
fn the_initial_ramdisk_under_the_root_is_not_the_root() {
    assert_eq!(of("linux-3.10", false), ["/ xfs", "/boot xfs"]);
}

#[test]
fn the_root_of_a_container_is_shown_though_it_is_an_overlay() {
    assert_eq!(of("container-lxcfs", false), ["/ overlay", "/etc/hosts ext4"]);
}

#[test]
fn hidden_mounts_and_damaged_lines_are_left_out_and_odd_names_are_kept() {
    let expected = [
        "/ ext4",
        r"/a ext4",
        r"/emergency ext4",
        r"/line\nbreak\ttab ext4",
        r"/not-utf8-\xff ext4",
        r"/odd\\9 ext4",
        "/old ext4",
        "/shut xfs",
        "/tank-with-secret fuse",
    ];
    assert_eq!(of("hostile", true), expected);
    let mounts = parse(&Files::of("hostile").bytes("proc/self/mountinfo").unwrap());
    let a = holding_data(&mounts, false).into_iter().find(|mount| mount.point == b"/a").unwrap();
    assert_eq!(a.source, b"/dev/vdd", "the later mount on the same point is the one that is seen");
}

#[test]
fn a_list_that_leads_in_a_circle_ends() {
    let circle = parse(b"1 2 8:1 / /x rw - ext4 /dev/a rw\n2 1 8:2 / /y rw - ext4 /dev/b rw");
    assert_eq!(holding_data(&circle, false).len(), 2);
}

#[test]
fn only_a_whole_folder_hides_and_it_hides_at_every_depth() {
    let list = parse(
        b"1 0 8:1 / / rw - ext4 /dev/a rw\n\
          2 1 8:2 / /srv rw - ext4 /dev/b rw\n\
          3 1 8:3 / /srv-2 rw - ext4 /dev/c rw\n\
          4 1 8:4 / /srv/old rw - ext4 /dev/d rw\n\
          5 4 8:5 / /srv/old/inner rw - ext4 /dev/e rw\n\
          6 2 8:6 / /srv/new rw - ext4 /dev/f rw\n\
          7 1 8:7 / /srv.3 rw - ext4 /dev/g rw\n\
          8 1 8:8 / /srv/old/deep rw - ext4 /dev/h rw",
    );
    assert_eq!(
        shown(&holding_data(&list, false)),
        ["/ ext4", "/srv ext4", "/srv-2 ext4", "/srv.3 ext4", "/srv/new ext4"]
    );
}

#[test]
fn of_ten_thousand_mounts_each_that_can_be_reached_is_chosen() {
    let mut lines = vec!["1 0 8:1 / / rw - ext4 /dev/root rw".to_owned()];
    for n in 2..5002 {
        lines.push(format!("{n} 1 0:{n} / /pool/set{n} rw - zfs pool/set{n} rw"));
        // Mounted before the one above was: now behind it.
        lines.push(format!("{} 1 8:{n} / /pool/set{n}/inner rw - ext4 /dev/x{n} rw", n + 10_000));
    }
    let chosen = holding_data(&parse(lines.join("\n").as_bytes()), false);
    assert_eq!(chosen.len(), 5001);
    assert_eq!(chosen.iter().filter(|mount| mount.fs_type == "zfs").count(), 5000);
    let binds: Vec<_> = (2..10_002).map(|n| format!("{n} 1 8:1 /x /{n} rw - ext4 /dev/root rw")).collect();
    let chosen = holding_data(&parse(binds.join("\n").as_bytes()), false);
    assert_eq!(shown(&chosen), ["/2 ext4"]);
}
