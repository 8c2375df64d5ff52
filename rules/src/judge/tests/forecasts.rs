//! When filesystems will be full.

use super::*;

const HOUR: f64 = 3600.0;

/// Fires if a filesystem of which 70 % are in use will be full in a day.
fn disk_full() -> Rule {
    let mut rule = rule(Metric::DiskFull, "", Side::Below, Some(24.0 * HOUR));
    rule.floor_percent = Some(70.0);
    rule
}

/// A point every quarter of an hour of the last six hours, with so many bytes less each time.
fn falling(by: u64) -> Vec<FreeSpace> {
    (0..=24).map(|n| FreeSpace { at: minute(n as i64 * 15), avail_bytes: 24 * by + 1000 - n * by }).collect()
}

#[test]
fn a_filesystem_that_will_be_full_within_the_limit_fires() {
    let mut host = Host { free_space: falling(100), ..Host::with(vec![disk_full()]) };
    assert_eq!(host.disks(360, &[("/", 80), ("/var", 69)]), ["disk-full of / fired"]);
    assert_eq!(host.asked, [("/".to_owned(), minute(360))], "of what is below the floor nothing is asked");
    let state = host.watch.alerts.values().next().unwrap();
    assert_eq!(state.value, Some(2.5 * HOUR), "1000 bytes at 100 a quarter");
}

#[test]
fn it_is_over_when_it_fills_no_more_or_is_below_the_floor() {
    for (used, points) in [(80, falling(0)), (69, falling(100))] {
        let mut host = Host { free_space: falling(100), ..Host::with(vec![disk_full()]) };
        host.disks(360, &[("/", 80)]);
        host.free_space = points;
        assert_eq!(host.disks(365, &[("/", used)]), ["disk-full of / resolved"]);
    }
}

#[test]
fn too_few_points_say_nothing() {
    let mut host = Host { free_space: falling(100), ..Host::with(vec![disk_full()]) };
    host.disks(360, &[("/", 80)]);
    for points in [vec![], falling(0)[..11].to_vec(), falling(100)[..11].to_vec()] {
        host.free_space = points;
        assert_eq!(host.disks(365, &[("/", 80)]), nothing());
    }
    assert_eq!(host.watch.alerts.values().next().and_then(|state| state.seen), Some(minute(360)));
}

#[test]
fn a_year_stands_for_longer() {
    let mut late = rule(Metric::DiskFull, "", Side::Below, Some(40_000_000.0));
    late.floor_percent = None;
    let points: Vec<_> = falling(1).iter().map(|p| FreeSpace { avail_bytes: p.avail_bytes + 50_000, ..*p }).collect();
    let mut host = Host { free_space: points, ..Host::with(vec![late]) };
    host.disks(360, &[("/", 10)]);
    assert_eq!(host.watch.alerts.values().next().and_then(|state| state.value), Some(31_536_000.0));
}

#[test]
fn the_history_of_a_filesystem_is_asked_for_once_for_all_rules() {
    let mut second = disk_full();
    second.key.ordinal = 1;
    let mut host = Host { free_space: falling(100), ..Host::with(vec![disk_full(), second]) };
    assert_eq!(host.disks(360, &[("/", 80), ("/var", 90)]).len(), 4);
    let asked: Vec<&str> = host.asked.iter().map(|(mount, _)| mount.as_str()).collect();
    assert_eq!(asked, ["/", "/var"]);
}

#[test]
fn where_no_forecast_is_wanted_no_history_is_asked_for() {
    let mut host = Host::with(vec![disk_full(), rule(Metric::DiskFull, "/mnt", Side::Below, None)]);
    assert_eq!((host.disks(360, &[("/mnt", 90)]), host.asked), (nothing(), vec![]));
}
