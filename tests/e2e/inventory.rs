//! Who is visited, and when: groups, ranges, includes, hosts that are off, due or renamed. Through config.xml alone.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Agent, Sshd, SshdOptions, USER, run};
use rusqlite::Connection;

use crate::World;
use crate::crontab::{place, sample};

/// `<defaults>` with which every address of the sshd can be logged in to.
fn defaults(world: &World) -> String {
    let (port, identity) = (world.sshd.port, world.sshd.identity());
    format!(r#"<defaults port="{port}" username="{USER}" identity-file="{}"/>"#, identity.display())
}

/// Writes config.xml with these elements, and pins the keys of the addresses.
pub(crate) fn configure(world: &World, addresses: &[&str], elements: &str) {
    world.server.configure(&format!("<config>\n{}\n{elements}\n</config>\n", defaults(world)));
    let lines: String = addresses.iter().map(|address| world.sshd.known_hosts_line(address)).collect();
    fs::write(world.server.state("known_hosts"), lines).unwrap();
}

#[test]
fn ranges_groups_and_included_files_are_visited_and_clients_that_are_off_are_not() {
    let addresses = ["127.0.7.1", "127.0.7.2", "127.0.7.3", "127.0.7.4"];
    let world = World::new(&addresses);
    let included = world.server.dir.join("conf.d");
    fs::create_dir(&included).unwrap();
    let db = included.join("db.xml");
    fs::write(&db, r#"<config><client name="db" ip="127.0.7.3" group="data"/></config>"#).unwrap();
    fs::set_permissions(&db, fs::Permissions::from_mode(0o600)).unwrap();
    configure(
        &world,
        &addresses,
        r#"<include href="conf.d/*.xml"/>
           <group name="web"/><group name="data"/>
           <client name="web[01-02]" ip="127.0.7.[1-2]" group="web"/>
           <client name="spare" ip="127.0.7.4" enabled="false"/>"#,
    );
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["db ok", "web01 ok", "web02 ok"]);
    world.server.collector(&["--host", "@web"]).expect(0);
    assert_eq!(world.outcomes(), ["web01 ok", "web02 ok"]);
    world.server.collector(&["--host", "@da*", "--host", "web02"]).expect(0);
    assert_eq!(world.outcomes(), ["db ok", "web02 ok"]);
    for (pattern, said) in [("@wbe", "no client in config.xml is of the group"), ("spare", "enabled=\"false\"")] {
        let told = world.server.collector(&["--host", pattern]).expect(2).stderr;
        assert!(told.contains(said) && told.contains("hint: "), "{told}");
    }
}

#[test]
fn a_host_with_an_interval_of_its_own_is_visited_when_it_is_due_or_asked_for() {
    let addresses = ["127.0.7.10", "127.0.7.11"];
    let world = World::new(&addresses);
    configure(
        &world,
        &addresses,
        r#"<client name="rare" ip="127.0.7.10" every="15m"/><client name="usual" ip="127.0.7.11"/>"#,
    );
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["usual ok"]);
    let earlier = |minutes: i64| {
        let db = Connection::open(world.server.state("fleet.db")).unwrap();
        db.execute("UPDATE run SET started_ms = started_ms - ?1 * 60000", [minutes]).unwrap();
    };
    earlier(10);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["usual ok"]);
    earlier(5);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["rare ok", "usual ok"]);
    world.server.collector(&["--host", "rare"]).expect(0);
    assert_eq!(world.outcomes(), ["rare ok"]);
}

