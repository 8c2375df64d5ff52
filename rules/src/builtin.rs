//! The rules that every host has without a word in config.xml.

use std::time::Duration;

use sample::Metric;

use crate::{Level, Rule, RuleKey, Selector, Severity, Side, Telling};

/// A collector that is started less than once in so long a time is checked as if it were.
const SHORTEST_CYCLE: Duration = Duration::from_secs(60);
/// What happens in a moment is told whatever its value is.
const ANY: f64 = 0.0;

/// The rules of every host, without recipients. An `<alert>` of the same metric takes the place of one.
pub fn builtin() -> Vec<Rule> {
    use Severity::{Critical, Info, Warning};
    let at = |metric, severity, limit, times| rule(metric, &[(severity, limit)], times);
    vec![
        // One visit that fails is no news: a packet was lost, or sshd was restarted.
        at(Metric::Unreachable, Critical, 1.0, 2),
        at(Metric::Login, Critical, 1.0, 2),
        // Somebody may be listening.
        at(Metric::HostKey, Critical, 1.0, 1),
        at(Metric::Probe, Warning, 1.0, 2),
        at(Metric::Reboot, Info, ANY, 1),
        at(Metric::Gone, Info, ANY, 1),
        at(Metric::Process, Critical, 1.0, 1),
        at(Metric::Unit, Critical, 1.0, 1),
        rule(Metric::Check, &[(Warning, 1.0), (Critical, 2.0)], 1),
        at(Metric::Array, Critical, 1.0, 1),
        at(Metric::ReadOnly, Critical, 1.0, 1),
        // A server that is slow for a moment is not lost.
        at(Metric::StuckMount, Warning, 1.0, 2),
    ]
}

/// The rules over the fleet as a whole: that the collector runs. `cycle` is the usual time between two runs.
pub fn builtin_of_the_fleet(cycle: Duration) -> Vec<Rule> {
    let limit = cycle.max(SHORTEST_CYCLE).as_secs_f64() * 3.0;
    vec![rule(Metric::Collector, &[(Severity::Critical, limit)], 1)]
}

fn rule(metric: Metric, levels: &[(Severity, f64)], times: u32) -> Rule {
    let key = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    let level = |(severity, limit): &(Severity, f64)| Level::new(*severity, *limit, None, Side::Above);
    let levels = levels.iter().map(level).collect();
    let mut rule = Rule::new(key, Side::Above, levels, Telling::default())
        .expect("limits of ours are finite, not below zero, and in order");
    rule.rise.times = times;
    rule
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hold;

    #[test]
    fn every_host_has_these_rules() {
        let mut told = Vec::new();
        for rule in builtin() {
            let levels: Vec<String> =
                rule.levels().iter().map(|level| format!("{} {}", level.severity, level.limit)).collect();
            told.push(format!("{} {} x{}", rule.key, levels.join(" "), rule.rise.times));
            assert!(rule.fall == Hold::default() && rule.telling == Telling::default(), "{}", rule.key);
        }
        assert_eq!(
            told,
            [
                "unreachable critical 1 x2",
                "login critical 1 x2",
                "host-key critical 1 x1",
                "probe warning 1 x2",
                "reboot info 0 x1",
                "gone info 0 x1",
                "process critical 1 x1",
                "unit critical 1 x1",
                "check warning 1 critical 2 x1",
                "array critical 1 x1",
                "read-only critical 1 x1",
                "stuck-mount warning 1 x2",
            ]
        );
    }

    #[test]
    fn a_collector_is_missed_after_three_cycles_whatever_a_cycle_is() {
        for (cycle, limit) in [(300, 900.0), (0, 180.0), (u64::MAX, u64::MAX as f64 * 3.0)] {
            let rules = builtin_of_the_fleet(Duration::from_secs(cycle));
            assert_eq!((rules.len(), rules[0].levels()[0].limit), (1, limit), "{cycle}");
        }
    }

    #[test]
    fn a_critical_check_that_only_warns_is_better() {
        let check = builtin().into_iter().find(|rule| rule.key.metric == Metric::Check).unwrap();
        let clears: Vec<f64> = check.levels().iter().map(|level| level.clear).collect();
        assert!(clears[0] < 1.0 && (1.0..2.0).contains(&clears[1]), "{clears:?}");
    }
}
