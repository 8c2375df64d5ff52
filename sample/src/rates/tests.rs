use super::*;
use crate::{Boot, CpuCounters, Nonce, SampleId, Timestamp};

fn sample(boot: &str, elapsed_ms: u64, counters: Counters) -> Sample {
    Sample {
        id: SampleId([7; 16]),
        host: "web1".parse().unwrap(),
        nonce: Some(Nonce([9; 16])),
        host_time_ms: Timestamp::from_millis(1_795_241_857_000),
        boot: Some(Boot { id: boot.into(), elapsed_ms }),
        facts: crate::Facts::default(),
        readings: Readings {
            cpu: Some(crate::Cpu { busy_percent: 3.0, window_ms: 500, spot: true, ..crate::Cpu::default() }),
            ..Readings::default()
        },
        counters,
    }
}

/// Counters that all stand at `n` times something of their own.
fn counters(n: u64) -> Counters {
    Counters {
        cpu: Some(CpuCounters { user: 25 * n, idle: 75 * n, ..CpuCounters::default() }),
        pressure: Some(PressureCounters { io_some_us: Some(500_000 * n), ..PressureCounters::default() }),
        swap_in_bytes: Some(4096 * n),
        swap_out_bytes: None,
        oom_kills: Some(n),
        listen_drops: Some(3 * n),
        disks: Some(vec![disk(n)]),
        interfaces: Some(vec![interface(2, n)]),
    }
}

fn disk(n: u64) -> DiskCounters {
    DiskCounters {
        name: "sda".into(),
        reads: 10 * n,
        read_bytes: 40_960 * n,
        read_ms: 50 * n,
        writes: 0,
        written_bytes: 0,
        write_ms: 0,
        busy_ms: 200 * n,
        weighted_ms: 1500 * n,
    }
}

fn interface(index: u32, n: u64) -> InterfaceCounters {
    InterfaceCounters { name: "eth0".into(), index, up: Some(true), received_bytes: 1000 * n, ..Default::default() }
}

fn between(before: Sample, now: &Sample) -> Readings {
    now.readings_since(before.baseline_after(None).as_ref())
}

#[test]
fn two_samples_of_one_boot_give_means_over_the_time_between_them() {
    let readings = between(sample("a", 10_000, counters(1)), &sample("a", 14_000, counters(5)));
    let cpu = readings.cpu.unwrap();
    assert_eq!((cpu.busy_percent, cpu.window_ms, cpu.spot), (25.0, 4000, false));
    let rates = readings.rates;
    assert_eq!(rates.window_ms, Some(4000));
    assert_eq!(rates.pressure.unwrap(), Pressure { io_some_percent: Some(50.0), ..Pressure::default() });
    assert_eq!((rates.swap_in_bytes_per_second, rates.swap_out_bytes_per_second), (Some(4096.0), None));
    assert_eq!((rates.oom_kills, rates.listen_drops), (Some(4), Some(12)));
    let disk = DiskRates {
        name: "sda".into(),
        reads_per_second: Some(10.0),
        writes_per_second: Some(0.0),
        read_bytes_per_second: Some(40_960.0),
        written_bytes_per_second: Some(0.0),
        busy_percent: Some(20.0),
        read_await_ms: Some(5.0),
        write_await_ms: None,
        queue_length: Some(1.5),
    };
    assert_eq!(rates.disks.unwrap(), [disk]);
    assert_eq!(rates.interfaces.unwrap()[0].received_bytes_per_second, Some(1000.0));
}

#[test]
fn without_a_sample_before_in_this_boot_there_are_names_and_the_spot_value_alone() {
    let now = sample("b", 14_000, counters(5));
    let too_soon = sample("b", 13_501, Counters { oom_kills: None, listen_drops: None, ..counters(4) });
    let later = sample("b", 15_000, counters(6));
    let readings = [
        now.readings_since(None),
        between(sample("a", 10_000, counters(1)), &now),
        between(too_soon, &now),
        between(later, &now),
    ];
    for readings in readings {
        assert_eq!(readings.cpu, now.readings.cpu);
        let names = Rates {
            disks: Some(vec![DiskRates { name: "sda".into(), ..Default::default() }]),
            interfaces: Some(vec![InterfaceRates { name: "eth0".into(), up: Some(true), ..Default::default() }]),
            ..Rates::default()
        };
        assert_eq!(readings.rates, names);
    }
}

