//! The views show what their names promise, of the newest samples, without reading the history.

use rules::NoticeKind;
use sample::{Boot, DiskCounters, InterfaceCounters, OutcomeKind};

use super::readings::{columns::rows, whole};
use super::*;

const HOUR_MS: i64 = 3_600_000;

/// A host whose newest sample has everything; an older one has other things, and came home later.
fn visited() -> Fixture {
    let mut fixture = Fixture::new();
    let (run, web1) = (fixture.run(), fixture.host("web1"));
    fixture.host("never");
    let older = Readings { filesystems: Some(vec![filesystem("/old", 99)]), ..whole() };
    let mut newest = received(1, at(60), whole());
    newest.sample.counters = counted();
    let samples = vec![newest, received(2, NOON, older)];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(web1, OutcomeKind::Ok) }]).unwrap();
    fixture
}

fn counted() -> Counters {
    let disk = DiskCounters { name: "sda".into(), ..DiskCounters::default() };
    let interface = InterfaceCounters { name: "eth0".into(), ..InterfaceCounters::default() };
    Counters { disks: Some(vec![disk]), interfaces: Some(vec![interface]), ..Counters::default() }
}

#[test]
fn each_list_is_shown_of_the_newest_sample_with_its_host() {
    let fixture = visited();
    assert_eq!(rows(&fixture, "SELECT name, taken_ms, cpu_percent FROM latest"), ["web1|1795241917000|61.00"]);
    for (view, columns, expected) in [
        ("latest_filesystem", "mount, used_percent", &["/|40.00", "/var|91.00"][..]),
        ("latest_stuck_mount", "mount", &["/nfs"]),
        ("latest_disk", "name", &["sda"]),
        ("latest_interface", "name", &["eth0"]),
        ("latest_temperature", "sensor, celsius", &["cpu|71.50"]),
        ("latest_fan", "sensor, rpm", &["fan1|900"]),
        ("latest_process", "pid, name", &["77|postgres"]),
        ("latest_wanted_process", "name, is_present", &["nginx|0"]),
        ("latest_unit", "name, active_state", &["a.service|failed", "b.service|active"]),
        ("latest_array", "kind, name, is_degraded", &["md|md0|1"]),
        ("latest_log_line", "position, message", &["1|I/O error", "2|I/O error"]),
        ("latest_listener", "protocol, address, port", &["tcp|::|22"]),
        ("latest_check", "name, state", &["http|warning"]),
        ("latest_check_value", "name, label, value", &["http|size|0.00", "http|time|0.25"]),
    ] {
        let query = format!("SELECT host, taken_ms, {columns} FROM {view}");
        let expected: Vec<_> = expected.iter().map(|line| format!("web1|1795241917000|{line}")).collect();
        assert_eq!(rows(&fixture, &query), expected, "{view}");
    }
}

/// Only hosts are read as a whole, of which there are few.
#[test]
fn no_view_of_the_latest_reads_the_history() {
    let fixture = Fixture::new();
    let views = rows(&fixture, "SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE 'latest%'");
    assert_eq!(views.len(), 16);
    for view in views {
        assert_reads_no_history(&fixture, &format!("SELECT * FROM {view}"));
        assert_reads_no_history(&fixture, &format!("SELECT * FROM {view} WHERE taken_ms > 1"));
    }
}

#[test]
fn hours_and_boots_of_one_host_are_found_without_those_of_others() {
    let fixture = Fixture::new();
    for view in ["hourly", "boot"] {
        let plan = assert_reads_no_history(&fixture, &format!("SELECT * FROM {view} WHERE host = 'web1'"));
        assert!(plan.contains("SEARCH sample USING INDEX sample_of_host (host_id=?)"), "{plan}");
    }
}

fn assert_reads_no_history(fixture: &Fixture, query: &str) -> String {
    let mut explain = fixture.store.connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let lines = explain.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>().unwrap();
    let tables = rows(fixture, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'host'");
    let scanned = lines.iter().filter_map(|line| line.strip_prefix("SCAN ")?.split(' ').next());
    let whole: Vec<_> = scanned.filter(|table| tables.iter().any(|name| name == table) || *table == "newest").collect();
    assert!(whole.is_empty(), "{query}\n{}", lines.join("\n"));
    lines.join("\n")
}

#[test]
fn a_pool_is_the_sum_of_its_filesystems_and_has_their_free_space_once() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let on = |pool: &str, source: &str, mount: &str, used_bytes, avail_bytes| Filesystem {
        pool: Some(pool.into()),
        source: Some(source.into()),
        used_bytes,
        avail_bytes,
        ..filesystem(mount, 1)
    };
    let filesystems = vec![
        on("tank", "tank/home", "/home", 30, 50),
        on("tank", "tank/home", "/srv/home", 30, 50),
        on("tank", "tank/www", "/www", 20, 40),
        on("empty", "empty", "/empty", 0, 0),
        filesystem("/", 99),
    ];
    let readings = Readings { filesystems: Some(filesystems), ..Readings::default() };
    let samples = vec![received(1, NOON, readings)];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let query = "SELECT host, pool, filesystems, mounted_used_bytes, avail_bytes FROM latest_pool ORDER BY pool";
    assert_eq!(rows(&fixture, query), ["web1|empty|1|0|0", "web1|tank|2|50|50"]);
}

