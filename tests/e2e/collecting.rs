//! One run over the fleet, whatever single hosts do.

use std::fs;
use std::io::Write;
use std::net::TcpListener;

use harness::{SshdOptions, USER, eventually, run};

use crate::World;

const GOOD: [&str; 4] = ["127.0.3.1", "127.0.3.2", "127.0.3.3", "127.0.3.4"];

#[test]
fn one_dead_refusing_or_lying_host_changes_nothing_for_the_others() {
    let world = World::new(&GOOD);
    // Accepts and says nothing; speaks another protocol; is not there; takes no login.
    let mute = TcpListener::bind("127.0.3.9:0").unwrap();
    let other = TcpListener::bind("127.0.3.9:0").unwrap();
    let other_port = other.local_addr().unwrap().port();
    let speaker = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"220 mail.example.org ESMTP\r\nrubbish\r\n").unwrap();
    });
    let strangers = format!(
        r#"<collector handshake-timeout="1s"/>
           <client name="closed" ip="127.0.3.9" port="1" username="x" password="x"/>
           <client name="mute" ip="127.0.3.9" port="{}" username="x" password="x"/>
           <client name="other" ip="127.0.3.9" port="{other_port}" username="x" password="x"/>
           <client name="refusing" ip="127.0.3.1" port="{}" username="nobody-here" password="x"/>
           <client name="unresolvable" ip="no-such-host.invalid" username="x" password="x"/>"#,
        mute.local_addr().unwrap().port(),
        world.sshd.port,
    );
    world.server.watch(&world.sshd, &GOOD, &strangers);
    let finished = world.server.collector(&["--format", "json"]).expect(3);
    speaker.join().unwrap();
    let expected = [
        "127.0.3.1 ok",
        "127.0.3.2 ok",
        "127.0.3.3 ok",
        "127.0.3.4 ok",
        "closed connect_refused",
        "mute handshake_timeout",
        "other handshake_failed",
        "refusing auth_failed",
        "unresolvable dns_failed",
    ];
    assert_eq!(world.outcomes(), expected);
    assert_eq!(world.samples(), 4);
    let (hosts, summary) = finished.stdout.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(hosts.lines().count(), expected.len());
    assert!(summary.starts_with(r#"{"summary":{"failed":5,"hosts":9,"ok":4,"#), "{summary}");
}

#[test]
fn the_first_visit_places_probe_and_key_and_the_second_one_runs_one_command() {
    let world = World::new(&["127.0.3.10"]);
    world.server.watch(&world.sshd, &["127.0.3.10"], "");
    world.server.collector(&[]).expect(0);
    assert!(world.sshd.commands_run() > 1, "the cold path takes several");
    let place = world.sshd.home("127.0.3.10").join(".cache/fleet-health");
    let listing = run(std::process::Command::new("ls").arg("-lnR").arg(&place));
    let probe_written = || {
        fs::read_dir(&place)
            .unwrap()
            .flatten()
            .filter(|e| e.file_name().to_string_lossy().starts_with("probe-"))
            .count()
    };
    assert_eq!(probe_written(), 1, "{listing}");

    world.sshd.clear_log();
    world.server.collector(&[]).expect(0);
    assert_eq!(world.sshd.commands_run(), 1, "{}", world.sshd.log());
    assert_eq!(world.samples(), 2);
}

#[test]
fn a_key_or_probe_that_vanished_from_the_host_is_placed_again() {
    let world = World::new(&["127.0.3.11"]);
    world.server.watch(&world.sshd, &["127.0.3.11"], "");
    world.server.collector(&[]).expect(0);
    let place = world.sshd.home("127.0.3.11").join(".cache/fleet-health");
    fs::remove_dir_all(place.join("keys")).unwrap();
    world.server.collector(&[]).expect(0);
    fs::remove_dir_all(&place).unwrap();
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 3);
}

