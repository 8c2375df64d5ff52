//! What is told of each mount of the fixture hosts, with numbers as statvfs(3) would have them there.

use super::*;

const HALF: Counts =
    Counts { fragment_bytes: 4096, blocks: 1000, free: 500, available: 450, inodes: 100, inodes_free: 25 };

/// What is told of each mount of the host.
fn of(host: &str) -> Vec<Filesystem> {
    let tree = Tree::of(host);
    let fstab = Fstab::parse(&tree.bytes("etc/fstab").unwrap());
    let mounts = holding::holding_data(&mounts::parse(&tree.bytes("proc/self/mountinfo").unwrap()), true);
    the_fullest(mounts.iter().filter_map(|mount| describe(mount, &HALF, &fstab)))
}

/// Mount, type, source, pool, and `ro` or `RO!` for one that can't be written.
fn shown(host: &str) -> Vec<String> {
    let show = |fs: Filesystem| {
        let written = match (fs.read_only, fs.unexpectedly_read_only) {
            (false, false) => "",
            (true, false) => " ro",
            (_, true) => " RO!",
        };
        let (source, pool) = (fs.source.unwrap_or("-".into()), fs.pool.unwrap_or("-".into()));
        format!("{} {} {source} {pool}{written}", fs.mount.escape_debug(), fs.fs_type)
    };
    of(host).into_iter().map(show).collect()
}

fn any() -> Mount {
    mounts::parse(b"1 0 8:1 / /m rw - ext4 /dev/x rw").remove(0)
}

fn described(counts: Counts) -> Option<Filesystem> {
    describe(&any(), &counts, &Fstab::default())
}

#[test]
fn a_server_with_many_disks_is_told_of_by_what_is_mounted_where_and_what_went_read_only() {
    assert_eq!(
        shown("server-128"),
        [
            "/ ext4 /dev/nvme0n1p2 -",
            "/boot ext4 /dev/nvme0n1p3 -",
            "/boot/efi vfat /dev/nvme0n1p1 -",
            "/data/1 xfs /dev/sda1 -",
            "/data/2 xfs /dev/sdb1 - RO!",
            "/data/3 xfs /dev/sdc1 - RO!",
            "/data/4 xfs /dev/sdq1 - ro",
            "/net/home/anna nfs4 nas1:/home/anna -",
            "/run tmpfs tmpfs -",
            "/scratch lustre 10.0.0.1@o2ib:/scratch -",
            "/srv/objects fuse s3 -",
            "/var/lib/docker xfs /dev/mapper/vg0-docker -",
        ]
    );
}

#[test]
fn datasets_of_zfs_say_which_pool_they_share() {
    assert_eq!(
        shown("zfs"),
        [
            "/ zfs rpool/ROOT/pve-1 rpool",
            "/backup/db1 zfs backup/db1 backup ro",
            "/boot/efi vfat /dev/nvme0n1p2 -",
            "/etc/pve fuse /dev/fuse -",
            "/run tmpfs tmpfs -",
            "/srv/vm/.zfs/snapshot/monday zfs tank/vm@monday tank ro",
            "/tank zfs tank tank",
            "/tank/home zfs tank/home tank",
            "/tank/home/anna zfs tank/home/anna tank",
        ]
    );
}

#[test]
fn a_small_host_a_container_and_an_old_kernel_are_told_of() {
    let small = shown("small-vm");
    assert_eq!(small[0], "/ ext4 /dev/vda1 -");
    assert!(small.contains(&"/home btrfs /dev/vdb1 -".to_owned()), "{small:?}");
    assert!(small.contains(&"/mnt/sshfs fuse.sshfs me@there:/ -".to_owned()), "{small:?}");
    assert_eq!(shown("container-lxcfs"), ["/ overlay overlay -", "/etc/hosts ext4 /dev/vda1 -"]);
    assert_eq!(shown("linux-3.10"), ["/ xfs /dev/mapper/centos-root -", "/boot xfs /dev/sda1 -"]);
}

#[test]
fn on_a_hostile_host_odd_names_are_kept_and_passwords_are_not() {
    let expected = [
        "/ ext4 /dev/vda1 -",
        "/a ext4 /dev/vdd -",
        "/emergency ext4 /dev/vdk - RO!",
        r"/line\nbreak\ttab ext4 /dev/vdb -",
        "/not-utf8-\u{fffd} ext4 /dev/vdj -",
        r"/odd\\9 ext4 /dev/vdh -",
        "/old ext4 /dev/vdg -",
        "/shut xfs /dev/vdl - RO!",
        "/tank-with-secret fuse https://anna@dav.example:8443/x@y -",
    ];
    assert_eq!(shown("hostile"), expected);
}

