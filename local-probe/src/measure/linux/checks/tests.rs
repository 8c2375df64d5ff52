//! Real checks, in homes of their own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

use sample::{CheckValue, most};

use super::apart::FOLDER;
use super::*;
use crate::notes::Notes;

/// Longer than any check here takes that is not held up.
const LONG: Duration = Duration::from_secs(30);

/// A home with a folder of checks.
struct Home(tempfile::TempDir);

impl Home {
    fn new(checks: &[(&str, &str)]) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.folder()).unwrap();
        for folder in home.folder().ancestors().take(3) {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        for (name, script) in checks {
            home.write(name, script);
        }
        home
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join(FOLDER)
    }

    /// By another process: a child forked just then would hold the file open for writing (ETXTBSY).
    fn write(&self, name: &str, script: &str) -> PathBuf {
        let path = self.folder().join(name);
        let write = "umask 022; printf '#!/bin/sh\n%s\n' \"$1\" > \"$2\" && chmod 755 \"$2\"";
        assert!(Command::new("sh").args(["-c", write, "sh", script]).arg(&path).status().unwrap().success());
        path
    }

    fn run_within(&self, each: Duration, all: Duration) -> Vec<Check> {
        self.run(each, all).unwrap()
    }

    fn run(&self, each: Duration, all: Duration) -> Option<Vec<Check>> {
        let keeper = Keeper::new(&Notes::in_folder(&self.0.path().join("notes")), &Tree::live());
        Plan { home: self.0.path().to_owned(), keeper, each, all }.run()
    }

    /// `name state output` of each check.
    fn told(&self) -> Vec<String> {
        let line = |check: Check| format!("{} {} {}", check.name, check.state, check.output);
        self.run_within(LONG, LONG).into_iter().map(line).collect()
    }
}

#[test]
fn each_exit_status_is_told_with_the_first_line_and_the_values() {
    let home = Home::new(&[
        ("ok", "echo 'all is well | load=1.5;5;10;0'"),
        ("warning", "echo so; exit 1"),
        ("critical.sh", "echo bad; exit 2"),
        ("unknown-3", "exit 3"),
        ("odd", "echo text; exit 42"),
        ("shot", "kill -11 $$"),
        ("missing", "no-such-program"),
    ]);
    let told = home.told();
    let expected = [
        "critical.sh critical bad",
        "missing unknown exit status 127: ",
        "odd unknown exit status 42: text",
        "ok ok all is well",
        "shot unknown killed by signal 11",
        "unknown-3 unknown ",
        "warning warning so",
    ];
    assert!(told[1].starts_with(expected[1]) && told[1].contains("no-such-program"), "{told:?}");
    assert_eq!([&told[..1], &told[2..]].concat(), [&expected[..1], &expected[2..]].concat());
    let checks = home.run_within(LONG, LONG);
    assert_eq!((checks[3].values[0].label.as_str(), checks[3].values[0].value), ("load", 1.5));
}

#[test]
fn a_check_runs_in_the_home_of_its_account_and_with_nothing_of_the_visit() {
    let home = Home::new(&[("env", "env | sort | tr '\\n' ' '; echo \"$# $PWD\"")]);
    let expected =
        format!("env ok HOME={} LC_ALL=C PATH=/usr/bin:/bin:/usr/sbin:/sbin PWD=/ 0 /", home.0.path().display());
    assert_eq!(home.told(), [expected]);
}

#[test]
fn checks_that_do_not_end_or_flood_or_leave_something_behind_are_told_and_hold_up_nobody() {
    let home = Home::new(&[
        ("deaf", "trap '' TERM HUP INT; (trap '' TERM; sleep 600) & while :; do wait; done"),
        ("flood", "exec cat /dev/zero"),
        ("well", "echo well"),
    ]);
    let began = Instant::now();
    let checks = home.run_within(Duration::from_secs(2), LONG);
    assert!(began.elapsed() < Duration::from_secs(15));
    let told: Vec<_> = checks.iter().map(|check| (check.state, check.output.as_str())).collect();
    let late = (CheckState::Unknown, "no end after 2 s");
    assert_eq!(told, [late, late, (CheckState::Ok, "well")]);
    assert!((2000..15_000).contains(&checks[0].duration_ms), "{checks:?}");
}

#[test]
fn all_checks_together_have_an_end_and_each_is_told() {
    let slow: Vec<String> = (0..6).map(|number| format!("slow{number}")).collect();
    let slow: Vec<(&str, &str)> = slow.iter().map(|name| (name.as_str(), "sleep 600")).collect();
    let checks = Home::new(&slow).run_within(LONG, Duration::from_millis(500));
    let late = checks.iter().filter(|check| check.output.starts_with("no end after 0.")).count();
    let not_run = checks.iter().filter(|check| check.output == "not run: others took the 0.5 s for all checks").count();
    assert_eq!((late, not_run, checks.len()), (4, 2, 6), "{checks:?}");
}