#[test]
fn counters_that_began_anew_give_nothing_negative_and_no_jump() {
    let readings = between(sample("a", 10_000, counters(9)), &sample("a", 14_000, counters(5)));
    assert!(readings.cpu.unwrap().spot);
    let rates = readings.rates;
    assert_eq!(rates.pressure, Some(Pressure::default()));
    assert_eq!((rates.swap_in_bytes_per_second, rates.oom_kills, rates.listen_drops), (None, None, None));
    let disk = DiskRates {
        name: "sda".into(),
        writes_per_second: Some(0.0),
        written_bytes_per_second: Some(0.0),
        ..Default::default()
    };
    assert_eq!(rates.disks.unwrap(), [disk]);
    assert_eq!(rates.interfaces.unwrap()[0].received_bytes_per_second, None);
}

#[test]
fn another_interface_of_the_same_name_is_another_one() {
    let mut now = counters(5);
    now.interfaces = Some(vec![interface(3, 5)]);
    let readings = between(sample("a", 10_000, counters(1)), &sample("a", 14_000, now));
    assert_eq!(readings.rates.interfaces.unwrap()[0].received_bytes_per_second, None);
}

#[test]
fn shares_of_time_never_pass_100() {
    let readings = between(sample("a", 10_000, counters(1)), &sample("a", 11_000, counters(9)));
    let rates = readings.rates;
    assert_eq!(rates.pressure.unwrap().io_some_percent, Some(100.0));
    assert_eq!(rates.disks.unwrap()[0].busy_percent, Some(100.0));
}

#[test]
fn a_baseline_survives_its_text_and_a_sample_without_a_boot_has_none() {
    let now = sample("a", 14_000, counters(5));
    let baseline = now.baseline_after(sample("a", 10_000, counters(4)).baseline_after(None).as_ref()).unwrap();
    assert_eq!(Baseline::decode(&baseline.encode()), Some(baseline.clone()));
    assert_eq!(Baseline::decode("{}"), None);
    assert_eq!(Sample { boot: None, ..now }.baseline_after(Some(&baseline)), None);
}

/// The window and the count of OOM kills of each sample, which come after each other; the counters grow by 1 a second.
fn in_turn(taken: &[(&str, u64)]) -> Vec<(Option<u64>, Option<u64>)> {
    let mut before = None;
    let told = taken.iter().map(|(boot, seconds)| {
        let now = sample(boot, seconds * 1000, counters(*seconds));
        let rates = now.readings_since(before.as_ref()).rates;
        before = now.baseline_after(before.as_ref());
        (rates.window_ms.map(|ms| ms / 1000), rates.oom_kills)
    });
    told.collect()
}

#[test]
fn a_visit_right_after_the_hosts_own_crontab_has_the_means_of_the_whole_cycle_and_counts_nothing_twice() {
    let (none, since) = ((None, None), |window, count| (Some(window), Some(count)));
    let told = in_turn(&[("a", 0), ("a", 300), ("a", 301), ("a", 600), ("a", 601), ("a", 602)]);
    assert_eq!(told, [none, since(300, 300), since(301, 1), since(299, 299), since(301, 1), since(302, 1)]);
}

#[test]
fn samples_that_follow_each_other_closely_are_compared_with_one_that_is_not_as_close() {
    let windows = |gap: u64, number: u64| {
        let taken: Vec<_> = (0..number).map(|n| ("a", n * gap)).collect();
        in_turn(&taken).into_iter().skip(1).map(|(window, _)| window.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(windows(10, 10), [10, 20, 30, 40, 50, 30, 40, 50, 30]);
    assert_eq!(windows(30, 4), [30, 30, 30]);
    assert_eq!(in_turn(&[("a", 500), ("a", 900), ("b", 10), ("b", 12)])[2..], [(None, None), (Some(2), Some(2))]);
}

#[test]
fn a_sample_that_was_held_back_is_known_by_its_time_since_boot() {
    let baseline = sample("a", 14_000, counters(5)).baseline_after(None).unwrap();
    assert!(baseline.is_ahead_of(&sample("a", 13_000, counters(4))));
    assert!(!baseline.is_ahead_of(&sample("a", 14_001, counters(6))));
    assert!(!baseline.is_ahead_of(&sample("b", 1, counters(0))));
}