#[test]
fn a_work_dir_of_ones_own_is_taken_and_nothing_else_is_left_in_the_home() {
    let world = World::new(&["127.0.3.12"]);
    let (port, identity) = (world.sshd.port, world.sshd.identity());
    world.server.watch(&world.sshd, &["127.0.3.12"], "");
    world.server.configure(&format!(
        r#"<config><client ip="127.0.3.12" port="{port}" username="{USER}" identity-file="{}" work-dir="{}/monitoring"/></config>"#,
        identity.display(),
        world.sshd.home("127.0.3.12").display(),
    ));
    world.server.collector(&[]).expect(0);
    let home: Vec<_> =
        fs::read_dir(world.sshd.home("127.0.3.12")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(home, ["monitoring"]);
}

#[test]
fn each_wait_has_a_deadline_and_an_outcome_of_its_own() {
    // A login that is never answered, and a shell that never comes to the command.
    let stalling = "AuthorizedKeysCommand /bin/sleep 60\nAuthorizedKeysCommandUser root\nAuthorizedKeysFile none";
    let mute_login = World::with(SshdOptions { config: stalling.to_owned(), ..SshdOptions::default() });
    let deadlines = r#"<collector authentication-timeout="500ms"/>"#;
    mute_login.server.watch(&mute_login.sshd, &["127.0.3.20"], deadlines);
    mute_login.server.collector(&[]).expect(3);
    assert_eq!(mute_login.outcomes(), ["127.0.3.20 auth_timeout"]);

    let mute_shell = World::with(SshdOptions { config: "ForceCommand sleep 60".to_owned(), ..SshdOptions::default() });
    for (deadlines, kind) in
        [("command-timeout=\"500ms\"", "command_timeout"), ("host-timeout=\"500ms\"", "host_timeout")]
    {
        mute_shell.server.watch(&mute_shell.sshd, &["127.0.3.20"], &format!("<collector {deadlines}/>"));
        mute_shell.server.collector(&[]).expect(3);
        assert_eq!(mute_shell.outcomes(), [format!("127.0.3.20 {kind}")]);
    }

    // A host that is down: its address swallows the dial.
    let silent = TcpListener::bind("127.0.3.21:0").unwrap();
    let address = silent.local_addr().unwrap();
    let _full_queue = harness::fill_queue(address);
    mute_shell.server.configure(&format!(
        r#"<config><collector dial-timeout="500ms"/><client ip="127.0.3.21" port="{}" username="x" password="x"/></config>"#,
        address.port(),
    ));
    mute_shell.server.collector(&[]).expect(3);
    assert_eq!(mute_shell.outcomes(), ["127.0.3.20 host_timeout", "127.0.3.21 connect_timeout"][1..]);
}

#[test]
fn a_host_that_lies_gets_no_sample_in_and_an_outcome_that_tells() {
    let header = r#"{"probe":"0","spool":"00000000000000000000000000000000","count":1,"bytes":4,"dropped":0}"#;
    let nonce = r#"n=$(sed 's/.*"nonce":"\([0-9a-f]*\)".*/\1/')"#;
    let answer = |nonce: &str| format!("printf '\\n@@FHE1 %s %s\\nrubb@@END %s\\n' {nonce} '{header}' {nonce}");
    for (lie, kind) in [
        ("yes | tr -d '\\n'".to_owned(), "shell_unusable"),
        (answer(&"0".repeat(32)), "probe_failed"),
        (format!("{nonce}; {}", answer("$n")), "envelope_rejected"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("lie");
        // The probe is placed for real; when it should run, something else answers.
        let otherwise = r#"eval "$SSH_ORIGINAL_COMMAND""#;
        fs::write(&script, format!("case $SSH_ORIGINAL_COMMAND in *' run') {lie} ;; *) {otherwise} ;; esac\n"))
            .unwrap();
        run(std::process::Command::new("chmod").args(["-R", "a+rX"]).arg(dir.path()));
        let config = format!("ForceCommand /bin/sh {}", script.display());
        let world = World::with(SshdOptions { config, ..SshdOptions::default() });
        world.server.watch(&world.sshd, &["127.0.3.22"], "");
        world.server.collector(&[]).expect(3);
        assert_eq!(world.outcomes(), [format!("127.0.3.22 {kind}")], "{lie}");
        assert_eq!(world.samples(), 0);
    }
}

#[test]
fn a_job_that_an_rc_file_leaves_behind_holds_nothing_up() {
    let config = "ForceCommand sleep 30 & eval \"$SSH_ORIGINAL_COMMAND\"".to_owned();
    let world = World::with(SshdOptions { config, ..SshdOptions::default() });
    world.server.watch(&world.sshd, &["127.0.3.23"], r#"<collector command-timeout="5s"/>"#);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["127.0.3.23 ok"]);
}

#[test]
fn a_second_collector_ends_with_4_while_the_first_runs() {
    let world = World::new(&["127.0.3.13"]);
    let mute = TcpListener::bind("127.0.3.9:0").unwrap();
    world.server.watch(
        &world.sshd,
        &["127.0.3.13"],
        &format!(
            r#"<client name="mute" ip="127.0.3.9" port="{}" username="x" password="x"/>"#,
            mute.local_addr().unwrap().port(),
        ),
    );
    let mut first = world.server.spawn("fleet-collector", &[]);
    let (_held, _) = mute.accept().unwrap();
    let second = world.server.collector(&[]).expect(4);
    assert!(second.stderr.contains(&format!("pid {}", first.pid())), "{}", second.stderr);

    first.signal("TERM");
    assert_eq!(first.wait(), Some(143));
    let state = world.server.value("SELECT state FROM run");
    assert_eq!(state, "cancelled");
    assert_eq!(
        world.server.value("SELECT kind FROM outcome JOIN host ON host.id = host_id WHERE name = 'mute'"),
        "cancelled"
    );
}

#[test]
fn kill_in_mid_run_loses_and_doubles_nothing() {
    let world = World::new(&["127.0.3.14"]);
    let mute = TcpListener::bind("127.0.3.9:0").unwrap();
    world.server.watch(&world.sshd, &["127.0.3.14"], "");
    world.server.collector(&[]).expect(0);
    let hanging = format!(
        r#"<client name="mute" ip="127.0.3.9" port="{}" username="x" password="x"/>"#,
        mute.local_addr().unwrap().port(),
    );
    world.server.watch(&world.sshd, &["127.0.3.14"], &hanging);
    for _ in 0..3 {
        let samples = world.samples();
        let mut killed = world.server.spawn("fleet-collector", &[]);
        let (_held, _) = mute.accept().unwrap();
        // The one host is done and committed, the other one hangs.
        eventually("the good host's sample", || world.samples() > samples);
        killed.kill();
    }
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE state = 'running'"), "1", "earlier ones are marked");
    world.server.watch(&world.sshd, &["127.0.3.14"], "");
    world.server.collector(&[]).expect(0);
    assert_eq!(
        world.server.sql("SELECT state FROM run ORDER BY id"),
        ["done", "aborted", "aborted", "aborted", "done"]
    );
    assert_eq!(world.samples(), 5);
    assert_eq!(world.server.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "5");
    assert_eq!(world.server.value("PRAGMA integrity_check"), "ok");
    let place = world.sshd.home("127.0.3.14").join(".cache/fleet-health/spool");
    assert_eq!(envelopes(&place), 1, "only the newest waits for its acknowledgement");
}

/// How many envelopes lie in the spools under this folder.
pub(crate) fn envelopes(spools: &std::path::Path) -> usize {
    let all = run(std::process::Command::new("find").arg(spools).args(["-name", "*.fhe"]));
    all.lines().count()
}

#[test]
fn exit_codes_are_those_of_the_manual() {
    let world = World::new(&["127.0.3.15"]);
    world.server.collector(&["--no-such-option"]).expect(2);
    world.server.collector(&["--host", "web1", "check"]).expect(2);
    let missing = world.server.collector(&[]).expect(2);
    assert!(missing.stderr.contains("config.xml"), "{}", missing.stderr);
    world.server.watch(&world.sshd, &["127.0.3.15"], "");
    world.server.collector(&["--host", "web*"]).expect(2);
    fs::rename(world.server.state("keys"), world.server.state("elsewhere")).unwrap();
    let keyless = world.server.collector(&[]).expect(2);
    assert!(keyless.stderr.contains("hint: make one with: fleet-collector keygen"), "{}", keyless.stderr);
    fs::rename(world.server.state("elsewhere"), world.server.state("keys")).unwrap();
    world.server.collector(&["keygen"]).expect(2);
    fs::create_dir(world.server.state("fleet.db")).unwrap();
    world.server.collector(&[]).expect(1);
    world.server.fleet(&["status"]).expect(1);
}

#[test]
fn an_idle_schedule_ends_with_0_on_sigterm() {
    let world = World::new(&["127.0.3.16"]);
    world.server.watch(&world.sshd, &["127.0.3.16"], "");
    for program in ["fleet-collector", "fleet-alerter"] {
        let mut idle = world.server.spawn(program, &["--schedule", "0 0 29 2 *"]);
        idle.await_signal_handler();
        idle.signal("TERM");
        assert_eq!(idle.wait(), Some(0), "{program}");
    }
}

#[test]
fn a_schedule_runs_the_collector_at_its_times() {
    let world = World::new(&["127.0.3.17"]);
    world.server.watch(&world.sshd, &["127.0.3.17"], "");
    let mut scheduled = world.server.spawn("fleet-collector", &["--schedule", "* * * * * *"]);
    eventually("a second sample", || world.server.samples_so_far() >= 2);
    scheduled.signal("INT");
    let status = scheduled.wait();
    assert!(matches!(status, Some(0 | 130)), "{status:?}");
}
