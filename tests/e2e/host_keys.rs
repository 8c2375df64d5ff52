//! Nobody is logged in to unverified.

use std::fs;

use crate::World;

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
