//! `fleet runs` as a person or a script starts it.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use sample::Timestamp;
use storage::{RunEnd, Store};
use tempfile::TempDir;

const NOON: Timestamp = Timestamp::from_millis(1_795_241_857_000);
const CONFIG: &str =
    r#"<config><client ip="web1" port="22" username="monitor" identity-file="id" mail="ops@example.org"/></config>"#;

/// A folder with a config.xml, and a database with so many runs.
fn place(runs: i64) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("config.xml");
    fs::write(&config, CONFIG)?;
    fs::set_permissions(&config, Permissions::from_mode(0o600))?;
    let mut store = Store::open(&folder.path().join("fleet.db"), NOON)?;
    for number in 0..runs {
        let started = NOON.plus_millis(number * 300_000);
        let run = store.begin_run(started, "c0ffee")?;
        store.finish_run(run, started.plus_millis(1500), RunEnd::Done)?;
    }
    Ok(folder)
}

fn fleet(place: &TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.env("FLEET_CONFIG", place.path().join("config.xml")).env("FLEET_STATE_DIR", place.path());
    let output = command.output().expect("the program was built for this test");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_newest_runs_are_shown_first_and_no_more_than_asked_for() {
    let place = place(30).unwrap();
    let (status, shown, told) = fleet(&place, &["runs", "--limit", "2"]);
    assert_eq!((status, told.as_str()), (Some(0), ""));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("STARTED (UTC)"), "{shown}");
    assert!(lines[1].starts_with("2026-11-21 08:42:37  1.5 s  done"), "{shown}");
    assert!(lines[2].starts_with("2026-11-21 08:37:37") && lines.len() == 3, "{shown}");
    let (_, usual, _) = fleet(&place, &["runs"]);
    assert_eq!(usual.lines().count(), 21);
}

#[test]
fn json_has_a_line_for_each_run() {
    let (status, shown, _) = fleet(&place(2).unwrap(), &["runs", "--format", "json"]);
    let runs: Vec<serde_json::Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((status, runs.len()), (Some(0), 2));
    assert_eq!((&runs[0]["run"], &runs[0]["state"]), (&2.into(), &"done".into()));
}

#[test]
fn exit_codes_are_those_of_the_manual() {
    let place = place(0).unwrap();
    assert_eq!(fleet(&place, &["runs"]).0, Some(0), "no run yet is an answer");
    for wrong in [vec!["runs", "--limit", "0"], vec!["runs", "--limit", "many"], vec!["runs", "--format", "xml"]] {
        assert_eq!(fleet(&place, &wrong).0, Some(2), "{wrong:?}");
    }
    fs::remove_file(place.path().join("fleet.db")).unwrap();
    let (status, _, told) = fleet(&place, &["runs"]);
    assert!(status == Some(1) && told.contains("there is no database"), "{told}");
}

#[test]
fn help_explains_the_columns() {
    let (status, help, _) = fleet(&place(0).unwrap(), &["runs", "--help"]);
    assert!(
        status == Some(0) && help.contains("aborted: killed") && help.contains("failures as {kind: hosts}"),
        "{help}"
    );
}
