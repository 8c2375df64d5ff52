//! What is kept, what is told to the caller, and what is forgotten.

use super::*;

fn changed(host: &mut Host, minutes: i64, readings: &Readings) -> Vec<Change> {
    host.judge(&Seen::Sample { taken: minute(minutes), boot_id: None, clock_skew_ms: None, readings })
}

#[test]
fn what_is_well_leaves_no_trace() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    assert_eq!(changed(&mut host, 0, &disk_readings(&[("/", 50), ("/var", 89)])), []);
    assert_eq!(host.watch.alerts.len(), 0);
}

#[test]
fn each_alert_that_changed_is_returned_also_without_an_event() {
    let mut twice = disk("", Some(90.0));
    twice.rise.times = 2;
    let mut host = Host::with(vec![twice]);
    let pending = changed(&mut host, 0, &disk_readings(&[("/", 95), ("/var", 10)]));
    assert_eq!(pending.iter().map(|change| change.event).collect::<Vec<_>>(), [None]);
    assert!(host.watch.alerts[&pending[0].key].is_pending());
    let over = changed(&mut host, 5, &disk_readings(&[("/", 10), ("/var", 10)]));
    assert_eq!((over[0].key == pending[0].key, over[0].event), (true, None));
    assert_eq!(host.watch.alerts.get(&over[0].key), None, "it may be forgotten");
}

#[test]
fn a_list_that_could_not_be_read_changes_nothing() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    host.disks(0, &[("/", 95)]);
    let before = host.watch.clone();
    for at in [5, 10, 15] {
        assert_eq!(changed(&mut host, at, &Readings::default()), []);
    }
    assert_eq!(host.watch.alerts, before.alerts);
}

#[test]
fn what_is_missing_from_a_whole_list_twice_is_gone() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    host.disks(0, &[("/", 95), ("/mnt", 95)]);
    assert_eq!(host.disks(5, &[("/", 95)]), nothing());
    assert_eq!(host.disks(10, &[("/", 95)]), ["disk of /mnt gone"]);
    assert_eq!(host.watch.alerts.len(), 1);
    assert_eq!(host.disks(15, &[("/", 95)]), nothing());
}

#[test]
fn a_problem_that_is_over_is_remembered_for_two_hours_as_it_may_flap() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    host.disks(0, &[("/", 95)]);
    host.disks(5, &[("/", 10)]);
    host.disks(125, &[("/", 10)]);
    assert_eq!(host.watch.alerts.len(), 1);
    host.disks(126, &[("/", 10)]);
    assert_eq!(host.watch.alerts.len(), 0);
}

#[test]
fn rows_in_two_portions_come_to_the_same() {
    let rules = [builtin(), vec![disk("", Some(90.0))]].concat();
    let rows: Vec<Vec<(&str, u64)>> = (0..60)
        .map(|n| vec![("/", n * 37 % 100), ("/var", n * 53 % 100)][usize::from(n % 7 == 0)..].to_vec())
        .collect();
    let mut whole = Host::with(rules.clone());
    let told: Vec<_> = rows.iter().zip(0..).map(|(row, n)| whole.disks(n * 5, row)).collect();
    for cut in [1, 30, 59] {
        let mut first = Host::with(rules.clone());
        rows[..cut].iter().zip(0..).for_each(|(row, n)| drop(first.disks(n * 5, row)));
        let mut second = Host { watch: first.watch, ..Host::with(rules.clone()) };
        let rest: Vec<_> = rows.iter().zip(0..).skip(cut).map(|(row, n)| second.disks(n * 5, row)).collect();
        assert_eq!((rest, second.watch), (told[cut..].to_vec(), whole.watch.clone()));
    }
}
