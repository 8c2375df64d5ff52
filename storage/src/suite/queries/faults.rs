//! Questions about what is broken.

use sample::{Array, Check, CheckState, InterfaceCounters, Processes, StuckMount, WantedProcess};

use super::super::readings::unit;
use super::*;

const MISSING: &str = include_str!("../../../../sql/queries/missing_processes_and_units.sql");

/// The answer without its last column, which is when the newest samples were taken.
fn answer_of_now(fixture: &Fixture, query: &str) -> Vec<String> {
    let taken = &answer(&fixture.store, "SELECT datetime(max(taken_ms) / 1000, 'unixepoch') FROM sample", [])[0];
    let lines = answer(&fixture.store, query, []);
    lines.into_iter().map(|line| line.strip_suffix(taken).expect(&line).trim_end().to_owned()).collect()
}

/// Hosts that each sent an older sample with everything as it should not be, and then this.
fn told(older: &Readings, newest: Vec<(&str, Readings)>) -> Fixture {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    for (name, readings) in newest {
        fixture.visited(name, vec![hours_ago(now, 1, 1, older.clone()), hours_ago(now, 2, 0, readings)]);
    }
    fixture
}

#[test]
fn failed_units_are_told_with_their_hosts() {
    let with = |units| Readings { units: Some(units), ..Readings::default() };
    let (nginx, cron) = (unit("nginx.service", "failed", true), unit("cron.service", "failed", false));
    let fixture = told(
        &with(vec![unit("old.service", "failed", false)]),
        vec![
            ("web2", with(vec![nginx.clone()])),
            ("web1", with(vec![nginx, cron, unit("b.service", "inactive", true)])),
            ("db1", Readings::default()),
        ],
    );
    let query = include_str!("../../../../sql/queries/failed_units.sql");
    assert_eq!(answer_of_now(&fixture, query), ["nginx.service 2 web1_web2", "cron.service 1 web1"]);
}

#[test]
fn what_is_wanted_and_not_there_is_told() {
    let units = |states: &[&str]| {
        let units = states.iter().map(|state| unit(&format!("{state}.service"), state, true));
        units.chain([unit("b.service", "failed", false)]).collect()
    };
    let wanting =
        |units, processes| Readings { units: Some(units), wanted_processes: Some(processes), ..Readings::default() };
    let good = || wanting(units(&["active", "reloading", "refreshing"]), vec![process("nginx", 1, 1)]);
    let missing = vec![process("nginx", 2, 1), process("cron", 1, 0), process("sshd", 1, 7)];
    let bad = wanting(units(&["inactive", "activating", "active"]), missing);
    let fixture = told(&bad, vec![("web1", bad.clone()), ("db1", good())]);
    let expected = [
        "web1 process cron 1_or_more 0",
        "web1 process nginx 2_or_more 1",
        "web1 unit activating.service active activating",
        "web1 unit inactive.service active inactive",
    ];
    assert_eq!(answer_of_now(&fixture, MISSING), expected);
}

#[test]
fn of_what_is_wanted_and_could_not_be_read_nothing_is_known_and_that_is_told() {
    let units = Some(vec![unit("a.service", "active", true), unit("b.service", "failed", false)]);
    let processes = || Some(Processes::default());
    let told_before =
        Readings { units, wanted_processes: Some(vec![process("nginx", 2, 5)]), processes: processes(), ..none() };
    let fixture = told(
        &told_before,
        vec![
            ("unread", none()),
            ("no-longer", Readings { units: Some(vec![]), processes: processes(), ..none() }),
            ("good", told_before.clone()),
        ],
    );
    let expected = ["unread process nginx 2_or_more -", "unread unit a.service active -"];
    assert_eq!(answer_of_now(&fixture, MISSING), expected);

    // Of hosts that never told, it is not even known what is wanted; a list of processes that was read says: nothing.
    let listed = Readings { processes: processes(), ..none() };
    let silent = || vec![("hidden", none()), ("no-systemd", listed.clone())];
    assert_eq!(answer_of_now(&told(&none(), silent()), MISSING), ["hidden process - - -"]);
    let others = [("web1", told_before.clone())].into_iter().chain(silent()).collect();
    let expected = ["hidden process - - -", "hidden unit - - -", "no-systemd unit - - -"];
    assert_eq!(answer_of_now(&told(&none(), others), MISSING), expected);
}

fn process(name: &str, min: u32, count: u32) -> WantedProcess {
    WantedProcess { name: name.into(), min, count }
}

fn none() -> Readings {
    Readings::default()
}