#[test]
fn four_checks_run_at_the_same_time() {
    // Each waits until all four have begun.
    let script = "cd \"$HOME\" && touch begun.${0##*/} && until [ -e begun.d ] && [ -e begun.c ] && [ -e begun.b ] && [ -e begun.a ]; do sleep 0.01; done";
    let home = Home::new(&["a", "b", "c", "d"].map(|name| (name, script)));
    assert_eq!(home.told(), ["a ok ", "b ok ", "c ok ", "d ok "]);
}

#[test]
fn a_check_that_others_could_have_written_is_not_run_and_says_what_mends_it() {
    for (step, mode) in [("a", 0o775), ("a", 0o757), ("", 0o770), ("..", 0o777), ("../..", 0o1777), ("../../..", 0o720)]
    {
        let home = Home::new(&[("a", "echo run; touch \"$HOME/run\"")]);
        let path = home.folder().join(step).canonicalize().unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let path = path.display();
        assert_eq!(
            home.told(),
            [format!("a unknown not run: others can write to {path} (mode {mode:o}): run chmod go-w {path}")]
        );
        assert!(!home.0.path().join("run").exists());
    }
    let home = Home::new(&[("a", "echo run"), ("b", "echo run")]);
    chown(home.folder().join("a"), Some(61_234), None).unwrap();
    let path = home.folder().join("a");
    let foreign =
        format!("a unknown not run: {} belongs to user 61234, neither to this account nor to root", path.display());
    assert_eq!(home.told(), [foreign, "b ok run".to_owned()]);
}

#[test]
fn a_link_is_followed_to_a_file_that_others_cannot_change() {
    let home = Home::new(&[]);
    let elsewhere = Home::new(&[("plugin", "echo run")]);
    symlink("/bin/true", home.folder().join("system")).unwrap();
    symlink(elsewhere.folder().join("plugin"), home.folder().join("elsewhere")).unwrap();
    symlink("../no-such", home.folder().join("nowhere")).unwrap();
    symlink("/etc", home.folder().join("folder")).unwrap();
    let told = home.told();
    assert_eq!([&told[0], &told[3]], ["elsewhere ok run", "system ok "], "{told:?}");
    assert_eq!(told[1], format!("folder unknown not run: {} is no file", home.folder().join("folder").display()));
    assert!(told[2].contains("nowhere can't be read: No such file") && told.len() == 4, "{told:?}");
    fs::set_permissions(elsewhere.folder(), Permissions::from_mode(0o777)).unwrap();
    assert!(home.told()[0].contains("others can write to "), "{:?}", home.told());
}

#[test]
fn what_cannot_be_run_says_why_and_what_is_no_check_is_left_alone() {
    let home = Home::new(&[
        ("plain", ""),
        ("no-interpreter", ""),
        ("disk~", "echo"),
        (".hidden", "echo"),
        ("a b", "echo"),
        ("é", "echo"),
    ]);
    fs::create_dir(home.folder().join("library")).unwrap();
    fs::set_permissions(home.folder().join("plain"), Permissions::from_mode(0o644)).unwrap();
    fs::write(home.folder().join("no-interpreter"), "#!/no/such\n").unwrap();
    let told = home.told();
    let plain = home.folder().join("plain");
    assert_eq!(told[1], format!("plain unknown not run: {0} can't be executed: run chmod u+x {0}", plain.display()));
    assert!(told[0].starts_with("no-interpreter unknown can't be run: No such file"), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn no_folder_is_absent_and_an_empty_one_is_not() {
    let home = Home::new(&[]);
    assert_eq!(home.told(), [""; 0]);
    fs::remove_dir(home.folder()).unwrap();
    assert_eq!(home.run(LONG, LONG), None);
}

#[test]
fn more_checks_than_a_sample_holds_are_cut() {
    let home = Home::new(&[]);
    (0..300).for_each(|number| fs::write(home.folder().join(format!("check{number:03}")), "").unwrap());
    let names = apart::names(home.0.path()).unwrap();
    assert_eq!((names.len(), names[255].as_str()), (most::WATCHED, "check255"));
}

#[test]
fn checks_with_much_to_tell_leave_room_for_the_rest_of_the_sample() {
    let value = CheckValue { label: "x".repeat(255), value: 1.5, ..CheckValue::default() };
    let check = |number: usize| Check {
        output: "\"".repeat(1024),
        values: vec![value.clone(); most::VALUES],
        state: CheckState::Critical,
        ..unknown(&format!("{number:0255}"), String::new())
    };
    let checks = shortened((0..most::WATCHED).map(check).collect());
    assert!(checks[0].values.len() == most::VALUES && checks[0].output.len() == 1024);
    assert!(
        checks[255].values.is_empty() && checks[255].output.len() == 80 && checks[255].state == CheckState::Critical
    );
    assert!(serde_json::to_vec(&checks).unwrap().len() < 230 * 1024);
}