#[test]
fn a_source_is_told_without_a_password_and_absent_where_there_is_none() {
    let told = |text: &str| {
        let line = format!("1 0 0:1 / /m rw - fuse {text} rw");
        source(&mounts::parse(line.as_bytes())[0])
    };
    for (given, expected) in [
        ("ftp://anna:secret@host", "ftp://anna@host"),
        ("curlftpfs#ftp://anna:se@cret@host/a:b@c", "curlftpfs#ftp://anna@host/a:b@c"),
        ("ftp://:secret@host/", "ftp://host/"),
        ("https://host/a", "https://host/a"),
        ("anna@host:/", "anna@host:/"),
        ("//nas/share", "//nas/share"),
    ] {
        assert_eq!(told(given).as_deref(), Some(expected));
    }
    assert_eq!((told("none"), told(""), told(&"x".repeat(4097))), (None, None, None));
}

#[test]
fn the_numbers_are_those_of_df() {
    let half = described(HALF).unwrap();
    let found = (half.size_bytes, half.used_bytes, half.avail_bytes, half.inodes, half.inodes_free);
    assert_eq!(found, (4_096_000, 2_048_000, 1_843_200, Some(100), Some(25)));
    assert_eq!(half.used_percent(), Some(500.0 / 950.0 * 100.0));
}

#[test]
fn odd_counts_are_absent_and_never_wrong() {
    let no_size = Counts { blocks: 0, free: 0, available: 0, ..HALF };
    let more_free_than_there_is = Counts { free: HALF.blocks + 1, ..HALF };
    let beyond_the_database = Counts { blocks: 1 << 62, ..HALF };
    for odd in [no_size, more_free_than_there_is, beyond_the_database] {
        assert_eq!(described(odd), None);
    }
    let no_inodes = described(Counts { inodes: 0, inodes_free: 0, ..HALF }).unwrap();
    assert_eq!((no_inodes.inodes, no_inodes.inodes_free), (None, None), "btrfs has no fixed number of inodes");
    let too_many_free = described(Counts { inodes_free: u64::MAX, ..HALF }).unwrap();
    assert_eq!(too_many_free.inodes_free, Some(100));
}

#[test]
fn of_too_many_filesystems_the_fullest_are_kept() {
    let full = |n: u64| Filesystem {
        mount: format!("/m{n}"),
        size_bytes: 1000,
        used_bytes: n,
        avail_bytes: 1000 - n,
        ..Filesystem::default()
    };
    let kept = the_fullest((0..600).map(full));
    assert_eq!((kept.len(), kept.iter().map(|fs| fs.used_bytes).min()), (512, Some(600 - 512)));
}

#[test]
fn of_too_many_mounts_that_hang_as_many_are_told_as_a_sample_holds() {
    let line =
        |n: usize| format!("{n} 0 0:{n} / /{n:0>width$} rw - nfs4 a:/ rw", width = if n == 7 { 4096 } else { 4 });
    let lines: Vec<_> = (0..600).map(line).collect();
    let since = Timestamp::from_millis(5);
    let hanging: Vec<_> = mounts::parse(lines.join("\n").as_bytes()).into_iter().map(|mount| (mount, since)).collect();
    let told = stuck(hanging.iter());
    assert_eq!((told.len(), told[7].mount.as_str(), told[7].since_ms), (512, "/0008", Some(since)));
}

#[test]
fn a_list_that_lacks_a_mount_nobody_could_ask_is_none() {
    let host = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(host.path().join("proc/self")).unwrap();
    let list = "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:9 / /proc rw - nfs4 nas:/ rw\n";
    std::fs::write(host.path().join("proc/self/mountinfo"), list).unwrap();
    let notes = crate::notes::Notes::in_folder(&host.path().join("notes"));
    let survey = |network_filesystems| {
        // A tree reads the list once.
        let tree = Tree::at(host.path());
        let scope = sample::Scope { network_filesystems, ..sample::Scope::default() };
        let asked = Asked { scope: &scope, spot: false, notes: &notes, target: "00" };
        let (filesystems, stuck) = Survey::begin(&asked, &tree).finish();
        assert_eq!(stuck, []);
        filesystems.map(|all| all.into_iter().map(|fs| fs.mount).collect::<Vec<_>>())
    };
    // Without a process of its own, what may hang is not asked.
    assert_eq!((survey(true), survey(false)), (None, Some(vec!["/".to_owned()])));
    std::fs::write(host.path().join("proc/self/mountinfo"), "").unwrap();
    assert_eq!(survey(true), Some(vec![]));
}