#[test]
fn degraded_arrays_are_told_and_of_pools_what_room_is_left() {
    let array = |kind: &str, name: &str, degraded, devices| Array {
        kind: kind.into(),
        name: name.into(),
        state: if degraded { "DEGRADED".into() } else { "ONLINE".into() },
        degraded,
        devices,
        active_devices: devices.map(|devices| devices - 1),
    };
    let home = Filesystem { pool: Some("tank".into()), avail_bytes: 3 << 29, ..filesystem("/home", 25) };
    let bad = Readings {
        arrays: Some(vec![
            array("zfs", "tank", true, None),
            array("md", "md0", true, Some(2)),
            array("md", "md1", false, None),
        ]),
        filesystems: Some(vec![home]),
        ..Readings::default()
    };
    let good = Readings { arrays: Some(vec![array("md", "md0", false, None)]), ..Readings::default() };
    let fixture = told(&bad, vec![("web1", bad.clone()), ("db1", good)]);
    let query = include_str!("../../../../sql/queries/degraded_arrays.sql");
    assert_eq!(answer_of_now(&fixture, query), ["web1 md md0 DEGRADED 1 2 -", "web1 zfs tank DEGRADED - - 1.5"]);
}

#[test]
fn a_filesystem_that_cannot_be_written_is_told_unless_it_was_meant_so() {
    let broken = Filesystem { read_only: true, unexpectedly_read_only: true, ..filesystem("/var", 1) };
    let meant = Filesystem { read_only: true, ..filesystem("/usr", 1) };
    let stuck = StuckMount { mount: "/nfs".into(), fs_type: "nfs4".into(), since_ms: Some(at(-60)) };
    let bad =
        Readings { filesystems: Some(vec![broken, meant]), stuck_mounts: Some(vec![stuck]), ..Readings::default() };
    let fixture = told(&bad, vec![("web1", bad.clone()), ("db1", every_reading())]);
    let query = include_str!("../../../../sql/queries/filesystems_that_cannot_be_written.sql");
    let expected = ["web1 /nfs nfs4 hangs 2026-11-21_06:16:37", "web1 /var ext4 read-only -"];
    assert_eq!(answer_of_now(&fixture, query), expected);
}

#[test]
fn checks_that_are_not_ok_come_by_how_bad_it_is() {
    let check = |name: &str, state| {
        let (output, duration_ms) = (format!("{state} it is"), 1250);
        Check { name: name.into(), state, output, duration_ms, values: vec![] }
    };
    let checks = |checks| Readings { checks: Some(checks), ..Readings::default() };
    let [ok, warning, critical, unknown] = CheckState::ALL;
    let fixture = told(
        &checks(vec![check("old", critical)]),
        vec![
            ("web1", checks(vec![check("a", warning), check("b", ok), check("c", critical)])),
            ("db1", checks(vec![check("d", unknown)])),
            ("db2", Readings::default()),
        ],
    );
    let query = include_str!("../../../../sql/queries/checks_that_are_not_ok.sql");
    let expected =
        ["web1 c critical critical_it_is 1.3", "db1 d unknown unknown_it_is 1.3", "web1 a warning warning_it_is 1.3"];
    assert_eq!(answer_of_now(&fixture, query), expected);
}

#[test]
fn network_errors_are_the_numbers_of_the_last_day() {
    let mut fixture = Fixture::new();
    let interface = |name: &str, errors, packets| InterfaceCounters {
        name: name.into(),
        received_errors: errors,
        received_packets: packets,
        sent_packets: packets,
        ..InterfaceCounters::default()
    };
    let seen = |errors, packets| {
        let interfaces = vec![interface("eth0", errors, packets), interface("eth1", 9, packets)];
        Counters { interfaces: Some(interfaces), ..Counters::default() }
    };
    let now = now(&fixture.store);
    let web1 = vec![
        counted(now, 1, 1, seen(0, 0)),
        counted(now, 2, 2, seen(1000, 1000)),
        counted(now, 3, 20, seen(1007, 2000)),
        counted(now, 4, 39, seen(1010, 9000)),
        counted(now, 5, 40, Counters::default()),
    ];
    fixture.visited("web1", web1);
    fixture.visited("db1", vec![counted(now, 1, 1, seen(0, 0))]);
    fixture.visited("long", vec![counted(now, 1, 1, seen(0, 0)), counted(now, 2, 26, seen(500, 500))]);
    let query = include_str!("../../../../sql/queries/network_errors.sql");
    assert_eq!(answer(&fixture.store, query, []), ["web1 eth0 10 0 0 0 16000"]);
}

#[test]
fn oom_kills_are_those_of_the_last_week() {
    let mut fixture = Fixture::new();
    let killed = |oom_kills| Counters { oom_kills, ..Counters::default() };
    let now = now(&fixture.store);
    let mut web1: Vec<_> = [(10, 5), (11, 6), (12, 6), (13, 9), (14, 9)]
        .into_iter()
        .zip(1..)
        .map(|((hours, kills), number)| counted(now, number, hours, killed(Some(kills))))
        .collect();
    web1[3].sample.readings = every_reading();
    let seen = web1[3].taken;
    let unknown = vec![counted(now, 1, 10, killed(None)), counted(now, 2, 11, killed(Some(4)))];
    fixture.visited("web1", web1);
    fixture.visited("unknown", unknown);
    fixture.spoil("UPDATE sample SET taken_ms = taken_ms - 86400000 * 30 WHERE oom_kills = 1");
    let query = include_str!("../../../../sql/queries/oom_kills_of_the_last_week.sql");
    assert_eq!(answer(&fixture.store, query, []), [format!("web1 3 {} 85", shown(seen))]);
}
