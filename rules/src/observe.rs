//! From readings to the values a rule compares.

use std::fmt;

use sample::{Filesystem, Metric, Readings};

use crate::{RuleKey, Selector};

/// The thing a value was seen on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instance {
    /// The host as a whole.
    Host,
    /// A filesystem, by its mount point. Chosen by the host.
    Mount(String),
}

impl Instance {
    /// Empty for the host, else the mount point.
    pub fn as_str(&self) -> &str {
        match self {
            Instance::Host => "",
            Instance::Mount(mount) => mount,
        }
    }

    /// The instance of a metric that [`Instance::as_str`] gave.
    pub fn from_stored(text: &str) -> Instance {
        if text.is_empty() { Instance::Host } else { Instance::Mount(text.to_owned()) }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", sample::Untrusted(self.as_str()))
    }
}

/// Returns the values in `readings` that the rule watches, in the metric's unit. What was not read yields nothing.
pub fn observe(key: &RuleKey, readings: &Readings) -> Vec<(Instance, f64)> {
    let host = |value: Option<f64>| value.map(|value| (Instance::Host, value)).into_iter().collect();
    match key.metric {
        // Half a second of the host's time, in which it was busy with our own login, is no reason to wake somebody.
        Metric::Cpu => host(readings.cpu.filter(|cpu| !cpu.spot).map(|cpu| cpu.busy_percent)),
        Metric::Memory => host(readings.memory.map(|memory| memory.used_percent())),
        Metric::Swap => host(readings.swap.map(|swap| swap.used_percent())),
        Metric::Load => host(readings.load.zip(readings.logical_cpus).map(|(load, cpus)| load.one / f64::from(cpus))),
        Metric::Uptime => host(readings.uptime_seconds.map(|seconds| seconds as f64)),
        Metric::Disk => filesystems(&key.selector, readings, Filesystem::used_percent),
        Metric::Inodes => filesystems(&key.selector, readings, Filesystem::inodes_used_percent),
    }
}

fn filesystems(
    selector: &Selector,
    readings: &Readings,
    value: impl Fn(&Filesystem) -> Option<f64>,
) -> Vec<(Instance, f64)> {
    let all = readings.filesystems.iter().flatten();
    let wanted = all.filter(|fs| match selector {
        Selector::Every => true,
        // The database keeps plain text, and config.xml may name a mount point as the host does.
        Selector::Mount(mount) => sample::plain(mount) == sample::plain(&fs.mount),
    });
    wanted.filter_map(|fs| Some((Instance::Mount(fs.mount.clone()), value(fs)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::{Cpu, Load, Memory};

    fn fs(mount: &str, used: u64) -> Filesystem {
        let (mount, fs_type) = (mount.to_owned(), "ext4".to_owned());
        Filesystem {
            mount,
            fs_type,
            size_bytes: 100,
            used_bytes: used,
            avail_bytes: 100 - used,
            ..Filesystem::default()
        }
    }

    fn key(metric: Metric, selector: Selector) -> RuleKey {
        RuleKey { metric, selector, ordinal: 0 }
    }

    #[test]
    fn each_filesystem_is_an_instance_of_its_own_unless_one_is_selected() {
        let readings = Readings { filesystems: Some(vec![fs("/", 10), fs("/var", 90)]), ..Readings::default() };
        let at = |mount: &str| Instance::Mount(mount.to_owned());
        let every = observe(&key(Metric::Disk, Selector::Every), &readings);
        assert_eq!(every, [(at("/"), 10.0), (at("/var"), 90.0)]);
        let one = observe(&key(Metric::Disk, Selector::Mount("/var".into())), &readings);
        assert_eq!(one, [(at("/var"), 90.0)]);
    }

    #[test]
    fn a_mount_point_with_hidden_characters_is_selected_as_the_host_names_it() {
        let key = key(Metric::Disk, Selector::Mount("/srv/a\u{200d}b".into()));
        for reported in ["/srv/a\u{200d}b", "/srv/a\\u{200d}b"] {
            let readings =
                Readings { filesystems: Some(vec![fs("/srv/ab", 1), fs(reported, 90)]), ..Readings::default() };
            assert_eq!(observe(&key, &readings), [(Instance::Mount(reported.to_owned()), 90.0)]);
        }
    }

    #[test]
    fn what_was_not_read_is_not_seen() {
        for metric in Metric::ALL {
            assert_eq!(observe(&key(metric, Selector::Every), &Readings::default()), []);
        }
        let load = Some(Load { one: 3.0, five: 0.0, fifteen: 0.0 });
        let unknown_cpus = Readings { load, ..Readings::default() };
        assert_eq!(observe(&key(Metric::Load, Selector::Every), &unknown_cpus), []);
    }

    #[test]
    fn cpu_is_the_mean_since_the_sample_before_and_never_a_spot_value() {
        let busy = |spot: bool| {
            let cpu = Cpu { busy_percent: 97.5, window_ms: 500, spot, ..Cpu::default() };
            observe(&key(Metric::Cpu, Selector::Every), &Readings { cpu: Some(cpu), ..Readings::default() })
        };
        assert_eq!((busy(false), busy(true)), (vec![(Instance::Host, 97.5)], vec![]));
    }

    #[test]
    fn memory_is_the_used_share_and_load_is_per_cpu() {
        let readings = Readings {
            memory: Some(Memory { total_bytes: 1000, available_bytes: 150, ..Memory::default() }),
            load: Some(Load { one: 3.0, five: 0.0, fifteen: 0.0 }),
            logical_cpus: Some(2),
            ..Readings::default()
        };
        assert_eq!(observe(&key(Metric::Memory, Selector::Every), &readings), [(Instance::Host, 85.0)]);
        assert_eq!(observe(&key(Metric::Load, Selector::Every), &readings), [(Instance::Host, 1.5)]);
    }
}
