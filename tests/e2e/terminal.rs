//! What a person at a terminal sees, what a program reads, and what cron never hears of.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Finished, Reaped, eventually, program};

use crate::World;

const HOST: &str = "127.0.3.61";
/// What a pipe holds that nobody reads: see pipe(7).
const PIPE_CAPACITY: usize = 65_536;
/// How a line is wiped away.
const CLEARED: &str = "\r\u{1b}[2K";

/// A world with one good host and some that accept connections and say nothing for four seconds.
fn slow_world(mute: usize) -> (World, TcpListener) {
    let world = World::new(&[HOST]);
    let listener = TcpListener::bind("127.0.3.9:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = |number| {
        format!(r#"<client name="mute{number}" ip="127.0.3.9" port="{port}" username="x" password="x"/>"#) + "\n"
    };
    let clients: String = (1..=mute).map(client).collect();
    let more = format!("<collector handshake-timeout=\"4s\"/>\n{clients}");
    world.server.watch(&world.sshd, &[HOST], &more);
    (world, listener)
}

/// Runs the collector on a pseudo-terminal so wide, and returns everything that came to it.
fn at_terminal(world: &World, columns: u16, environment: &str, arguments: &str) -> Finished {
    let collector = program("fleet-collector");
    let dir = &world.server.dir;
    let line = format!(
        "stty rows 24 cols {columns}; env {environment} {} --config '{}' --state-dir '{}' {arguments}",
        collector.display(),
        dir.join("config.xml").display(),
        dir.join("state").display(),
    );
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    script.output().unwrap().into()
}

#[test]
fn progress_is_one_line_that_fits_the_terminal_and_is_gone_at_the_end() {
    let (world, _listener) = slow_world(2);
    let began = Instant::now();
    let seen = at_terminal(&world, 76, "TERM=xterm NO_COLOR=1", "").expect(3).stdout;
    let tenths = began.elapsed().as_millis() / 100;
    let drawn: Vec<&str> = seen.split(CLEARED).filter(|piece| piece.starts_with('[')).collect();
    let in_between = |line: &&str| line.contains("1/3 hosts, 1 ok, 0 failed, ") && line.contains("; waiting for mute");
    assert!(drawn.iter().any(in_between), "{seen:?}");
    assert!(drawn.len() as u128 <= tenths + 5, "{} draws in {tenths} tenths of a second", drawn.len());
    let widest = drawn.iter().map(|line| line.trim_end().chars().count()).max();
    assert!(widest.is_some_and(|widest| widest <= 76), "{widest:?}");
    // What is told of failed hosts begins a line, behind a bar that was wiped away.
    for host in ["mute1: handshake_timeout", "mute2: handshake_timeout"] {
        let before = seen.split(host).next().unwrap();
        assert!(before.ends_with(CLEARED) || before.ends_with('\n'), "{seen:?}");
    }
    let last = seen.rsplit(CLEARED).next().unwrap();
    assert!(last.starts_with("1 of 3 hosts ok in ") && last.contains(" s; 2 handshake_timeout"), "{seen:?}");
    assert!(!seen.contains("\u{1b}[3"), "no colours: {seen:?}");
}

#[test]
fn nothing_is_drawn_off_a_terminal_on_a_dumb_one_or_between_json() {
    let (world, _listener) = slow_world(1);
    let quiet = world.server.collector(&[]).expect(3);
    assert_eq!(quiet.stderr, "");
    assert!(!quiet.stdout.contains('['), "{}", quiet.stdout);
    for (environment, arguments) in [("TERM=dumb", ""), ("TERM=xterm", "--format json")] {
        let seen = at_terminal(&world, 80, environment, arguments).expect(3).stdout;
        assert!(!seen.contains(CLEARED) && !seen.contains("hosts,"), "{seen:?}");
        assert!(environment != "TERM=dumb" || !seen.contains('\u{1b}'), "{seen:?}");
    }
}

#[test]
fn hosts_that_fail_alike_are_folded_for_people_alone_and_hints_repeat_the_options() {
    let world = World::new(&[HOST]);
    let clients: String = (1..=8)
        .map(|number| format!(r#"<client name="closed{number}" ip="127.0.3.9" port="1" username="x" password="x"/>"#))
        .collect();
    world.server.watch(&world.sshd, &[HOST], &clients);
    std::fs::write(world.server.state("known_hosts"), "").unwrap();
    let seen = at_terminal(&world, 200, "TERM=dumb", "").expect(3).stdout;
    assert!(seen.contains("connect_refused: 3 more hosts: closed"), "{seen}");
    assert_eq!(seen.matches("is sshd running").count(), 6, "{seen}");
    assert!(seen.contains("0 of 9 hosts ok in ") && seen.contains("; 8 connect_refused, 1 host_key_unknown"), "{seen}");
    let dir = world.server.dir.display();
    let command = format!("fleet-collector --config {dir}/config.xml --state-dir {dir}/state trust {HOST}");
    assert!(seen.contains(&command), "{seen}");
    let mailed = world.server.collector(&[]).expect(3).stdout;
    assert_eq!(mailed.matches("is sshd running").count(), 8, "{mailed}");
    assert!(mailed.contains(&format!("run: fleet-collector trust {HOST}")), "{mailed}");
}

#[test]
fn json_that_cannot_be_written_is_no_success_but_the_run_is_done() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let to_full_disk = |arguments: &[&str]| -> Finished {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = world.server.command("fleet-collector", arguments);
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        child.wait_with_output().unwrap().into()
    };
    let lost = to_full_disk(&["--format", "json"]).expect(1);
    assert!(lost.stderr.contains("not all results could be written"), "{}", lost.stderr);
    to_full_disk(&["-v"]).expect(0);
    assert_eq!(world.samples(), 2);
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE state = 'done'"), "2");
}

#[test]
fn an_import_that_cannot_be_written_is_no_success() {
    let world = World::new(&[]);
    let file = world.dir.path().join("ssh_config");
    std::fs::write(&file, "Host a\n  HostName 192.0.2.1\n").unwrap();
    let arguments = ["import", file.to_str().unwrap()];
    assert!(world.server.collector(&arguments).expect(0).stdout.contains("<client name=\"a\""));
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child =
        world.server.command("fleet-collector", &arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let lost = Finished::from(child.wait_with_output().unwrap()).expect(1);
    assert!(lost.stderr.contains("cannot write to standard output: No space left"), "{}", lost.stderr);
}

#[test]
fn logs_and_errors_are_json_objects_if_asked_for() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let objects = |finished: Finished| -> Vec<serde_json::Value> {
        finished.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    };
    let logged = objects(world.server.collector(&["-vv", "--log-format", "json"]).expect(0));
    let phases: Vec<&str> = logged
        .iter()
        .filter(|event| event["host"] == HOST && event["level"] == "DEBUG" && event["ms"].is_u64())
        .map(|event| event["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["dial", "handshake", "login", "commands"]);
    assert!(logged.iter().all(|event| event["timestamp"].is_string() && event["message"].is_string()), "{logged:?}");
    let failed = objects(world.server.collector(&["--log-format", "json", "--host", "nobody"]).expect(2));
    let [error] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!(error["level"], "ERROR");
    assert!(error["message"].as_str().unwrap().contains("nobody") && error["hint"].is_string(), "{error}");
}

#[test]
fn a_signal_that_comes_when_all_hosts_are_done_changes_nothing_about_the_exit_status() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    // Nobody reads its results yet: the host is done, the program is not.
    let (mut results, mut full) = std::io::pipe().unwrap();
    full.write_all(&[b'.'; PIPE_CAPACITY]).unwrap();
    let mut command = world.server.command("fleet-collector", &["-v", "--format", "json"]);
    let log = world.dir.path().join("log");
    command.stdout(full).stderr(std::fs::File::create(&log).unwrap());
    let mut collector = Reaped::spawn(&mut command);
    // Its copy of the writing end would keep the pipe open.
    drop(command);
    eventually("the sample", || world.server.samples_so_far() == 1);
    collector.signal("TERM");
    eventually("the signal", || std::fs::read_to_string(&log).unwrap().contains("ending after the work at hand"));
    let mut told = String::new();
    results.read_to_string(&mut told).unwrap();
    assert_eq!(collector.wait(), Some(0), "{told}");
    assert!(told.trim_start_matches('.').starts_with("{\"detail\":null"), "{told}");
}

/// Hosts that fail at once, each with a line of JSON: so many that the lines fill more than one pipe.
fn many_that_refuse() -> (usize, String) {
    const MANY: usize = 600;
    let client = |number| {
        format!(r#"<client name="refusing-{number:0>40}" ip="127.0.3.9" port="1" username="x" password="x"/>"#) + "\n"
    };
    (MANY, (1..=MANY).map(client).collect())
}

#[test]
fn a_reader_that_never_reads_holds_up_no_commit_no_other_collector_and_no_signal() {
    let world = World::new(&[HOST]);
    let (many, clients) = many_that_refuse();
    world.server.watch(&world.sshd, &[HOST], &clients);
    for (arguments, status) in [(&["--format", "json"][..], 1), (&["-v"], 3)] {
        let (results, unread) = std::io::pipe().unwrap();
        let mut command = world.server.command("fleet-collector", arguments);
        command.stdout(unread).stderr(Stdio::null());
        let mut collector = Reaped::spawn(&mut command);
        drop(command);
        let done = "SELECT count(*) FROM run WHERE state = 'done'";
        let before = if status == 1 { 0 } else { 2 };
        eventually("the end of the run", || {
            world.server.samples_so_far() > before && world.server.value(done) == (before + 1).to_string()
        });
        let outcomes = "SELECT count(*) FROM outcome WHERE run_id = (SELECT max(id) FROM run)";
        assert_eq!(world.server.value(outcomes), (many + 1).to_string());
        assert!(!collector.has_ended(), "it waits for its reader");
        drop(world.server.collector(&["--host", HOST]).expect(0));
        assert!(!collector.has_ended(), "it waits for its reader");
        let began = Instant::now();
        collector.signal("TERM");
        assert_eq!(collector.wait(), Some(status));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        drop(results);
    }
}

#[test]
fn a_reader_that_takes_his_time_gets_every_line() {
    let world = World::new(&[HOST]);
    let (many, clients) = many_that_refuse();
    world.server.watch(&world.sshd, &[HOST], &clients);
    let (mut results, late) = std::io::pipe().unwrap();
    let mut command = world.server.command("fleet-collector", &["--format", "json"]);
    command.stdout(late).stderr(Stdio::null());
    let mut collector = Reaped::spawn(&mut command);
    drop(command);
    eventually("the sample", || world.server.samples_so_far() == 1);
    let mut told = String::new();
    results.read_to_string(&mut told).unwrap();
    assert_eq!(collector.wait(), Some(3));
    assert_eq!(told.lines().count(), many + 2, "a line for each host and the summary");
    assert!(told.lines().last().unwrap().starts_with("{\"summary\":"), "{told}");
}

#[test]
fn a_schedule_at_a_terminal_says_when_the_next_run_is() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let out = world.dir.path().join("seen");
    let collector = program("fleet-collector");
    let dir = &world.server.dir;
    let line = format!(
        "exec {} --config '{1}/config.xml' --state-dir '{1}/state' --schedule '0 0 1 1 *' --timezone UTC",
        collector.display(),
        dir.display()
    );
    let mut script = Command::new("script");
    script.args(["-qfec", &line]).arg(&out).stdin(Stdio::null()).stdout(Stdio::null());
    let _waiting = Reaped::spawn(&mut script);
    eventually("the time of the next run", || {
        std::fs::read_to_string(&out).is_ok_and(|seen| seen.contains("-01-01 00:00:00 UTC"))
    });
}
