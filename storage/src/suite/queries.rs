//! The questions in `sql/queries/` have the answers they promise.
//!
//! They ask about today, so these fixtures are made around the engine's own clock.

use rusqlite::Params;
use sample::{Boot, OutcomeKind};

use super::readings::{columns::rows, whole};
use super::*;

mod faults;
mod present;
mod resources;
mod told;
mod upkeep;

const HOUR_MS: i64 = 3_600_000;

/// The engine's time, rounded down to seconds.
fn now(store: &Store) -> Timestamp {
    store.connection.query_row("SELECT unixepoch() * 1000", [], |row| row.get(0).map(Timestamp::from_millis)).unwrap()
}

/// A time of the engine's, as the answers show it.
fn shown(time: Timestamp) -> String {
    time.to_string().replace('T', "_").replace('Z', "")
}

/// A sample that was taken so many hours ago, by the engine's clock.
fn hours_ago(now: Timestamp, number: u8, hours: i64, readings: Readings) -> ReceivedSample {
    received(number, now.plus_millis(-hours * HOUR_MS), readings)
}

/// A sample so many hours after its boot, which was 40 hours ago, that has counted this.
fn counted(now: Timestamp, number: u8, hours_after_boot: i64, counters: Counters) -> ReceivedSample {
    let mut received = hours_ago(now, number, 40 - hours_after_boot, Readings::default());
    let elapsed_ms = u64::try_from(hours_after_boot * HOUR_MS).unwrap();
    received.sample.boot = Some(Boot { id: "a".into(), elapsed_ms });
    received.sample.counters = counters;
    received
}

impl Fixture {
    /// A host that is new.
    fn new_host(&mut self, name: &str) -> HostId {
        let now = now(&self.store);
        self.store.host_records(&[host_name(name)], now).unwrap()[0].id
    }

    /// A host that has just brought these samples home.
    fn visited(&mut self, name: &str, samples: Vec<ReceivedSample>) -> HostId {
        let (run, host, now) = (self.run(), self.new_host(name), now(&self.store));
        self.store.record_visits(run, &[Visit { samples, ..ended(host, OutcomeKind::Ok, now) }]).unwrap();
        host
    }
}

