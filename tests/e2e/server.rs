//! The collector's own machine: several at once, signals, limits, closed outputs, clocks that jump.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Finished, PATIENCE, Reaped, eventually};
use rusqlite::Connection;

use crate::World;

/// Takes connections and says nothing: whoever visits it waits.
fn mute() -> TcpListener {
    TcpListener::bind("127.0.3.9:0").unwrap()
}

/// The element of config.xml for a host that no visit gets to log in to.
fn client(name: &str, address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!("<client name=\"{name}\" ip=\"{ip}\" port=\"{port}\" username=\"x\" password=\"x\"/>\n")
}

/// A command with its arguments behind another one that changes its surroundings.
fn within(surroundings: &[&str], command: &Command) -> Command {
    let mut all = Command::new(surroundings[0]);
    all.args(&surroundings[1..]).arg(command.get_program()).args(command.get_args());
    all.env_clear().stdin(Stdio::null());
    all.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    all
}

fn finished(mut command: Command) -> Finished {
    command.output().unwrap().into()
}

#[test]
fn of_twenty_that_start_at_once_one_works_and_the_others_end_with_4() {
    let world = World::new(&["127.0.7.1"]);
    let mute = mute();
    world.server.watch(&world.sshd, &["127.0.7.1"], &client("mute", mute.local_addr().unwrap()));
    let mut all: Vec<Reaped> = (0..20).map(|_| world.server.spawn("fleet-collector", &[])).collect();
    let mut ended = Vec::new();
    // The one that works waits for the mute host, so whoever ends did not wait for it.
    eventually("the end of nineteen", || {
        let (done, at_work): (Vec<_>, Vec<_>) =
            all.drain(..).map(|mut one| (one.has_ended(), one)).partition(|one| one.0);
        all = at_work.into_iter().map(|one| one.1).collect();
        ended.extend(done.into_iter().map(|mut one| one.1.wait()));
        all.len() == 1
    });
    assert_eq!(ended, [Some(4); 19]);
    assert_eq!(world.server.value("SELECT count(*) FROM run"), "1");
    all[0].signal("TERM");
    assert_eq!(all[0].wait(), Some(143));
}

