use super::*;
use crate::{AlertKey, End, Incident, RuleKey, Selector, Telling};

fn key(metric: Metric, name: &str) -> AlertKey {
    let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    AlertKey { rule, instance: Instance::from_stored(name) }
}

fn problem(metric: Metric, name: &str, value: f64, limit: f64) -> Incident {
    let at = Timestamp::from_millis(0);
    Incident {
        id: 1,
        host: None,
        key: key(metric, name),
        opened: at,
        severity: Severity::Critical,
        limit,
        value: Some(value),
        worst: value,
        flapping: false,
        ended: None,
        telling: Telling::default(),
        ack: None,
        told: vec![],
    }
}

fn ended(kind: EventKind, incident: Incident) -> String {
    headline(&Incident { ended: Some(End { kind, at: incident.opened }), ..incident })
}

#[test]
fn values_are_as_precise_as_people_need() {
    for (metric, number, text) in [
        (Metric::Memory, 91.24, "91.2%"),
        (Metric::Disk, 100.0, "100%"),
        (Metric::Cpu, 0.0, "0%"),
        (Metric::Load, 1.5, "1.5 per CPU"),
        (Metric::Load15, 5.0, "5 per CPU"),
        (Metric::Uptime, 8_640_000.0, "100 d"),
        (Metric::Clock, 1.54, "1.5 s"),
        (Metric::Clock, 90.0, "1 min 30 s"),
        (Metric::DiskLatency, 12.34, "12.3 ms"),
        (Metric::Zombies, 120.0, "120"),
        (Metric::InterfaceIn, 12_500_000.0, "12.5 MB/s"),
        (Metric::InterfaceOut, 999.0, "999 B/s"),
        (Metric::SwapIn, 4096.0, "4.1 kB/s"),
        (Metric::InterfaceDrops, 0.25, "0.25/s"),
        (Metric::Temperature, 71.0, "71 C"),
        (Metric::Fan, 900.0, "900 rpm"),
        (Metric::Check, 2.0, "critical"),
        (Metric::Array, 1.0, "degraded"),
        (Metric::DiskFull, 18_000.0, "5 h"),
        (Metric::DiskFull, 365.0 * 86_400.0, "more than a year"),
    ] {
        assert_eq!(value(metric, number), text, "{metric} {number}");
    }
}

#[test]
fn limits_are_written_as_people_set_them() {
    for (metric, number, text) in [
        (Metric::Disk, 95.0, "95%"),
        (Metric::Load, 1.125, "1.125"),
        (Metric::DiskFull, 86_400.0, "24 h"),
        (Metric::Uptime, 7.0 * 86_400.0, "7 d"),
        (Metric::Collector, 900.0, "15 min"),
        (Metric::Collector, 5400.0, "90 min"),
        (Metric::Clock, 0.5, "0.5 s"),
        (Metric::Clock, 90.0, "90 s"),
        (Metric::InterfaceIn, 1e9, "1 GB/s"),
        (Metric::Temperature, 80.0, "80 C"),
    ] {
        assert_eq!(limit(metric, number), text, "{metric} {number}");
    }
}

#[test]
fn no_value_makes_a_long_word_or_a_panic() {
    for metric in Metric::ALL {
        for number in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, -1.0, -0.0, 1e-300] {
            let words = [value(*metric, number), limit(*metric, number)];
            words.iter().for_each(|text| assert!(text.len() < 40 && !text.is_empty(), "{metric} {number}: {text}"));
            assert!(headline(&problem(*metric, "x", number, number)).len() < 120, "{metric} {number}");
        }
    }
    assert_eq!((span(i64::MIN), span(i64::MAX).len() < 40), ("0 s".to_owned(), true));
}

#[test]
fn spans_have_at_most_two_units() {
    for (seconds, text) in
        [(0, "0 s"), (59, "59 s"), (720, "12 min"), (11_100, "3 h 5 min"), (86_461, "1 d"), (90_000, "1 d 1 h")]
    {
        assert_eq!(span(seconds), text);
    }
}

#[test]
fn less_than_a_minute_is_not_worth_telling() {
    let at = Timestamp::from_millis;
    assert_eq!(lasted(at(0), at(59_999)), None);
    assert_eq!(lasted(at(0), at(60_000)), Some("1 min".to_owned()));
    assert_eq!(lasted(at(60_000), at(0)), None);
}

#[test]
fn an_alert_is_about_a_thing_that_people_know() {
    for (metric, name, text) in [
        (Metric::Memory, "", "memory"),
        (Metric::Disk, "/var", "disk /var"),
        (Metric::Check, "backup", "check backup"),
        (Metric::Process, "nginx", "process nginx"),
        (Metric::Pressure, "io", "pressure io"),
        (Metric::Unit, "nginx.service", "unit nginx.service"),
        (Metric::Unreachable, "", "host"),
        (Metric::HostKey, "", "host key"),
        (Metric::Gone, "interface eth1", "interface eth1"),
        (Metric::ReadOnly, "/", "mount /"),
    ] {
        assert_eq!(subject(&key(metric, name)), text);
    }
}

