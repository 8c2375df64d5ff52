use super::*;
use sample::{
    Array, Check, CheckState, Cpu, DiskRates, Fan, Filesystem, InterfaceRates, Load, Memory, Pressure, Rates,
    RebootRequired, StuckMount, Swap, SystemdUnit, Temperature, Usage, WantedProcess, most,
};

fn fs(mount: &str, used: u64) -> Filesystem {
    let (mount, fs_type) = (mount.to_owned(), "ext4".to_owned());
    Filesystem { mount, fs_type, size_bytes: 100, used_bytes: used, avail_bytes: 100 - used, ..Filesystem::default() }
}

fn sampled(metric: Metric, readings: &Readings) -> Observed {
    let taken = Timestamp::from_millis(0);
    observe(metric, &Seen::Sample { taken, boot_id: None, clock_skew_ms: None, readings })
}

/// The values of things, by name.
fn values(metric: Metric, readings: &Readings) -> Vec<(String, f64)> {
    let values = sampled(metric, readings).values;
    values.into_iter().map(|(instance, value, _)| (instance.as_str().to_owned(), value)).collect()
}

fn of_things(values: &[(&str, f64)]) -> Vec<(String, f64)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn named(name: &str) -> Instance {
    Instance::Named(name.to_owned())
}

#[test]
fn each_filesystem_is_an_instance_of_its_own_and_says_what_is_available() {
    let readings = Readings { filesystems: Some(vec![fs("/", 10), fs("/var", 90)]), ..Readings::default() };
    let expected = [(named("/"), 10.0, Some(90)), (named("/var"), 90.0, Some(10))];
    assert_eq!(sampled(Metric::Disk, &readings).values, expected);
}

#[test]
fn a_thing_is_known_by_its_plain_name_and_seen_once() {
    let twice = vec![fs("/srv/a\u{200d}b", 90), fs("/srv/a\\u{200d}b", 10), fs("", 50)];
    let readings = Readings { filesystems: Some(twice), ..Readings::default() };
    assert_eq!(values(Metric::Disk, &readings), of_things(&[("/srv/a\\u{200d}b", 90.0)]));
}

#[test]
fn what_was_not_read_is_not_seen_and_nothing_is_gone() {
    for metric in Metric::ALL {
        assert_eq!(sampled(*metric, &Readings::default()), Observed::default(), "{metric}");
    }
    let load = Some(Load { one: 3.0, five: 0.0, fifteen: 0.0 });
    assert_eq!(values(Metric::Load, &Readings { load, ..Readings::default() }), []);
    let no_cpus = Readings { load, logical_cpus: Some(0), ..Readings::default() };
    assert_eq!(values(Metric::Load, &no_cpus), []);
}

#[test]
fn cpu_is_the_mean_since_the_sample_before_and_never_a_spot_value() {
    for metric in [Metric::Cpu, Metric::CpuCore, Metric::CpuIowait, Metric::CpuSteal] {
        let busy = |spot: bool| {
            let part = Some(97.5);
            let cpu = Cpu { busy_percent: 97.5, window_ms: 500, spot, iowait_percent: part, ..Cpu::default() };
            let cpu = Cpu { steal_percent: part, busiest_core_percent: part, ..cpu };
            values(metric, &Readings { cpu: Some(cpu), ..Readings::default() })
        };
        assert_eq!((busy(false), busy(true)), (of_things(&[("", 97.5)]), vec![]), "{metric}");
    }
}