#[test]
fn the_history_of_a_host_goes_on_under_its_new_name_and_nothing_that_waited_there_is_lost() {
    let world = World::new(&["127.0.7.20"]);
    configure(&world, &["127.0.7.20"], r#"<client name="old" ip="127.0.7.20"/>"#);
    world.server.collector(&[]).expect(0);
    let place = place(&world, "127.0.7.20");
    (0..3).for_each(|_| sample(&place));
    configure(&world, &["127.0.7.20"], r#"<client name="new" ip="127.0.7.20" formerly="old"/>"#);
    world.server.collector(&[]).expect(0);
    // The first visit's, the three that waited, sealed for the old name, and the fresh one.
    assert_eq!(world.samples(), 5);
    assert_eq!(world.server.sql("SELECT name FROM host"), ["new"]);
    sample(&place);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 7, "the crontab feeds the new name's spool");
    assert_eq!(fs::read_dir(place.join("spool")).unwrap().count(), 1, "the old name's is gone");
    assert_eq!(world.server.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "7");
}

#[test]
fn jump_hosts_and_pinned_fingerprints_work_as_config_xml_says_them() {
    let addresses = ["127.0.7.30", "127.0.7.31", "127.0.7.32"];
    let homes = addresses.map(|address| (address.to_owned(), format!("home-{address}"))).to_vec();
    let world = World::with(SshdOptions { homes, forwards: true, ..SshdOptions::default() });
    let elements = |fingerprint: &str| {
        format!(
            r#"<client name="gate" ip="127.0.7.30" enabled="false"/>
               <client name="inner" ip="127.0.7.31" jump="gate"/>
               <client name="pinned" ip="127.0.7.32" fingerprint="{fingerprint}"/>"#
        )
    };
    configure(&world, &["127.0.7.30"], &elements(&world.sshd.fingerprint()));
    let trusted = format!("inner {}", world.sshd.host_key());
    let known = fs::read_to_string(world.server.state("known_hosts")).unwrap();
    fs::write(world.server.state("known_hosts"), known + &trusted).unwrap();
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["inner ok", "pinned ok"]);
    let other = format!("SHA256:{}", "A".repeat(43));
    configure(&world, &[], &elements(&other));
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["inner jump_failed", "pinned host_key_changed"], "the gate is not known any more");
}

