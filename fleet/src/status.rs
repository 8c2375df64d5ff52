//! The hosts to show: those of config.xml, each with what the database knows of it.

use std::collections::HashMap;

use sample::{Filesystem, HostName, Readings};
use storage::HostStatus;

/// A host to show.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Its name.
    pub name: HostName,
    /// What the database knows of it; nothing if no run has selected it yet.
    pub known: Option<HostStatus>,
}

impl Host {
    /// What the newest sample measured.
    pub fn readings(&self) -> Option<&Readings> {
        Some(&self.known.as_ref()?.sample.as_ref()?.readings)
    }
}

/// Returns the configured hosts in their order; then, if `all` is wanted, those that only the database knows.
pub fn hosts<'a>(configured: impl IntoIterator<Item = &'a HostName>, known: Vec<HostStatus>, all: bool) -> Vec<Host> {
    let order: Vec<HostName> = known.iter().map(|status| status.name.clone()).collect();
    let mut by_name: HashMap<HostName, HostStatus> =
        known.into_iter().map(|status| (status.name.clone(), status)).collect();
    let mut take = |name: &HostName| Host { name: name.clone(), known: by_name.remove(name) };
    let mut hosts: Vec<Host> = configured.into_iter().map(&mut take).collect();
    if all {
        let others = order.iter().map(take).filter(|host| host.known.is_some());
        hosts.extend(others);
    }
    hosts
}

/// Returns the filesystem with the highest share in use, and that share in percent.
pub fn fullest(readings: &Readings) -> Option<(&Filesystem, f64)> {
    let all = readings.filesystems.iter().flatten();
    let sized = all.filter_map(|filesystem| Some((filesystem, filesystem.used_percent()?)));
    sized.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use rules::{AlertKey, Instance, RuleKey, Selector};
    use sample::{Cpu, Facts, Load, Memory, Metric, Outcome, OutcomeKind, Timestamp};
    use storage::{FiringAlert, LatestSample};

    use super::*;

    /// 2026-11-21 06:17:37 UTC.
    pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_795_241_857_000);

    pub(crate) fn unvisited(name: &str) -> HostStatus {
        let (outcome, last_ok, sample, firing) = (None, None, None, vec![]);
        let (facts, probe_version) = (Facts::default(), None);
        HostStatus {
            name: name.parse().unwrap(),
            outcome,
            last_ok,
            sample,
            firing,
            facts,
            probe_version,
            unreadable: vec![],
        }
    }

    pub(crate) fn visited(name: &str, kind: OutcomeKind) -> HostStatus {
        let outcome = Outcome { kind, detail: None, at: NOON, duration: Duration::from_millis(120) };
        HostStatus { outcome: Some(outcome), ..unvisited(name) }
    }

    /// A good visit three minutes ago, and two alerts.
    pub(crate) fn busy(name: &str, mount: &str) -> HostStatus {
        let filesystems = vec![filesystem("/", 40), filesystem(mount, 91)];
        let readings = Readings {
            cpu: Some(Cpu { busy_percent: 12.25, window_ms: 300_000, ..Cpu::default() }),
            memory: Some(Memory { total_bytes: 1000, available_bytes: 150, ..Memory::default() }),
            load: Some(Load { one: 0.5, five: 0.25, fifteen: 0.125 }),
            filesystems: Some(filesystems),
            ..Readings::default()
        };
        let taken = NOON.plus_millis(-180_500);
        let disk = firing(Metric::Disk, Instance::Named(mount.to_owned()));
        HostStatus {
            last_ok: Some(NOON.plus_millis(-180_000)),
            sample: Some(LatestSample { taken, clock_skew_ms: None, readings }),
            firing: vec![firing(Metric::Cpu, Instance::Host), disk],
            ..visited(name, OutcomeKind::Ok)
        }
    }

    fn firing(metric: Metric, instance: Instance) -> FiringAlert {
        let key = AlertKey { rule: RuleKey { metric, selector: Selector::Every, ordinal: 0 }, instance };
        FiringAlert { key, since: NOON, worst: 97.5 }
    }

    fn filesystem(mount: &str, used: u64) -> Filesystem {
        let (inodes, inodes_free) = (None, None);
        let (mount, fs_type) = (mount.to_owned(), "ext4".to_owned());
        Filesystem {
            mount,
            fs_type,
            size_bytes: 100,
            used_bytes: used,
            avail_bytes: 100 - used,
            inodes,
            inodes_free,
            ..Filesystem::default()
        }
    }

    #[test]
    fn hosts_come_in_the_order_of_config_xml_and_others_only_if_wanted() {
        let configured: Vec<HostName> = ["web2", "new", "db1"].iter().map(|name| name.parse().unwrap()).collect();
        let known = || vec![unvisited("db1"), unvisited("gone"), unvisited("web2")];
        let shown = |all| {
            let hosts = hosts(&configured, known(), all).into_iter();
            hosts.map(|host| (host.name.to_string(), host.known.is_some())).collect::<Vec<_>>()
        };
        let of = |name: &str, known| (name.to_owned(), known);
        assert_eq!(shown(false), [of("web2", true), of("new", false), of("db1", true)]);
        assert_eq!(shown(true), [of("web2", true), of("new", false), of("db1", true), of("gone", true)]);
    }

    #[test]
    fn the_fullest_filesystem_is_found_among_those_that_have_a_size() {
        let none = Filesystem { used_bytes: 0, avail_bytes: 0, ..filesystem("/proc", 0) };
        let all = vec![filesystem("/", 40), filesystem("/var", 91), none.clone()];
        let readings = Readings { filesystems: Some(all), ..Readings::default() };
        let (filesystem, percent) = fullest(&readings).unwrap();
        assert_eq!((filesystem.mount.as_str(), percent), ("/var", 91.0));
        assert_eq!(fullest(&Readings { filesystems: Some(vec![none]), ..Readings::default() }), None);
    }
}
