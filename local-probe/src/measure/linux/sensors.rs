//! Temperatures and fans: `/sys/class/hwmon`, and `/sys/class/thermal` where that has no temperatures.
//!
//! Reading a sensor asks the device: over a slow bus it takes 100 ms, and from a disk that hangs it takes as long as
//! the disk. So each chip has a thread, and those that have not answered at the deadline are left out. Source: the
//! kernel's `Documentation/hwmon/sysfs-interface.rst`.

mod chips;
mod thermal;

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

/// Both lists, without the coolest if there are more than a sample may have. Absent where there is no `/sys`, or where
/// there are sensors of that kind and none could be read.
pub(super) fn read(tree: &Tree) -> (Option<Vec<Temperature>>, Option<Vec<Fan>>) {
    let Some(chips) = chips::find(tree) else { return (None, None) };
    let (warm, turning) = (chips.iter().any(Chip::has_temperatures), chips.iter().any(Chip::has_fans));
    let (mut temperatures, mut fans) = ask(tree, chips);
    while temperatures.len() > most::SENSORS {
        remove_coolest(&mut temperatures);
    }
    fans.truncate(most::SENSORS);
    let temperatures = if warm { answered(temperatures) } else { thermal::read(tree) };
    (temperatures, if turning { answered(fans) } else { Some(Vec::new()) })
}

fn remove_coolest(temperatures: &mut Vec<Temperature>) {
    let by_degrees = |(_, a): &(usize, &Temperature), (_, b): &(usize, &Temperature)| a.celsius.total_cmp(&b.celsius);
    let coolest = temperatures.iter().enumerate().min_by(by_degrees).map(|(position, _)| position);
    if let Some(position) = coolest {
        temperatures.remove(position);
    }
}

/// Sensors that all failed are not the same as none.
fn answered<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Asks all chips at the same time. What comes by the deadline is returned in the order of the chips.
fn ask(tree: &Tree, chips: Vec<Chip>) -> (Vec<Temperature>, Vec<Fan>) {
    let deadline = Instant::now() + DEADLINE;
    let (answers, arriving) = mpsc::channel();
    let mut by_chip: Vec<Vec<(String, Value)>> = chips.iter().map(|_| Vec::new()).collect();
    for (position, chip) in chips.into_iter().enumerate() {
        let (tree, answers) = (tree.clone(), answers.clone());
        // Without a thread to spare the chip is not asked. One that asks when nobody listens any more stops.
        let asking = move || chip.read(&tree, |name, value| answers.send((position, name, value)).is_ok());
        drop(thread::Builder::new().stack_size(STACK).spawn(asking));
    }
    drop(answers);
    while let Ok((position, name, value)) = arriving.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        by_chip[position].push((name, value));
    }
    let mut names = Names::default();
    let (mut temperatures, mut fans) = (Vec::new(), Vec::new());
    for (name, value) in by_chip.into_iter().flatten() {
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
    given: Vec<String>,
}

impl Names {
    fn unique(&mut self, name: String) -> String {
        let numbered = (2..).map(|number| format!("{name} #{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !self.given.contains(name));
        let free = free.expect("the names given out are finite");
        self.given.push(free.clone());
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
