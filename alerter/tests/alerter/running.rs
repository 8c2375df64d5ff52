//! Whole runs: of the library, and of the program.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use alerter::evaluate::Judges;
use storage::RunLock;

use crate::fleet::{Fleet, at, client, memory};
use crate::smtp_server::{CLOSED_PORT, SmtpServer};

const MEMORY: &str = r#"<alert type="memory" limit="85%"/>"#;

fn fleet(port: u16) -> Fleet {
    Fleet::new(port, &client("web1", "ops@example.org", MEMORY))
}

/// The program, with nothing of our environment.
fn program(fleet: &Fleet, arguments: &[&str]) -> Output {
    command(fleet, arguments).output().unwrap()
}

pub(crate) fn command(fleet: &Fleet, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet-alerter"));
    command.args(arguments).arg("--config").arg(fleet.config()).arg("--state-dir").arg(fleet.state_dir()).env_clear();
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_is_the_same_for_several_people_is_one_mail_and_each_gets_one_in_a_run() {
    let server = SmtpServer::friendly();
    let clients = [("web1", "a@x.org,b@x.org"), ("web2", "b@x.org,a@x.org"), ("db1", "a@x.org"), ("quiet", "")];
    let clients: String = clients.iter().map(|(name, mail)| client(name, mail, MEMORY)).collect();
    let fleet = Fleet::new(server.port, &clients.replace(r#" mail="""#, ""));
    fleet.measure(0, &["web1", "web2", "db1", "quiet"].map(|name| (name, memory(90))));
    let report = fleet.alert(1);
    assert_eq!((report.events, report.mails, report.deliveries.sent), (4, 2, 2));
    fleet.measure(2, &["web1", "web2", "db1", "quiet"].map(|name| (name, memory(10))));
    assert_eq!(fleet.alert(3).deliveries.sent, 2);
    assert_eq!(fleet.alert(4).deliveries.sent, 0);
}

#[test]
fn who_was_told_of_an_alert_is_told_when_its_host_leaves_the_configuration() {
    let server = SmtpServer::friendly();
    let fleet = fleet(server.port);
    fleet.measure(0, &[("web1", memory(90))]);
    fleet.alert(1);
    fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, server.port), "");
    assert_eq!(fleet.alert(2).deliveries.sent, 1);
    let (to, content) = server.taken().remove(1);
    assert_eq!(to, "ops@example.org");
    assert!(text(&content).contains("Subject: [END] web1: memory is no longer watched\r\n"));
    assert_eq!(fleet.alert(3).mails, 0);
}

#[test]
fn incidents_that_a_killed_run_left_without_a_mail_get_one() {
    let server = SmtpServer::friendly();
    let fleet = fleet(CLOSED_PORT);
    fleet.measure(0, &[("web1", memory(90))]);
    let setting = fleet.setting();
    let judges = Judges::new(&setting.config, Duration::from_secs(60));
    let mut store = fleet.store();
    let rows = store.untreated(None, 10).unwrap().rows;
    let mut watches = store.watches(&[rows[0].host().0]).unwrap();
    let slice = judges.slice(&rows, &mut watches, &mut |_, _, _| Vec::new());
    // As far as a run comes that is killed between two of its transactions.
    store.commit_slice(&slice, at(1)).unwrap();
    fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, server.port), &client("web1", "ops@example.org", MEMORY));
    let report = fleet.alert(2);
    assert_eq!((report.rows, report.mails, report.deliveries.sent), (0, 1, 1));
}

#[test]
fn a_dry_run_shows_the_mails_and_changes_no_byte() {
    let server = SmtpServer::friendly();
    let fleet = fleet(server.port);
    fleet.measure(0, &[("web1", memory(90))]);
    let before = fs::read(fleet.database()).unwrap();
    let _held = RunLock::take(&fleet.database(), "alerter").unwrap();
    let output = program(&fleet, &["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("To: ops@example.org\nSubject: [WARN] web1: memory 90% (limit 85%)\n"), "{shown}");
    assert!(shown.contains("1 new mail would be made; 0 deliveries of earlier mails wait"), "{shown}");
    assert!(fs::read(fleet.database()).unwrap() == before);
    assert_eq!(server.heard(), []);
    assert_eq!(fleet.store().untreated(None, 10).unwrap().rows.len(), 2);
}

#[test]
fn without_a_terminal_a_run_that_ends_well_says_nothing_unless_asked() {
    let server = SmtpServer::friendly();
    let fleet = fleet(server.port);
    fleet.measure(0, &[("web1", memory(90))]);
    let quiet = program(&fleet, &[]);
    assert_eq!((quiet.status.code(), text(&quiet.stdout), text(&quiet.stderr)), (Some(0), "".into(), "".into()));
    assert_eq!(server.taken().len(), 1);
    let asked = program(&fleet, &["run", "-v"]);
    assert_eq!(text(&asked.stdout), "0 rows treated, 0 events, 0 new mails, 0 sent, 0 not delivered yet\n");
}

#[test]
fn the_exit_status_says_how_it_ended() {
    let status = |output: Output| output.status.code();
    let down = fleet(CLOSED_PORT);
    assert_eq!(status(program(&down, &[])), Some(0), "nothing to do");
    down.measure(0, &[("web1", memory(90))]);
    let failed = program(&down, &[]);
    assert!(text(&failed.stderr).contains("not sent, will be tried again"), "{}", text(&failed.stderr));
    assert_eq!(status(failed), Some(3));
    assert_eq!(status(program(&down, &[])), Some(3), "it is still not delivered");
    let held = RunLock::take(&down.database(), "alerter").unwrap();
    let second = program(&down, &[]);
    assert!(text(&second.stderr).starts_with("error: another instance is running"), "{}", text(&second.stderr));
    assert_eq!(status(second), Some(4));
    drop(held);
    assert_eq!(status(program(&down, &["--no-such-option"])), Some(2));
    fs::write(down.config(), "<config><clint/></config>").unwrap();
    assert_eq!(status(program(&down, &[])), Some(2));
    fs::write(down.config(), "<config/>").unwrap();
    fs::write(down.database(), "not a database, but long enough to look like one").unwrap();
    assert_eq!(status(program(&down, &[])), Some(1));
}

#[test]
fn without_a_database_there_is_nothing_to_do_yet() {
    let fleet = fleet(CLOSED_PORT);
    fs::remove_file(fleet.database()).unwrap();
    let output = program(&fleet, &[]);
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(0), "".into(), "".into()));
    assert!(text(&program(&fleet, &["-v"]).stdout).starts_with("no database "));
    assert_eq!(program(&fleet, &["--dry-run"]).status.code(), Some(0));
    assert!(!fleet.database().exists());
}

