//! Reboots, and what a host has lost.

use super::*;

fn booted<'r>(minutes: i64, boot_id: Option<&'r str>, readings: &'r Readings) -> Seen<'r> {
    Seen::Sample { taken: minute(minutes), boot_id, clock_skew_ms: None, readings }
}

#[test]
fn a_reboot_is_told_once_with_the_uptime() {
    let mut host = Host::with(builtin());
    let readings = Readings { uptime_seconds: Some(77), ..Readings::default() };
    assert_eq!(host.events(&booted(0, Some("a"), &readings)), nothing(), "the first boot known is none");
    assert_eq!(host.events(&booted(5, None, &readings)), nothing());
    let changes = host.judge(&booted(10, Some("b"), &readings));
    let event = changes[0].event.unwrap();
    assert_eq!((changes.len(), event.kind, event.value), (1, EventKind::Happened, Some(77.0)));
    let booted_at = minute(10) - Duration::from_secs(77);
    assert_eq!((event.at, event.since, event.severity), (booted_at, booted_at, Severity::Info));
    assert_eq!(host.events(&booted(15, Some("b"), &readings)), nothing());
    assert_eq!(host.watch.alerts.len(), 0);
}

#[test]
fn a_reboot_is_told_at_its_own_time_where_that_can_be_true() {
    for (uptime_seconds, at) in [
        (Some(120), 8),
        (Some(0), 10),
        // Before the sample that was taken in the boot before: a clock was set.
        (Some(600), 10),
        (Some(u64::MAX), 10),
        (None, 10),
    ] {
        let mut host = Host::with(builtin());
        let readings = Readings { uptime_seconds, ..Readings::default() };
        host.events(&booted(0, Some("a"), &readings));
        let event = host.judge(&booted(10, Some("b"), &readings))[0].event.unwrap();
        assert_eq!((event.at, event.since), (minute(at), minute(at)), "{uptime_seconds:?}");
    }
}

#[test]
fn a_sample_from_before_the_reboot_that_comes_late_is_no_reboot() {
    let mut host = Host::with([builtin(), vec![disk("", Some(90.0))]].concat());
    let (well, full) = (disk_readings(&[("/", 10)]), disk_readings(&[("/", 95)]));
    host.events(&booted(10, Some("b"), &well));
    assert_eq!(host.events(&booted(5, Some("a"), &full)), ["disk of / fired"], "it is judged all the same");
    let at = host.watch.alerts.values().next().and_then(|state| state.problem).map(|problem| problem.since);
    assert_eq!(at, Some(minute(5)), "in its own time");
    assert_eq!(host.events(&booted(15, Some("b"), &full)), nothing());
}

#[test]
fn a_familiar_mount_that_is_missing_twice_is_told_once() {
    let mut host = Host::with(builtin());
    let (all, one) = ([("/", 10), ("/mnt", 10)], [("/", 10)]);
    host.disks(0, &all);
    assert_eq!(host.disks(5, &one), nothing());
    assert_eq!(host.disks(3, &one), nothing(), "a late sample does not count");
    assert_eq!(host.sample(7, &Readings::default()), nothing(), "nor one that could not be read");
    assert_eq!(host.disks(10, &one), ["gone of mount /mnt happened"]);
    assert_eq!(host.disks(15, &one), nothing());
}

#[test]
fn what_happens_in_a_moment_can_be_switched_off() {
    let mut host = Host::with(vec![rule(Metric::Reboot, "", Side::Above, None)]);
    let readings = Readings::default();
    host.events(&booted(0, Some("a"), &readings));
    assert_eq!(host.events(&booted(5, Some("b"), &readings)), nothing());
    assert_eq!(host.watch.familiar.boot_id.as_deref(), Some("b"));
}
