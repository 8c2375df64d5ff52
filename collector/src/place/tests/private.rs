//! Who may change what is on the way to a place.

use std::fs;
use std::os::unix::fs::chown;

use super::*;

const NOBODY: u32 = 65_534;
/// A group that is not root's.
const STAFF: u32 = 50;

/// Owner, group and mode of `above`, the same of `above/lowest`, and what is said about `above/lowest/new/here`.
type Way = ((u32, u32, u32), (u32, u32, u32), &'static str);

const OURS: (u32, u32, u32) = (0, 0, 0o755);
const WAYS: [Way; 14] = [
    (OURS, OURS, ""),
    (OURS, (0, 0, 0o700), ""),
    (OURS, (0, 0, 0o775), ""),
    (OURS, (0, STAFF, 0o755), ""),
    (OURS, (0, STAFF, 0o775), "group 50 can write to "),
    (OURS, (0, STAFF, 0o1770), "group 50 can write to "),
    (OURS, (0, 0, 0o777), "others can write to "),
    (OURS, (0, 0, 0o702), "others can write to "),
    (OURS, (0, 0, 0o1777), "others can write to "),
    (OURS, (NOBODY, 0, 0o755), "belongs to another user"),
    ((0, 0, 0o1777), OURS, ""),
    ((0, 0, 0o777), OURS, "others can write to "),
    ((0, STAFF, 0o775), OURS, "group 50 can write to "),
    ((NOBODY, 0, 0o755), OURS, "belongs to another user"),
];

fn set(path: &Path, (user, group, mode): (u32, u32, u32)) {
    chown(path, Some(user), Some(group)).expect("this test gives directories away: run it as root");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_place_is_refused_where_others_can_change_what_is_on_the_way() {
    for shell in shells() {
        for (above, lowest, said) in WAYS {
            let dir = tempfile::tempdir().unwrap();
            let way = dir.path().join("above/lowest");
            fs::create_dir_all(&way).unwrap();
            set(&dir.path().join("above"), above);
            set(&way, lowest);
            let place = way.join("new/here");
            let report = find(&shell, Path::new("/nonexistent"), place.to_str().unwrap(), SHA256);
            let refused = report.last("refused").unwrap_or_default();
            let case = format!("{shell:?} {above:?} {lowest:?}: {refused}");
            assert_eq!(report.last("place").is_some(), said.is_empty(), "{case}");
            assert_eq!((refused.contains(said), refused.is_empty()), (true, said.is_empty()), "{case}");
            assert_eq!(way.join("new").exists(), said.is_empty(), "{case}");
        }
    }
}

#[test]
fn what_is_above_a_home_is_the_affair_of_the_host() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    set(dir.path(), (0, STAFF, 0o775));
    let report = find(&["/bin/sh"], &home, "", SHA256);
    assert_eq!(report.last("place"), home.join(".cache/fleet-health").to_str());

    set(&home, (0, STAFF, 0o775));
    let report = find(&["/bin/sh"], &home, "\"$HOME/here\"", SHA256);
    assert!(report.last("refused").unwrap().contains("group 50 can write to "));
}

#[test]
fn a_group_is_an_account_s_own_only_if_it_is_named_after_it() {
    // Of these accounts the group of the second one has another name.
    for (user, taken) in [("daemon", true), ("nobody", false)] {
        let ids = ["-u", "-g"].map(|which| {
            let told = Command::new("id").args([which, user]).output().unwrap();
            String::from_utf8(told.stdout).unwrap().trim().parse::<u32>().unwrap()
        });
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = dir.path().join("home");
        fs::create_dir(&home).unwrap();
        set(&home, (ids[0], ids[1], 0o775));
        let as_user =
            ["/usr/bin/setpriv", "--reuid", user, "--regid", &ids[1].to_string(), "--clear-groups", "/bin/sh"];
        let report = find(&as_user, &home, "\"$HOME/here\"", SHA256);
        assert_eq!(report.last("place").is_some(), taken, "{user}: {:?}", report.last("refused"));
    }
}