#[test]
fn check_looks_at_disabled_hosts_that_others_go_through_and_at_no_others() {
    let world = World::new(&["127.0.7.35"]);
    let elements = |of_gate: &str| {
        format!(
            r#"<client name="gate" ip="127.0.7.35" enabled="false" {of_gate}/>
               <client name="inner" ip="127.0.7.36" enabled="false" jump="gate"/>
               <client name="deep" ip="127.0.7.37" jump="inner"/>
               <client name="spare" ip="127.0.7.38" enabled="false" identity-file="/nowhere/key"/>"#
        )
    };
    let check = |of_gate: &str, status: i32| {
        configure(&world, &["127.0.7.35"], &elements(of_gate));
        let told = world.server.collector(&["check"]).expect(status).stdout;
        let line = |host: &str| told.lines().find(|line| line.starts_with(host)).unwrap_or_default().to_owned();
        (["gate", "inner", "spare"].map(line), told.matches("No such file").count())
    };
    let ([gate, inner, spare], faults) = check("", 0);
    assert!(
        gate.contains("  on file") && inner.contains("  not on file") && spare.contains("  -  "),
        "{gate}{inner}{spare}"
    );
    assert_eq!(faults, 0);
    assert_eq!(check(r#"identity-file="/nowhere/key""#, 2).1, 1);
}

#[test]
fn a_run_that_takes_too_long_leaves_the_rest_to_the_next_one() {
    let world = World::new(&["127.0.7.40"]);
    let mute = TcpListener::bind("127.0.7.41:0").unwrap();
    let mute = format!(
        r#"<collector run-timeout="3s"/>
           <client name="good" ip="127.0.7.40"/>
           <client name="mute" ip="127.0.7.41" port="{}"/>"#,
        mute.local_addr().unwrap().port()
    );
    configure(&world, &["127.0.7.40"], &mute);
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["good ok", "mute cancelled"]);
    let detail = world.server.value("SELECT detail FROM outcome WHERE kind = 'cancelled'");
    assert!(detail.contains("longer than 3 s"), "{detail}");
    assert_eq!(world.server.value("SELECT state FROM run"), "done");
}

#[test]
fn a_signal_ends_the_wait_before_a_run_that_has_a_splay() {
    let world = World::new(&["127.0.7.50"]);
    configure(&world, &["127.0.7.50"], r#"<client name="a" ip="127.0.7.50"/>"#);
    let mut waiting = world.server.spawn("fleet-collector", &["--splay", "24h"]);
    waiting.await_signal_handler();
    waiting.signal("TERM");
    assert_eq!(waiting.wait(), Some(143));
    assert!(!world.server.state("fleet.db").exists());
    world.server.collector(&["--splay", "1s"]).expect(0);
    assert_eq!(world.outcomes(), ["a ok"]);
}

#[test]
fn every_way_to_log_in_that_config_xml_can_say_reaches_a_host() {
    let addresses = ["127.0.7.60", "127.0.7.61", "127.0.7.62", "127.0.7.63"];
    let homes = addresses.map(|address| (address.to_owned(), format!("home-{address}"))).to_vec();
    let dir = tempfile::tempdir().unwrap();
    let key = |name: &str, passphrase: &str| {
        let path = dir.path().join(name);
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(&path));
        path
    };
    let [authority, certified] = ["ca", "certified"].map(|name| key(name, ""));
    run(Command::new("ssh-keygen")
        .args(["-q", "-I", "test", "-n", USER, "-s"])
        .arg(&authority)
        .arg(public(&certified)));
    let config = format!("TrustedUserCAKeys {}\n", public(&authority).display());
    let world = World::with(SshdOptions { homes, config, ..SshdOptions::default() });
    let old =
        SshdOptions { config: "KexAlgorithms diffie-hellman-group14-sha1\n".to_owned(), ..SshdOptions::default() };
    let old = Sshd::start(&world.dir.path().join("old"), old);
    let agent = Agent::start(dir.path());
    let (closed, held) = (key("closed", "open sesame"), key("held", ""));
    agent.add(&held);
    for path in [&closed, &held] {
        world.sshd.authorize(&fs::read_to_string(public(path)).unwrap());
    }
    let secret = dir.path().join("passphrase");
    fs::write(&secret, "open sesame\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let certificate = dir.path().join("certificate");
    fs::rename(dir.path().join("certified-cert.pub"), &certificate).unwrap();
    let shown = |path: &Path| path.display().to_string();
    let (closed, secret, held) = (shown(&closed), shown(&secret), shown(&public(&held)));
    let (certified, certificate, socket) = (shown(&certified), shown(&certificate), shown(&agent.socket));
    let (old_port, old_key) = (old.port, shown(&old.identity()));
    let other = format!("SHA256:{}", "A".repeat(43));
    let (port, fingerprint) = (world.sshd.port, world.sshd.fingerprint());
    world.server.configure(&format!(
        r#"<config>
           <defaults port="{port}" username="{USER}"/>
           <client name="passphrase" ip="127.0.7.60" identity-file="{closed}" passphrase-file="{secret}"/>
           <client name="agent" ip="127.0.7.61" identity-file="{held}" identity-agent="{socket}"/>
           <client name="certificate" ip="127.0.7.62" identity-file="{certified}" certificate-file="{certificate}"/>
           <client name="pinned" ip="127.0.7.63" fingerprint="{other} {fingerprint}" identity-file="{closed}"
                   passphrase-file="{secret}"/>
           <client name="legacy" ip="127.0.7.64" port="{old_port}" identity-file="{old_key}" legacy-algorithms="yes"/>
           <client name="modern" ip="127.0.7.65" port="{old_port}" identity-file="{old_key}"/>
           </config>"#
    ));
    let known = addresses[..3].iter().map(|address| world.sshd.known_hosts_line(address));
    let old_known = ["127.0.7.64", "127.0.7.65"].map(|address| old.known_hosts_line(address));
    fs::write(world.server.state("known_hosts"), known.chain(old_known).collect::<String>()).unwrap();
    world.server.collector(&[]).expect(3);
    let expected = ["agent ok", "certificate ok", "legacy ok", "modern handshake_failed", "passphrase ok", "pinned ok"];
    assert_eq!(world.outcomes(), expected);
}

fn public(key: &Path) -> PathBuf {
    PathBuf::from(format!("{}.pub", key.display()))
}
