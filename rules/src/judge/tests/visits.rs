//! What the ends of visits say.

use super::*;

use OutcomeKind as Ended;

#[test]
fn a_host_is_down_after_two_visits_and_up_after_one() {
    let mut host = Host::with(builtin());
    assert_eq!(host.visit(0, Ended::ConnectTimeout), nothing());
    assert_eq!(host.visit(5, Ended::DnsFailed), ["unreachable fired"]);
    assert_eq!(host.visit(10, Ended::Unreachable), nothing());
    assert_eq!(host.visit(15, Ended::Ok), ["unreachable resolved"]);
}

#[test]
fn a_visit_that_comes_further_ends_what_was_before() {
    let mut host = Host::with(builtin());
    host.visit(0, Ended::ConnectRefused);
    assert_eq!(host.visit(5, Ended::ConnectRefused), ["unreachable fired"]);
    assert_eq!(host.visit(10, Ended::HostKeyChanged), ["unreachable resolved", "host-key fired"]);
    assert_eq!(host.visit(15, Ended::AuthFailed), ["host-key resolved"]);
    assert_eq!(host.visit(20, Ended::AuthFailed), ["login fired"]);
    assert_eq!(host.visit(25, Ended::ProbeFailed), ["login resolved"]);
    assert_eq!(host.visit(30, Ended::ProbeFailed), ["probe fired"]);
    assert_eq!(host.visit(35, Ended::Unreachable), nothing(), "of the probe nothing is known");
    assert_eq!(host.visit(40, Ended::Ok), ["probe resolved"]);
}

#[test]
fn a_visit_that_was_given_up_says_nothing() {
    let mut host = Host::with(builtin());
    host.visit(0, Ended::ConnectRefused);
    for kind in [Ended::Cancelled, Ended::Internal] {
        assert_eq!(host.visit(5, kind), nothing());
    }
    assert_eq!(host.visit(10, Ended::ConnectRefused), ["unreachable fired"], "they are still two in a row");
}

#[test]
fn samples_say_nothing_of_visits_and_visits_nothing_of_disks() {
    let mut host = Host::with([builtin(), vec![disk("", Some(90.0))]].concat());
    host.visit(0, Ended::ConnectRefused);
    host.visit(5, Ended::ConnectRefused);
    assert_eq!(host.disks(6, &[("/", 95)]), ["disk of / fired"], "a sample that waited in the spool");
    assert_eq!(host.watch.alerts.len(), 2);
    for at in [10, 15, 20] {
        assert_eq!(host.visit(at, Ended::ConnectRefused), nothing());
    }
    assert_eq!(host.disks(25, &[("/", 10)]), ["disk of / resolved"]);
    assert_eq!(host.visit(25, Ended::Ok), ["unreachable resolved"]);
}

#[test]
fn a_collector_that_is_silent_is_told_until_it_runs_again() {
    let mut fleet = Host::with(crate::builtin_of_the_fleet(Duration::from_secs(300)));
    let silent = |minutes, silent_seconds| Seen::Collector { at: minute(minutes), silent_seconds };
    assert_eq!(fleet.events(&silent(0, 899)), nothing());
    assert_eq!(fleet.events(&silent(5, 900)), ["collector fired"]);
    assert_eq!(fleet.events(&silent(10, 1200)), nothing());
    assert_eq!(fleet.events(&silent(15, 10)), ["collector resolved"]);
}

#[test]
fn a_silence_lasts_from_the_end_of_a_run_to_the_end_of_the_next_whenever_somebody_looks() {
    let mut fleet = Host::with(crate::builtin_of_the_fleet(Duration::from_secs(300)));
    let silent = |minutes, silent_seconds| Seen::Collector { at: minute(minutes), silent_seconds };
    let fired = fleet.judge(&silent(150, 150 * 60))[0].event.unwrap();
    assert_eq!((fired.since, fired.at, fired.value), (minute(0), minute(150), Some(9000.0)));
    assert_eq!(fleet.events(&silent(155, 155 * 60)), nothing());
    let over = fleet.judge(&silent(160, 120))[0].event.unwrap();
    assert_eq!((over.since, over.at, over.worst), (minute(0), minute(158), 9300.0));
}
