//! Mail that does not leave: the collector's exit tells it, as the program that cron starts whatever the alerter does.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails, with the place where it could not")]

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

use sample::{HostName, Outcome, OutcomeKind, Timestamp};
use storage::{MailKind, NewMail, Settled, Store, Visit, WorkDir};
use tempfile::TempDir;

/// Nobody visits the host in this test: it was visited just now, and is not due for a day.
const CONFIG: &str = r#"<config><client ip="192.0.2.1" name="web1" port="22" username="monitor" identity-file="id"
    mail="ops@example.org" every="1d"/></config>"#;

/// A place where a run has nothing to do, and the time.
fn place() -> Result<(TempDir, Timestamp), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("config.xml");
    fs::write(&config, CONFIG)?;
    fs::set_permissions(&config, Permissions::from_mode(0o600))?;
    let now = Timestamp::from(fs::metadata(&config)?.modified()?);
    let probes = folder.path().join(std::env::consts::ARCH);
    fs::create_dir(&probes)?;
    fs::write(probes.join("fleet-probe"), no_program())?;
    let keygen = collector(&folder, &["keygen"]).output()?;
    assert!(keygen.status.success(), "{}", String::from_utf8_lossy(&keygen.stderr));
    let mut store = Store::open(&folder.path().join("fleet.db"), now)?;
    let name: HostName = "web1".parse()?;
    let host = store.host_records(&[name], now)?[0].id;
    let run = store.begin_run(now, "c0ffee")?;
    let outcome = Outcome { kind: OutcomeKind::Ok, detail: None, at: now, duration: Duration::from_secs(1) };
    let (samples, spools, rejected) = (vec![], vec![], vec![]);
    let (work_dir, settled) = (WorkDir::Unchanged, Settled::Unchanged);
    store.record_visits(run, &[Visit { host, outcome, work_dir, settled, facts: None, samples, spools, rejected }])?;
    store.finish_run(run, now, storage::RunEnd::Done)?;
    Ok((folder, now))
}

/// The header of a program for this machine, which nobody runs.
fn no_program() -> Vec<u8> {
    let machine: u8 = if std::env::consts::ARCH == "x86_64" { 62 } else { 183 };
    let mut bytes = vec![0; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[18] = machine;
    bytes
}

fn collector(place: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet-collector"));
    command.args(arguments).env_clear().env("FLEET_CONFIG", place.path().join("config.xml"));
    command.env("FLEET_STATE_DIR", place.path()).env("FLEET_PROBE_DIR", place.path());
    command
}

/// A mail that was made then and that nobody took yet.
fn mail(place: &TempDir, made: Timestamp, message_id: &str) {
    let mut store = Store::open(&place.path().join("fleet.db"), made).unwrap();
    let (subject, content) = ("[CRIT] web1: memory 97%".to_owned(), b"Subject: x\r\n\r\n".to_vec());
    let recipients = ["ops@example.org", "dev@example.org"].map(|name| (name.parse().unwrap(), false)).to_vec();
    let kind = MailKind::Digest;
    let mail = NewMail { kind, message_id: message_id.to_owned(), subject, content, notices: vec![], recipients };
    store.create_mails(&[mail], &[], made).unwrap();
}

fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_run_that_went_well_ends_with_3_and_a_line_where_mail_waits_for_more_than_an_hour() {
    let (place, now) = place().unwrap();
    assert_eq!(ended(&collector(&place, &[]).output().unwrap()), (Some(0), String::new()));
    mail(&place, now.plus_millis(-30 * 60_000), "<young@example.org>");
    assert_eq!(ended(&collector(&place, &[]).output().unwrap()), (Some(0), String::new()), "half an hour is no time");
    mail(&place, now.plus_millis(-2 * 3_600_000), "<old@example.org>");
    let (status, told) = ended(&collector(&place, &[]).output().unwrap());
    assert_eq!((status, told.lines().count()), (Some(3), 1), "{told}");
    assert!(told.contains("mail is stuck: 2 deliveries since ") && told.contains("; see fleet outbox"), "{told}");
}

#[test]
fn a_program_reads_it_too() {
    let (place, now) = place().unwrap();
    mail(&place, now.plus_millis(-2 * 3_600_000), "<old@example.org>");
    let (status, told) = ended(&collector(&place, &["--log-format", "json"]).output().unwrap());
    let line: serde_json::Value = serde_json::from_str(told.trim_end()).unwrap();
    assert_eq!((status, &line["level"], &line["deliveries"]), (Some(3), &"ERROR".into(), &2.into()), "{told}");
}
