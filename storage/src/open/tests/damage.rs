//! A file that was damaged is told to be, or does its work: never a panic, and never a wait.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sample::OutcomeKind;

use crate::suite::{Fixture, NOON, host_name, spool, visit, visit_with};
use crate::{RunEnd, RunState, SpoolProgress, Store, StoreError, Visit, Way};

/// Bits to be flipped, spread evenly over the file.
const FLIPS: usize = 2000;

/// A folder that no disk has to write, where there is such a thing: thousands of commits are faster there.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The bytes of a small database in which everything was used.
fn sound() -> Vec<u8> {
    let mut fixture = Fixture::new();
    for number in 0..3_u8 {
        let hosts = [fixture.host("web1"), fixture.host("db1")];
        let run = fixture.run();
        let spools = vec![SpoolProgress { spool: spool(1), through: Some(u64::from(number)), dropped: 0 }];
        let visits = [Visit { spools, ..visit_with(hosts[0], &[number]) }, visit(hosts[1], OutcomeKind::AuthFailed)];
        fixture.store.record_visits(run, &visits).unwrap();
        fixture.store.finish_run(run, NOON, RunEnd::Done).unwrap();
        fixture.fire(hosts[0], &[sample::Metric::Cpu], &["ops@example.org"]);
    }
    let path = fixture.store.path.clone();
    drop(fixture.store);
    fs::read(path).unwrap()
}

/// What a collector, an alerter and a person do.
fn use_everything(path: &Path) -> Result<(), StoreError> {
    let mut store = Store::open(path, NOON)?;
    store.status()?;
    store.runs(10)?;
    store.untreated(None, 100)?;
    store.history(NOON, None, 100)?;
    store.live_alerts()?;
    store.unsettled_incidents()?;
    store.mailboxes(NOON)?;
    store.silences(NOON)?;
    store.due_deliveries(Way::Mail, NOON, 10)?;
    let run = store.begin_run(NOON, "c0ffee")?;
    let host = store.host_records(&[host_name("web1")], NOON)?.remove(0).id;
    store.record_visits(run, &[visit_with(host, &[7])])?;
    store.finish_run(run, NOON, RunEnd::Done)
}

/// Uses a file with these bytes; a refusal names it, in words of ours.
fn survives(path: &Path, bytes: &[u8], what: &str) -> bool {
    for suffix in ["", "-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{suffix}", path.display())));
    }
    fs::write(path, bytes).unwrap();
    match use_everything(path) {
        Ok(()) => true,
        Err(StoreError::NoRecipient { .. } | StoreError::OutOfRange { .. }) => panic!("{what}: not about the file"),
        Err(refused) => {
            assert!(refused.to_string().contains(path.to_str().unwrap()), "{what}: {refused}");
            false
        }
    }
}

#[test]
fn a_flipped_bit_is_an_error_that_names_the_file_or_does_no_harm() {
    let folder = in_memory();
    let path = folder.path().join("fleet.db");
    let sound = sound();
    assert!(survives(&path, &sound, "nothing flipped"));
    let bits = sound.len() * 8;
    let mut refused = 0;
    for flip in 0..FLIPS {
        // Each time another bit of the byte.
        let bit = (flip * bits / FLIPS) / 8 * 8 + flip % 8;
        let mut damaged = sound.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        refused += usize::from(!survives(&path, &damaged, &format!("bit {bit} of {bits}")));
    }
    assert!(refused > FLIPS / 100, "{refused} of {FLIPS} flips were noticed");
}

#[test]
fn a_file_that_was_cut_off_is_refused_by_name_once_what_is_missing_is_needed() {
    /// The pages at the end, which no verb above looks at.
    const UNUSED: usize = 2 * 4096;
    let folder = in_memory();
    let path = folder.path().join("fleet.db");
    let sound = sound();
    let cuts = (1..sound.len() - UNUSED).step_by(1777);
    let taken = cuts.filter(|length| survives(&path, &sound[..*length], "cut off"));
    assert_eq!(taken.collect::<Vec<_>>(), [0; 0], "of {} bytes", sound.len());
}

#[test]
fn after_a_run_that_was_killed_the_whole_file_is_checked_before_the_next_one() {
    for (killed, noticed) in [(true, true), (false, false)] {
        let mut fixture = Fixture::new();
        let (run, path) = (fixture.run(), fixture.store.path.clone());
        if !killed {
            fixture.store.finish_run(run, NOON, RunEnd::Done).unwrap();
        }
        // A page that no verb of a run reads.
        let unread = "SELECT rootpage FROM sqlite_schema WHERE name = 'delivery'";
        let page: i64 = fixture.store.connection.query_row(unread, [], |row| row.get(0)).unwrap();
        drop(fixture.store);
        let mut bytes = fs::read(&path).unwrap();
        let page = usize::try_from(page).unwrap();
        bytes[(page - 1) * 4096..page * 4096].fill(0x5a);
        fs::write(&path, bytes).unwrap();
        let begun = Store::open(&path, NOON).unwrap().begin_run(NOON, "c0ffee");
        assert_eq!(matches!(begun, Err(StoreError::Corrupt { .. })), noticed, "{begun:?}");
    }
}

#[test]
fn the_check_after_a_run_that_was_killed_ends_when_it_is_told_to_and_is_done_by_the_next_one() {
    let mut fixture = Fixture::new();
    let killed = fixture.run();
    let many = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000)
                INSERT INTO run (started_ms, state, config_sha256) SELECT n, 'aborted', hex(randomblob(32)) FROM number";
    fixture.store.connection.execute(many, []).unwrap();
    let mut begin = |patience: usize| {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let stopped = move || counter.fetch_add(1, Ordering::Relaxed) >= patience;
        let run = fixture.store.begin_run_unless(NOON, "c0ffee", stopped).unwrap();
        let running = fixture.store.runs(u32::MAX).unwrap().into_iter().filter(|run| run.state == RunState::Running);
        (run, asked.load(Ordering::Relaxed), running.map(|run| run.id).collect::<Vec<_>>())
    };
    let (run, asked, running) = begin(3);
    assert_eq!((run, running), (None, vec![killed]));
    assert!(asked <= 5, "it went on: asked {asked} times");
    let (run, asked, running) = begin(usize::MAX);
    assert_eq!(running, [run.unwrap()]);
    assert!(asked > 50, "it was not checked again: asked {asked} times");
}
