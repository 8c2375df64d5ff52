//! `fleet-collector clean`: nothing of ours stays, and nothing of others goes.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::{SshdOptions, run};

use crate::World;

const HOST: &str = "127.0.3.60";

fn files(world: &World) -> String {
    run(Command::new("find").arg(world.sshd.home(HOST)).args(["-printf", "%y %m %P\n"]))
}

#[test]
fn after_a_run_and_a_clean_the_home_is_as_before_and_the_next_run_places_all_again() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let before = files(&world);
    world.server.collector(&[]).expect(0);
    assert_ne!(files(&world), before);
    let told = world.server.collector(&["clean", HOST, "--yes"]).expect(0).stdout;
    assert!(told.contains(&format!("{HOST}: removed ")) && told.contains(".cache/fleet-health"), "{told}");
    assert!(told.ends_with("1 of 1 hosts clean\n"), "{told}");
    assert_eq!(files(&world), before);
    let told = world.server.collector(&["clean", HOST, "--yes"]).expect(0).stdout;
    assert!(told.contains("nothing of ours is there"), "{told}");
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 2);
}

#[test]
fn a_file_that_is_not_ours_keeps_everything_where_it_is_and_is_named() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    world.server.collector(&[]).expect(0);
    let place = world.sshd.home(HOST).join(".cache/fleet-health");
    let spool = fs::read_dir(place.join("spool")).unwrap().next().unwrap().unwrap().path();
    let strange = ["notes", "keys/id_ed25519", ".hidden", "probe-mine", "spool/letters"].map(|name| place.join(name));
    for strange in strange.into_iter().chain([spool.join("1.fhe")]) {
        fs::write(&strange, "").unwrap();
        let before = files(&world);
        let told = world.server.collector(&["clean", HOST, "--yes", "--force"]).expect(3).stdout;
        assert!(told.contains("not ours") && told.contains(strange.to_str().unwrap()), "{told}");
        assert_eq!(files(&world), before);
        fs::remove_file(strange).unwrap();
    }
    // A link that leads elsewhere is no directory of ours.
    fs::rename(place.join("keys"), world.sshd.home(HOST).join("keys")).unwrap();
    std::os::unix::fs::symlink("../../keys", place.join("keys")).unwrap();
    world.server.collector(&["clean", HOST, "--yes"]).expect(3);
    assert!(world.sshd.home(HOST).join("keys").is_dir());
}

#[test]
fn measurements_that_no_run_has_taken_home_are_lost_only_by_force() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    world.server.collector(&[]).expect(0);
    let probe = world.sshd.home(HOST).join(".cache/fleet-health/fleet-probe");
    for _ in 0..2 {
        let home = world.sshd.home(HOST);
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "61234", "--clear-groups"]).arg(&probe).arg("sample").env("HOME", home);
        run(&mut command);
    }
    let before = files(&world);
    let told = world.server.collector(&["clean", HOST, "--yes"]).expect(3).stdout;
    assert!(told.contains("wait there: 2") && told.contains(&format!("run --host {HOST}")), "{told}");
    assert_eq!(files(&world), before);
    world.server.collector(&["clean", HOST, "--yes", "--force"]).expect(0);
    assert!(!probe.exists());
}

#[test]
fn disabled_hosts_and_places_open_to_all_are_cleaned_and_nobody_is_asked_without_a_terminal() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    // A home the account cannot write to: the last resort is a directory below /var/tmp.
    std::os::unix::fs::chown(world.sshd.home(HOST), Some(0), Some(0)).unwrap();
    world.server.collector(&[]).expect(0);
    let place = world.server.value("SELECT work_dir FROM host");
    assert!(place.starts_with("/var/tmp/fleet-health."), "{place}");
    let asked = world.server.collector(&["clean", HOST]).expect(2);
    assert!(asked.stderr.contains("nobody to ask") && asked.stderr.contains("--yes"), "{}", asked.stderr);
    let told = world.server.collector(&["clean", HOST, "--yes"]).expect(0).stdout;
    assert!(told.contains(&place), "{told}");
    assert!(!fs::exists(world.sshd.seen_inside(Path::new(&place))).unwrap());
}

#[test]
fn what_bash_and_dash_placed_they_remove() {
    for shell in ["/bin/bash", "/bin/dash"] {
        let options = SshdOptions { shell: Some(shell.to_owned()), ..SshdOptions::default() };
        let world = World::with(options);
        world.server.watch(&world.sshd, &[HOST], "");
        world.server.collector(&[]).expect(0);
        world.server.collector(&["clean", HOST, "--yes"]).expect(0);
        assert!(!world.sshd.home(HOST).join(".cache/fleet-health").exists(), "{shell}");
    }
}
