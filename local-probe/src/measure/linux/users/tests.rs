use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

/// A host with these files.
fn host(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Tree) {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let tree = Tree::at(root.path());
    (root, tree)
}

fn sshd_session(leader: u32) -> String {
    format!(
        "UID=1000\nUSER=ann\nACTIVE=1\nSTATE=active\nREMOTE=1\nTYPE=tty\nCLASS=user\nSERVICE=sshd\nLEADER={leader}\n"
    )
}

fn stat(terminal: u32) -> String {
    format!("1 (a) S 1 1 1 {terminal} 1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 1\n")
}

#[test]
fn each_host_has_its_own_number() {
    let count = |host: &str| logged_in(&Tree::of(host));
    assert_eq!(count("small-vm"), Some(2), "one at the console, one through SSH; not our visit, cron and who has left");
    assert_eq!((count("hostile"), count("none")), (None, None));
}

#[test]
fn a_login_through_ssh_is_one_if_a_process_of_it_has_a_terminal() {
    let (ours, ann, none, some) = (sshd_session(700), sshd_session(812), stat(0), stat(34816));
    let (none, some) = (none.as_bytes(), some.as_bytes());
    let mut files = vec![
        ("run/systemd/sessions/1", ours.as_bytes()),
        ("proc/700/stat", none),
        ("proc/700/task/700/children", b"701 ".as_slice()),
        ("proc/701/stat", none),
        ("proc/701/task/701/children", b""),
        ("run/systemd/sessions/2", ann.as_bytes()),
        ("proc/812/stat", none),
        ("proc/812/task/812/children", b"819 "),
        ("proc/819/stat", none),
        ("proc/819/task/819/children", b"820 "),
        ("proc/820/stat", some),
    ];
    let (_root, tree) = host(&files);
    assert_eq!(logged_in(&tree), Some(1));
    files.push(("proc/self/mountinfo", b"22 27 0:21 / /proc rw - proc proc rw,hidepid=2\n"));
    let (_root, tree) = host(&files);
    assert_eq!(logged_in(&tree), None, "processes are hidden");
    files.retain(|(path, _)| !path.ends_with("700/children") && !path.ends_with("mountinfo"));
    let (_root, tree) = host(&files);
    assert_eq!(logged_in(&tree), None, "a kernel that does not tell of children");
}

#[test]
fn a_pipe_beside_the_sessions_is_not_opened() {
    let (root, tree) = host(&[("run/systemd/sessions/2", b"CLASS=user\nSTATE=online\nTTY=tty1\n")]);
    let pipe = root.path().join("run/systemd/sessions/2.ref");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(logged_in(&tree), Some(1));
}

#[test]
fn an_empty_folder_of_sessions_means_nobody_only_where_logind_runs() {
    let (root, tree) = host(&[]);
    fs::create_dir_all(root.path().join(SESSIONS)).unwrap();
    assert_eq!(logged_in(&tree), None);
    let seat = root.path().join(FIRST_SEAT);
    fs::create_dir_all(seat.parent().unwrap()).unwrap();
    fs::write(seat, "IS_SEAT0=1\n").unwrap();
    assert_eq!(logged_in(&tree), Some(0));
}

#[test]
fn without_logind_the_logins_whose_process_lives_are_counted_unless_processes_are_hidden() {
    let utmp = [utmp::record(7, 812), utmp::record(7, 813)].concat();
    let mut files = vec![("var/run/utmp", utmp.as_slice()), ("proc/812/stat", b"")];
    let (_root, tree) = host(&files);
    assert_eq!(logged_in(&tree), Some(1));
    files.push(("proc/self/mountinfo", b"22 27 0:21 / /proc rw - proc proc rw,hidepid=2\n"));
    let (_root, tree) = host(&files);
    assert_eq!(logged_in(&tree), None);
}
