use sample::Metric;

use super::*;
use crate::{RuleKey, Selector, Telling, builtin, builtin_of_the_fleet};

fn of(metric: Metric, side: Side, levels: &[(Severity, f64)]) -> Rule {
    let key = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    let levels = levels.iter().map(|(severity, limit)| Level::new(*severity, *limit, None, side)).collect();
    Rule::new(key, side, levels, Telling::default()).unwrap()
}

fn said(rule: &Rule, label: &str) -> String {
    let settings = settings(rule, Repeats::default());
    settings.into_iter().find(|(found, _)| *found == label).map(|(_, text)| text).unwrap_or_default()
}

#[test]
fn a_rule_without_a_meaningful_number_says_what_it_is_about() {
    let limits: Vec<String> = builtin().iter().map(|rule| format!("{}: {}", rule.key, said(rule, "limits"))).collect();
    assert_eq!(
        limits,
        [
            "unreachable: critical when it is unreachable",
            "login: critical when it is refused",
            "host-key: critical when it is not the one on file",
            "probe: warning when it gives nothing usable",
            "reboot: info when it was rebooted",
            "gone: info when something that was there is gone",
            "process: critical when any is missing",
            "unit: critical when it is not active",
            "check: warning when it says warning or unknown; critical when it says critical",
            "array: critical when it is degraded",
            "read-only: critical when it can't be written",
            "stuck-mount: warning when it does not answer",
        ]
    );
    let collector = &builtin_of_the_fleet(Duration::from_mins(5))[0];
    assert_eq!(said(collector, "limits"), "critical after 15 min without a finished run");
    assert_eq!(
        said(&of(Metric::Check, Side::Above, &[(Severity::Warning, 2.0)]), "limits"),
        "warning when it says critical"
    );
    assert_eq!(
        said(&of(Metric::Check, Side::Above, &[(Severity::Critical, 1.0)]), "limits"),
        "critical when it is not ok"
    );
    assert_eq!(said(&of(Metric::Reboot, Side::Above, &[(Severity::Info, 0.0)]), "counts"), "told once, and never over");
}

#[test]
fn sizes_and_times_are_round_where_they_were_written_so() {
    let sizes = [20_000_000_000, 20 << 30, 1024, 1_500_000, 512, 0, 1_234_567].map(bytes);
    assert_eq!(sizes, ["20 GB", "20 GiB", "1 KiB", "1.5 MB", "512 B", "0 B", "1.2 MB"]);
    let limits = |metric, side, limit| said(&of(metric, side, &[(Severity::Warning, limit)]), "limits");
    assert_eq!(limits(Metric::DiskFull, Side::Below, 86_400.0), "warning below 24 h, over at 25 h 12 min");
    assert_eq!(limits(Metric::DiskFull, Side::Below, 129_600.0), "warning below 36 h, over at 37 h 48 min");
    assert_eq!(limits(Metric::SwapIn, Side::Above, 1024.0), "warning from 1 KiB/s on, over at 972.8 B/s");
    assert_eq!(limits(Metric::Uptime, Side::Above, 8_640_000.0), "warning from 100 d on, over at 95 d");
    assert_eq!(limits(Metric::Disk, Side::Above, 85.0), "warning from 85% on, over at 80.75%");
}

#[test]
fn everything_that_a_rule_says_is_said() {
    let mut rule = of(Metric::Disk, Side::Above, &[(Severity::Warning, 85.0), (Severity::Critical, 95.0)]);
    rule.and_free_below = Some(20_000_000_000);
    rule.floor_percent = Some(70.0);
    rule.rise = Hold { lasting: Duration::from_mins(10), times: 3 };
    rule.telling.url = Some("https://wiki\u{1b}".to_owned());
    rule.telling.text = Some("call us".to_owned());
    let said: Vec<String> =
        settings(&rule, Repeats::default()).into_iter().map(|(label, text)| format!("{label} {text}")).collect();
    assert_eq!(
        said,
        [
            "limits warning from 85% on, over at 80.75%; critical from 95% on, over at 90.25%",
            "counts an alert after 10 min and 3 in a row, over at once",
            "only if less than 20 GB are available",
            "only if at least 70% are in use",
            "tells nobody",
            "repeats warning every 1 d, critical every 4 h",
            "see https://wiki\\u{1b}",
            "says call us",
        ]
    );
}

#[test]
fn what_is_only_worth_knowing_is_never_repeated() {
    let mut rule = of(Metric::Users, Side::Above, &[(Severity::Info, 10.0)]);
    rule.telling.repeat = Repeat::Every(Duration::from_hours(1));
    assert_eq!(said(&rule, "repeats"), "never");
}
