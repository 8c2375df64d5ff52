//! What is measured is kept whole, and comes back as it was.

use sample::{
    Array, Check, CheckState, CheckValue, Container, DiskRates, Fan, InterfaceRates, Listener, Log, LogLine, Pressure,
    Processes, Rates, RebootRequired, StuckMount, SystemdUnit, Temperature, TopProcess, Usage, WantedProcess,
};

use super::*;
use crate::readings;

pub(super) mod columns;

/// A sample's row that holds these readings, written past the differencing.
fn written(fixture: &mut Fixture, readings: &Readings) -> SampleRowId {
    let (run, host) = (fixture.run(), fixture.host("web1"));
    fixture.store.record_visits(run, &[visit_with(host, &[1])]).unwrap();
    let row = fixture.untreated_samples()[0];
    fixture.spoil("DELETE FROM filesystem");
    fill(fixture, row, readings);
    fixture.store.write(|db| readings::write_lists(db, row, readings)).unwrap();
    row
}

fn fill(fixture: &Fixture, row: SampleRowId, readings: &Readings) {
    let assignments: Vec<_> = readings::columns().map(|column| format!("{column} = ?")).collect();
    let update = format!("UPDATE sample SET {} WHERE id = {row}", assignments.join(", "));
    let values = readings::values(readings).unwrap();
    fixture.store.connection.execute(&update, rusqlite::params_from_iter(values)).unwrap();
}

fn read(fixture: &Fixture, row: SampleRowId) -> Readings {
    fixture.store.read(|db| readings::read(db, row)).unwrap()
}

/// Every value that there is, each different from its neighbours.
pub(crate) fn whole() -> Readings {
    Readings {
        cpu: Some(Cpu {
            busy_percent: 61.0,
            window_ms: 300_001,
            spot: true,
            user_percent: Some(31.0),
            system_percent: Some(20.0),
            iowait_percent: Some(4.0),
            steal_percent: Some(10.0),
            busiest_core_percent: Some(99.0),
        }),
        memory: Some(Memory {
            total_bytes: 1000,
            available_bytes: 150,
            cached_bytes: Some(70),
            shared_bytes: Some(30),
            zfs_arc_bytes: Some(20),
            of_container: true,
        }),
        container: Some(Container { kind: "lxc".into(), cpu_limit: Some(1.5), memory_limit_bytes: Some(1000) }),
        filesystems: Some(vec![
            Filesystem {
                source: Some("tank/root".into()),
                pool: Some("tank".into()),
                read_only: true,
                ..filesystem("/", 40)
            },
            Filesystem { unexpectedly_read_only: true, inodes: None, inodes_free: None, ..filesystem("/var", 91) },
        ]),
        stuck_mounts: Some(vec![StuckMount { mount: "/nfs".into(), fs_type: "nfs4".into(), since_ms: Some(at(-60)) }]),
        temperatures: Some(vec![Temperature { sensor: "cpu".into(), celsius: 71.5, critical_celsius: Some(100.0) }]),
        fans: Some(vec![Fan { sensor: "fan1".into(), rpm: 900 }]),
        processes: Some(processes()),
        wanted_processes: Some(vec![WantedProcess { name: "nginx".into(), min: 2, count: 1 }]),
        units: Some(vec![unit("a.service", "failed", false), unit("b.service", "active", true)]),
        logged_in_users: Some(3),
        file_handles: Some(Usage { used: 10, limit: 40 }),
        conntrack: Some(Usage { used: 5, limit: 50 }),
        clock_synchronized: Some(true),
        reboot_required: Some(RebootRequired { required: true, reason: Some("linux-image".into()) }),
        security_updates: Some(7),
        arrays: Some(vec![Array {
            name: "md0".into(),
            kind: "md".into(),
            state: "active".into(),
            degraded: true,
            devices: Some(4),
            active_devices: Some(3),
        }]),
        log: Some(log()),
        listeners: Some(vec![Listener { protocol: "tcp".into(), address: "::".into(), port: 22 }]),
        checks: Some(vec![check()]),
        rates: rates(),
        ..every_reading()
    }
}

