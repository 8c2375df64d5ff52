//! One run over the fleet, whatever single hosts do.

use std::fs;
use std::io::Write;
use std::net::TcpListener;

use harness::{SshdOptions, eventually, run};

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
    assert!(summary.starts_with(r#"{"summary":{"cancelled":0,"failed":5,"hosts":9,"ok":4,"#), "{summary}");
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
fn a_key_that_cannot_be_used_concerns_its_host_alone() {
    let world = World::new(&["127.0.3.24"]);
    let exposed = world.dir.path().join("exposed");
    fs::copy(world.sshd.identity(), &exposed).unwrap();
    run(std::process::Command::new("chmod").arg("644").arg(&exposed));
    let others = format!(
        r#"<client name="exposed" ip="127.0.3.24" username="x" identity-file="{}"/>
           <client name="missing" ip="127.0.3.24" username="x" password-file="no-such-file"/>"#,
        exposed.display(),
    );
    world.server.watch(&world.sshd, &["127.0.3.24"], &others);
    let told = world.server.collector(&[]).expect(3).stdout;
    assert_eq!(world.outcomes(), ["127.0.3.24 ok", "exposed auth_failed", "missing auth_failed"]);
    assert!(told.contains(&format!("chmod 600 {}", exposed.display())), "{told}");
    let checked = world.server.collector(&["check"]).expect(2).stdout;
    assert!(checked.contains("no-such-file") && checked.contains("chmod 600"), "{checked}");
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
