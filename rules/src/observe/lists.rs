//! What a sample says of a host's things, each of which has a name.

use std::collections::BTreeSet;

use sample::{CheckState, DiskRates, Filesystem, InterfaceRates, Readings, SystemdUnit, most, plain};

use super::measured::state;
use super::{Instance, Observed};

/// Collects the values of things. Of things of the same name the first counts.
#[derive(Default)]
struct Things {
    observed: Observed,
    seen: BTreeSet<Instance>,
}

impl Things {
    /// Things of a list that holds `most` at most: at that, some may be missing.
    fn of_list<T>(list: &Option<Vec<T>>, most: usize) -> (Things, impl Iterator<Item = &T>) {
        let is_complete = list.as_ref().is_some_and(|list| list.len() < most);
        let observed = Observed { is_complete, ..Observed::default() };
        (Things { observed, ..Things::default() }, list.iter().flatten())
    }

    fn add(&mut self, name: &str, value: Option<f64>, avail_bytes: Option<u64>) {
        // The empty name is the host's own.
        if name.is_empty() {
            return;
        }
        let instance = Instance::Named(plain(name).into_owned());
        if !self.seen.insert(instance.clone()) {
            return;
        }
        match value.filter(|value| value.is_finite()) {
            Some(value) => self.observed.values.push((instance, value, avail_bytes)),
            None => drop(self.observed.unread.insert(instance)),
        }
    }
}

pub(super) fn disks(readings: &Readings) -> Observed {
    mounts(readings, |fs| Some((fs.used_percent()?, Some(fs.avail_bytes))))
}

pub(super) fn inodes(readings: &Readings) -> Observed {
    mounts(readings, |fs| Some((fs.inodes_used_percent()?, None)))
}

pub(super) fn read_only(readings: &Readings) -> Observed {
    mounts(readings, |fs| Some((state(fs.unexpectedly_read_only), None)))
}

/// A mount that does not answer is not among the filesystems, but it is there.
fn mounts(readings: &Readings, value: impl Fn(&Filesystem) -> Option<(f64, Option<u64>)>) -> Observed {
    let (mut things, filesystems) = Things::of_list(&readings.filesystems, most::FILESYSTEMS);
    for fs in filesystems {
        let value = value(fs);
        things.add(&fs.mount, value.map(|(value, _)| value), value.and_then(|(_, avail_bytes)| avail_bytes));
    }
    let (stuck, mounts) = Things::of_list(&readings.stuck_mounts, most::FILESYSTEMS);
    mounts.for_each(|mount| things.add(&mount.mount, None, None));
    things.observed.is_complete &= stuck.observed.is_complete;
    things.observed
}

/// 1 for those that don't answer, 0 for those that do.
pub(super) fn stuck_mounts(readings: &Readings) -> Observed {
    let (mut things, mounts) = Things::of_list(&readings.stuck_mounts, most::FILESYSTEMS);
    mounts.for_each(|mount| things.add(&mount.mount, Some(1.0), None));
    let (answering, filesystems) = Things::of_list(&readings.filesystems, most::FILESYSTEMS);
    filesystems.for_each(|fs| things.add(&fs.mount, Some(0.0), None));
    things.observed.is_complete &= answering.observed.is_complete;
    things.observed
}

/// Resources don't come and go.
pub(super) fn pressure(readings: &Readings) -> Observed {
    let mut things = Things::default();
    if let Some(pressure) = readings.rates.pressure {
        things.add("cpu", pressure.cpu_some_percent, None);
        things.add("memory", pressure.memory_some_percent, None);
        things.add("io", pressure.io_some_percent, None);
    }
    things.observed
}

pub(super) fn arrays(readings: &Readings) -> Observed {
    let (mut things, arrays) = Things::of_list(&readings.arrays, most::ARRAYS);
    arrays.for_each(|array| things.add(&array.name, Some(state(array.degraded)), None));
    things.observed
}

pub(super) fn devices(readings: &Readings, value: impl Fn(&DiskRates) -> Option<f64>) -> Observed {
    let (mut things, disks) = Things::of_list(&readings.rates.disks, most::DEVICES);
    disks.for_each(|disk| things.add(&disk.name, value(disk), None));
    things.observed
}

pub(super) fn interfaces(readings: &Readings, value: impl Fn(&InterfaceRates) -> Option<f64>) -> Observed {
    let (mut things, interfaces) = Things::of_list(&readings.rates.interfaces, most::DEVICES);
    interfaces.for_each(|interface| things.add(&interface.name, value(interface), None));
    things.observed
}

pub(super) fn temperatures(readings: &Readings) -> Observed {
    let (mut things, temperatures) = Things::of_list(&readings.temperatures, most::SENSORS);
    temperatures.for_each(|temperature| things.add(&temperature.sensor, Some(temperature.celsius), None));
    things.observed
}

pub(super) fn fans(readings: &Readings) -> Observed {
    let (mut things, fans) = Things::of_list(&readings.fans, most::SENSORS);
    fans.for_each(|fan| things.add(&fan.sensor, Some(fan.rpm as f64), None));
    things.observed
}

/// How many are missing.
pub(super) fn wanted_processes(readings: &Readings) -> Observed {
    let (mut things, processes) = Things::of_list(&readings.wanted_processes, most::WATCHED);
    for process in processes {
        things.add(&process.name, Some(f64::from(process.min.saturating_sub(process.count))), None);
    }
    things.observed
}

pub(super) fn wanted_units(readings: &Readings) -> Observed {
    let (mut things, units) = Things::of_list(&readings.units, most::WATCHED);
    for unit in units.filter(|unit| unit.wanted) {
        things.add(&unit.name, Some(state(!serves(unit))), None);
    }
    things.observed
}

/// A unit that reloads its configuration goes on with its work. One that is `activating` does not work yet: a service
/// that ends again and again, and that systemd starts again each time, is in that state nearly always.
fn serves(unit: &SystemdUnit) -> bool {
    matches!(unit.active_state.as_str(), "active" | "reloading" | "refreshing")
}

pub(super) fn checks(readings: &Readings) -> Observed {
    let (mut things, checks) = Things::of_list(&readings.checks, most::WATCHED);
    for check in checks {
        let value = match check.state {
            CheckState::Ok => 0.0,
            CheckState::Warning | CheckState::Unknown => 1.0,
            CheckState::Critical => 2.0,
        };
        things.add(&check.name, Some(value), None);
    }
    things.observed
}
