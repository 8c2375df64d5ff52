//! Spools that hold what no server can use, or as much as they may.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use envelope::{Place, PublicKey};
use harness::run;
use sample::{Facts, Readings, Sample, SampleId, SpoolId, Timestamp};

use crate::World;
use crate::collecting::envelopes;
use crate::crontab::{give_to_account, place, sample};

fn only_spool(place: &Path) -> PathBuf {
    let mut spools = fs::read_dir(place.join("spool")).unwrap();
    spools.next().unwrap().unwrap().path()
}

fn file(spool: &Path, sequence: u64) -> PathBuf {
    spool.join(format!("{sequence:020}.fhe"))
}

fn counter(spool: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(spool.join("counter.json")).unwrap()).unwrap()
}

/// The life of a spool, and the public key it is kept for.
fn life_and_key(spool: &Path) -> (SpoolId, PublicKey) {
    let target: serde_json::Value = serde_json::from_slice(&fs::read(spool.join("target.json")).unwrap()).unwrap();
    let key = PublicKey::from_pem(target["public_key"].as_str().unwrap()).unwrap();
    (counter(spool)["spool"].as_str().unwrap().parse().unwrap(), key)
}

fn letter(number: u16, host: &str) -> Vec<u8> {
    let mut id = SampleId([0xee; 16]);
    id.0[..2].copy_from_slice(&number.to_be_bytes());
    let (host, host_time_ms) = (host.parse().unwrap(), Timestamp::from_millis(1_700_000_000_000));
    let (facts, readings) = (Facts::default(), Readings::default());
    Sample { id, host, nonce: None, host_time_ms, boot: None, facts, readings, counters: sample::Counters::default() }
        .encode()
}

/// Fills the spool with things that look like envelopes, numbered from `first` on.
fn poison(spool: &Path, first: u64) {
    let (life, key) = life_and_key(spool);
    let at = |n: u64| (first + n, file(spool, first + n));
    let seal = |key: &PublicKey, sequence, host| {
        envelope::seal(key, &Place { spool: life.0, sequence, host }, &letter(1, "127.0.5.20")).unwrap()
    };
    fs::write(at(0).1, b"rubbish").unwrap();
    let (number, path) = at(1);
    fs::write(path, &seal(&key, number, "127.0.5.20")[..300]).unwrap();
    let (number, path) = at(2);
    fs::write(path, seal(&key, number, "somebody-else")).unwrap();
    let stranger = run(Command::new("sh").args(["-c", "openssl genrsa 2048 2>&- | openssl rsa -pubout 2>&-"]));
    let (number, path) = at(3);
    fs::write(path, seal(&PublicKey::from_pem(&stranger).unwrap(), number, "127.0.5.20")).unwrap();
    fs::write(at(4).1, vec![b'x'; 300 << 10]).unwrap();
    run(Command::new("mkfifo").arg(at(5).1));
    symlink("/etc/passwd", at(6).1).unwrap();
    fs::create_dir(at(7).1).unwrap();
}

#[test]
fn poison_in_a_spool_neither_stops_a_visit_nor_comes_back_for_ever() {
    for rotate in [false, true] {
        let world = World::new(&["127.0.5.20"]);
        world.server.watch(&world.sshd, &["127.0.5.20"], "");
        world.server.collector(&[]).expect(0);
        let place = place(&world, "127.0.5.20");
        sample(&place);
        poison(&only_spool(&place), 3);
        give_to_account(&place);
        if rotate {
            world.server.collector(&["keygen", "--rotate"]).expect(0);
        }
        for visit in 1..=3 {
            world.server.collector(&[]).expect(0);
            assert_eq!(world.samples(), 2 + visit, "the crontab's sample is among the first of them");
        }
        let rejected = world.server.sql("SELECT class, sum(count), max(run_id) FROM rejected_envelope GROUP BY class");
        let (foreign, stranger) = (&rejected[0], &rejected[1]);
        assert_eq!(rejected.len(), 2, "{rejected:?}");
        assert!(foreign.starts_with("damaged|") && stranger.starts_with("unknown_key|"), "{rejected:?}");
        let ended = "SELECT max(run_id) < (SELECT max(id) FROM run) FROM rejected_envelope";
        assert_eq!(world.server.value(ended), "1", "{rejected:?}");
        assert_eq!(world.server.value("SELECT max(dropped) FROM spool"), "3", "what is no envelope was removed");
        let left = run(Command::new("find").arg(&place).args(["-name", "*.fhe", "-type", "f"]));
        assert_eq!(left.lines().count(), 1, "{left}");
    }
}

/// A thousand envelopes that wait, all of them good.
fn fill(spool: &Path, host: &str) {
    let (life, key) = life_and_key(spool);
    let first = counter(spool)["last"].as_u64().unwrap() + 1;
    for sequence in first..=1000 {
        let plaintext = letter(u16::try_from(sequence).unwrap(), host);
        let sealed = envelope::seal(&key, &Place { spool: life.0, sequence, host }, &plaintext).unwrap();
        fs::write(file(spool, sequence), sealed).unwrap();
    }
    let mut full = counter(spool);
    full["last"] = 1000.into();
    fs::write(spool.join("counter.json"), full.to_string()).unwrap();
}

#[test]
fn full_spools_drop_the_oldest_tell_of_it_and_come_home_in_a_few_visits() {
    let world = World::new(&["127.0.5.21"]);
    world.server.watch(&world.sshd, &["127.0.5.21"], "");
    world.server.collector(&[]).expect(0);
    let place = place(&world, "127.0.5.21");
    let old = only_spool(&place);
    fill(&old, "127.0.5.21");
    give_to_account(&place);
    for _ in 0..3 {
        sample(&place);
    }
    assert_eq!(envelopes(&place), 1000);
    world.server.collector(&["keygen", "--rotate"]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 1 + 1000 + 1, "a full spool fits beside the fresh one");
    sample(&place);

    // The acknowledgements are lost with the database: all of it comes again, and two more wait behind it.
    for path in crate::spool::database_files(&world) {
        fs::remove_file(path).unwrap();
    }
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 1001, "the former spool's, and the fresh one");
    assert_eq!(world.server.value("SELECT max(dropped) FROM spool"), "0");
    world.server.collector(&[]).expect(0);
    // A host with more than the usual backlog is asked twice in a visit, and measures each time.
    assert_eq!(world.samples(), 1006, "those that were held back, and the fresh one");
    assert!(!old.exists());
    assert_eq!(world.server.value("SELECT max(dropped) FROM spool"), "3", "told of when the former spool goes");
    world.server.collector(&[]).expect(0);
    assert_eq!((world.samples(), envelopes(&place)), (1007, 1));
    assert_eq!(world.server.value("SELECT count(*) FROM rejected_envelope"), "0");
}
