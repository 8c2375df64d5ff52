//! What is put on a host, where, and what is run from there.

use std::fs;
use std::path::Path;

use harness::{USER, run};

use crate::World;

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
fn a_program_that_somebody_put_in_place_of_a_public_directory_of_ours_is_not_run() {
    let world = World::new(&["127.0.3.25"]);
    world.server.watch(&world.sshd, &["127.0.3.25"], "");
    // A home the account cannot write to: the last resort is a directory below /var/tmp.
    std::os::unix::fs::chown(world.sshd.home("127.0.3.25"), Some(0), Some(0)).unwrap();
    world.server.collector(&[]).expect(0);
    let place = world.server.value("SELECT work_dir FROM host");
    assert!(place.starts_with("/var/tmp/fleet-health."), "{place}");
    let inside = |place: &str| world.sshd.seen_inside(Path::new(place));
    let probe = run(std::process::Command::new("find").arg(inside(&place)).args(["-name", "probe-*"]));

    // It is gone, and somebody else was quicker to make it.
    let open = world.dir.path().join("open");
    fs::create_dir(&open).unwrap();
    run(std::process::Command::new("chmod").arg("777").arg(&open));
    let marker = open.join("it-was-run");
    fs::remove_dir_all(inside(&place)).unwrap();
    fs::create_dir(inside(&place)).unwrap();
    fs::write(probe.trim(), format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
    run(std::process::Command::new("chmod").args(["-R", "a+rx"]).arg(inside(&place)));
    run(&mut std::process::Command::new(probe.trim()));
    assert!(marker.exists(), "it would be seen");
    fs::remove_file(&marker).unwrap();

    world.server.collector(&[]).expect(0);
    assert!(!marker.exists(), "the collector ran what it had not looked at");
}