fn processes() -> Processes {
    let (name, arguments) = ("postgres".to_owned(), Some("postgres -D /data".to_owned()));
    let top = vec![TopProcess { pid: 77, name, cpu_percent: Some(180.0), memory_bytes: 4096, arguments }];
    Processes { total: 200, zombies: 2, blocked: 1, window_ms: Some(299_000), top }
}

pub(crate) fn unit(name: &str, active_state: &str, wanted: bool) -> SystemdUnit {
    let (load_state, active_state) = ("loaded".to_owned(), active_state.to_owned());
    SystemdUnit { name: name.to_owned(), load_state, active_state, wanted }
}

fn log() -> Log {
    let line = LogLine { at_ms: Some(at(-5)), source: Some("kernel".into()), message: "I/O error".into() };
    Log { lines: vec![line.clone(), LogLine { at_ms: None, source: None, ..line }], omitted: 9 }
}

fn check() -> Check {
    let value = CheckValue {
        label: "time".into(),
        value: 0.25,
        unit: "s".into(),
        warning: Some("1".into()),
        critical: Some("2:5".into()),
        minimum: Some(0.0),
        maximum: Some(10.0),
    };
    let values = vec![CheckValue { label: "size".into(), ..CheckValue::default() }, value];
    Check { name: "http".into(), state: CheckState::Warning, output: "slow".into(), duration_ms: 250, values }
}

fn rates() -> Rates {
    Rates {
        window_ms: Some(300_002),
        pressure: Some(Pressure {
            cpu_some_percent: Some(1.0),
            memory_some_percent: Some(2.0),
            memory_full_percent: Some(3.0),
            io_some_percent: Some(4.0),
            io_full_percent: Some(5.0),
        }),
        swap_in_bytes_per_second: Some(6.5),
        swap_out_bytes_per_second: Some(7.5),
        oom_kills: Some(8),
        listen_drops: Some(9),
        disks: Some(vec![DiskRates {
            name: "sda".into(),
            reads_per_second: Some(1.0),
            writes_per_second: Some(2.0),
            read_bytes_per_second: Some(3.0),
            written_bytes_per_second: Some(4.0),
            busy_percent: Some(5.0),
            read_await_ms: Some(6.0),
            write_await_ms: Some(7.0),
            queue_length: Some(8.0),
        }]),
        interfaces: Some(vec![InterfaceRates {
            name: "eth0".into(),
            up: Some(true),
            link_bits_per_second: Some(1_000_000_000),
            received_bytes_per_second: Some(1.0),
            received_packets_per_second: Some(2.0),
            received_errors_per_second: Some(3.0),
            received_dropped_per_second: Some(4.0),
            sent_bytes_per_second: Some(5.0),
            sent_packets_per_second: Some(6.0),
            sent_errors_per_second: Some(7.0),
            sent_dropped_per_second: Some(8.0),
        }]),
    }
}

/// What is left of readings that were written and read: some lists are for SQL alone.
fn without_what_is_not_read(mut readings: Readings) -> Readings {
    readings.processes.iter_mut().for_each(|processes| processes.top.clear());
    (readings.log, readings.listeners) = (None, None);
    readings
}

#[test]
fn every_value_comes_back_as_it_was() {
    let mut fixture = Fixture::new();
    let row = written(&mut fixture, &whole());
    assert_eq!(read(&fixture, row), without_what_is_not_read(whole()));
}

#[test]
fn what_is_absent_comes_back_absent_and_an_empty_list_empty() {
    let mut fixture = Fixture::new();
    let nothing = written(&mut fixture, &Readings::default());
    assert_eq!(read(&fixture, nothing), Readings::default());
    let values = "SELECT * FROM sample";
    let known = fixture.store.connection.query_row(values, [], |row| {
        let columns = row.as_ref().column_names();
        let known = columns.into_iter().filter(|column| {
            !matches!(
                row.get_ref(*column).unwrap(),
                rusqlite::types::ValueRef::Null | rusqlite::types::ValueRef::Integer(0)
            )
        });
        Ok(known.map(str::to_owned).collect::<Vec<_>>())
    });
    let identity = ["id", "host_id", "run_id", "probe_sample_id", "taken_ms", "host_taken_ms", "received_ms"];
    assert_eq!(known.unwrap(), identity);

    let mut fixture = Fixture::new();
    let rates = Rates { disks: Some(vec![]), interfaces: Some(vec![]), ..Rates::default() };
    let empty = Readings {
        filesystems: Some(vec![]),
        temperatures: Some(vec![]),
        fans: Some(vec![]),
        wanted_processes: Some(vec![]),
        units: Some(vec![]),
        arrays: Some(vec![]),
        checks: Some(vec![]),
        rates,
        ..Readings::default()
    };
    let row = written(&mut fixture, &empty);
    assert_eq!(read(&fixture, row), empty);
}