#[test]
fn a_signal_ends_a_run_within_seconds_and_every_host_left_is_cancelled() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let world = World::new(&["127.0.7.2"]);
        let mute = mute();
        let address = mute.local_addr().unwrap();
        let others: String = (0..40).map(|number| client(&format!("mute{number}"), address)).collect();
        world.server.watch(&world.sshd, &["127.0.7.2"], &others);
        let mut collector = world.server.spawn("fleet-collector", &["--jobs", "2"]);
        let _connection = mute.accept().unwrap();
        let began = Instant::now();
        collector.signal(signal);
        assert_eq!(collector.wait(), Some(status));
        assert!(began.elapsed() < Duration::from_secs(5), "{signal}: {:?}", began.elapsed());
        assert_eq!(world.server.value("SELECT state FROM run"), "cancelled");
        assert_eq!(world.server.value("SELECT count(*) FROM outcome"), "41");
        let of_the_mute = "SELECT DISTINCT kind FROM outcome JOIN host ON id = host_id WHERE name LIKE 'mute%'";
        assert_eq!(world.server.sql(of_the_mute), ["cancelled"]);
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let world = World::new(&["127.0.7.3"]);
    let mute = mute();
    world.server.watch(&world.sshd, &[], &client("mute", mute.local_addr().unwrap()));
    let mut collector = world.server.spawn("fleet-collector", &[]);
    let _connection = mute.accept().unwrap();
    // It can't record that the run was interrupted, and waits for this transaction.
    let held = Connection::open(world.server.state("fleet.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    collector.signal("TERM");
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        assert!(!collector.has_ended(), "the first signal lets it finish");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let again = Instant::now();
    collector.signal("INT");
    assert_eq!(collector.wait(), Some(130));
    assert!(again.elapsed() < Duration::from_secs(5), "{:?}", again.elapsed());
}

#[test]
fn the_first_signal_ends_a_collector_that_waits_for_the_database() {
    let world = World::new(&["127.0.7.10"]);
    world.server.watch(&world.sshd, &["127.0.7.10"], "");
    world.server.collector(&[]).expect(0);
    let held = Connection::open(world.server.state("fleet.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut collector = world.server.spawn("fleet-collector", &[]);
    let (database, opened) = (world.server.state("fleet.db"), format!("/proc/{}/fd", collector.pid()));
    eventually("the database is opened", || {
        let files = fs::read_dir(&opened).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file == database)
    });
    let began = Instant::now();
    collector.signal("TERM");
    assert_eq!(collector.wait(), Some(143));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(held);
    assert_eq!(world.server.sql("SELECT state FROM run"), ["done"], "there was no second run");
    world.server.collector(&[]).expect(0);
}

#[test]
fn a_thousand_hosts_are_visited_with_256_descriptors() {
    let world = World::new(&["127.0.7.4"]);
    let (silent, hangs_up) = (TcpListener::bind("0.0.0.0:0").unwrap(), TcpListener::bind("0.0.0.0:0").unwrap());
    let closed = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let ports = [silent.local_addr().unwrap().port(), hangs_up.local_addr().unwrap().port(), closed];
    std::thread::spawn(move || {
        for mut stream in hangs_up.incoming().flatten() {
            // Whether it gets there is the visitor's business.
            drop(stream.write_all(b"SSH-2.0-hangs-up\r\n"));
        }
    });
    // They lie in the listener's queue until the kernel has no room, and longer.
    let queue: Vec<_> = vec![silent.try_clone().unwrap()];
    std::thread::spawn(move || silent.incoming().flatten().collect::<Vec<_>>());
    let hosts: String = (0..1000_u16)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            client(&format!("host{number}"), SocketAddr::from(([127, 9, high, low], ports[usize::from(number % 3)])))
        })
        .collect();
    world.server.watch(&world.sshd, &["127.0.7.4"], &format!("<collector handshake-timeout=\"2s\"/>{hosts}"));
    let few = ["sh", "-c", "ulimit -n 256 && exec \"$0\" \"$@\""];
    let told = finished(within(&few, &world.server.command("fleet-collector", &[]))).expect(3);
    drop(queue);
    let kinds = world.server.sql("SELECT kind, count(*) FROM outcome GROUP BY kind ORDER BY kind");
    let expected = ["connect_refused|333", "handshake_timeout|334", "ok|1"];
    let hung_up = ["handshake_failed", "throttled"].map(|kind| format!("{kind}|333"));
    assert!(expected.iter().all(|kind| kinds.contains(&(*kind).to_owned())) && kinds.len() == 4, "{kinds:?}");
    assert!(hung_up.iter().any(|kind| kinds.contains(kind)), "{kinds:?}");
    assert!(!told.stdout.to_lowercase().contains("too many open files"), "{}", told.stdout);
}

#[test]
fn memory_that_may_not_be_locked_is_no_hindrance() {
    let world = World::new(&["127.0.7.5"]);
    world.server.watch(&world.sshd, &["127.0.7.5"], "");
    let command = world.server.command("fleet-collector", &[]);
    let _quiet = finished(within(&["prlimit", "--memlock=0:0"], &command)).expect(0);
    assert_eq!(world.samples(), 1);
}

#[test]
fn outputs_that_are_closed_full_or_not_read_change_nothing_about_a_run() {
    let world = World::new(&["127.0.7.6"]);
    world.server.watch(&world.sshd, &["127.0.7.6"], "");
    // JSON is asked for by a program, which must hear that it did not get all of it; std takes a closed output for
    // one that nobody wants.
    for (arguments, lost) in [(&["-v"][..], 0), (&["-v", "--format", "json"], 1)] {
        let command = || world.server.command("fleet-collector", arguments);
        for (outputs, status) in [(">&-", 0), ("2>&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full 2>/dev/full", lost)] {
            let script = format!("exec \"$0\" \"$@\" {outputs}");
            let _silent = finished(within(&["sh", "-c", &script], &command())).expect(status);
        }
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let _unread = Finished::from(command().stdout(writer).output().unwrap()).expect(lost);
    }
    assert_eq!(world.samples(), 10);
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE state = 'done'"), "10");
    assert_eq!(world.server.value("PRAGMA integrity_check"), "ok");
}

