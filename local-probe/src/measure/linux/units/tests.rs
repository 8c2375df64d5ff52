//! What systemctl prints, of several versions, and one that does not answer.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sample::Scope;

use super::*;
use crate::notes::Notes;

fn unit(name: &str, load_state: &str, active_state: &str, wanted: bool) -> SystemdUnit {
    SystemdUnit { name: name.into(), load_state: load_state.into(), active_state: active_state.into(), wanted }
}

fn failed(name: &str) -> SystemdUnit {
    unit(name, "loaded", "failed", false)
}

fn state(id: &str, load: &str, active: &str) -> State {
    State { id: id.into(), load: load.into(), active: active.into() }
}

#[test]
fn failed_units_are_read_from_the_lists_of_old_and_new_versions() {
    // systemd 252, Debian 12.
    let new = "fails.service                                 loaded failed failed fails.service\n\
               systemd-fsck@dev-disk-by\\x2duuid-8F.service   loaded failed failed File System Check on /dev/disk/by-uuid/8F\n\
               gone.mount                                    not-found failed failed gone.mount\n";
    assert_eq!(
        parse_list(new),
        [
            failed("fails.service"),
            failed("systemd-fsck@dev-disk-by\\x2duuid-8F.service"),
            unit("gone.mount", "not-found", "failed", false)
        ]
    );
    // systemd 219, CentOS 7, and what 237 of Ubuntu 18.04 prints without --plain.
    for old in
        ["● kdump.service loaded failed failed Crash recovery kernel arming", "* kdump.service loaded failed failed x"]
    {
        assert_eq!(parse_list(old), [failed("kdump.service")], "{old}");
    }
    // Not failed: a unit whose sub state alone says so. Not units: what is said at the end without --no-legend.
    for none in [
        "a.service loaded active failed x",
        "",
        "\n0 loaded units listed.\n",
        "●",
        "a.service loaded",
        "\u{0}\u{1b}[31m",
    ] {
        assert_eq!(parse_list(none), [], "{none:?}");
    }
}

#[test]
fn states_are_read_block_by_block() {
    let shown = "Id=works.service\nLoadState=loaded\nActiveState=active\n\nId=weird\\x2dname.service\n\
                 LoadState=not-found\nActiveState=inactive\n\nId=cut.service\nLoadState=loa";
    let expected =
        [state("works.service", "loaded", "active"), state("weird\\x2dname.service", "not-found", "inactive")];
    assert_eq!(parse_show(shown), expected);
    assert_eq!(parse_show("\n\n\n=\nId=\n"), []);
}

#[test]
fn a_wanted_unit_keeps_the_name_it_was_asked_for_and_is_not_told_twice() {
    let wanted = ["nginx", "dbus-org.freedesktop.login1.service"].map(str::to_owned);
    let states = [state("nginx.service", "loaded", "failed"), state("systemd-logind.service", "loaded", "active")];
    let found = join(vec![failed("a.service"), failed("nginx.service"), failed("a.service")], &wanted, &states);
    let expected = [
        unit("nginx", "loaded", "failed", true),
        unit("dbus-org.freedesktop.login1.service", "loaded", "active", true),
        failed("a.service"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn of_an_answer_with_a_block_too_few_only_what_is_certain_is_taken() {
    let wanted = ["a", "b", "c.timer"].map(str::to_owned);
    let states = [state("b.service", "loaded", "active"), state("c.timer", "loaded", "failed")];
    assert_eq!(
        join(Vec::new(), &wanted, &states),
        [unit("b", "loaded", "active", true), unit("c.timer", "loaded", "failed", true)]
    );
}

#[test]
fn a_sample_is_not_refused_for_too_many_failed_units() {
    let many = (0..1000).map(|number| failed(&format!("a{number}.service"))).collect();
    assert_eq!(join(many, &[], &[]).len(), most::WATCHED);
}

#[test]
fn only_plain_names_of_units_reach_systemctl() {
    for plain in ["nginx", "nginx.service", "getty@tty1.service", "dev-disk-by\\x2duuid-8F.device", "a:b_c"] {
        assert!(is_plain(plain), "{plain}");
    }
    for odd in
        ["", "-H", "--root=/", "a b", "*.service", "/home", "getty@.service", "getty@", "@a", "a\nb", &"a".repeat(256)]
    {
        assert!(!is_plain(odd), "{odd}");
    }
}

/// A host that systemd has booted, with this shell script for systemctl.
fn host(script: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("run/systemd/system")).unwrap();
    fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    let systemctl = root.path().join("usr/bin/systemctl");
    // By another process: a child forked just then would hold the file open for writing (ETXTBSY).
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\"";
    let mut sh = std::process::Command::new("sh");
    assert!(sh.args(["-c", write, "sh", script]).arg(&systemctl).status().unwrap().success());
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
    root
}

fn read(root: &Path, units: &[&str]) -> Option<Vec<SystemdUnit>> {
    let scope = Scope { units: units.iter().map(|name| (*name).to_owned()).collect(), ..Scope::default() };
    let notes = Notes::in_folder(&root.join("notes"));
    Begun::begin(&Asked { scope: &scope, spot: false, notes: &notes, target: "00" }, &Tree::at(root)).finish()
}

#[test]
fn a_systemd_that_cannot_be_asked_or_does_not_answer_is_absent() {
    assert_eq!(read(host("exit 0").path(), &[]), Some(Vec::new()), "nothing has failed");
    assert_eq!(read(host("echo 'Failed to connect to bus: No such file or directory' >&2; exit 1").path(), &[]), None);
    assert_eq!(read(host("[ $1 = show ]").path(), &["a"]), None);
    let began = Instant::now();
    assert_eq!(read(host("trap '' TERM; sleep 100 & wait; wait").path(), &["a"]), None);
    assert!(began.elapsed() < Duration::from_secs(20));
    let without = host("exit 0");
    fs::remove_dir(without.path().join("run/systemd/system")).unwrap();
    assert_eq!(read(without.path(), &[]), None);
}

#[test]
fn failed_units_are_told_also_where_nothing_is_known_of_the_wanted_ones() {
    let list = "[ $1 = list-units ] && exec echo a.service loaded failed failed x;";
    for nothing in ["exit 1", "trap '' TERM; sleep 100 & wait; wait"] {
        let found = read(host(&format!("{list} {nothing}")).path(), &["a", "b"]);
        assert_eq!(found, Some(vec![failed("a.service")]), "{nothing}");
    }
}

#[test]
fn names_that_systemctl_would_not_take_do_not_hide_the_others() {
    let script = "case $1 in show) shift 3; for unit; do printf 'Id=%s.service\\nLoadState=loaded\\nActiveState=active\\n\\n' \"$unit\"; done;; esac";
    let found = read(host(script).path(), &["--root=/tmp", "a", "getty@.service", "b"]).unwrap();
    assert_eq!(found, [unit("a", "loaded", "active", true), unit("b", "loaded", "active", true)]);
}