#[test]
fn an_hour_has_the_lowest_the_mean_and_the_highest_of_what_was_measured_over_about_an_hour() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let hour = NOON.as_millis() / HOUR_MS * HOUR_MS;
    let busy = |busy_percent, minutes: u64, spot| Readings {
        cpu: Some(Cpu { busy_percent, window_ms: minutes * 60_000, spot, ..Cpu::default() }),
        ..Readings::default()
    };
    let taken = [
        (0, busy(10.0, 40, false)),
        (1, busy(20.0, 10, false)),
        (2, busy(99.0, 10, true)),
        (3, busy(1.0, 91, false)),
        (HOUR_MS - 1, busy(90.0, 50, false)),
        (HOUR_MS, Readings::default()),
    ];
    let samples = taken.into_iter().zip(1..);
    let samples =
        samples.map(|((after, readings), number)| received(number, Timestamp::from_millis(hour + after), readings));
    fixture.store.record_visits(run, &[Visit { samples: samples.collect(), ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let query = "SELECT host, hour_ms, samples, cpu_lowest_percent, cpu_mean_percent, cpu_highest_percent,
                        memory_used_mean_percent, load1_per_cpu_highest
                 FROM hourly ORDER BY hour_ms";
    let expected = [format!("web1|{hour}|5|10.00|51.00|90.00||"), format!("web1|{}|1|||||", hour + HOUR_MS)];
    assert_eq!(rows(&fixture, query), expected);
}

#[test]
fn each_boot_of_a_host_is_one_row() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let booted = |number, boot: Option<&str>, seconds, uptime_seconds| {
        let readings = Readings { uptime_seconds, ..Readings::default() };
        let mut received = received(number, at(seconds), readings);
        received.sample.boot = boot.map(|id| Boot { id: id.into(), elapsed_ms: 1 });
        received
    };
    let samples = vec![
        booted(1, Some("a"), 0, Some(50)),
        booted(2, Some("a"), 60, Some(110)),
        booted(3, None, 90, None),
        booted(4, Some("b"), 120, None),
    ];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let query = "SELECT host, boot_id, booted_ms - 1795241857000, first_seen_ms - 1795241857000,
                        last_seen_ms - 1795241857000, samples
                 FROM boot ORDER BY first_seen_ms";
    assert_eq!(rows(&fixture, query), ["web1|a|-50000|0|60000|2", "web1|b||120000|120000|1"]);
}

#[test]
fn incidents_and_mails_are_shown_one_a_row_with_what_became_of_them() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu, Metric::Load], &["a@x"]);
    fixture.resolve(host, Metric::Cpu, 90);
    let [cpu, load] = [0, 1].map(|place| fixture.unsettled()[place].id);
    let notices = [(cpu, NoticeKind::Missed), (load, NoticeKind::Problem)];
    fixture.store.create_mails(&[outbox::telling(1, "a@x", &notices)], &[], NOON).unwrap();
    fixture.store.create_mails(&[outbox::telling(2, "b@x", &notices[1..])], &[], NOON).unwrap();
    fixture.attempt(&outbox::sent(at(5)), NOON);
    let incidents = "SELECT id, host, metric, instance, iif(ended_ms IS NULL, 'open', seconds), severity, worst_value,
                            end_kind, times_told, times_lost, untold FROM incidents";
    let expected = [
        format!("{cpu}|web1|cpu||90|warning|97.50|resolved|1|0|"),
        format!("{load}|web1|load||open|warning|97.50||1|0|"),
    ];
    assert_eq!(rows(&fixture, incidents), expected);
    fixture.attempt(&crate::AttemptEnd::Failed { reply: String::new() }, NOON);
    let of_load = "SELECT times_told, times_lost FROM incidents WHERE metric = 'load'";
    assert_eq!(rows(&fixture, of_load), ["1|1"], "what was refused told nobody");
    let mails =
        "SELECT recipient, kind, state, attempts, (next_attempt_ms - created_ms), incidents, message_id FROM mails";
    let expected = ["a@x|alerts|sent|1||2|<1@fleet>", "b@x|alerts|failed|1||1|<2@fleet>"];
    assert_eq!(rows(&fixture, mails), expected);
}

#[test]
fn an_open_incident_is_shown_with_the_newest_and_the_worst_value_and_one_that_is_over_with_its_own() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu], &["a@x"]);
    let problem = firing().problem.map(|problem| rules::Problem { worst: 99.5, ..problem });
    let later = AlertState { problem, value: Some(98.5), ..firing() };
    fixture.change(host, vec![(key(Metric::Cpu, Instance::Host), later)], vec![]);
    let query = "SELECT value, worst_value FROM incidents";
    assert_eq!(rows(&fixture, query), ["98.50|99.50"]);
    let shown = fixture.store.incidents(&crate::IncidentFilter::default()).unwrap();
    assert_eq!((shown[0].value, shown[0].worst), (Some(98.5), 99.5), "as people are shown it elsewhere");
    fixture.resolve(host, Metric::Cpu, 90);
    assert_eq!(rows(&fixture, query), ["97.50|97.50"], "as its last event had it");
}