#[test]
fn a_collector_that_was_stopped_beyond_its_deadlines_ends_its_run_and_the_next_one_heals() {
    let world = World::new(&["127.0.7.7"]);
    world.server.watch(&world.sshd, &["127.0.7.7"], "");
    world.server.collector(&[]).expect(0);
    let mute = mute();
    let more = client("mute", mute.local_addr().unwrap());
    world.server.watch(&world.sshd, &["127.0.7.7"], &format!("<collector handshake-timeout=\"2s\"/>{more}"));
    let mut collector = world.server.spawn("fleet-collector", &[]);
    let _connection = mute.accept().unwrap();
    collector.signal("STOP");
    let stopped = Instant::now();
    while stopped.elapsed() < Duration::from_secs(4) {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    collector.signal("CONT");
    assert_eq!(collector.wait(), Some(3));
    assert_eq!(world.server.value("SELECT state FROM run ORDER BY id DESC LIMIT 1"), "done");
    assert!(world.outcomes().contains(&"mute handshake_timeout".to_owned()), "{:?}", world.outcomes());
    world.server.watch(&world.sshd, &["127.0.7.7"], "");
    crate::killing::everything_comes_home(&world, &["127.0.7.7"]);
}

/// A clock that goes wrong by what stands in a file, and can be set while a program runs.
fn with_wrong_clock(world: &World, by: &str) -> Command {
    let file = world.dir.path().join("clock");
    set_clock(world, by);
    let mut command = world.server.command("fleet-collector", &[]);
    let library = harness::run(Command::new("faketime").args(["-m", "-f", "+0", "printenv", "LD_PRELOAD"]));
    command.env("LD_PRELOAD", library.trim()).env("FAKETIME_TIMESTAMP_FILE", file);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

fn set_clock(world: &World, by: &str) {
    let (file, half) = (world.dir.path().join("clock"), world.dir.path().join("clock.new"));
    File::create(&half).and_then(|mut file| writeln!(file, "{by}")).unwrap();
    fs::rename(half, file).unwrap();
}

#[test]
fn a_clock_that_jumps_between_runs_spoils_neither_visits_nor_rows() {
    let world = World::new(&["127.0.7.8"]);
    world.server.watch(&world.sshd, &["127.0.7.8"], "");
    for by in ["+0", "+1d", "+0", "-1d", "-400d", "+0"] {
        let _quiet = finished(with_wrong_clock(&world, by)).expect(0);
    }
    assert_eq!(world.samples(), 6);
    let days = "SELECT (started_ms - (SELECT started_ms FROM run WHERE id = 1)) / 86400000 FROM run ORDER BY id";
    assert_eq!(world.server.sql(days), ["0", "1", "0", "0", "-399", "0"], "the clock was wrong indeed");
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE finished_ms < started_ms"), "0");
    assert_eq!(world.server.value("SELECT count(*) FROM outcome WHERE duration_ms NOT BETWEEN 0 AND 60000"), "0");
    for question in ["status", "runs"] {
        world.server.fleet(&[question]).expect(0);
    }
}

#[test]
fn a_clock_that_is_set_back_in_mid_run_makes_no_negative_duration() {
    let world = World::new(&["127.0.7.9"]);
    let mute = mute();
    let more = client("mute", mute.local_addr().unwrap());
    world.server.watch(&world.sshd, &["127.0.7.9"], &format!("<collector handshake-timeout=\"3s\"/>{more}"));
    let mut command = with_wrong_clock(&world, "+0");
    let mut collector = Reaped::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()));
    let _connection = mute.accept().unwrap();
    set_clock(&world, "-1d");
    assert_eq!(collector.wait(), Some(3));
    assert_eq!(world.server.value("SELECT finished_ms < started_ms FROM run"), "1", "it was set back indeed");
    let durations = format!("SELECT count(*) FROM outcome WHERE duration_ms BETWEEN 0 AND {}", PATIENCE.as_millis());
    assert_eq!(world.server.value(&durations), "2");
    let told = world.server.fleet(&["runs"]).expect(0).stdout;
    assert!(told.lines().nth(1).is_some_and(|line| line.contains("  -  done ")), "{told}");
}