#[test]
fn what_a_host_has_once_is_a_value_of_the_host() {
    let readings = Readings {
        memory: Some(Memory { total_bytes: 1000, available_bytes: 150, ..Memory::default() }),
        swap: Some(Swap { total_bytes: 100, free_bytes: 75 }),
        load: Some(Load { one: 3.0, five: 4.0, fifteen: 5.0 }),
        logical_cpus: Some(2),
        uptime_seconds: Some(60),
        conntrack: Some(Usage { used: 1, limit: 4 }),
        clock_synchronized: Some(false),
        reboot_required: Some(RebootRequired { required: true, reason: None }),
        security_updates: Some(7),
        units: Some(vec![unit("a.service", "failed", false), unit("b.service", "active", true)]),
        rates: Rates { oom_kills: Some(2), swap_in_bytes_per_second: Some(0.5), ..Rates::default() },
        ..Readings::default()
    };
    for (metric, value) in [
        (Metric::Memory, 85.0),
        (Metric::Swap, 25.0),
        (Metric::Load, 1.5),
        (Metric::Load5, 2.0),
        (Metric::Load15, 2.5),
        (Metric::Uptime, 60.0),
        (Metric::Conntrack, 25.0),
        (Metric::ClockUnsynchronized, 1.0),
        (Metric::RebootRequired, 1.0),
        (Metric::SecurityUpdates, 7.0),
        (Metric::FailedUnits, 1.0),
        (Metric::OomKills, 2.0),
        (Metric::SwapIn, 0.5),
    ] {
        assert_eq!(values(metric, &readings), of_things(&[("", value)]), "{metric}");
    }
}

#[test]
fn a_clock_is_off_whichever_way_it_is() {
    for skew in [-1500, 1500] {
        let seen = Seen::Sample {
            taken: Timestamp::from_millis(0),
            boot_id: None,
            clock_skew_ms: Some(skew),
            readings: &Readings::default(),
        };
        assert_eq!(observe(Metric::Clock, &seen).of(&Instance::Host), Observation::Value(1.5, None));
    }
}

#[test]
fn a_thing_that_is_there_without_a_value_is_not_gone() {
    let disk = |name: &str, busy_percent| DiskRates { name: name.into(), busy_percent, ..DiskRates::default() };
    let disks = Some(vec![disk("sda", Some(3.0)), disk("sdb", None)]);
    let observed =
        sampled(Metric::DiskBusy, &Readings { rates: Rates { disks, ..Rates::default() }, ..Readings::default() });
    assert_eq!(observed.of(&named("sda")), Observation::Value(3.0, None));
    assert_eq!(observed.of(&named("sdb")), Observation::Absent);
    assert_eq!(observed.of(&named("sdc")), Observation::Gone);
}

#[test]
fn in_a_list_that_may_have_been_cut_nothing_is_gone() {
    let many = |number: usize| {
        let filesystems = Some((0..number).map(|n| fs(&format!("/{n}"), 1)).collect());
        let readings = Readings { filesystems, stuck_mounts: Some(vec![]), ..Readings::default() };
        sampled(Metric::Disk, &readings).of(&named("/var"))
    };
    assert_eq!((many(most::FILESYSTEMS - 1), many(most::FILESYSTEMS)), (Observation::Gone, Observation::Absent));
}

#[test]
fn a_mount_that_does_not_answer_is_stuck_and_not_gone_and_one_that_answers_again_is_over() {
    let stuck = StuckMount { mount: "/nfs".into(), fs_type: "nfs4".into(), since_ms: None };
    let readings =
        Readings { filesystems: Some(vec![fs("/", 10)]), stuck_mounts: Some(vec![stuck]), ..Readings::default() };
    assert_eq!(values(Metric::StuckMount, &readings), of_things(&[("/nfs", 1.0), ("/", 0.0)]));
    for metric in [Metric::Disk, Metric::Inodes, Metric::ReadOnly] {
        assert_eq!(sampled(metric, &readings).of(&named("/nfs")), Observation::Absent, "{metric}");
        assert_eq!(sampled(metric, &readings).of(&named("/srv")), Observation::Gone, "{metric}");
    }
    assert_eq!(sampled(Metric::StuckMount, &readings).of(&named("/srv")), Observation::Gone);
    let unknown = Readings { stuck_mounts: None, ..readings };
    assert_eq!(sampled(Metric::Disk, &unknown).of(&named("/srv")), Observation::Absent, "it may be stuck");
}