/// Answers as lines of values with a space between; NULL is `-`.
fn answer(store: &Store, query: &str, parameters: impl Params) -> Vec<String> {
    let mut select = store.connection.prepare(query).unwrap();
    let columns = select.column_count();
    let rows = select.query_map(parameters, |row| {
        let values = (0..columns).map(|index| {
            Ok(match row.get::<_, rusqlite::types::Value>(index)? {
                rusqlite::types::Value::Null => "-".to_owned(),
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Real(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text.replace(' ', "_"),
                rusqlite::types::Value::Blob(_) => "blob".to_owned(),
            })
        });
        Ok(values.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn ended(host: HostId, kind: OutcomeKind, at: Timestamp) -> Visit {
    Visit { outcome: outcome(kind, at), ..visit(host, kind) }
}

#[test]
fn hosts_without_a_good_visit_today_are_those_that_failed_and_those_never_seen() {
    let mut fixture = Fixture::new();
    let [good, bad, fresh] = ["good", "bad", "fresh"].map(|name| fixture.new_host(name));
    fixture.new_host("new");
    let now = now(&fixture.store);
    let yesterday = now.plus_millis(-25 * 3_600_000);
    for (kind, at) in [(OutcomeKind::Ok, yesterday), (OutcomeKind::AuthFailed, now)] {
        let run = fixture.run();
        // An hour ahead: also if midnight passes while the test runs, that is no earlier day.
        let today = now.plus_millis(3_600_000);
        let visits =
            [ended(good, OutcomeKind::Ok, today), ended(bad, kind, at), ended(fresh, OutcomeKind::Cancelled, at)];
        fixture.store.record_visits(run, &visits).unwrap();
    }
    let query = include_str!("../../../sql/queries/hosts_without_a_good_visit_today.sql");
    let last_good = yesterday.to_string().replace('T', "_").replace('Z', "");
    let expected = ["fresh - - -".to_owned(), "new - - -".to_owned(), format!("bad {last_good} auth_failed -")];
    assert_eq!(answer(&fixture.store, query, []), expected);
}

#[test]
fn the_slowest_runs_are_those_of_the_week_that_ended_each_with_its_slowest_host() {
    let mut fixture = Fixture::new();
    let [quick, slow] = ["quick", "slow"].map(|name| fixture.host(name));
    let now = now(&fixture.store);
    for (days_ago, seconds) in [(8, 900), (2, 60), (1, 90), (0, -5)] {
        let started = now.plus_millis(-days_ago * 86_400_000);
        let run = fixture.store.begin_run(started, "c0ffee").unwrap();
        let lasting = |host, kind, seconds| {
            let outcome = Outcome { duration: Duration::from_secs(seconds), ..outcome(kind, started) };
            Visit { outcome, ..visit(host, kind) }
        };
        let visits = [lasting(slow, OutcomeKind::HostTimeout, 60), lasting(quick, OutcomeKind::Ok, 1)];
        fixture.store.record_visits(run, &visits).unwrap();
        fixture.store.finish_run(run, started.plus_millis(seconds * 1000), crate::RunEnd::Done).unwrap();
    }
    fixture.run();
    let query = include_str!("../../../sql/queries/slowest_runs_of_the_last_week.sql");
    let started = |days: i64| now.plus_millis(-days * 86_400_000).to_string().replace('T', "_").replace('Z', "");
    let line =
        |run: i64, days, seconds: i64| format!("{run} {} {seconds} done 2 1 slow 60 host_timeout", started(days));
    assert_eq!(answer(&fixture.store, query, []), [line(3, 1, 90), line(2, 2, 60)]);
}

#[test]
fn fullest_filesystems_are_those_of_the_newest_samples() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    let full = |used| Readings { filesystems: Some(vec![filesystem("/", used)]), ..Readings::default() };
    fixture.visited("web1", vec![hours_ago(now, 1, 1, full(99)), hours_ago(now, 2, 0, every_reading())]);
    fixture.visited("db1", vec![hours_ago(now, 1, 1, full(50))]);
    let answers = answer(&fixture.store, include_str!("../../../sql/queries/fullest_filesystems.sql"), []);
    let (newest, other) = (shown(now), shown(now.plus_millis(-HOUR_MS)));
    let expected =
        [format!("web1 /var 91 0 10 {newest}"), format!("db1 / 50 0 10 {other}"), format!("web1 / 40 0 10 {newest}")];
    assert_eq!(answers, expected);
}

#[test]
fn memory_of_a_host_over_the_last_day_is_its_own_and_hour_by_hour() {
    let mut fixture = Fixture::new();
    let (run, web1, db1) = (fixture.run(), fixture.host("web1"), fixture.host("db1"));
    let hour = Timestamp::from_millis(now(&fixture.store).as_millis() / 3_600_000 * 3_600_000);
    let using = |percent: u64| Readings {
        memory: Some(Memory { total_bytes: 100, available_bytes: 100 - percent, ..Memory::default() }),
        ..Readings::default()
    };
    let taken = [(1, 25, 99), (2, 2, 40), (3, 2, 60), (4, 1, 70)];
    let sample = |(number, hours_ago, percent): (u8, i64, u64)| {
        received(number, hour.plus_millis(i64::from(number) * 1000 - hours_ago * 3_600_000), using(percent))
    };
    let mut samples: Vec<_> = taken.into_iter().map(sample).collect();
    samples.push(received(5, hour.plus_millis(-3_600_000), Readings::default()));
    let other = vec![received(6, hour, using(1))];
    let visits =
        [Visit { samples, ..visit(web1, OutcomeKind::Ok) }, Visit { samples: other, ..visit(db1, OutcomeKind::Ok) }];
    fixture.store.record_visits(run, &visits).unwrap();
    let query = include_str!("../../../sql/queries/memory_of_a_host_over_the_last_day.sql");
    let label = |hours_ago: i64| hour.plus_millis(-hours_ago * 3_600_000).to_string()[..16].replace('T', "_");
    let expected = [format!("{} 2 40 50 60", label(2)), format!("{} 1 70 70 70", label(1))];
    assert_eq!(answer(&fixture.store, query, &[(":host", "web1")]), expected);
}

/// The files with questions, by name.
fn questions() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql/queries");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn each_question_begins_with_itself_and_says_how_to_ask_it() {
    let questions = questions();
    assert_eq!(questions.len(), 25);
    for (name, text) in questions {
        let (header, _) = text.split_once("\n\n").unwrap();
        let lines: Vec<_> = header.lines().collect();
        assert!(lines[0].starts_with("-- ") && lines[0].contains('?'), "{name}: {header}");
        let how = lines.last().unwrap();
        assert!(how.starts_with("-- sqlite3 -readonly -box ") && how.ends_with(&format!("< {name}")), "{name}: {how}");
    }
}

/// A sum that the engine can't hold is an error, and would hide what all other hosts said.
#[test]
fn no_number_of_a_hostile_host_spoils_an_answer_for_the_others() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    let samples = || (1..6).map(|number| hours_ago(now, number, 40 - 8 * i64::from(number), whole())).collect();
    fixture.visited("evil", samples());
    fixture.visited("worse", samples());
    let extremes =
        ["oom_kills", "uptime_seconds", "clock_skew_ms", "security_updates", "rates_window_ms", "cpu_window_ms"];
    for (number, condition) in [(i64::MAX, "id % 2"), (i64::MIN, "NOT id % 2")] {
        let values = extremes.map(|column| format!("{column} = {number}")).join(", ");
        fixture.spoil(&format!("UPDATE sample SET boot_id = id, {values} WHERE {condition}"));
        let values = format!("used_bytes = {number}, avail_bytes = {number}, pool = 'tank', source = mount");
        fixture.spoil(&format!(
            "UPDATE filesystem SET {values} WHERE sample_id IN (SELECT id FROM sample WHERE {condition})"
        ));
    }
    let views = rows(&fixture, "SELECT name FROM sqlite_schema WHERE type = 'view'");
    let views = views.into_iter().map(|view| (view.clone(), format!("SELECT * FROM {view}")));
    for (name, text) in questions().into_iter().chain(views) {
        let mut select = fixture.store.connection.prepare(&text).unwrap();
        let mut rows = select.raw_query();
        while rows.next().unwrap_or_else(|error| panic!("{name}: {error}")).is_some() {}
    }
}

#[test]
fn no_question_reads_all_samples_or_outcomes_and_none_finds_anything_in_an_empty_database() {
    let fixture = Fixture::new();
    let lists = "SELECT m.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
                 WHERE m.type = 'table' AND (c.name = 'sample_id' OR m.name = 'sample') AND m.name <> 'event'";
    let mut tables = rows(&fixture, lists);
    assert_eq!(tables.iter().filter(|table| *table != "sample").count(), 14, "{tables:?}");
    tables.push("outcome".to_owned());
    for (name, text) in questions() {
        let mut explain = fixture.store.connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let lines = explain.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>().unwrap();
        let scanned = lines.iter().filter_map(|line| line.strip_prefix("SCAN ")?.split(' ').next());
        let aliases = ["past", "now", "oldest", "newest"];
        let whole = scanned.filter(|table| tables.iter().any(|name| name == table) || aliases.contains(table));
        assert_eq!(whole.collect::<Vec<_>>(), [""; 0], "{name}\n{}", lines.join("\n"));
        let mut select = fixture.store.connection.prepare(&text).unwrap();
        assert!(select.raw_query().next().unwrap().is_none(), "{name}");
    }
}
