//! `fleet status` as a person or a script starts it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use sample::{HostName, Outcome, OutcomeKind, Timestamp};
use storage::{Settled, Store, Visit, WorkDir};
use tempfile::TempDir;

const NOON: Timestamp = Timestamp::from_millis(1_795_241_857_000);
const CONFIG: &str = r#"<config>
  <client ip="web1" port="22" username="monitor" identity-file="id" mail="ops@example.org"/>
  <client ip="db1" port="22" username="monitor" identity-file="id" mail="ops@example.org"/>
</config>"#;

/// A folder with a config.xml, which is the state folder too.
struct Place(TempDir);

impl Place {
    fn new() -> io::Result<Place> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("config.xml");
        fs::write(&config, CONFIG)?;
        fs::set_permissions(&config, Permissions::from_mode(0o600))?;
        Ok(Place(folder))
    }

    /// A database in which web1 was visited, and a host that has left config.xml.
    fn with_database() -> Result<Place, Box<dyn std::error::Error>> {
        let place = Place::new()?;
        let mut store = Store::open(&place.0.path().join("fleet.db"), NOON)?;
        let names: Vec<HostName> = vec!["web1".parse()?, "gone".parse()?];
        let hosts = store.host_records(&names, NOON)?;
        let run = store.begin_run(NOON, "c0ffee")?;
        let outcome =
            Outcome { kind: OutcomeKind::AuthFailed, detail: None, at: NOON, duration: Duration::from_secs(1) };
        let (samples, spools, rejected) = (vec![], vec![], vec![]);
        let (host, work_dir, settled) = (hosts[0].id, WorkDir::Unchanged, Settled::Unchanged);
        store.record_visits(
            run,
            &[Visit { host, outcome, work_dir, settled, facts: None, samples, spools, rejected }],
        )?;
        Ok(place)
    }

    fn fleet(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.env("FLEET_CONFIG", self.0.path().join("config.xml")).env("FLEET_STATE_DIR", self.0.path());
        command
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn the_hosts_of_config_xml_are_shown_in_plain_text_to_a_pipe() {
    let place = Place::with_database().unwrap();
    let output = place.fleet(&["status"]).output().unwrap();
    let shown = text(&output.stdout);
    let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["HOST", "STATE", "LAST", "SEEN", "CPU", "MEMORY", "FULLEST", "LOAD", "ALERTS"]);
    assert_eq!(lines[1], ["web1", "auth_failed", "never", "-", "-", "-", "-"]);
    assert_eq!(lines[2], ["db1", "never", "never", "-", "-", "-", "-"]);
    assert!(!shown.contains('\u{1b}') && !shown.contains("gone"), "{shown}");
    assert_eq!((status(&output), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn json_has_a_line_for_each_host_and_with_all_also_for_former_ones() {
    let place = Place::with_database().unwrap();
    let hosts = |arguments: &[&str]| {
        let output = place.fleet(arguments).output().unwrap();
        assert_eq!(status(&output), Some(0), "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        let parsed = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        parsed.map(|host| (text(host["host"].as_str().unwrap().as_bytes()), host["kind"].clone())).collect::<Vec<_>>()
    };
    let of = |name: &str, kind: serde_json::Value| (name.to_owned(), kind);
    let configured = [of("web1", "auth_failed".into()), of("db1", serde_json::Value::Null)];
    assert_eq!(hosts(&["status", "--format", "json"]), configured);
    assert_eq!(hosts(&["status", "--format", "json", "--all"])[2..], [of("gone", serde_json::Value::Null)]);
}

#[test]
fn without_a_database_it_says_what_makes_one_and_makes_none() {
    let place = Place::new().unwrap();
    let output = place.fleet(&["status"]).output().unwrap();
    assert_eq!((status(&output), text(&output.stdout)), (Some(1), String::new()));
    let told = text(&output.stderr);
    assert!(told.contains("there is no database") && !told.contains("hint:"), "{told}");
    assert_eq!(told.matches("fleet-collector").count(), 1, "{told}");
    assert!(!place.0.path().join("fleet.db").exists());
}

#[test]
fn usage_and_configuration_are_exit_code_2() {
    let place = Place::with_database().unwrap();
    fs::write(place.0.path().join("broken.xml"), "<config><clint/></config>").unwrap();
    let broken = place.0.path().join("broken.xml");
    let missing = place.0.path().join("missing.xml");
    for arguments in [
        vec![],
        vec!["statis"],
        vec!["status", "--format", "xml"],
        vec!["status", "--config", broken.to_str().unwrap()],
        vec!["status", "--config", missing.to_str().unwrap()],
    ] {
        let output = place.fleet(&arguments).output().unwrap();
        assert_eq!(status(&output), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_damaged_database_is_exit_code_1_and_named() {
    let place = Place::new().unwrap();
    fs::write(place.0.path().join("fleet.db"), "x".repeat(5000)).unwrap();
    let output = place.fleet(&["status"]).output().unwrap();
    assert_eq!(status(&output), Some(1));
    assert!(text(&output.stderr).contains("fleet.db is damaged or is not a database"), "{}", text(&output.stderr));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let place = Place::with_database().unwrap();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = place.fleet(&["status"]).stdout(writer).output().unwrap();
    assert_eq!((status(&output), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn an_answer_that_could_not_be_written_is_told() {
    let place = Place::with_database().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = place.fleet(&["status"]).stdout(full).output().unwrap();
    assert_eq!(status(&output), Some(1));
    assert!(text(&output.stderr).contains("can't write the answer"), "{}", text(&output.stderr));
}

#[test]
fn the_exit_code_is_right_even_if_the_reason_can_not_be_told() {
    let place = Place::with_database().unwrap();
    let missing = place.0.path().join("missing.xml");
    let empty = place.0.path().join("empty");
    for (arguments, expected) in [
        (vec!["status", "--config", missing.to_str().unwrap()], 2),
        (vec!["status", "--state-dir", empty.to_str().unwrap()], 1),
        (vec!["statis"], 2),
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = place.fleet(&arguments).stderr(full).output().unwrap();
        assert_eq!(status(&output), Some(expected), "{arguments:?}");
    }
}

#[test]
fn help_tells_the_exit_codes_and_gives_examples() {
    let output = Place::new().unwrap().fleet(&["--help"]).output().unwrap();
    let help = text(&output.stdout);
    assert!(help.contains("Exit status:") && help.contains("Examples:"), "{help}");
    assert_eq!(status(&output), Some(0));
}

#[test]
fn nothing_that_logs_in_decrypts_or_mails_is_linked() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "fleet", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let linked = text(&tree.stdout);
    let has = |name: &str| linked.lines().any(|line| line.split(' ').next() == Some(name));
    assert!(has("rusqlite"), "{linked}{}", text(&tree.stderr));
    for name in ["russh", "rsa", "aws-lc-rs", "aws-lc-sys", "lettre", "envelope", "tokio"] {
        assert!(!has(name), "{name}");
    }
}
