//! The zones of `/sys/class/thermal`: all that many boards have.

use sample::{Temperature, most};

use super::{Names, Tree, critical, degrees, plain};

const CLASS: &str = "sys/class/thermal";

/// The zones; none where the kernel has no such folder, absent where there are zones and none could be read.
pub(super) fn read(tree: &Tree) -> Option<Vec<Temperature>> {
    let entries = tree.names(CLASS).unwrap_or_default();
    let mut numbers: Vec<u32> =
        entries.iter().filter_map(|entry| entry.strip_prefix("thermal_zone")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.truncate(most::SENSORS);
    let mut names = Names::default();
    let zones: Vec<Temperature> = numbers.iter().filter_map(|number| zone(tree, *number, &mut names)).collect();
    (numbers.is_empty() || !zones.is_empty()).then_some(zones)
}

fn zone(tree: &Tree, number: u32, names: &mut Names) -> Option<Temperature> {
    let file = |name: &str| tree.text(format!("{CLASS}/thermal_zone{number}/{name}"));
    let celsius = degrees(&file("temp")?)?;
    let name = file("type").and_then(|name| plain(&name)).unwrap_or_else(|| format!("thermal_zone{number}"));
    Some(Temperature { sensor: names.unique(name), celsius, critical_celsius: critical_trip(file) })
}

/// The trip point at which the kernel shuts the machine down. Trip points are numbered without gaps.
fn critical_trip(file: impl Fn(&str) -> Option<String>) -> Option<f64> {
    let kinds = (0..32).map_while(|trip| Some((trip, file(&format!("trip_point_{trip}_type"))?)));
    let (trip, _) = kinds.into_iter().find(|(_, kind)| kind.trim() == "critical")?;
    critical(&file(&format!("trip_point_{trip}_temp"))?)
}
