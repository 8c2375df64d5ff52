//! What can be wrong with the database is told by name, costs nothing that was acknowledged, and heals.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Finished, SshdOptions, eventually, run};
use rusqlite::Connection;

use crate::World;
use crate::killing::{everything_comes_home, nothing_is_lost_or_doubled};

/// The transaction of another program, which ends with this value.
fn hold(world: &World) -> Connection {
    let db = Connection::open(world.server.state("fleet.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

/// The collector failed because of the database, says so with the name of the file, and did not panic.
#[track_caller]
fn refused(finished: Finished, database: &Path, reason: &str) {
    let told = finished.expect(1).stderr;
    assert!(told.starts_with("error: ") && told.contains(database.to_str().unwrap()), "{told}");
    assert!(told.to_lowercase().contains(reason) && !told.contains("panic"), "{told}");
}

#[test]
fn a_transaction_of_another_program_is_waited_for() {
    let world = World::new(&["127.0.6.1"]);
    world.server.watch(&world.sshd, &["127.0.6.1"], "");
    world.server.collector(&[]).expect(0);
    let held = hold(&world);
    let mut collector = world.server.spawn("fleet-collector", &[]);
    let began = Instant::now();
    // It gets no further than this.
    while began.elapsed() < Duration::from_secs(1) {
        assert!(!collector.has_ended(), "it did not wait");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    drop(held);
    assert_eq!(collector.wait(), Some(0));
    assert_eq!(world.samples(), 2);
}

#[test]
fn a_database_that_stays_busy_in_mid_run_ends_the_run_and_loses_nothing() {
    let world = World::new(&["127.0.6.2"]);
    world.server.watch(&world.sshd, &["127.0.6.2"], "");
    world.server.collector(&[]).expect(0);
    let mute = TcpListener::bind("127.0.3.9:0").unwrap();
    let hanging = format!(
        r#"<collector handshake-timeout="2s"/><client name="mute" ip="127.0.3.9" port="{}" username="x" password="x"/>"#,
        mute.local_addr().unwrap().port(),
    );
    world.server.watch(&world.sshd, &["127.0.6.2"], &hanging);
    let mut collector = world.server.command("fleet-collector", &[]);
    let collector = std::thread::spawn(move || Finished::from(collector.output().unwrap()));
    let (_connection, _) = mute.accept().unwrap();
    let held = hold(&world);
    refused(collector.join().unwrap(), &world.server.state("fleet.db"), "is busy");
    drop(held);
    nothing_is_lost_or_doubled(&world, &["127.0.6.2"], "after a busy database");
    world.server.watch(&world.sshd, &["127.0.6.2"], "");
    everything_comes_home(&world, &["127.0.6.2"]);
}

/// A filesystem of a certain size that holds the database, and goes with this value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn of(world: &World, hosts: &[&str]) -> SmallDisk {
        let disk = SmallDisk(world.dir.path().join("disk"));
        fs::create_dir(&disk.0).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m,mode=700", "fleet-health-test"]).arg(&disk.0));
        let storage = format!(r#"<storage database="{}"/>"#, disk.database().display());
        world.server.watch(&world.sshd, hosts, &storage);
        // Where this test looks for it.
        std::os::unix::fs::symlink(disk.database(), world.server.state("fleet.db")).unwrap();
        disk
    }

    fn database(&self) -> PathBuf {
        self.0.join("fleet.db")
    }

    fn change(&self, options: &str) {
        run(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it until then.
        run(Command::new("umount").arg("-l").arg(&self.0));
    }
}

#[test]
fn a_full_disk_is_told_at_any_size_and_room_heals_everything() {
    let hosts = ["127.0.6.3", "127.0.6.4"];
    let world = World::new(&hosts);
    let disk = SmallDisk::of(&world, &hosts);
    let mut refusals = 0;
    for kibibytes in (4..).step_by(36).take(16) {
        disk.change(&format!("size={kibibytes}k"));
        let finished = world.server.collector(&[]);
        if finished.status != Some(0) {
            refused(finished, &disk.database(), "no space left");
            refusals += 1;
        }
    }
    assert!(refusals > 3, "the disk was full {refusals} times");
    disk.change("size=64m");
    everything_comes_home(&world, &hosts);
}

#[test]
fn a_disk_that_became_read_only_is_told() {
    let world = World::new(&["127.0.6.5"]);
    let disk = SmallDisk::of(&world, &["127.0.6.5"]);
    world.server.collector(&[]).expect(0);
    disk.change("ro");
    refused(world.server.collector(&[]), &disk.database(), "read-only");
    disk.change("rw");
    everything_comes_home(&world, &["127.0.6.5"]);
}

#[test]
fn what_is_no_database_of_ours_is_told_and_kept() {
    let world = World::new(&["127.0.6.6"]);
    world.server.watch(&world.sshd, &["127.0.6.6"], "");
    world.server.collector(&[]).expect(0);
    let database = world.server.state("fleet.db");
    let sound = fs::read(&database).unwrap();
    let mut newer = sound.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = sound.clone();
    damaged[4096..].fill(0x5a);
    for (content, reason) in [
        (
            "somebody's diary\n".repeat(100).into_bytes(),
            "is damaged or is not a database; move it away, or put a backup",
        ),
        (sound[..sound.len() / 2].to_vec(), "is damaged"),
        (damaged, "is damaged"),
        (newer, "use the newer program"),
    ] {
        fs::write(&database, &content).unwrap();
        refused(world.server.collector(&[]), &database, reason);
        assert!(fs::read(&database).unwrap() == content, "{reason}: it was changed");
        for of_the_last in ["fleet.db-wal", "fleet.db-shm"] {
            drop(fs::remove_file(world.server.state(of_the_last)));
        }
    }
    fs::write(&database, &sound).unwrap();
    everything_comes_home(&world, &["127.0.6.6"]);
}

#[test]
fn a_database_that_was_deleted_in_mid_run_is_told_and_the_next_run_has_everything() {
    let world =
        World::with(SshdOptions { homes: vec![("127.0.6.7".to_owned(), "home".to_owned())], ..SshdOptions::default() });
    world.server.watch(&world.sshd, &["127.0.6.7"], "");
    let mute = TcpListener::bind("127.0.3.9:0").unwrap();
    let hanging = format!(
        r#"<collector handshake-timeout="2s"/><client name="mute" ip="127.0.3.9" port="{}" username="x" password="x"/>"#,
        mute.local_addr().unwrap().port(),
    );
    world.server.watch(&world.sshd, &["127.0.6.7"], &hanging);
    let mut collector = world.server.command("fleet-collector", &[]);
    let collector = std::thread::spawn(move || Finished::from(collector.output().unwrap()));
    let (_connection, _) = mute.accept().unwrap();
    eventually("the good host's sample", || world.server.samples_so_far() == 1);
    for name in ["fleet.db", "fleet.db-wal", "fleet.db-shm"] {
        fs::remove_file(world.server.state(name)).unwrap();
    }
    refused(collector.join().unwrap(), &world.server.state("fleet.db"), "was deleted or replaced");
    world.server.watch(&world.sshd, &["127.0.6.7"], "");
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 2, "the one that was lost with the database, and the fresh one");
}
