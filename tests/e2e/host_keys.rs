//! Nobody is logged in to unverified.

use std::fs;
use std::path::PathBuf;

use harness::{SshdOptions, make_key};

use crate::World;
use crate::inventory::configure;

/// What sshd logs when a login is tried, whichever way it goes.
const ATTEMPT: &str = "userauth-request for user";

#[test]
fn a_changed_host_key_stops_before_authentication() {
    let mut world = World::new(&["127.0.2.1"]);
    world.server.watch(&world.sshd, &["127.0.2.1"], "");
    world.server.collector(&[]).expect(0);
    assert!(world.sshd.log().contains(ATTEMPT), "a login would be seen");

    world.sshd.clear_log();
    world.sshd.change_host_key();
    let run = world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["127.0.2.1 host_key_changed"]);
    assert!(run.stdout.contains("SHA256:"), "{}", run.stdout);
    assert!(world.sshd.log().contains("Connection from"), "the host was contacted");
    assert!(!world.sshd.log().contains(ATTEMPT), "{}", world.sshd.log());

    // Only an explicit word mends it.
    world.server.collector(&["trust", "--yes", "*"]).expect(3);
    world.server.collector(&[]).expect(3);
    world.server.collector(&["trust", "--yes", "--replace", "*"]).expect(0);
    world.server.collector(&[]).expect(0);
}

#[test]
fn an_unknown_or_revoked_key_stops_before_authentication() {
    let world = World::new(&["127.0.2.2"]);
    world.server.watch(&world.sshd, &["127.0.2.2"], "");
    let line = fs::read_to_string(world.server.state("known_hosts")).unwrap();
    for (known_hosts, kind) in
        [(String::new(), "host_key_unknown"), (format!("{line}@revoked {line}"), "host_key_revoked")]
    {
        fs::write(world.server.state("known_hosts"), known_hosts).unwrap();
        world.server.collector(&[]).expect(3);
        assert_eq!(world.outcomes(), [format!("127.0.2.2 {kind}")]);
    }
    assert!(!world.sshd.log().contains(ATTEMPT));
    fs::write(world.server.state("known_hosts"), line).unwrap();
    world.server.collector(&[]).expect(0);
    assert!(world.sshd.log().contains(ATTEMPT));
}

#[test]
fn known_hosts_that_cannot_be_read_visits_nobody() {
    let world = World::new(&["127.0.2.3"]);
    world.server.watch(&world.sshd, &["127.0.2.3"], r#"<collector host-keys="accept-new"/>"#);
    fs::remove_file(world.server.state("known_hosts")).unwrap();
    fs::create_dir(world.server.state("known_hosts")).unwrap();
    world.server.collector(&[]).expect(2);
    assert!(!world.sshd.log().contains("on 127.0.2.3 port"));
    fs::remove_dir(world.server.state("known_hosts")).unwrap();
    world.server.collector(&[]).expect(0);
    assert!(world.sshd.log().contains("on 127.0.2.3 port"), "a visit would be seen");
}

#[test]
fn accept_new_notes_a_key_once_and_never_accepts_another() {
    let mut world = World::new(&["127.0.2.4"]);
    world.server.watch(&world.sshd, &["127.0.2.4"], r#"<collector host-keys="accept-new"/>"#);
    let line = fs::read_to_string(world.server.state("known_hosts")).unwrap();
    fs::remove_file(world.server.state("known_hosts")).unwrap();
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    let noted = fs::read_to_string(world.server.state("known_hosts")).unwrap();
    let words = |text: &str| text.split_whitespace().take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((words(&noted), noted.lines().count()), (words(&line), 1));

    world.sshd.clear_log();
    world.sshd.change_host_key();
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["127.0.2.4 host_key_changed"]);
    assert!(!world.sshd.log().contains(ATTEMPT));
}

#[test]
fn trust_asks_before_it_pins_and_pins_nothing_unasked() {
    let world = World::new(&["127.0.2.5"]);
    world.server.watch(&world.sshd, &["127.0.2.5"], "");
    fs::remove_file(world.server.state("known_hosts")).unwrap();
    let asked = world.server.collector(&["trust", "127.0.2.5"]).expect(2);
    assert!(asked.stdout.contains("SHA256:"), "{}", asked.stdout);
    assert!(!world.server.state("known_hosts").exists());
    world.server.collector(&["trust", "--yes", "127.0.2.5"]).expect(0);
    world.server.collector(&[]).expect(0);
}

#[test]
fn trust_pins_hop_by_hop_and_names_the_jump_host_that_must_come_first() {
    let world = World::with(SshdOptions { forwards: true, ..SshdOptions::default() });
    let elements = r#"<client name="deep" ip="127.0.2.12" jump="inner"/>
        <client name="inner" ip="127.0.2.11" jump="gate"/>
        <client name="gate" ip="127.0.2.10" enabled="false"/>"#;
    configure(&world, &[], elements);
    for (pattern, first) in [("deep", "inner"), ("inner", "gate")] {
        let told = world.server.collector(&["trust", "--yes", pattern]).expect(3).stdout;
        assert!(told.contains(&format!("{pattern}: jump_failed: ")), "{told}");
        assert!(told.contains(&format!("hint: pin the key of {first} first: fleet-collector trust {first}")), "{told}");
    }
    assert!(!world.sshd.log().contains(ATTEMPT), "an unverified jump host is not logged in to");
    let told = world.server.collector(&["trust", "--yes", "*"]).expect(0).stdout;
    assert_eq!(told.matches("1 host key pinned").count(), 3, "{told}");
    assert!(!told.contains("jump_failed"), "{told}");
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["deep ok", "inner ok"]);
}

