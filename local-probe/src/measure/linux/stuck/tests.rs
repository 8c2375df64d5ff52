//! A note that is written, read again, and no longer believed.

use std::fs;
use std::path::Path;

use super::super::mounts;
use super::*;

/// A host of files: one boot, and the processes that a test starts there.
struct Host {
    root: tempfile::TempDir,
    tree: Tree,
    notes: Notes,
}

impl Host {
    fn new() -> Host {
        let root = tempfile::tempdir().unwrap();
        let host = Host { tree: Tree::at(root.path()), notes: Notes::in_folder(&root.path().join("notes")), root };
        host.write("proc/sys/kernel/random/boot_id", "first-boot\n");
        host
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A process with this id, state, number of threads and start.
    fn process(&self, pid: u32, state: char, threads: u32, start: u64) {
        self.write(&format!("proc/{pid}/stat"), &stat(pid, state, threads, start));
    }

    fn recall(&self) -> Memory {
        Memory::recall(&self.notes, &self.tree)
    }

    fn note(&self, asked: &[Mount], stuck: &[(Mount, Timestamp)], left_behind: Option<u32>) {
        let stuck = Stuck { hanging: stuck.to_vec(), broken: Vec::new(), left_behind };
        self.recall().note(&self.tree, asked, &stuck);
    }

    fn notes(&self) -> usize {
        fs::read_dir(self.root.path().join("notes")).map_or(0, |folder| folder.count())
    }
}

fn stat(pid: u32, state: char, threads: u32, start: u64) -> String {
    let before_threads = "1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 39 19";
    format!("{pid} (odd) name) {state} {before_threads} {threads} 0 {start} 12345 678\n")
}

fn mount(device: u32, point: &str) -> Mount {
    mounts::parse(format!("9 1 0:{device} / {point} rw - nfs4 nas:/ rw").as_bytes()).remove(0)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

#[test]
fn a_mount_whose_process_cannot_be_killed_is_not_asked_until_it_is_gone() {
    let (host, nas) = (Host::new(), mount(51, "/nas"));
    host.process(4711, 'D', 2, 900);
    host.note(std::slice::from_ref(&nas), &[(nas.clone(), at(5))], Some(4711));
    assert_eq!(host.recall().holds_a_process(&nas), Some(at(5)));
    for (same, what) in [(mount(52, "/nas"), "mounted anew"), (mount(51, "/nas2"), "another place")] {
        assert_eq!(host.recall().holds_a_process(&same), None, "{what}");
    }
    // A run that asks others changes nothing.
    host.note(&[mount(60, "/other")], &[], None);
    assert_eq!(host.recall().holds_a_process(&nas), Some(at(5)));
    // Its first thread has ended, another one hangs.
    host.process(4711, 'Z', 2, 900);
    assert_eq!(host.recall().holds_a_process(&nas), Some(at(5)));
    for (state, threads, start) in [('Z', 1, 900), ('S', 1, 901)] {
        host.process(4711, state, threads, start);
        assert_eq!(host.recall().holds_a_process(&nas), None, "{state} {threads} {start}");
    }
    host.process(4711, 'D', 2, 900);
    host.write("proc/sys/kernel/random/boot_id", "second-boot\n");
    assert_eq!((host.recall().holds_a_process(&nas), host.recall().since(&nas)), (None, None));
}

#[test]
fn the_time_it_was_first_seen_to_hang_stays_until_it_answers() {
    let (host, nas) = (Host::new(), mount(51, "/nas"));
    let asked = std::slice::from_ref(&nas);
    assert_eq!(host.recall().since(&nas), None);
    host.note(asked, &[(nas.clone(), at(5))], None);
    assert_eq!((host.recall().since(&nas), host.recall().holds_a_process(&nas)), (Some(at(5)), None));
    // Another server does not want to know of it.
    host.note(&[], &[], None);
    assert_eq!(host.recall().since(&nas), Some(at(5)));
    host.note(asked, &[], None);
    assert_eq!((host.recall().since(&nas), host.notes()), (None, 0));
}

#[test]
fn a_mount_that_is_broken_is_asked_again_whatever_hangs_beside_it() {
    let (host, nas, sshfs) = (Host::new(), mount(51, "/nas"), mount(52, "/sshfs"));
    host.process(4711, 'D', 2, 900);
    let both = [nas.clone(), sshfs.clone()];
    let (hanging, broken) = (vec![(nas.clone(), at(5))], vec![(sshfs.clone(), at(6))]);
    host.recall().note(&host.tree, &both, &Stuck { hanging, broken, left_behind: Some(4711) });
    assert_eq!((host.recall().holds_a_process(&nas), host.recall().holds_a_process(&sshfs)), (Some(at(5)), None));
    assert_eq!(host.recall().since(&sshfs), Some(at(6)));
    host.note(std::slice::from_ref(&sshfs), &[], None);
    assert_eq!((host.recall().since(&nas), host.recall().since(&sshfs)), (Some(at(5)), None));
}

#[test]
fn copies_of_one_machine_that_share_a_home_keep_notes_of_their_own() {
    let (host, nas) = (Host::new(), mount(51, "/nas"));
    let asked = std::slice::from_ref(&nas);
    host.note(asked, &[(nas.clone(), at(5))], None);
    // The other one has the same machine-id(5) and booted another time.
    host.write("proc/sys/kernel/random/boot_id", "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4\n");
    assert_eq!(host.recall().since(&nas), None);
    assert!(host.recall().name.ends_with("-3d1219c7c4c5404aaa1f6d2a48adfda4.json"), "{}", host.recall().name);
    host.note(asked, &[(nas.clone(), at(7))], None);
    host.note(asked, &[], None);
    host.write("proc/sys/kernel/random/boot_id", "first-boot\n");
    assert_eq!((host.recall().since(&nas), host.notes()), (Some(at(5)), 1));
}

#[test]
fn a_note_that_stays_true_stays_young() {
    let (host, nas) = (Host::new(), mount(51, "/nas"));
    let stuck = [(nas.clone(), at(5))];
    host.note(std::slice::from_ref(&nas), &stuck, None);
    let path = host.root.path().join("notes").join(host.recall().name);
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    fs::File::open(&path).unwrap().set_modified(long_ago).unwrap();
    host.note(std::slice::from_ref(&nas), &stuck, None);
    assert_ne!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
}

#[test]
fn two_processes_at_one_mount_are_both_remembered_and_many_are_enough() {
    let (host, nas) = (Host::new(), mount(51, "/nas"));
    let asked = std::slice::from_ref(&nas);
    for pid in 1..=64 {
        assert!(!host.recall().is_full(), "{pid}");
        host.process(pid, 'D', 1, 1);
        host.note(asked, &[(nas.clone(), at(i64::from(pid)))], Some(pid));
    }
    assert!(host.recall().is_full());
    host.process(1, 'D', 1, 2);
    assert!(!host.recall().is_full() && host.recall().holds_a_process(&nas) == Some(at(1)));
    host.process(2, 'Z', 1, 1);
    assert_eq!(host.recall().holds_a_process(&nas), Some(at(1)));
}

#[test]
fn a_damaged_note_is_none() {
    let (host, nas) = (Host::new(), mount(51, "/nas"));
    host.note(std::slice::from_ref(&nas), &[(nas.clone(), at(5))], None);
    let name = host.recall().name;
    for damaged in ["", "{", r#"{"boot":"first-boot","hanging":[{"device":[0,51]}]}"#] {
        host.notes.write(&name, damaged.as_bytes());
        assert_eq!(host.recall().since(&nas), None, "{damaged}");
    }
}

#[test]
fn a_process_is_told_by_its_start_and_cut_lines_are_none() {
    let whole = stat(7, 'S', 3, 900);
    assert_eq!(start_of_running(&whole), Some(900));
    let start_ends = whole.find(" 12345").unwrap();
    for end in 0..start_ends - "900".len() {
        assert_eq!(start_of_running(&whole[..end]), None, "{}", &whole[..end]);
    }
    let myself = Process::running(std::process::id(), &Tree::live()).unwrap();
    assert!(myself.start > 0 && Process::running(0, &Tree::live()).is_none());
    assert!(Path::new("/proc/self/stat").exists());
}
