//! A note that is written, believed, and no longer believed. Processes that really hang are in `tests/mounts`.

use std::fs;
use std::path::Path;

use super::*;
use crate::measure::linux::programs::command;

/// A host of files: one boot, and the processes that a test starts there.
struct Host {
    root: tempfile::TempDir,
    keeper: Keeper,
}

impl Host {
    fn new() -> Host {
        let root = tempfile::tempdir().unwrap();
        let keeper = Keeper::new(&Notes::in_folder(&root.path().join("notes")), &Tree::at(root.path()));
        let host = Host { root, keeper };
        host.write("proc/sys/kernel/random/boot_id", "first-boot\n");
        host
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn process(&self, pid: u32, group: u32, state: char, start: u64) {
        let before_threads = "1 0 -1 4194560 1 2 3 4 5 6 7 8 39 19";
        let stat = format!("{pid} (odd) name) {state} 1 {group} {before_threads} 1 0 {start} 12345 678\n");
        self.write(&format!("proc/{pid}/stat"), &stat);
    }

    /// Notes what is left of a process group.
    fn left(&self, program: &str, group: u32) {
        self.keeper.note(program, &Process::running_in(group, &self.keeper.tree));
    }

    fn hangs(&self, program: &str) -> bool {
        self.keeper.since(program).is_some()
    }
}

#[test]
fn a_program_hangs_until_the_last_process_of_its_group_is_gone() {
    let host = Host::new();
    for (pid, group, state) in [(40, 40, 'Z'), (41, 40, 'D'), (42, 40, 'D'), (50, 50, 'D')] {
        host.process(pid, group, state, 900);
    }
    host.left("checks.d/nas", 40);
    assert_eq!((host.hangs("checks.d/nas"), host.hangs("systemctl")), (true, false));
    host.process(41, 40, 'Z', 900);
    assert!(host.hangs("checks.d/nas"));
    // Another one has its number by now.
    host.process(42, 40, 'D', 901);
    assert!(!host.hangs("checks.d/nas"));
}

#[test]
fn what_hangs_is_noted_beside_the_others_and_since_the_first_time() {
    let host = Host::new();
    for (pid, group) in [(40, 40), (50, 50), (60, 60)] {
        host.process(pid, group, 'D', 900);
    }
    host.left("a", 40);
    let since = host.keeper.since("a");
    host.left("b", 50);
    host.left("a", 60);
    assert!(host.hangs("b") && host.keeper.since("a") == since && since.is_some());
    host.process(50, 50, 'Z', 900);
    host.left("c", 70);
    assert_eq!(host.keeper.read().len(), 2);
    host.process(40, 40, 'Z', 900);
    host.process(60, 60, 'Z', 900);
    host.left("c", 70);
    assert_eq!(fs::read_dir(host.root.path().join("notes")).unwrap().count(), 0, "nothing hangs, no note");
}

#[test]
fn after_a_boot_and_with_a_broken_note_nothing_hangs() {
    let host = Host::new();
    host.process(40, 40, 'D', 900);
    host.left("a", 40);
    host.write("proc/sys/kernel/random/boot_id", "second-boot\n");
    assert!(!host.hangs("a"));
    host.write("proc/sys/kernel/random/boot_id", "first-boot\n");
    assert!(host.hangs("a"));
    host.write(&format!("notes/{}", stuck::name_of_note("hanging-programs", &host.keeper.tree)), "{");
    assert!(!host.hangs("a"));
}

#[test]
fn one_that_hangs_is_not_started() {
    let host = Host::new();
    host.process(40, 40, 'D', 900);
    host.left("a", 40);
    let run = |program: &str| {
        let until = Instant::now() + Duration::from_secs(20);
        host.keeper.run(program, command(Path::new("/bin/echo")).arg("x"), until, 10)
    };
    let since = host.keeper.since("a").unwrap();
    let note = host.root.path().join("notes").join(stuck::name_of_note("hanging-programs", &host.keeper.tree));
    let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1);
    fs::File::options().write(true).open(&note).unwrap().set_modified(long_ago).unwrap();
    assert!(matches!(run("a").how, How::Hangs(then) if then == since));
    assert_ne!(fs::metadata(&note).unwrap().modified().unwrap(), long_ago, "the note is kept young");
    assert_eq!(run("b").answer().unwrap(), b"x\n");
}
