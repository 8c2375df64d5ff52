use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rules::{EventKind, Instance, NoticeKind, Severity};
use sample::{CheckState, Metric, OutcomeKind, Rejection};

use super::*;
use crate::suite::{Fixture, NOON, host_name};
use crate::{MailKind, RunEnd, beside, digest, incidents, open, outbox, readings, row, status, treat};

const SECOND: &str = "ALTER TABLE host ADD COLUMN rack TEXT; CREATE TABLE rack (id INTEGER PRIMARY KEY) STRICT;";

fn sql_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql")
}

fn user_version(db: &Connection) -> i64 {
    db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// The file of a closed database with one host in it.
fn closed() -> (tempfile::TempDir, PathBuf) {
    let mut fixture = Fixture::new();
    fixture.host("web1");
    let path = fixture.store.path.clone();
    drop(fixture.store);
    (fixture.folder, path)
}

fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "backup")).collect()
}

#[test]
fn the_steps_are_the_numbered_files() {
    let entries = fs::read_dir(sql_folder()).unwrap().map(|entry| entry.unwrap().path());
    let is_step = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
    let mut files: Vec<PathBuf> = entries.filter(is_step).collect();
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(texts, STEPS);
}

#[test]
fn schema_sql_is_what_the_steps_make() {
    let fixture = Fixture::new();
    let db = &fixture.store.connection;
    let mut select = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").unwrap();
    let objects = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut dump = "-- Generated: the whole schema, after every step. To be read; the programs make their database from the steps.\n".to_owned();
    for object in objects {
        // SQLite keeps the tables of its own (sqlite_sequence) here too, which nobody may make.
        let object = object.unwrap();
        if !object.starts_with("CREATE TABLE sqlite_") {
            dump += &format!("\n{object};\n");
        }
    }
    dump += &format!("\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {};\n", user_version(db));
    let path = sql_folder().join("schema.sql");
    if env::var_os("FLEET_WRITE_SCHEMA").is_some() {
        fs::write(&path, &dump).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert_eq!(kept, dump, "sql/schema.sql is out of date; run: FLEET_WRITE_SCHEMA=1 cargo test -p storage schema_sql");
}

/// The quoted names in the first `CHECK (column IN (…))` of a table.
fn checked(db: &Connection, table: &str, column: &str) -> Vec<String> {
    let sql: String = db.query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0)).unwrap();
    let (_, list) = sql.split_once(&format!("CHECK ({column} IN (")).unwrap();
    let (list, _) = list.split_once("))").unwrap();
    let entries = list.split('\n').flat_map(|line| line.split("--").next().unwrap().split(','));
    entries.map(|entry| entry.trim().trim_matches('\'').to_owned()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn the_closed_lists_of_the_schema_are_those_of_the_program() {
    let fixture = Fixture::new();
    let db = &fixture.store.connection;
    let kinds: Vec<_> = OutcomeKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(checked(db, "outcome", "kind"), kinds);
    assert_eq!(checked(db, "rejected_envelope", "class"), Rejection::ALL.map(Rejection::name));
    assert_eq!(checked(db, "event", "kind"), EventKind::ALL.map(EventKind::name));
    assert_eq!(checked(db, "alert", "state"), ["pending", "firing", "resolved"]);
    for table in ["alert", "incident", "event", "notice"] {
        assert_eq!(checked(db, table, "severity"), Severity::ALL.map(Severity::name));
    }
    let ends = EventKind::ALL.into_iter().filter(|kind| kind.ends()).map(EventKind::name);
    assert_eq!(checked(db, "incident", "end_kind"), ends.collect::<Vec<_>>());
    assert_eq!(checked(db, "notice", "kind"), NoticeKind::ALL.map(NoticeKind::name));
    assert_eq!(checked(db, "mail", "kind"), MailKind::ALL.map(MailKind::name));
    assert_eq!(checked(db, "check_result", "state"), CheckState::ALL.map(CheckState::name));
    let [done, cancelled] = RunEnd::ALL.map(RunEnd::name);
    assert_eq!(checked(db, "run", "state"), ["running", done, cancelled, "aborted"]);
    let going = ["pending", "sending", "retry", "unknown"];
    let ended = ["sent", "failed", "expired", "suppressed", "superseded"];
    assert_eq!(checked(db, "delivery", "state"), [&going[..], &ended[..]].concat());
}

#[test]
fn what_waits_is_found_without_reading_what_is_done() {
    let fixture = Fixture::new();
    for (statement, indexes) in [
        (&treat::UNTREATED_SAMPLES[..], &["sample_untreated"][..]),
        (treat::UNTREATED_OUTCOMES, &["outcome_untreated"]),
        (&treat::HISTORY_SAMPLES, &["sample_of_run ((run_id,host_id)>"]),
        (treat::HISTORY_OUTCOMES, &["sqlite_autoindex_outcome_1 ((run_id,host_id)>"]),
        (treat::LIVE, &["alert_firing", "alert_pending"]),
        (incidents::UNSETTLED, &["incident_unsettled"]),
        (incidents::OPEN, &["incident_open"]),
        (incidents::SUSPECTS, &["alert_pending"]),
        (incidents::TOLD_OF_UNSETTLED, &["incident_unsettled", "notice USING PRIMARY KEY", "(mail_id=?)"]),
        (incidents::TOLD_OF_ONE, &["notice USING PRIMARY KEY", "(mail_id=?)"]),
        (digest::OPENED, &["incident_by_time"]),
        (digest::ENDED, &["incident_by_end"]),
        (digest::OPEN, &["incident_open"]),
        (digest::SENT, &["delivery_sent"]),
        (digest::LOST, &["delivery_lost"]),
        (digest::LOST_MAILS, &["delivery_lost"]),
        (digest::RUNS, &["run_by_time"]),
        (digest::VISITS, &["run_by_time", "(run_id=?)"]),
        (outbox::DUE, &["delivery_due", "delivery_of_recipient (recipient=? AND state=?)"]),
        (outbox::BEGIN, &["delivery USING INTEGER PRIMARY KEY", "delivery_of_recipient (recipient=? AND state=?)"]),
        (outbox::UNDELIVERED, &["delivery_due"]),
        (outbox::INTERRUPTED, &["delivery_due"]),
        (outbox::WAITING, &["delivery_due"]),
        (outbox::LOST, &["delivery_lost"]),
        (outbox::STUCK, &["delivery_due"]),
        (outbox::LOST_SINCE, &["delivery_lost (ended_ms>?)"]),
        (outbox::HEARD, &["delivery_sent (sent_ms>? AND sent_ms<?)", "mail_of_kind (kind=? AND created_ms>?"]),
        (outbox::SUPERSEDE, &["delivery_waiting (recipient=? AND mail_id<?)"]),
        (outbox::MAILED, &["event_of_incident"]),
        (outbox::MOVE_ON, &["event_of_mail", "notice USING PRIMARY KEY"]),
        (outbox::RECIPIENTS, &["delivery_of_recipient (recipient>?)"]),
        (outbox::KNOWN, &["delivery_of_recipient (recipient=? AND state=?)"]),
        (outbox::LAST_HOUR, &["mail_of_kind (kind=? AND created_ms>? AND created_ms<?)", "(mail_id=?)"]),
        (outbox::WAITING_NOTICES, &["delivery_waiting", "notice_of_mail"]),
    ] {
        assert_uses(&fixture, statement, indexes);
    }
    for statement in [&treat::UNTREATED_SAMPLES[..], treat::UNTREATED_OUTCOMES, &treat::HISTORY_SAMPLES] {
        let plan = assert_uses(&fixture, statement, &[]);
        assert!(!plan.contains("TEMP B-TREE"), "rows are taken one by one\n{plan}");
    }
}

#[test]
fn the_latest_of_a_host_is_found_without_reading_its_history() {
    let fixture = Fixture::new();
    for (statement, index) in [
        (status::LATEST_OUTCOME, "outcome_of_host"),
        (status::LAST_OK, "outcome_ok"),
        (status::LATEST_SAMPLE, "sample_of_host"),
        (status::FIRING, "alert_firing"),
        (&treat::NEWEST_SAMPLE, "sample_of_host"),
        (treat::NEWEST_OUTCOME, "outcome_of_host"),
        (treat::NEWEST_INCIDENT, "incident_of_alert"),
        (beside::SAMPLES_BETWEEN, "COVERING INDEX sample_of_host"),
    ] {
        let plan = assert_uses(&fixture, statement, &[index]);
        assert!(statement == status::FIRING || !plan.contains("USE TEMP B-TREE FOR ORDER BY"), "{statement}\n{plan}");
    }
    let named = Instance::Named("cpu".into());
    for statement in Metric::ALL.iter().filter_map(|metric| beside::trend_statement(*metric, &named)) {
        assert_uses(&fixture, &statement, &["sample_of_host (host_id=? AND taken_ms>? AND taken_ms<?)"]);
    }
    assert_uses(&fixture, beside::FREE_SPACE, &["filesystem USING PRIMARY KEY (sample_id=? AND mount=?)"]);
    assert_uses(&fixture, beside::TOP_PROCESSES, &["sample_of_host (host_id=? AND taken_ms<?)"]);
}

/// A list of ids is one parameter, and each of them is looked up.
#[test]
fn what_is_known_of_many_hosts_or_samples_is_found_by_one_statement_each() {
    let fixture = Fixture::new();
    for (statement, index) in [
        (treat::ALERTS_OF, "alert_remembered (<expr>=?"),
        (treat::FAMILIAR_OF, "familiar USING INTEGER PRIMARY KEY"),
        (treat::FIND, "alert_identity (<expr>=? AND metric=? AND selector=? AND ordinal=? AND instance=?)"),
        (treat::MARK_SAMPLES, "sample USING INTEGER PRIMARY KEY"),
        (treat::MARK_OUTCOMES, "(run_id=? AND host_id=?)"),
    ] {
        assert_uses(&fixture, statement, &[index]);
    }
    for select in readings::lists() {
        let plan = assert_uses(&fixture, select, &["USING PRIMARY KEY (sample_id=?)"]);
        assert!(!plan.contains("TEMP B-TREE"), "the key gives the order\n{plan}");
    }
}

/// Deleting a row makes the engine look for rows that refer to it.
#[test]
fn what_refers_to_a_row_is_found_by_an_index() {
    let fixture = Fixture::new();
    for (statement, indexes) in [
        (
            "DELETE FROM sample WHERE id = ?1",
            &["event_of_sample", "process USING PRIMARY KEY", "check_value USING PRIMARY KEY"][..],
        ),
        ("DELETE FROM mail WHERE id = ?1", &["event_of_mail", "notice_of_mail"]),
        ("DELETE FROM run WHERE id = ?1", &["sample_of_run"]),
    ] {
        assert_uses(&fixture, statement, indexes);
    }
}

/// Asserts that all these indexes are used and no table is read as a whole. Returns the plan.
#[track_caller]
fn assert_uses(fixture: &Fixture, statement: &str, indexes: &[&str]) -> String {
    let mut explain = fixture.store.connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    // Unbound parameters are NULL, which changes no plan.
    let lines = explain.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>().unwrap();
    let plan = lines.join("\n");
    assert!(indexes.iter().all(|index| plan.contains(index)), "{statement}\n{plan}");
    let whole = |line: &&String| line.starts_with("SCAN") && !line.contains("INDEX");
    // A list that was given as a parameter, the steps of a recursion, and what was just found are no tables.
    let given = ["wanted", "json_each", "known", "said"].map(|name| format!("SCAN {name}"));
    let tables = lines.iter().filter(whole).filter(|line| !given.iter().any(|given| line.starts_with(given.as_str())));
    assert_eq!(tables.count(), 0, "{statement}\n{plan}");
    plan
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let (_folder, path) = closed();
    drop(open::open(&path, NOON, &[STEPS[0], SECOND]).unwrap());
    let before = fs::read(&path).unwrap();
    let refused = Store::open(&path, NOON).unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 2, known: 1, .. }), "{refused:?}");
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
}

