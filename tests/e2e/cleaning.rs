//! `fleet-collector clean`: nothing of ours stays, and nothing of others goes.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::{Server, SshdOptions, run};

use crate::World;
use crate::crontab::{give_to_account, place, sample};

const HOST: &str = "127.0.3.60";

fn files(world: &World) -> String {
    run(Command::new("find").arg(world.sshd.home(HOST)).args(["-printf", "%y %m %P\n"]))
}

/// Changes config.xml.
fn edit(world: &World, from: &str, to: &str) {
    let old = fs::read_to_string(world.server.dir.join("config.xml")).unwrap();
    assert!(old.contains(from), "{old}");
    world.server.configure(&old.replace(from, to));
}

fn clean(world: &World, more: &[&str], status: i32) -> String {
    world.server.collector(&[&["clean", "*", "--yes"], more].concat()).expect(status).stdout
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

/// Leaves a note as the probe does.
fn note(place: &Path, name: &str) {
    let notes = place.join("notes");
    fs::create_dir_all(&notes).unwrap();
    fs::write(notes.join(name), "").unwrap();
    give_to_account(&notes);
}

#[test]
fn notes_of_the_probe_go_with_it_also_those_it_had_not_finished() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let before = files(&world);
    world.server.collector(&[]).expect(0);
    let place = place(&world, HOST);
    let spool = fs::read_dir(place.join("spool")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    for name in [
        "security-updates-3d1219c7c4c5404aaa1f6d2a48adfda4",
        "security-updates-web1.04711471147114711471",
        &format!("log-{spool}"),
        &format!("log-{spool}.12121212121212121212"),
        "processes-0123456789abcdef",
        "stuck-mounts-3d1219c7c4c5404aaa1f6d2a48adfda4-eedaaeeeeb244ed79701166aaf83b3c3.json",
        "stuck-mounts-web1-eedaaeeeeb244ed79701166aaf83b3c3.json.04711471147114711471",
        "hanging-programs-3d1219c7c4c5404aaa1f6d2a48adfda4-eedaaeeeeb244ed79701166aaf83b3c3.json",
        "hanging-programs-web1-eedaaeeeeb244ed79701166aaf83b3c3.json.04711471147114711471",
    ] {
        note(&place, name);
    }
    clean(&world, &[], 0);
    assert_eq!(files(&world), before);

    // A folder that leads elsewhere is none of ours.
    world.server.collector(&[]).expect(0);
    let elsewhere = world.sshd.home(HOST).join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("security-updates-web1"), "").unwrap();
    if place.join("notes").exists() {
        fs::remove_dir_all(place.join("notes")).unwrap();
    }
    std::os::unix::fs::symlink("../../elsewhere", place.join("notes")).unwrap();
    assert!(clean(&world, &[], 3).contains("not ours"));
    assert!(elsewhere.join("security-updates-web1").exists());
}

#[test]
fn a_file_that_is_not_ours_keeps_everything_where_it_is_and_is_named() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    world.server.collector(&[]).expect(0);
    let place = world.sshd.home(HOST).join(".cache/fleet-health");
    let spool = fs::read_dir(place.join("spool")).unwrap().next().unwrap().unwrap().path();
    note(&place, "security-updates-web1");
    let strange = ["letters", "keys/id_ed25519", ".hidden", "probe-mine", "spool/letters"].map(|name| place.join(name));
    let notes = [
        "letters",
        "log-mine",
        "log-00112233445566.77",
        "security-updates-web1.old",
        "stuck-mounts-.x.json",
        "stuck-mounts-a-b-c.json",
        "hanging-programs-a-b-c.json",
        "12",
    ];
    let notes = notes.map(|name| place.join("notes").join(name));
    for strange in strange.into_iter().chain(notes).chain([spool.join("1.fhe")]) {
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
    (0..2).for_each(|_| sample(&place(&world, HOST)));
    let before = files(&world);
    let told = clean(&world, &[], 3);
    assert!(
        told.contains("wait there: 2") && told.contains(&format!("hint: fleet-collector run --host {HOST}")),
        "{told}"
    );
    assert_eq!(files(&world), before);
    edit(&world, "<client ", "<client enabled=\"false\" ");
    let told = clean(&world, &[], 3);
    assert!(told.contains("hint: set enabled to true in config.xml, then fleet-collector run"), "{told}");
    assert_eq!(files(&world), before);
    clean(&world, &["--force"], 0);
    assert!(!place(&world, HOST).exists());
}

#[test]
fn spools_of_a_former_key_are_cleaned_and_what_waits_in_them_is_lost_only_by_force() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let (before, place) = (files(&world), place(&world, HOST));
    let spools_of = |name: &str| {
        run(Command::new("find").arg(&place).args(["-name", name, "-printf", "%h\n"]))
            .lines()
            .map(str::to_owned)
            .collect()
    };
    world.server.collector(&[]).expect(0);
    sample(&place);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    assert!(clean(&world, &[], 3).contains("wait there: 1"));
    world.server.collector(&[]).expect(0);
    let former: Vec<String> = spools_of("former.json");
    assert_eq!(former.len(), 1);
    clean(&world, &[], 0);
    assert_eq!(files(&world), before, "all of it was taken home");

    // What no probe here can read is held back, and later ones are taken home before it.
    world.server.collector(&[]).expect(0);
    sample(&place);
    let [spool]: [String; 1] = spools_of("target.json").try_into().unwrap();
    let held_back = Path::new(&spool).join(format!("{:020}.fhe", 2));
    let sealed = fs::read(&held_back).unwrap();
    fs::write(&held_back, [b"FHE9", &sealed[4..]].concat()).unwrap();
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    world.server.collector(&[]).expect(0);
    world.server.collector(&[]).expect(0);
    let former: Vec<String> = spools_of("former.json");
    assert_eq!(former, [spool]);
    assert!(clean(&world, &[], 3).contains("wait there: 1"));
    assert!(held_back.exists());
    clean(&world, &["--force"], 0);
    assert_eq!(files(&world), before);
}

#[test]
fn what_waits_for_another_server_stays_and_so_does_the_probe_until_that_one_cleans() {
    let world = World::new(&[HOST]);
    let other = Server::new(&world.dir.path().join("other"));
    let (before, place) = (files(&world), place(&world, HOST));
    for server in [&world.server, &other] {
        server.watch(&world.sshd, &[HOST], "");
        server.collector(&[]).expect(0);
    }
    sample(&place);
    let told = clean(&world, &["--force"], 3);
    assert!(told.contains("another server or host: ") && told.contains("/spool/"), "{told}");
    assert_eq!(fs::read_dir(place.join("spool")).unwrap().count(), 1);
    sample(&place);
    other.collector(&[]).expect(0);
    assert_eq!(other.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "4", "its visits' and the crontab's");
    other.collector(&["clean", "*", "--yes"]).expect(0);
    assert_eq!(files(&world), before);
}

#[test]
fn a_host_that_is_cleaned_under_a_new_name_keeps_its_history() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let before = files(&world);
    world.server.collector(&[]).expect(0);
    edit(&world, "<client ", &format!("<client name=\"new\" formerly=\"{HOST}\" "));
    clean(&world, &[], 0);
    assert_eq!(files(&world), before);
    assert_eq!(world.server.sql("SELECT name FROM host"), [HOST]);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.server.sql("SELECT name FROM host"), ["new"]);
    assert_eq!(world.samples(), 2);
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
    edit(&world, "<client ", "<client enabled=\"false\" ");
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
