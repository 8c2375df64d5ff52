//! Hosts with a journal, without one, and with one that can't be read.

use std::fs;
use std::path::Path;
use std::process::Command;

use sample::Scope;

use super::*;

const JOURNAL: &str = include_str!("../../../../testdata/journal.json");

/// A host with a journal that this account may read, and this shell script for journalctl.
fn host(script: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["run/systemd/journal", "usr/bin", "var/log/journal/3d1219c7c4c5404aaa1f6d2a48adfda4"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    fs::write(root.path().join("var/log/journal/3d1219c7c4c5404aaa1f6d2a48adfda4/system.journal"), "").unwrap();
    fs::write(root.path().join("journal.json"), JOURNAL).unwrap();
    // By another process: a child forked just then would hold the file open for writing (ETXTBSY).
    let write = "printf '#!/bin/sh\\nroot=%s\\n%s\\n' \"$1\" \"$2\" > \"$1/usr/bin/journalctl\"; chmod 755 \"$1/usr/bin/journalctl\"";
    let mut sh = Command::new("sh");
    assert!(sh.args(["-c", write, "sh"]).arg(root.path()).arg(script).status().unwrap().success());
    root
}

/// A look whose sample is kept.
fn read(root: &Path, log_lines: u32) -> Option<Log> {
    let notes = Notes::in_folder(&root.join("notes"));
    let log = look(root, log_lines, &notes);
    notes.settle();
    log
}

fn look(root: &Path, log_lines: u32, notes: &Notes) -> Option<Log> {
    let scope = Scope { log_lines, ..Scope::default() };
    Begun::begin(&Asked { scope: &scope, spot: false, notes, target: "b6778e6eeeb4f5bd" }, &Tree::at(root)).finish()
}

/// The arguments of the last call.
fn asked(root: &Path) -> String {
    fs::read_to_string(root.join("asked")).unwrap()
}

#[test]
fn each_look_at_the_journal_begins_where_the_last_one_ended() {
    let host = host("echo \"$*\" > $root/asked; cat $root/journal.json");
    let log = read(host.path(), 2).unwrap();
    let messages: Vec<_> = log.lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!((messages, log.omitted), (vec!["(longer than 4096 bytes)", ""], 4));
    let first = asked(host.path());
    assert!(first.starts_with("--quiet --no-pager --priority=3 --output=json -n 1000 --since=@"), "{first}");
    fs::write(host.path().join("journal.json"), "").unwrap();
    for _ in 0..2 {
        assert_eq!(read(host.path(), 2), Some(Log::default()));
        assert!(asked(host.path()).contains(" --after-cursor=s=f186f8b0f9274684981c36b817680cb3;i=c;b="));
    }
}

#[test]
fn lines_of_a_sample_that_got_nowhere_are_told_again() {
    let host = host("case $* in *after-cursor*) ;; *) cat $root/journal.json;; esac");
    for _ in 0..2 {
        let nowhere = Notes::in_folder(&host.path().join("notes"));
        assert_eq!(look(host.path(), 9, &nowhere).unwrap().lines.len(), 6);
    }
    assert_eq!(read(host.path(), 9).unwrap().lines.len(), 6);
    assert_eq!(read(host.path(), 9), Some(Log::default()));
}

#[test]
fn until_the_first_error_each_look_goes_back_to_the_first_one() {
    let host = host("echo \"$*\" > $root/asked");
    read(host.path(), 9).unwrap();
    let note = fs::read_to_string(host.path().join("notes/log-b6778e6eeeb4f5bd")).unwrap();
    for _ in 0..2 {
        read(host.path(), 9).unwrap();
        assert!(asked(host.path()).ends_with(&format!(" --since={note}\n")) && note.starts_with('@'));
    }
}

#[test]
fn a_journal_that_does_not_take_the_note_is_read_from_the_last_hour_next_time() {
    let host = host("echo \"$*\" > $root/asked; case $* in *after-cursor*) exit 1;; esac; cat $root/journal.json");
    assert_eq!(read(host.path(), 100).unwrap().lines.len(), 6);
    assert_eq!(read(host.path(), 100), None);
    assert_eq!(read(host.path(), 100).unwrap().lines.len(), 6);
}

#[test]
fn a_journal_that_is_late_is_absent_and_the_next_look_tells_what_came_meanwhile() {
    let host = host("cat $root/journal.json");
    read(host.path(), 9).unwrap();
    let note = || fs::read(host.path().join("notes/log-b6778e6eeeb4f5bd")).unwrap();
    let before = note();
    let killed = "printf '#!/bin/sh\\nkill -9 $$\\n' > \"$1/usr/bin/journalctl\"";
    assert!(Command::new("sh").args(["-c", killed, "sh"]).arg(host.path()).status().unwrap().success());
    assert_eq!(read(host.path(), 9), None);
    assert_eq!(note(), before);
}

#[test]
fn nothing_is_read_unless_lines_are_wanted_and_the_systems_journal_is_readable() {
    let host = host("touch $root/asked");
    assert_eq!(read(host.path(), 0), None);
    fs::remove_dir_all(host.path().join("var/log")).unwrap();
    assert_eq!(read(host.path(), 9), None, "it would show this account its own lines alone");
    assert!(!host.path().join("asked").exists());
    assert!(!host.path().join("notes").exists());
}

#[test]
fn a_host_without_a_journal_and_without_the_kernels_log_has_none() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(read(root.path(), 9), None);
    fs::create_dir(root.path().join("dev")).unwrap();
    fs::write(root.path().join("dev/kmsg"), "3,1,2,-;not the kernel's\n").unwrap();
    assert_eq!(read(root.path(), 9), None);
}
