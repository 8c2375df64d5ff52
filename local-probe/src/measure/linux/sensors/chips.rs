//! The chips of `/sys/class/hwmon`.

use std::fs;

use super::{Tree, critical, degrees, plain};

const CLASS: &str = "sys/class/hwmon";

/// Most chips that are asked, each by a thread of its own. A storage server has one for each disk.
const MOST_CHIPS: usize = 512;

/// Faster than anything that turns: a counter that overflowed.
const FASTEST_RPM: u64 = 1_000_000;

/// A chip, and which sensors it has.
pub(super) struct Chip {
    /// Its folder, below the root.
    folder: String,
    /// What its driver calls it, and its device where that alone would not tell it from another.
    name: String,
    temperatures: Vec<u32>,
    fans: Vec<u32>,
}

/// What a sensor says.
pub(super) enum Value {
    Temperature { celsius: f64, critical_celsius: Option<f64> },
    Fan { rpm: u64 },
}

/// All chips with a temperature or a fan, in the kernel's order. A kernel that runs no driver for any has no such
/// folder.
pub(super) fn find(tree: &Tree) -> Option<Vec<Chip>> {
    let Some(entries) = tree.names(CLASS) else {
        let no_drivers = tree.path("sys/class").is_dir() && !tree.path(CLASS).exists();
        return no_drivers.then(Vec::new);
    };
    let mut numbers: Vec<u32> = entries.iter().filter_map(|entry| entry.strip_prefix("hwmon")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.truncate(MOST_CHIPS);
    let found: Vec<(Chip, Option<String>)> =
        numbers.iter().filter_map(|number| chip(tree, &format!("{CLASS}/hwmon{number}"))).collect();
    Some(told_apart(found))
}

/// A chip with its driver's name, and the name of its device.
fn chip(tree: &Tree, entry: &str) -> Option<(Chip, Option<String>)> {
    let device = fs::read_link(tree.path(entry).join("device")).ok();
    let device = device.and_then(|path| plain(path.file_name()?.to_str()?));
    // Before Linux 3.15 many drivers kept their files with the device.
    [entry.to_owned(), format!("{entry}/device")].into_iter().find_map(|folder| {
        let files = tree.names(&folder)?;
        let (temperatures, fans) = (inputs(&files, "temp"), inputs(&files, "fan"));
        let name = tree.text(format!("{folder}/name")).and_then(|name| plain(&name));
        let name = name.or_else(|| device.clone()).or_else(|| plain(entry.rsplit('/').next()?))?;
        let has_any = !temperatures.is_empty() || !fans.is_empty();
        has_any.then(|| (Chip { folder, name, temperatures, fans }, device.clone()))
    })
}

/// The numbers of the files such as `temp1_input`.
fn inputs(files: &[String], kind: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> =
        files.iter().filter_map(|file| file.strip_prefix(kind)?.strip_suffix("_input")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// Adds the device to the names of chips that have the same: `nvme0` and `nvme1`, `k10temp 0000:00:18.3`. The numbers
/// of hwmon change from boot to boot, so they are no names.
fn told_apart(found: Vec<(Chip, Option<String>)>) -> Vec<Chip> {
    let names: Vec<String> = found.iter().map(|(chip, _)| chip.name.clone()).collect();
    let tell_apart = |(mut chip, device): (Chip, Option<String>)| {
        let same = names.iter().filter(|name| **name == chip.name).count();
        if let Some(device) = device.filter(|_| same > 1) {
            chip.name = if device.starts_with(&chip.name) { device } else { format!("{} {device}", chip.name) };
        }
        chip
    };
    found.into_iter().map(tell_apart).collect()
}

impl Chip {
    pub(super) fn has_temperatures(&self) -> bool {
        !self.temperatures.is_empty()
    }

    pub(super) fn has_fans(&self) -> bool {
        !self.fans.is_empty()
    }

    /// Reads one sensor after the other for as long as somebody takes them. A sensor with a fault, or that can't be
    /// read, is left out.
    pub(super) fn read(&self, tree: &Tree, take: impl Fn(String, Value) -> bool) {
        let temperatures = self.temperatures.iter().map(|number| ("temp", *number));
        for (kind, number) in temperatures.chain(self.fans.iter().map(|number| ("fan", *number))) {
            let Some((name, value)) = self.sensor(tree, kind, number) else { continue };
            if !take(name, value) {
                return;
            }
        }
    }

    fn sensor(&self, tree: &Tree, kind: &str, number: u32) -> Option<(String, Value)> {
        let file = |what: &str| tree.text(format!("{}/{kind}{number}_{what}", self.folder));
        if file("fault").is_some_and(|fault| fault.trim() != "0") {
            return None;
        }
        let value = match kind {
            "temp" => Value::Temperature {
                celsius: degrees(&file("input")?)?,
                critical_celsius: file("crit").and_then(|text| critical(&text)),
            },
            _ => Value::Fan { rpm: file("input")?.trim().parse().ok().filter(|rpm| *rpm <= FASTEST_RPM)? },
        };
        let label = file("label").and_then(|label| plain(&label)).unwrap_or_else(|| format!("{kind}{number}"));
        Some((format!("{} {label}", self.name), value))
    }
}
