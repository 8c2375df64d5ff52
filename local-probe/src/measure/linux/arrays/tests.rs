use super::*;

/// Name, state, degraded, devices and those that work.
type Row = (String, String, bool, Option<u32>, Option<u32>);

fn shown(arrays: Option<Vec<Array>>) -> Vec<Row> {
    let arrays = arrays.unwrap().into_iter();
    arrays.map(|a| (a.name, a.state, a.degraded, a.devices, a.active_devices)).collect()
}

fn row(name: &str, state: &str, degraded: bool, pair: Option<(u32, u32)>) -> Row {
    let (devices, active) = pair.unzip();
    (name.to_owned(), state.to_owned(), degraded, devices, active)
}

fn one(mdstat: &str) -> Array {
    let arrays = parse_mdstat(mdstat);
    assert_eq!(arrays.len(), 1, "{arrays:?}");
    arrays[0].clone()
}

#[test]
fn every_kind_of_array_is_told_with_what_it_has_lost() {
    let arrays = read(&Tree::of("server-128"));
    assert!(arrays.iter().flatten().all(|array| array.kind == "md"));
    assert_eq!(
        shown(arrays),
        [
            row("md127", "active (auto-read-only)", false, Some((2, 2))),
            row("md0", "active", false, Some((2, 2))),   // being checked
            row("md1", "active", true, Some((2, 1))),    // lost one
            row("md2", "active", true, Some((10, 9))),   // rebuilding onto a spare
            row("md3", "active", false, Some((4, 4))),   // first resync: nothing is lost
            row("md4", "active", false, None),           // raid0
            row("md5", "active", false, None),           // linear
            row("md6", "inactive", true, None),          // not enough devices to start
            row("md7", "active", true, Some((8, 6))),    // raid6 without two
            row("md8", "active", false, Some((3, 3))),   // journal and spare
            row("md126", "active", false, Some((2, 2))), // of a BIOS; its container md125 is none
            row("md_d9", "active (read-only)", false, Some((2, 2))),
        ]
    );
}

#[test]
fn pools_are_told_in_the_words_of_zfs() {
    let arrays = read(&Tree::of("zfs"));
    assert!(arrays.iter().flatten().all(|array| array.kind == "zfs"));
    let expected = [
        row("backup", "DEGRADED", true, None),
        row("rpool", "ONLINE", false, None),
        row("tank", "SUSPENDED", true, None),
    ];
    assert_eq!(shown(arrays), expected);
}

#[test]
fn no_arrays_is_an_empty_list_and_no_list_is_absent() {
    assert_eq!(read(&Tree::of("linux-3.10")), Some(Vec::new()));
    assert_eq!(read(&Tree::of("small-vm")), None, "neither md nor ZFS is loaded");
    assert_eq!(read(&Tree::of("none")), None);
}

#[test]
fn pools_of_a_zfs_that_does_not_tell_their_states_are_absent_and_not_well() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join(POOLS).join("tank")).unwrap();
    let tree = Tree::at(root.path());
    assert_eq!(read(&tree), None);
    std::fs::write(root.path().join(POOLS).join("tank/state"), "FINE\n").unwrap();
    assert_eq!(read(&tree), None, "no state of a pool");
    std::fs::write(root.path().join(POOLS).join("tank/state"), "FAULTED\n").unwrap();
    assert_eq!(shown(read(&tree)), [row("tank", "FAULTED", true, None)]);
}

#[test]
fn garbage_is_no_array_and_hides_none() {
    let expected = [row("md0", "active", true, Some((2, 1))), row("md9", "active", false, None)];
    assert_eq!(shown(read(&Tree::of("hostile"))), expected);
    for text in ["", "md", "md0", "md0 :", "md0 : ", "md0 : [2/1]", "\u{0}\u{1}", " : active", "md0 : active\u{7f}"] {
        assert_eq!(parse_mdstat(text), [], "{text:?}");
    }
}

#[test]
fn more_arrays_than_a_sample_may_have_leave_out_those_that_are_well() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("proc")).unwrap();
    let mut text = String::new();
    for number in 0..300 {
        text += &format!("md{number} : active raid1 a[0]\n      1 blocks [2/{}] [UU]\n\n", 2 - number / 299);
    }
    std::fs::write(root.path().join("proc/mdstat"), text).unwrap();
    let arrays = read(&Tree::at(root.path())).unwrap();
    assert_eq!((arrays.len(), arrays[0].name.as_str(), arrays[1].name.as_str()), (most::ARRAYS, "md299", "md0"));
}

#[test]
fn progress_and_bitmaps_are_not_taken_for_devices() {
    let array = one("md2 : active raid5 sdc1[3] sdb1[1] sda1[0]\n      \
        3906764800 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/3] [UUU]\n      \
        [=>...................]  check =  9.2% (180000000/1953382400) finish=150.2min speed=196000K/sec\n      \
        bitmap: 0/15 pages [0KB], 65536KB chunk\n\nunused devices: <none>\n");
    assert_eq!((array.degraded, array.devices, array.active_devices), (false, Some(3), Some(3)));
    let bitmap_first =
        one("md2 : active raid1 a[0]\n      bitmap: 0/15 pages [0KB], 65536KB chunk\n      9 blocks [2/1] [U_]\n");
    assert_eq!((bitmap_first.devices, bitmap_first.active_devices), (Some(2), Some(1)));
}

#[test]
fn a_broken_stripe_set_is_degraded() {
    let array = one("md4 : broken raid0 sdb1[1] sda1[0]\n      100 blocks super 1.2 512k chunks\n");
    assert_eq!((array.state.as_str(), array.degraded), ("broken", true));
}

#[test]
fn an_array_that_lost_its_devices_at_once_is_degraded_though_nothing_follows_its_name() {
    let array = one("md0 : inactive sdb1[0](S) sdc1[2](F)\nunused devices: <none>\n");
    assert_eq!((array.state.as_str(), array.degraded, array.devices), ("inactive", true, None));
}
