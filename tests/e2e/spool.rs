//! Nothing that was measured is lost, and nothing is stored twice.

use std::fs;

use harness::{Proxy, SshdOptions};

use crate::World;
use crate::collecting::envelopes;

#[test]
fn a_sample_whose_connection_was_cut_arrives_with_the_next_run_once() {
    let world = World::new(&["127.0.4.1"]);
    let proxy = Proxy::to(world.sshd.port);
    world.server.watch(&world.sshd, &["127.0.4.1"], "");
    through(&world, &proxy, "127.0.0.1");
    world.server.collector(&[]).expect(0);
    let before = proxy.passed();
    world.server.collector(&[]).expect(0);
    let warm_visit = proxy.passed() - before;

    // The probe has run and spooled its sample, but its answer does not get through.
    proxy.cut_after(warm_visit - 600);
    world.server.collector(&[]).expect(3);
    assert_eq!(world.samples(), 2);
    proxy.mend();
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 4, "the cut one and the new one");
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 5);
    assert_eq!(world.server.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "5");
    let in_order = "SELECT count(*) FROM sample a JOIN sample b ON b.id = a.id + 1 WHERE b.taken_ms < a.taken_ms";
    assert_eq!(world.server.value(in_order), "0");
    assert_eq!(envelopes(&world.sshd.home(USER_HOME)), 1, "what was acknowledged is gone from the host");
}

#[test]
fn a_collector_killed_while_the_answer_is_under_way_loses_and_doubles_nothing() {
    let world = World::new(&["127.0.4.1"]);
    let proxy = Proxy::to(world.sshd.port);
    world.server.watch(&world.sshd, &["127.0.4.1"], "");
    through(&world, &proxy, "127.0.0.1");
    world.server.collector(&[]).expect(0);
    let before = proxy.passed();
    world.server.collector(&[]).expect(0);
    let warm_visit = proxy.passed() - before;

    let held = proxy.hold_after(warm_visit - 600);
    let mut killed = world.server.spawn("fleet-collector", &[]);
    held.recv_timeout(harness::PATIENCE).unwrap();
    killed.kill();
    assert_eq!(world.samples(), 2, "its sample was on the way");
    proxy.mend();
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 4, "the one that was on the way, and the new one");
    assert_eq!(world.server.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "4");
    assert_eq!(world.server.sql("SELECT state FROM run ORDER BY id"), ["done", "done", "aborted", "done"]);
}

/// Connections through the proxy come to 127.0.0.1, which shares the home of the account.
const USER_HOME: &str = "127.0.0.1";

/// Watches the host through the proxy instead.
fn through(world: &World, proxy: &Proxy, address: &str) {
    let (from, to) = (world.sshd.port, proxy.port);
    let swap = |text: String| {
        let text = text.replace(&format!("port=\"{from}\""), &format!("port=\"{to}\""));
        text.replace(&format!("]:{from} "), &format!("]:{to} ")).replace("127.0.4.1", address)
    };
    let path = world.dir.path().join("server/config.xml");
    world.server.configure(&swap(fs::read_to_string(path).unwrap()));
    let path = world.server.state("known_hosts");
    fs::write(&path, swap(fs::read_to_string(&path).unwrap())).unwrap();
}

#[test]
fn two_hosts_that_share_a_home_do_not_touch_each_others_samples() {
    let world = World::with(SshdOptions::default());
    let hosts = ["127.0.4.2", "127.0.4.3"];
    world.server.watch(&world.sshd, &hosts, "");
    for _ in 0..3 {
        world.server.collector(&[]).expect(0);
    }
    let counts = world.server.sql("SELECT name, count(DISTINCT probe_sample_id) FROM sample JOIN host ON host.id = host_id GROUP BY name ORDER BY name");
    assert_eq!(counts, ["127.0.4.2|3", "127.0.4.3|3"]);
    assert_eq!(world.server.value("SELECT count(*) FROM rejected_envelope"), "0");
    assert_eq!(envelopes(&world.sshd.home(hosts[0])), 2, "each has its own spool in the shared home");
}

#[test]
fn a_wiped_spool_and_a_restored_older_database_lose_and_double_nothing() {
    let world = World::new(&["127.0.4.4"]);
    world.server.watch(&world.sshd, &["127.0.4.4"], "");
    world.server.collector(&[]).expect(0);
    let backup: Vec<(_, _)> = database_files(&world).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);

    // The host's spool starts a new life: old acknowledgements say nothing about it.
    let spools = world.sshd.home("127.0.4.4").join(".cache/fleet-health/spool");
    fs::remove_dir_all(&spools).unwrap();
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 5);
    assert_eq!(world.server.value("SELECT count(*) FROM spool"), "2");

    // The database goes back in time: it knows neither the new spool nor its samples.
    for path in database_files(&world) {
        fs::remove_file(path).unwrap();
    }
    for (content, path) in backup {
        fs::write(path, content).unwrap();
    }
    assert_eq!(world.samples(), 1);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 3, "the one of the backup, the one still spooled, the fresh one");
    assert_eq!(world.server.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "3");
}

pub(crate) fn database_files(world: &World) -> Vec<std::path::PathBuf> {
    let names = ["fleet.db", "fleet.db-wal", "fleet.db-shm"];
    names.into_iter().map(|name| world.server.state(name)).filter(|path| path.exists()).collect()
}

#[test]
fn a_damaged_envelope_is_recorded_by_class_and_does_not_stand_in_the_way() {
    let world = World::new(&["127.0.4.5"]);
    world.server.watch(&world.sshd, &["127.0.4.5"], "");
    world.server.collector(&[]).expect(0);
    let spools = world.sshd.home("127.0.4.5").join(".cache/fleet-health/spool");
    let file = harness::run(std::process::Command::new("find").arg(&spools).args(["-name", "*.fhe"]));
    let file = file.trim();
    // As new to the server: the acknowledgement is lost with its database.
    for path in database_files(&world) {
        fs::remove_file(path).unwrap();
    }
    let mut bytes = fs::read(file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(file, bytes).unwrap();
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 1);
    assert_eq!(world.server.value("SELECT class || count FROM rejected_envelope"), "damaged1");
    world.server.collector(&[]).expect(0);
    assert_eq!(world.server.value("SELECT count(*) FROM rejected_envelope"), "1", "it was acknowledged");
}