#[test]
fn a_database_of_another_program_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    for setup in ["CREATE TABLE diary (text)", "CREATE TABLE diary (text); PRAGMA user_version = 1"] {
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch(setup).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(Store::open(&path, NOON), Err(StoreError::NotOurs { .. })), "{setup}");
        assert!(fs::read(&path).unwrap() == before, "the file was changed");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn an_older_database_is_copied_and_then_brought_up_to_date() {
    let (folder, path) = closed();
    let mut store = open::open(&path, NOON, &[STEPS[0], SECOND]).unwrap();
    assert_eq!(user_version(&store.connection), 2);
    assert_eq!(store.host_records(&[host_name("web1")], NOON).unwrap().len(), 1);
    store.connection.execute_batch("UPDATE host SET rack = 'r1'").unwrap();

    let backup = backups(folder.path()).remove(0);
    assert_eq!(backup.file_name().unwrap(), "fleet.db.schema-1.2026-11-21T061737Z.backup");
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let copy = Store::open_existing(&backup, NOON).unwrap();
    assert_eq!(copy.status().unwrap()[0].name, host_name("web1"));
}

#[test]
fn a_fresh_or_current_database_needs_no_backup() {
    let (folder, path) = closed();
    drop(Store::open(&path, NOON).unwrap());
    assert_eq!(backups(folder.path()), [""; 0].map(PathBuf::from));
}

#[test]
fn a_step_happens_as_a_whole_or_not_at_all() {
    let (_folder, path) = closed();
    let broken = "CREATE TABLE rack (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE host (id INTEGER) STRICT;";
    assert!(matches!(open::open(&path, NOON, &[STEPS[0], broken]), Err(StoreError::Engine { .. })));
    let store = Store::open(&path, NOON).unwrap();
    assert_eq!(user_version(&store.connection), 1);
    let racks =
        store.connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'rack'", [], |row| row.get(0));
    assert_eq!(racks, Ok(0));
    drop(store);
    open::open(&path, NOON, &[STEPS[0], SECOND]).unwrap();
}

#[test]
fn a_damaged_database_is_not_migrated() {
    let (folder, path) = closed();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'host'";
    let page: usize = Connection::open(&path).unwrap().query_row(root, [], |row| row::unsigned(row, 0)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let refused = open::open(&path, NOON, &[STEPS[0], SECOND]).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
    assert_eq!(backups(folder.path()).len(), 0);
}