#[test]
fn swap_that_was_switched_off_is_gone() {
    let memory = Some(Memory { total_bytes: 1000, available_bytes: 150, ..Memory::default() });
    let off = sampled(Metric::Swap, &Readings { memory, ..Readings::default() });
    let unknown = sampled(Metric::Swap, &Readings::default());
    assert_eq!((off.of(&Instance::Host), unknown.of(&Instance::Host)), (Observation::Gone, Observation::Absent));
}

#[test]
fn tasks_wait_for_each_resource_on_its_own() {
    let pressure = Pressure {
        cpu_some_percent: Some(5.0),
        io_some_percent: Some(60.0),
        io_full_percent: Some(1.0),
        ..Pressure::default()
    };
    let rates = Rates { pressure: Some(pressure), ..Rates::default() };
    let readings = Readings { rates, ..Readings::default() };
    assert_eq!(values(Metric::Pressure, &readings), of_things(&[("cpu", 5.0), ("io", 60.0)]));
    assert_eq!(sampled(Metric::Pressure, &readings).of(&named("memory")), Observation::Absent);
}

#[test]
fn a_disk_is_as_slow_as_the_slower_of_reads_and_writes() {
    let disk = |name: &str, read_await_ms, write_await_ms| DiskRates {
        name: name.into(),
        read_await_ms,
        write_await_ms,
        ..DiskRates::default()
    };
    let disks = vec![disk("a", Some(1.0), Some(9.0)), disk("b", Some(2.0), None), disk("idle", None, None)];
    let readings = Readings { rates: Rates { disks: Some(disks), ..Rates::default() }, ..Readings::default() };
    assert_eq!(values(Metric::DiskLatency, &readings), of_things(&[("a", 9.0), ("b", 2.0)]));
}

#[test]
fn errors_and_drops_of_an_interface_are_those_of_both_ways() {
    let eth0 = InterfaceRates {
        name: "eth0".into(),
        up: Some(false),
        received_errors_per_second: Some(1.0),
        sent_errors_per_second: Some(2.0),
        received_dropped_per_second: Some(3.0),
        sent_dropped_per_second: None,
        received_bytes_per_second: Some(4.0),
        ..InterfaceRates::default()
    };
    let rates = Rates { interfaces: Some(vec![eth0]), ..Rates::default() };
    let readings = Readings { rates, ..Readings::default() };
    let value = |metric| sampled(metric, &readings).of(&named("eth0"));
    assert_eq!(value(Metric::InterfaceErrors), Observation::Value(3.0, None));
    assert_eq!(value(Metric::InterfaceDrops), Observation::Absent, "one way is not both");
    assert_eq!(value(Metric::InterfaceIn), Observation::Value(4.0, None));
    assert_eq!(value(Metric::InterfaceDown), Observation::Value(1.0, None));
}

fn unit(name: &str, active_state: &str, wanted: bool) -> SystemdUnit {
    SystemdUnit { name: name.into(), load_state: "loaded".into(), active_state: active_state.into(), wanted }
}

#[test]
fn a_wanted_unit_is_fine_while_it_works() {
    let state = |active_state: &str| {
        let units = Some(vec![unit("a.service", active_state, true), unit("b.service", "failed", false)]);
        values(Metric::Unit, &Readings { units, ..Readings::default() })
    };
    for working in ["active", "reloading", "refreshing"] {
        assert_eq!(state(working), of_things(&[("a.service", 0.0)]), "{working}");
    }
    for not_working in ["inactive", "failed", "activating", "deactivating", "maintenance", ""] {
        assert_eq!(state(not_working), of_things(&[("a.service", 1.0)]), "{not_working}");
    }
}