#[test]
fn a_problem_is_one_line() {
    for (metric, name, value, limit, text) in [
        (Metric::Disk, "/", 97.0, 95.0, "disk / 97% (limit 95%)"),
        (Metric::Unreachable, "", 1.0, 1.0, "host is unreachable"),
        (Metric::Login, "", 1.0, 1.0, "login is refused"),
        (Metric::HostKey, "", 1.0, 1.0, "host key is not the one on file"),
        (Metric::Probe, "", 1.0, 1.0, "the probe gives nothing usable"),
        (Metric::Process, "nginx", 1.0, 1.0, "process nginx: 1 missing"),
        (Metric::Unit, "nginx.service", 1.0, 1.0, "unit nginx.service is not active"),
        (Metric::Check, "backup", 2.0, 2.0, "check backup is critical"),
        (Metric::Check, "backup", 1.0, 1.0, "check backup is warning"),
        (Metric::DiskFull, "/", 18_000.0, 86_400.0, "disk / full in 5 h (limit 24 h)"),
        (Metric::DiskFull, "/", 0.0, 86_400.0, "disk / is full"),
        (Metric::Array, "md0", 1.0, 1.0, "array md0 is degraded"),
        (Metric::StuckMount, "/nfs", 1.0, 1.0, "mount /nfs does not answer"),
        (Metric::Collector, "", 3600.0, 900.0, "the collector finished no run for 1 h (limit 15 min)"),
        (Metric::RebootRequired, "", 1.0, 1.0, "a reboot is required"),
        (Metric::FailedUnits, "", 3.0, 1.0, "failed-units 3 (limit 1)"),
    ] {
        assert_eq!(headline(&problem(metric, name, value, limit)), text);
    }
    let flapping = Incident { flapping: true, ..problem(Metric::Disk, "/", 97.0, 95.0) };
    assert_eq!(headline(&flapping), "disk / 97% (limit 95%), comes and goes");
    let fine_again = Incident { worst: 2.0, ..problem(Metric::Check, "backup", 0.0, 1.0) };
    assert_eq!(headline(&fine_again), "check backup is critical", "it is not over yet");
}

#[test]
fn what_is_over_says_how_it_ended() {
    use EventKind::{Gone, Happened, Resolved, Withdrawn};
    for (kind, metric, name, value, limit, text) in [
        (Resolved, Metric::Disk, "/", 71.0, 95.0, "disk / back at 71% (limit 95%)"),
        (Withdrawn, Metric::Disk, "/", 97.0, 95.0, "disk / is no longer watched"),
        (Gone, Metric::Disk, "/data", 97.0, 95.0, "disk /data is gone"),
        (Gone, Metric::Process, "nginx", 1.0, 1.0, "process nginx is no longer asked for"),
        (Resolved, Metric::Unreachable, "", 0.0, 1.0, "host is reachable again"),
        (Resolved, Metric::Process, "nginx", 0.0, 1.0, "process nginx: none missing any more"),
        (Resolved, Metric::Unit, "a.service", 0.0, 1.0, "unit a.service is active again"),
        (Resolved, Metric::Check, "backup", 0.0, 2.0, "check backup is ok again"),
        (Resolved, Metric::DiskFull, "/", 180_000.0, 86_400.0, "disk / full only in 2 d 2 h (limit 24 h)"),
        (Resolved, Metric::DiskFull, "/", 31_536_000.0, 86_400.0, "disk / does not fill up any more"),
        (Happened, Metric::Reboot, "", 42.0, 0.0, "was rebooted"),
        (Happened, Metric::Gone, "mount /data", 1.0, 0.0, "mount /data is gone"),
    ] {
        assert_eq!(ended(kind, problem(metric, name, value, limit)), text);
    }
}

#[test]
fn a_name_of_a_hosts_choosing_is_shown_plain_and_cut() {
    let hostile = format!("/\u{1b}[2J\r\nBcc: x\u{202e}{}", "é\u{7}".repeat(2000));
    for metric in Metric::ALL {
        for kind in EventKind::ALL {
            let text = ended(kind, problem(*metric, &hostile, 1.0, 1.0));
            assert!(text.chars().count() < 200, "{metric} {kind:?}: {text}");
            assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{metric} {kind:?}: {text:?}");
        }
    }
    assert_eq!(subject(&key(Metric::Disk, &"x".repeat(101))), format!("disk {}…", "x".repeat(100)));
}

#[test]
fn only_what_is_well_again_is_ok() {
    let of = |kind| tag(Severity::Critical, kind);
    assert_eq!((of(None), of(Some(EventKind::Resolved)), of(Some(EventKind::Happened))), ("CRIT", "OK", "CRIT"));
    assert_eq!((of(Some(EventKind::Withdrawn)), of(Some(EventKind::Gone))), ("END", "END"));
}