/// A world whose host has a certificate made with these arguments, and the key of the authority that signed it.
fn certified(address: &str, arguments: &[&str]) -> (World, PathBuf) {
    let mut world = World::new(&[address]);
    let authority = world.dir.path().join("authority");
    make_key(&authority, "ed25519");
    world.sshd.certify(&authority, arguments);
    world.server.watch(&world.sshd, &[address], "");
    (world, authority)
}

fn public(key: &std::path::Path) -> String {
    fs::read_to_string(key.with_extension("pub")).unwrap()
}

/// Runs the collector with these lines of known_hosts. Returns what became of the one host and whether a login was
/// tried.
fn visit_with(world: &World, known_hosts: &str) -> (String, bool) {
    fs::write(world.server.state("known_hosts"), known_hosts).unwrap();
    world.sshd.clear_log();
    let run = world.server.collector(&[]);
    assert!(world.sshd.log().contains("Connection from"), "{}{}", run.stdout, run.stderr);
    (world.outcomes().remove(0), world.sshd.log().contains(ATTEMPT))
}

#[test]
fn a_host_certificate_of_a_known_authority_is_accepted() {
    let (world, authority) = certified("127.0.2.6", &["-h", "-n", "web1,127.0.2.6", "-V", "-1h:+1h"]);
    let ca = public(&authority);
    let (bracketed, port) = (format!("[127.0.2.6]:{}", world.sshd.port), world.sshd.port);
    for names in ["127.0.2.6", "127.0.2.*", "*", &bracketed, &format!("[127.0.2.*]:{port}")] {
        let (outcome, tried) = visit_with(&world, &format!("@cert-authority {names} {ca}"));
        assert_eq!((outcome.as_str(), tried), ("127.0.2.6 ok", true), "{names}");
    }
    // A key on file holds beside it, also for a host whose certificate some other authority signed.
    let line = world.sshd.known_hosts_line("127.0.2.6");
    assert_eq!(visit_with(&world, &line).0, "127.0.2.6 ok");
    let other = world.dir.path().join("other");
    make_key(&other, "ed25519");
    assert_eq!(visit_with(&world, &format!("@cert-authority * {}{line}", public(&other))).0, "127.0.2.6 ok");
}

#[test]
fn a_host_certificate_that_proves_nothing_stops_before_authentication() {
    let named = ["-n", "127.0.2.7"];
    let cases: [(&str, Vec<&str>); 5] = [
        ("it has expired", [&["-h", "-V", "-2h:-1h"][..], &named].concat()),
        ("it is not valid yet", [&["-h", "-V", "+1h:+2h"][..], &named].concat()),
        ("not for \"127.0.2.7\"", vec!["-h", "-n", "127.0.2.8,web1"]),
        ("not for \"127.0.2.7\"", vec!["-h"]),
        ("it is a user's certificate", named.to_vec()),
    ];
    for (why, arguments) in cases {
        let (world, authority) = certified("127.0.2.7", &arguments);
        let (outcome, tried) = visit_with(&world, &format!("@cert-authority * {}", public(&authority)));
        assert_eq!((outcome.as_str(), tried), ("127.0.2.7 host_key_changed", false), "{why}");
        let detail = world.server.value("SELECT detail FROM outcome");
        // OpenSSH itself does not show a user's certificate as a host's; then the plain key is refused.
        assert!(detail.contains(why) || arguments == named && detail.contains("any certified by"), "{why}: {detail}");
    }
}

#[test]
fn authorities_that_are_strange_or_revoked_stop_before_authentication() {
    let (world, authority) = certified("127.0.2.9", &["-h", "-n", "127.0.2.9"]);
    let (ca, strange) = (public(&authority), world.dir.path().join("strange"));
    make_key(&strange, "ed25519");
    let host_key = world.sshd.host_key();
    for (known_hosts, kind) in [
        (format!("@cert-authority * {}", public(&strange)), "host_key_changed"),
        (format!("@cert-authority 127.0.2.8 {ca}"), "host_key_unknown"),
        (format!("@cert-authority * {ca}@revoked * {ca}"), "host_key_revoked"),
        (format!("@cert-authority * {ca}@revoked * {host_key}"), "host_key_revoked"),
    ] {
        let (outcome, tried) = visit_with(&world, &known_hosts);
        assert_eq!((outcome, tried), (format!("127.0.2.9 {kind}"), false), "{known_hosts}");
    }
    assert_eq!(visit_with(&world, &format!("@cert-authority * {ca}")), ("127.0.2.9 ok".to_owned(), true));
}

#[test]
fn a_known_hosts_that_somebody_else_has_locked_holds_up_no_other_host() {
    let world = World::new(&["127.0.2.10", "127.0.2.11"]);
    world.server.watch(&world.sshd, &["127.0.2.10", "127.0.2.11"], r#"<collector host-keys="accept-new"/>"#);
    let path = world.server.state("known_hosts");
    fs::write(&path, world.sshd.known_hosts_line("127.0.2.11")).unwrap();
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["127.0.2.10 host_key_unknown", "127.0.2.11 ok"]);
    let detail = world.server.value("SELECT detail FROM outcome WHERE kind = 'host_key_unknown'");
    assert_eq!(detail, "cannot note the new host key: known_hosts was locked by another program for 5 s");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    held.unlock().unwrap();
    world.server.collector(&[]).expect(0);
}
