//! A server that takes a new key, and what waits on the hosts for the old one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Server, SshdOptions, run};

use crate::World;
use crate::collecting::envelopes;
use crate::crontab::{place, sample};
use crate::inventory::configure;

/// The folders of the spools in a place that have a file of this name.
fn spools_with(place: &Path, name: &str) -> Vec<PathBuf> {
    let spools = fs::read_dir(place.join("spool")).unwrap().map(|entry| entry.unwrap().path());
    spools.filter(|spool| spool.join(name).exists()).collect()
}

fn public_keys(place: &Path) -> usize {
    fs::read_dir(place.join("keys")).unwrap().count()
}

fn count(server: &Server, query: &str) -> usize {
    server.value(query).parse().unwrap()
}

fn samples(server: &Server) -> (usize, usize) {
    let distinct = count(server, "SELECT count(DISTINCT probe_sample_id) FROM sample");
    (distinct, count(server, "SELECT count(*) FROM rejected_envelope"))
}

/// The line of `check` about the one former key.
fn told_of_former_key(server: &Server) -> String {
    let checked = server.collector(&["check"]).expect(0).stdout;
    checked.lines().find(|line| line.starts_with("former ")).unwrap_or_default().to_owned()
}

#[test]
fn after_a_rotation_what_waited_for_the_old_key_comes_home_once_and_its_spool_goes() {
    let world = World::new(&["127.0.5.1"]);
    world.server.watch(&world.sshd, &["127.0.5.1"], "");
    world.server.collector(&[]).expect(0);
    let place = place(&world, "127.0.5.1");
    sample(&place);
    sample(&place);
    let told = world.server.collector(&["keygen", "--rotate"]).expect(0).stdout;
    assert_eq!(told.lines().count(), 2, "{told}");
    // The host does not know yet.
    sample(&place);
    let old = spools_with(&place, "target.json").remove(0);
    assert_eq!(envelopes(&old), 4);
    let needed = told_of_former_key(&world.server);
    assert!(needed.ends_with(": may still be needed for 127.0.5.1"), "{needed}");

    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (5, 0), "the first visit's, three of the crontab, the fresh one");
    assert_eq!(spools_with(&place, "former.json"), [old.as_path()]);
    sample(&place);
    assert_eq!(envelopes(&old), 3, "only the new one is fed");
    assert!(told_of_former_key(&world.server).contains("needed for"), "the old spool still held something");

    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (7, 0));
    assert!(!old.exists() && spools_with(&place, "target.json").len() == 1);
    assert_eq!(public_keys(&place), 1);
    let (_, remove) = told_of_former_key(&world.server).split_once("no host needs it any more: rm ").map(own).unwrap();
    fs::remove_file(remove).unwrap();
    assert_eq!(told_of_former_key(&world.server), "");
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (8, 0));
    assert_eq!(world.server.value("SELECT dropped FROM spool ORDER BY seen_ms DESC LIMIT 1"), "0");
}

fn own(parts: (&str, &str)) -> (String, String) {
    (parts.0.to_owned(), parts.1.to_owned())
}

#[test]
fn two_servers_on_one_account_do_not_disturb_each_other_also_while_one_rotates() {
    let world = World::new(&["127.0.5.2"]);
    let other = Server::new(&world.dir.path().join("other"));
    for server in [&world.server, &other] {
        server.watch(&world.sshd, &["127.0.5.2"], "");
        server.collector(&[]).expect(0);
    }
    let place = place(&world, "127.0.5.2");
    sample(&place);
    sample(&place);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (5, 0));
    sample(&place);
    assert_eq!(public_keys(&place), 2, "the other server's, and the new one");
    other.collector(&[]).expect(0);
    assert_eq!(samples(&other), (5, 0), "its first, three of the crontab, the fresh one");
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (7, 0));
    assert_eq!(other.value("SELECT max(dropped) FROM spool"), "0");
}

#[test]
fn a_host_that_was_rolled_back_to_before_a_rotation_loses_and_doubles_nothing() {
    let world = World::new(&["127.0.5.3"]);
    world.server.watch(&world.sshd, &["127.0.5.3"], "");
    world.server.collector(&[]).expect(0);
    let (place, backup) = (place(&world, "127.0.5.3"), world.dir.path().join("backup"));
    run(Command::new("cp").arg("-a").arg(&place).arg(&backup));
    sample(&place);
    sample(&place);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (5, 0));
    assert!(told_of_former_key(&world.server).contains("no host needs it"));

    // The old key's second number again, for another sample: the server has committed it and the third.
    fs::remove_dir_all(&place).unwrap();
    run(Command::new("cp").arg("-a").arg(&backup).arg(&place));
    sample(&place);
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (7, 0), "the one of the rolled-back host, and the fresh one");
    assert!(told_of_former_key(&world.server).contains("needed for 127.0.5.3"), "the old spool is there again");
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (9, 0));
    assert_eq!(fs::read_dir(place.join("spool")).unwrap().count(), 1, "and gone again");
    assert!(told_of_former_key(&world.server).contains("no host needs it"));
}

#[test]
fn a_host_that_was_installed_anew_after_a_rotation_and_a_database_from_before_it_lose_nothing() {
    let world = World::new(&["127.0.5.4"]);
    world.server.watch(&world.sshd, &["127.0.5.4"], "");
    world.server.collector(&[]).expect(0);
    let place = place(&world, "127.0.5.4");
    let files = || crate::spool::database_files(&world).into_iter();
    let backup: Vec<_> = files().map(|path| (fs::read(&path).unwrap(), path)).collect();
    sample(&place);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (3, 0));

    files().for_each(|path| fs::remove_file(path).unwrap());
    backup.into_iter().for_each(|(content, path)| fs::write(path, content).unwrap());
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (4, 0), "all but the first come again, and the fresh one");

    fs::remove_dir_all(&place).unwrap();
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(samples(&world.server), (6, 0));
    assert_eq!(fs::read_dir(place.join("spool")).unwrap().count(), 1);
}

#[test]
fn a_host_that_others_only_go_through_needs_no_former_key_unless_it_was_visited() {
    let world = World::with(SshdOptions { forwards: true, ..SshdOptions::default() });
    let write = |of_gate: &str| {
        let elements = format!(
            r#"<client name="gate" ip="127.0.5.5" {of_gate}/><client name="deep" ip="127.0.5.6" jump="gate"/>"#
        );
        configure(&world, &["127.0.5.5"], &elements);
        let known = fs::read_to_string(world.server.state("known_hosts")).unwrap();
        fs::write(world.server.state("known_hosts"), format!("{known}deep {}", world.sshd.host_key())).unwrap();
    };
    write(r#"enabled="false""#);
    world.server.collector(&[]).expect(0);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    assert!(told_of_former_key(&world.server).ends_with("needed for deep"));
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert!(told_of_former_key(&world.server).contains("no host needs it"));

    write("");
    world.server.collector(&[]).expect(0);
    write(r#"enabled="false""#);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    assert!(told_of_former_key(&world.server).ends_with("needed for gate, deep"));
}