#[test]
fn a_missing_password_is_told_with_what_to_do_and_alerts_are_kept_all_the_same() {
    let fleet = fleet(CLOSED_PORT);
    let smtp = r#"host="127.0.0.1" port="25" username="fleet" password-env="FLEET_SMTP_PASSWORD""#;
    fleet.configure(smtp, &client("web1", "ops@example.org", MEMORY));
    fleet.measure(0, &[("web1", memory(90))]);
    let output = program(&fleet, &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("FLEET_SMTP_PASSWORD is not set") && said.contains("\nhint: "), "{said}");
    assert_eq!(fleet.waiting().len(), 1);
}

#[test]
fn check_shows_what_the_configuration_comes_to_but_no_password() {
    let fleet = fleet(CLOSED_PORT);
    let smtp = r#"host="127.0.0.1" port="2525" username="fleet" password="opensesame""#;
    fleet.configure(smtp, &client("web1", "ops@example.org", MEMORY));
    let output = program(&fleet, &["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("smtp      127.0.0.1 port 2525, plain text, login fleet\n"), "{shown}");
    assert!(
        shown.contains("  memory               warning from 85% on, over at 80.75%; tells ops@example.org (line 1)"),
        "{shown}"
    );
    assert!(!shown.contains("opensesame"));
}

#[test]
fn the_configuration_may_be_named_before_the_command() {
    let fleet = fleet(CLOSED_PORT);
    let (config, state_dir) = (fleet.config(), fleet.state_dir());
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet-alerter"));
    command.env_clear().arg("-v").arg("--config").arg(config).arg("--state-dir").arg(state_dir).arg("check");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("warning from 85% on"));
}

#[test]
fn a_standard_error_that_takes_nothing_does_not_change_how_it_ends() {
    let fleet = fleet(CLOSED_PORT);
    fleet.measure(0, &[("web1", memory(90))]);
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let status = |arguments: &[&str]| command(&fleet, arguments).stderr(full()).status().unwrap().code();
    assert_eq!(status(&["run", "-vv"]), Some(3));
    fs::write(fleet.config(), "<config><clint/></config>").unwrap();
    assert_eq!(status(&["check"]), Some(2));
}

#[test]
fn mail_that_is_owed_is_sent_even_where_a_row_can_not_be_read() {
    let fleet = fleet(CLOSED_PORT);
    fleet.measure(0, &[("web1", memory(90))]);
    assert_eq!(fleet.alert(1).undelivered, 1);
    fleet.measure(2, &[("bad-host", memory(90))]);
    fleet.damage("bad-host", "bad host");
    let server = SmtpServer::friendly();
    fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, server.port), &client("web1", "ops@example.org", MEMORY));
    fleet.alert(3);
    assert_eq!(server.taken().len(), 1);
}

#[test]
fn a_test_mail_tells_each_step() {
    let server = SmtpServer::friendly();
    let fleet = fleet(server.port);
    let output = program(&fleet, &["test-mail", "me@example.org"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for step in ["connect: test", "MAIL FROM: 250 sender ok", "RCPT TO: 250", "DATA: 354", "sent: 250 2.0.0 taken"] {
        assert!(shown.contains(step), "{shown}");
    }
    assert_eq!(server.taken()[0].0, "me@example.org");
    let down = Fleet::new(CLOSED_PORT, "");
    let output = program(&down, &["test-mail", "me@example.org"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).contains("not sent: connect: Connection refused"), "{}", text(&output.stdout));
}

#[test]
fn a_schedule_that_is_none_and_a_time_zone_that_is_none_are_usage_errors() {
    let fleet = fleet(CLOSED_PORT);
    for arguments in [&["--schedule", "often"][..], &["--schedule", "* * * * *", "--timezone", "Mars/Olympus"]] {
        let output = program(&fleet, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
}
