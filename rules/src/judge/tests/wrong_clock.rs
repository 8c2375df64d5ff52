//! A server whose clock was ahead for a run.

use super::*;
use crate::Hold;

const YEAR: i64 = 365 * 24 * 60;

/// A visit that brought a sample: filesystems as in [`Host::disks`].
fn visited(host: &mut Host, minutes: i64, used: u64) -> Vec<String> {
    let mut events = host.disks(minutes, &[("/", used)]);
    events.extend(host.visit(minutes, OutcomeKind::Ok));
    events
}

fn for_ten_minutes() -> Host {
    let mut rule = disk("", Some(90.0));
    rule.rise = Hold { lasting: Duration::from_secs(600), times: 1 };
    Host::with([builtin(), vec![rule]].concat())
}

#[test]
fn after_a_run_in_the_future_a_problem_fires_as_ever() {
    let mut host = for_ten_minutes();
    visited(&mut host, YEAR, 95);
    for minutes in [0, 5, 10] {
        assert_eq!(visited(&mut host, minutes, 95), nothing(), "minute {minutes}");
    }
    assert_eq!(visited(&mut host, 15, 95), ["disk of / fired"], "the first sample was late for all one knew");
    let problem = host.watch.alerts.values().find_map(|state| state.problem).unwrap();
    assert_eq!(problem.since, minute(5), "in the time that is right");
}

#[test]
fn changes_in_the_future_are_no_changes_of_today() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    for step in 0..5 {
        visited(&mut host, YEAR + step, if step % 2 == 0 { 95 } else { 50 });
    }
    visited(&mut host, 0, 95);
    assert_eq!(visited(&mut host, 5, 50), ["disk of / resolved"], "and not flapping");
}

#[test]
fn what_flapped_in_the_future_is_waited_for_from_now_on() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    for step in 0..6 {
        visited(&mut host, YEAR + step, if step % 2 == 0 { 95 } else { 50 });
    }
    for minutes in (0..60).step_by(5) {
        assert_eq!(visited(&mut host, minutes, 50), nothing(), "minute {minutes}");
    }
    assert_eq!(visited(&mut host, 60, 50), ["disk of / resolved"]);
}

#[test]
fn a_reboot_and_a_loss_after_a_run_in_the_future_are_noticed() {
    let mut host = Host::with(builtin());
    let (all, one) = (disk_readings(&[("/", 10), ("/mnt", 10)]), disk_readings(&[("/", 10)]));
    let mut sample = |minutes, boot_id, readings| {
        let mut events = host.events(&Seen::Sample {
            taken: minute(minutes),
            boot_id: Some(boot_id),
            clock_skew_ms: None,
            readings,
        });
        events.extend(host.visit(minutes, OutcomeKind::Ok));
        events
    };
    sample(YEAR, "a", &all);
    assert_eq!(sample(0, "a", &all), nothing());
    assert_eq!(sample(5, "b", &one), ["reboot happened"]);
    assert_eq!(sample(10, "b", &one), ["gone of mount /mnt happened"]);
}

#[test]
fn samples_of_days_ago_that_come_late_set_no_clock() {
    let mut host = for_ten_minutes();
    visited(&mut host, 10 * 1440, 95);
    for minutes in 0..3 {
        host.disks(5 * minutes, &[("/", 95)]);
    }
    assert_eq!(host.watch.familiar.taken, Some(minute(10 * 1440)));
    assert!(host.watch.alerts.values().all(|state| state.seen == Some(minute(10 * 1440))));
}
