//! What becomes of the rows of a host, with its rules.

mod forecasts;
mod moments;
mod remembered;
mod selectors;
mod visits;
mod wrong_clock;

use sample::{Filesystem, OutcomeKind, Readings};

use super::*;
use crate::{Severity, Side, Telling, builtin};

/// A host with its rules and what is remembered of it, a cycle of five minutes, and the history of its filesystems.
#[derive(Default)]
struct Host {
    rules: Vec<Rule>,
    watch: Watch,
    free_space: Vec<FreeSpace>,
    /// The filesystems whose history was asked for, and up to when.
    asked: Vec<(String, Timestamp)>,
}

impl Host {
    fn with(rules: Vec<Rule>) -> Host {
        Host { rules, ..Host::default() }
    }

    fn judge(&mut self, seen: &Seen<'_>) -> Vec<Change> {
        let rules: Vec<&Rule> = self.rules.iter().collect();
        let (points, asked) = (&self.free_space, &mut self.asked);
        let mut free_space = |mount: &str, at| {
            asked.push((mount.to_owned(), at));
            points.clone()
        };
        judge(&rules, &mut self.watch, seen, Duration::from_secs(300), &mut free_space)
    }

    /// The events of a row, such as `disk mount=/var of /var fired`.
    fn events(&mut self, seen: &Seen<'_>) -> Vec<String> {
        let of = |key: &AlertKey| match &key.instance {
            Instance::Host => key.rule.to_string(),
            Instance::Named(name) => format!("{} of {name}", key.rule),
        };
        let told = |change: &Change| Some(format!("{} {}", of(&change.key), change.event?.kind.name()));
        self.judge(seen).iter().filter_map(told).collect()
    }

    fn sample(&mut self, minutes: i64, readings: &Readings) -> Vec<String> {
        self.events(&Seen::Sample { taken: minute(minutes), boot_id: None, clock_skew_ms: None, readings })
    }

    fn visit(&mut self, minutes: i64, kind: OutcomeKind) -> Vec<String> {
        self.events(&Seen::Outcome { kind, at: minute(minutes) })
    }

    /// Takes a sample with filesystems of which so much is in use, percent.
    fn disks(&mut self, minutes: i64, disks: &[(&str, u64)]) -> Vec<String> {
        self.sample(minutes, &disk_readings(disks))
    }
}

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000)
}

fn disk_readings(disks: &[(&str, u64)]) -> Readings {
    let filesystem = |(mount, used): &(&str, u64)| Filesystem {
        mount: (*mount).to_owned(),
        fs_type: "ext4".to_owned(),
        size_bytes: 100,
        used_bytes: *used,
        avail_bytes: 100 - *used,
        ..Filesystem::default()
    };
    let filesystems = Some(disks.iter().map(filesystem).collect());
    Readings { filesystems, stuck_mounts: Some(vec![]), ..Readings::default() }
}

/// A rule over disks that fires at the limit; an empty selector selects all, no limit switches off.
fn disk(selector: &str, limit: Option<f64>) -> Rule {
    rule(Metric::Disk, selector, Side::Above, limit)
}

fn rule(metric: Metric, selector: &str, side: Side, limit: Option<f64>) -> Rule {
    let key = RuleKey { metric, selector: Selector::from_stored(selector), ordinal: 0 };
    let level = |limit| Level::new(Severity::Warning, limit, None, side);
    Rule::new(key, side, limit.map(level).into_iter().collect(), Telling::default()).unwrap()
}

fn nothing() -> Vec<String> {
    vec![]
}
