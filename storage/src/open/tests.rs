use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Barrier;

use super::*;
use crate::suite::{Fixture, NOON, host_name};

mod damage;

/// A folder for a database, and the path the database would have.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.db");
    (folder, path)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn twenty_programs_that_start_at_once_agree_on_one_fresh_database() {
    let (_folder, path) = place();
    let start = Barrier::new(20);
    let open = || {
        start.wait();
        let mut store = Store::open(&path, NOON).unwrap();
        store.host_records(&[host_name("web1")], NOON).unwrap();
        store.installation_id().unwrap()
    };
    let ids = thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(ids.iter().all(|id| *id == ids[0]) && ids[0].len() == 32, "{ids:?}");
    assert_eq!(Store::open_existing(&path, NOON).unwrap().status().unwrap().len(), 1);
}

#[test]
fn a_store_can_be_given_to_a_thread_of_its_own() {
    fn is_send<T: Send>() {}
    is_send::<Store>();
}

#[test]
fn only_the_owner_can_read_what_lies_in_the_folder() {
    let mut fixture = Fixture::new();
    fixture.run();
    let names = names_in(fixture.folder.path());
    assert!(names.contains(&"fleet.db-wal".to_owned()), "{names:?}");
    for name in names {
        let mode = fs::metadata(fixture.folder.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn every_connection_has_the_settings_that_keep_data_safe() {
    let fixture = Fixture::new();
    for _ in 0..2 {
        let again = Store::open(&fixture.store.path, NOON).unwrap();
        for (pragma, expected) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("foreign_keys", "1"),
            ("busy_timeout", "10000"),
            ("trusted_schema", "0"),
            ("cell_size_check", "1"),
            ("mmap_size", "0"),
        ] {
            let found = again.connection.pragma_query_value(None, pragma, |row| {
                let number = row.get::<_, i64>(0).map(|number| number.to_string());
                number.or_else(|_| row.get(0))
            });
            assert_eq!(found.unwrap(), expected, "{pragma}");
        }
    }
}

#[test]
fn an_engine_that_can_damage_the_database_is_refused() {
    assert!(matches!(require_sound_engine(3_051_002), Err(StoreError::OldEngine { .. })));
    require_sound_engine(3_051_003).unwrap();
    require_sound_engine(rusqlite::version_number()).unwrap();
}

#[test]
fn a_database_that_must_exist_is_not_made() {
    let (folder, path) = place();
    let missing = Store::open_existing(&path, NOON);
    assert!(matches!(missing, Err(StoreError::NoDatabase { path: told }) if told == path));
    fs::write(&path, "").unwrap();
    assert!(matches!(Store::open_existing(&path, NOON), Err(StoreError::NoDatabase { .. })), "an empty file is none");
    assert_eq!(names_in(folder.path()), ["fleet.db"]);
}

#[test]
fn a_missing_folder_is_told_and_not_made() {
    let (folder, _) = place();
    let path = folder.path().join("missing/fleet.db");
    let refused = Store::open(&path, NOON).unwrap_err();
    assert_eq!(refused.to_string(), format!("the folder of the database {} does not exist", path.display()));
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn what_a_killed_start_left_behind_does_not_matter() {
    let (folder, path) = place();
    fs::write(lock::beside(&path, "new"), "half").unwrap();
    fs::write(lock::beside(&path, "schema.lock"), "").unwrap();
    Store::open(&path, NOON).unwrap();
    assert!(!names_in(folder.path()).contains(&"fleet.db.new".to_owned()));
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    Store::open(&path, NOON).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name_and_kept() {
    let (_folder, path) = place();
    let text = "not a database, but somebody's diary\n".repeat(200);
    fs::write(&path, &text).unwrap();
    let refused = Store::open(&path, NOON).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with(path.to_str().unwrap()), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_damaged_database_is_refused_by_name() {
    let fixture = Fixture::new();
    let path = fixture.store.path.clone();
    drop(fixture.store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..200].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let refused = Store::open(&path, NOON).unwrap_err();
    assert!(matches!(&refused, StoreError::Corrupt { path: told, .. } if *told == path), "{refused:?}");
}

#[test]
fn a_folder_in_place_of_the_database_is_an_error_and_no_panic() {
    let (folder, _) = place();
    assert!(matches!(Store::open(folder.path(), NOON), Err(StoreError::CannotOpen { .. })));
}

#[test]
fn a_database_held_by_another_program_is_busy() {
    let mut fixture = Fixture::new();
    let other = Store::open(&fixture.store.path, NOON).unwrap();
    other.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    fixture.store.connection.busy_timeout(Duration::ZERO).unwrap();
    let refused = fixture.store.begin_run(NOON, "c0ffee");
    assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
    assert_eq!(fixture.store.status().unwrap(), [], "reading goes on");
    other.connection.execute_batch("ROLLBACK").unwrap();
    fixture.store.begin_run(NOON, "c0ffee").unwrap();
}

#[test]
fn a_verb_that_writes_holds_the_lock_from_its_first_read_on() {
    let mut fixture = Fixture::new();
    let mut other = Store::open(&fixture.store.path, NOON).unwrap();
    other.connection.busy_timeout(Duration::ZERO).unwrap();
    let seen = fixture.store.write(|db| {
        let runs: i64 = db.query_row("SELECT count(*) FROM run", [], |row| row.get(0))?;
        let intruder = other.begin_run(NOON, "c0ffee");
        assert!(matches!(intruder, Err(StoreError::Busy { .. })), "what was read could change: {intruder:?}");
        db.execute_batch("INSERT INTO run (started_ms, state, config_sha256) VALUES (0, 'aborted', '')")?;
        Ok(runs)
    });
    assert_eq!(seen.unwrap(), 0);
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_done() {
    let mut fixture = Fixture::new();
    let pages: i64 = fixture.store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    fixture.store.connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")).unwrap();
    let names: Vec<_> = (0..2000).map(|number| host_name(&format!("host-{number}"))).collect();
    let refused = fixture.store.host_records(&names, NOON).unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("no space left"), "{refused}");
    assert_eq!(fixture.store.status().unwrap(), []);
}

#[test]
fn a_database_that_can_not_be_written_is_told_as_such() {
    let mut fixture = Fixture::new();
    fixture.store.connection.execute_batch("PRAGMA query_only = ON").unwrap();
    let refused = fixture.store.begin_run(NOON, "c0ffee").unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused:?}");
}

#[test]
fn a_value_of_a_newer_program_is_told_and_not_taken_for_another() {
    let mut fixture = Fixture::new();
    fixture.run();
    fixture.spoil("PRAGMA ignore_check_constraints = ON; UPDATE run SET state = 'paused'");
    let refused = fixture.store.runs(1).unwrap_err();
    assert!(matches!(refused, StoreError::UnknownValue { .. }), "{refused:?}");
}