#[test]
fn of_what_a_hostile_host_names_twice_the_first_stays() {
    let mut fixture = Fixture::new();
    let once = whole();
    let mut twice = whole();
    for filesystem in once.filesystems.clone().unwrap() {
        twice.filesystems.as_mut().unwrap().push(Filesystem { used_bytes: 1, ..filesystem });
    }
    let stuck = once.stuck_mounts.as_deref().unwrap()[0].clone();
    twice.stuck_mounts.as_mut().unwrap().push(StuckMount { since_ms: None, ..stuck });
    push(&mut twice.temperatures, |again| again.celsius = 0.0);
    push(&mut twice.fans, |again| again.rpm = 0);
    push(&mut twice.wanted_processes, |again| again.count = 9);
    push(&mut twice.units, |again| again.load_state = "masked".into());
    push(&mut twice.arrays, |again| again.degraded = false);
    push(&mut twice.listeners, |_| ());
    push(&mut twice.rates.disks, |again| again.queue_length = None);
    push(&mut twice.rates.interfaces, |again| again.up = None);
    push(&mut twice.checks, |again| {
        again.state = CheckState::Ok;
        again.values[0].label = "only the second has it".into();
    });
    let values = &mut twice.checks.as_mut().unwrap()[0].values;
    values.push(CheckValue { value: 5.0, ..values[0].clone() });
    let top = &mut twice.processes.as_mut().unwrap().top;
    top.push(TopProcess { memory_bytes: 1, ..top[0].clone() });
    let row = written(&mut fixture, &twice);
    assert_eq!(read(&fixture, row), without_what_is_not_read(once));
    assert_eq!(columns::rows(&fixture, "SELECT memory_bytes FROM process"), ["4096"]);
    assert_eq!(columns::rows(&fixture, "SELECT count(*) FROM listener"), ["1"]);
}

/// Adds the list's first entry once more, changed.
fn push<T: Clone>(list: &mut Option<Vec<T>>, change: impl FnOnce(&mut T)) {
    let list = list.as_mut().unwrap();
    let mut again = list[0].clone();
    change(&mut again);
    list.push(again);
}

#[test]
fn text_of_any_content_is_kept_and_made_plain() {
    let mut fixture = Fixture::new();
    let text = "'; DROP TABLE host; --\0\u{1b}[2J\u{202e}\u{10ffff}\n";
    let plain = "'; DROP TABLE host; --\\u{0}\\u{1b}[2J\\u{202e}\u{10ffff}\\u{a}";
    let names = |text: &str| Readings {
        units: Some(vec![unit("", "", false), unit(text, text, true)]),
        reboot_required: Some(RebootRequired { required: false, reason: Some(text.into()) }),
        ..Readings::default()
    };
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let samples = vec![received(1, NOON, names(text))];
    fixture.store.record_visits(run, &[Visit { samples, ..visit(host, OutcomeKind::Ok) }]).unwrap();
    let row = fixture.untreated_samples()[0];
    assert_eq!(read(&fixture, row), names(plain));
}

#[test]
fn a_number_that_the_database_cannot_hold_is_refused_by_name() {
    let mut many = whole();
    many.rates.interfaces.as_mut().unwrap()[0].link_bits_per_second = Some(u64::MAX);
    let mut fixture = Fixture::new();
    let row = written(&mut fixture, &Readings::default());
    let refused = fixture.store.write(|db| readings::write_lists(db, row, &many)).unwrap_err();
    assert!(refused.to_string().starts_with("the speed of a link is 18446744073709551615"), "{refused}");
}
