//! Temperatures and fans: `/sys/class/hwmon`, and `/sys/class/thermal` where that has no temperatures.
//!
//! Reading a sensor asks the device: over a slow bus it takes 100 ms, and from a disk that hangs it takes as long as
//! the disk. So each chip has a thread, and those that have not answered at the deadline are left out. Source: the
//! kernel's `Documentation/hwmon/sysfs-interface.rst`.

mod chips;
mod thermal;

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sample::{Fan, Temperature, most};

use super::Tree;
use chips::{Chip, Value};

/// How long all sensors together may take.
const DEADLINE: Duration = Duration::from_millis(300);

/// Stack of a thread that reads a few short files.
const STACK: usize = 128 << 10;

/// Both lists, the hottest first if there are more than a sample may have; absent where there is no `/sys`, or where there are sensors of that kind and none could be read.
pub(super) fn read(tree: &Tree) -> (Option<Vec<Temperature>>, Option<Vec<Fan>>) {
    let Some(chips) = chips::find(tree) else { return (None, None) };
    let (warm, turning) = (chips.iter().any(Chip::has_temperatures), chips.iter().any(Chip::has_fans));
    let (mut temperatures, mut fans) = ask(tree, chips);
    if temperatures.len() > most::SENSORS {
        temperatures.sort_by(|a, b| b.celsius.total_cmp(&a.celsius));
        temperatures.truncate(most::SENSORS);
    }
    fans.truncate(most::SENSORS);
    let temperatures = if warm { answered(temperatures) } else { thermal::read(tree) };
    (temperatures, if turning { answered(fans) } else { Some(Vec::new()) })
}

/// Sensors that all failed are not the same as none.
fn answered<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Asks all chips at the same time. What comes by the deadline is returned in the order of the chips.
fn ask(tree: &Tree, chips: Vec<Chip>) -> (Vec<Temperature>, Vec<Fan>) {
    let deadline = Instant::now() + DEADLINE;
    let (answers, arriving) = mpsc::channel();
    for (position, chip) in chips.into_iter().enumerate() {
        let (tree, answers) = (tree.clone(), answers.clone());
        // Without a thread to spare the chip is not asked. One that asks when nobody listens any more stops.
        let asking = move || chip.read(&tree, |name, value| answers.send((position, name, value)).is_ok());
        drop(thread::Builder::new().stack_size(STACK).spawn(asking));
    }
    drop(answers);
    let mut values = Vec::new();
    while let Ok(value) = arriving.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        values.push(value);
    }
    // Stable: within a chip they came in its own order.
    values.sort_by_key(|(position, ..)| *position);
    let mut names = Names::default();
    let (mut temperatures, mut fans) = (Vec::new(), Vec::new());
    for (_, name, value) in values {
        match value {
            Value::Temperature { celsius, critical_celsius } => {
                temperatures.push(Temperature { sensor: names.unique(name), celsius, critical_celsius });
            }
            Value::Fan { rpm } => fans.push(Fan { sensor: names.unique(name), rpm }),
        }
    }
    (temperatures, fans)
}

/// The names given out so far: two sensors of a chip may have the same label.
#[derive(Default)]
struct Names {
    given: HashSet<String>,
}

impl Names {
    fn unique(&mut self, name: String) -> String {
        let numbered = (2..).map(|number| format!("{name} #{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !self.given.contains(name));
        let free = free.expect("a set of names is finite");
        self.given.insert(free.clone());
        free
    }
}

/// Degrees from a file in thousandths; nothing if no sensor can mean it. A wire that came off reads -128 or worse.
fn degrees(thousandths: &str) -> Option<f64> {
    let thousandths: i32 = thousandths.trim().parse().ok()?;
    (-100_000..=300_000).contains(&thousandths).then(|| f64::from(thousandths) / 1000.0)
}

/// The temperature that a device calls critical. Many leave 0 or an extreme of their register there.
fn critical(thousandths: &str) -> Option<f64> {
    degrees(thousandths).filter(|celsius| *celsius > 0.0)
}

/// A name of the kernel's or of a driver's: one line, without control characters, bounded.
fn plain(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