#[test]
fn what_was_asked_for_has_a_value_of_its_own() {
    let check =
        |name: &str, state| Check { name: name.into(), state, output: String::new(), duration_ms: 1, values: vec![] };
    let process = |name: &str, min, count| WantedProcess { name: name.into(), min, count };
    let readings = Readings {
        wanted_processes: Some(vec![process("nginx", 3, 1), process("sshd", 1, 4)]),
        checks: Some(vec![
            check("a", CheckState::Ok),
            check("b", CheckState::Warning),
            check("c", CheckState::Critical),
            check("d", CheckState::Unknown),
        ]),
        arrays: Some(vec![Array { name: "md0".into(), degraded: true, ..Array::default() }]),
        temperatures: Some(vec![Temperature { sensor: "cpu".into(), celsius: -3.5, critical_celsius: None }]),
        fans: Some(vec![Fan { sensor: "fan1".into(), rpm: 900 }]),
        filesystems: Some(vec![Filesystem { unexpectedly_read_only: true, read_only: true, ..fs("/", 1) }]),
        ..Readings::default()
    };
    assert_eq!(values(Metric::Process, &readings), of_things(&[("nginx", 2.0), ("sshd", 0.0)]));
    assert_eq!(values(Metric::Check, &readings), of_things(&[("a", 0.0), ("b", 1.0), ("c", 2.0), ("d", 1.0)]));
    assert_eq!(values(Metric::Array, &readings), of_things(&[("md0", 1.0)]));
    assert_eq!(values(Metric::Temperature, &readings), of_things(&[("cpu", -3.5)]));
    assert_eq!(values(Metric::Fan, &readings), of_things(&[("fan1", 900.0)]));
    assert_eq!(values(Metric::ReadOnly, &readings), of_things(&[("/", 1.0)]));
}

#[test]
fn a_visit_that_came_further_says_that_what_was_before_is_fine_and_nothing_of_what_comes_after() {
    let said = |kind| {
        let metrics = [Metric::Unreachable, Metric::HostKey, Metric::Login, Metric::Probe];
        metrics.map(|metric| match observe(metric, &Seen::Outcome { kind, at: Timestamp::from_millis(0) }) {
            Observed { values, .. } if values.is_empty() => '-',
            Observed { values, .. } => {
                if values[0].1 == 1.0 {
                    '1'
                } else {
                    '0'
                }
            }
        })
    };
    for kind in OutcomeKind::ALL {
        let expected = match kind {
            OutcomeKind::Ok => "0000",
            OutcomeKind::Cancelled | OutcomeKind::Internal => "----",
            OutcomeKind::HostKeyUnknown | OutcomeKind::HostKeyChanged | OutcomeKind::HostKeyRevoked => "01--",
            OutcomeKind::AuthFailed | OutcomeKind::AuthTimeout => "001-",
            OutcomeKind::ShellUnusable | OutcomeKind::NoWorkDir | OutcomeKind::ArchUnsupported => "0001",
            OutcomeKind::ProbeFailed | OutcomeKind::CommandTimeout | OutcomeKind::EnvelopeRejected => "0001",
            OutcomeKind::JumpFailed | OutcomeKind::DnsFailed | OutcomeKind::ConnectRefused => "1---",
            OutcomeKind::Unreachable | OutcomeKind::ConnectTimeout | OutcomeKind::Throttled => "1---",
            OutcomeKind::HandshakeFailed | OutcomeKind::HandshakeTimeout | OutcomeKind::SessionLost => "1---",
            OutcomeKind::HostTimeout => "1---",
        };
        assert_eq!(said(*kind).iter().collect::<String>(), expected, "{kind}");
    }
}

#[test]
fn the_collector_is_silent_for_so_many_seconds_and_that_says_nothing_of_a_host() {
    let seen = Seen::Collector { at: Timestamp::from_millis(0), silent_seconds: 900 };
    assert_eq!(observe(Metric::Collector, &seen).of(&Instance::Host), Observation::Value(900.0, None));
    assert_eq!(observe(Metric::Unreachable, &seen), Observed::default());
}
