//! Makes a sample fit into an envelope by leaving out what matters least.
//!
//! Lists are cut in the order of this file. In the first round each keeps a fourth of the room, so that one that is
//! out of all proportion goes before a modest one that matters less; then a sixteenth; then nothing.

use sample::{Counters, Facts, Readings, Sample};
use serde::Serialize;

use crate::measure::fullest_first;

/// Room for what the length of a list says beside its entries: brackets, and counts of what was left out.
const SLACK: usize = 64;
/// Longest output of a check that is told when there is no room for more.
const SHORT_OUTPUT: usize = 200;

/// The sample as bytes, at most so many. What is left out is gone from the sample too.
pub(super) fn encode(sample: &mut Sample, most: usize) -> Vec<u8> {
    let mut bytes = sample.encode();
    for allowance in [most / 4, most / 16, 0] {
        if bytes.len() <= most {
            return bytes;
        }
        let mut cut = Cut { over: bytes.len() - most + SLACK, allowance };
        cut.watched_closely(&mut sample.readings);
        cut.counters(&mut sample.counters);
        cut.watched(&mut sample.readings);
        bytes = sample.encode();
    }
    if bytes.len() > most {
        // That the host is there is the most important news of it.
        (sample.facts, sample.readings) = (Facts::default(), Readings::default());
        sample.counters = Counters::default();
        bytes = sample.encode();
    }
    bytes
}

/// One round of cutting.
struct Cut {
    /// How many bytes too many there still are.
    over: usize,
    /// How many bytes each list may keep.
    allowance: usize,
}

impl Cut {
    /// What helps to find a cause.
    fn watched_closely(&mut self, readings: &mut Readings) {
        if let Some(processes) = readings.processes.as_mut() {
            let arguments = processes.top.iter_mut().map(|process| &mut process.arguments);
            self.each(arguments.rev(), |arguments| drop(arguments.take()));
            self.list(Some(&mut processes.top));
        }
        if let Some(log) = readings.log.as_mut() {
            // The oldest go first.
            log.lines.reverse();
            log.omitted = log.omitted.saturating_add(self.list(Some(&mut log.lines)));
            log.lines.reverse();
        }
        self.list(readings.listeners.as_mut());
        let mut checks: Vec<_> = readings.checks.iter_mut().flatten().collect();
        self.each(checks.iter_mut().rev().map(|check| &mut check.values), Vec::clear);
        self.each(checks.iter_mut().rev().map(|check| &mut check.output), |output| {
            output.truncate(output.floor_char_boundary(SHORT_OUTPUT));
        });
        self.list(readings.fans.as_mut());
        self.list(readings.temperatures.as_mut());
    }

    /// What rates are made of.
    fn counters(&mut self, counters: &mut Counters) {
        // Of half the CPUs the busiest would be the wrong one.
        self.each(counters.cpu.iter_mut().map(|cpu| &mut cpu.cores), Vec::clear);
        self.list(counters.interfaces.as_mut());
        self.list(counters.disks.as_mut());
    }

    /// What alerts are made of.
    fn watched(&mut self, readings: &mut Readings) {
        if let Some(units) = readings.units.as_mut().filter(|_| self.over > 0) {
            // Those that were asked for come first, and so stay longer.
            units.sort_by_key(|unit| !unit.wanted);
            self.list(Some(units));
        }
        self.list(readings.arrays.as_mut());
        self.list(readings.checks.as_mut());
        self.list(readings.wanted_processes.as_mut());
        self.list(readings.stuck_mounts.as_mut());
        if let Some(filesystems) = readings.filesystems.as_mut().filter(|_| self.over > 0) {
            filesystems.sort_by(fullest_first);
            self.list(Some(filesystems));
        }
    }

    /// Takes entries from the end of a list, and tells how many.
    fn list<T: Serialize>(&mut self, list: Option<&mut Vec<T>>) -> u64 {
        let Some(list) = list.filter(|_| self.over > 0) else { return 0 };
        let sizes: Vec<usize> = list.iter().map(size).collect();
        let (mut left, mut gone) = (sizes.iter().sum::<usize>(), 0);
        for size in sizes.into_iter().rev() {
            if self.over == 0 || left <= self.allowance {
                break;
            }
            list.pop();
            gone += 1;
            left -= size;
            self.over = self.over.saturating_sub(size);
        }
        gone
    }

    /// Shortens parts of entries, one after the other.
    fn each<'a, T: Serialize + 'a>(&mut self, parts: impl Iterator<Item = &'a mut T>, shorten: impl Fn(&mut T)) {
        if self.over == 0 {
            return;
        }
        let parts: Vec<_> = parts.collect();
        let mut left: usize = parts.iter().map(size).sum();
        for part in parts {
            if self.over == 0 || left <= self.allowance {
                break;
            }
            let before = size(part);
            shorten(part);
            let saved = before.saturating_sub(size(part));
            left -= saved;
            self.over = self.over.saturating_sub(saved);
        }
    }
}

/// What it takes in a list, with the comma.
fn size<T: Serialize>(entry: &T) -> usize {
    serde_json::to_vec(entry).map_or(0, |bytes| bytes.len() + 1)
}

#[cfg(test)]
mod tests;
