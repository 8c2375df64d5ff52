//! What happened between two samples of the same boot.
//!
//! A counter that stepped back, a device that was replaced, CPUs that came or went: then the value is absent, never
//! negative and never a jump.

mod baseline;
mod cpu;

use std::collections::HashMap;

pub use baseline::Baseline;

use crate::{Counters, DiskCounters, InterfaceCounters, PressureCounters, Readings, Sample};

/// Shortest time between two samples that rates are made from: counters of CPU time have steps of 10 ms.
const SHORTEST_MS: u64 = 500;

/// Means since the sample before, of the same boot. Without one everything is absent but the names of devices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// The time since the sample that means and rates are made from, in milliseconds. Counts are those since the one
    /// before, whenever that was.
    pub window_ms: Option<u64>,
    /// Share of time in which tasks waited.
    pub pressure: Option<Pressure>,
    /// Bytes read back from swap, per second.
    pub swap_in_bytes_per_second: Option<f64>,
    /// Bytes written to swap, per second.
    pub swap_out_bytes_per_second: Option<f64>,
    /// Processes killed for want of memory since the sample before.
    pub oom_kills: Option<u64>,
    /// Connections dropped by listening sockets since the sample before.
    pub listen_drops: Option<u64>,
    /// Block devices; absent when the list could not be read.
    pub disks: Option<Vec<DiskRates>>,
    /// Network interfaces; absent when the list could not be read.
    pub interfaces: Option<Vec<InterfaceRates>>,
}

/// Share of time in which tasks waited, percent: 0 to 100. See [`PressureCounters`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// At least one waited for a CPU.
    pub cpu_some_percent: Option<f64>,
    /// At least one waited for memory.
    pub memory_some_percent: Option<f64>,
    /// All that were not idle waited for memory.
    pub memory_full_percent: Option<f64>,
    /// At least one waited for input or output.
    pub io_some_percent: Option<f64>,
    /// All that were not idle waited for input or output.
    pub io_full_percent: Option<f64>,
}

/// What a block device did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskRates {
    /// Its name.
    pub name: String,
    /// Reads completed, per second.
    pub reads_per_second: Option<f64>,
    /// Writes completed, per second.
    pub writes_per_second: Option<f64>,
    /// Bytes read, per second.
    pub read_bytes_per_second: Option<f64>,
    /// Bytes written, per second.
    pub written_bytes_per_second: Option<f64>,
    /// Share of time in which anything was under way, percent: 0 to 100. Says little of disks that do many things at
    /// once, such as NVMe and RAID.
    pub busy_percent: Option<f64>,
    /// How long a read took on average, in milliseconds; absent without a read.
    pub read_await_ms: Option<f64>,
    /// How long a write took on average, in milliseconds; absent without a write.
    pub write_await_ms: Option<f64>,
    /// How much was under way on average.
    pub queue_length: Option<f64>,
}

/// What a network interface did, per second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InterfaceRates {
    /// Its name.
    pub name: String,
    /// Whether it has a carrier.
    pub up: Option<bool>,
    /// The speed of the link, in bits per second.
    pub link_bits_per_second: Option<u64>,
    /// Bytes received.
    pub received_bytes_per_second: Option<f64>,
    /// Packets received.
    pub received_packets_per_second: Option<f64>,
    /// Packets received with an error.
    pub received_errors_per_second: Option<f64>,
    /// Packets received and dropped.
    pub received_dropped_per_second: Option<f64>,
    /// Bytes sent.
    pub sent_bytes_per_second: Option<f64>,
    /// Packets sent.
    pub sent_packets_per_second: Option<f64>,
    /// Packets not sent because of an error.
    pub sent_errors_per_second: Option<f64>,
    /// Packets dropped before they were sent.
    pub sent_dropped_per_second: Option<f64>,
}

impl Sample {
    /// The readings, with what happened since the samples before. The mean CPU use since then takes the place of a spot
    /// value.
    ///
    /// Counts are those since the newest sample before. Means and rates are, too, if that is long enough ago; else those
    /// since an older one, if there is one.
    pub fn readings_since(&self, before: Option<&Baseline>) -> Readings {
        let mut readings = self.readings.clone();
        let point = before.zip(self.boot.as_ref());
        let newest = point.and_then(|(before, boot)| Some((before.newest(), before.newest().until(boot)?)));
        let from = newest.and(point).and_then(|(before, boot)| before.long_before(boot));
        let from = from.filter(|(_, passed)| *passed >= SHORTEST_MS);
        let mean = from.and_then(|(before, window_ms)| {
            self.counters.cpu.as_ref()?.since(before.counters.cpu.as_ref()?, window_ms)
        });
        readings.cpu = mean.or(readings.cpu);
        readings.rates = rates(&self.counters, from.map(|(before, window_ms)| (&before.counters, window_ms)));
        if let Some((newest, _)) = newest.filter(|(_, passed)| *passed > 0) {
            let count = |now: Option<u64>, before: Option<u64>| grown(now?, before?);
            readings.rates.oom_kills = count(self.counters.oom_kills, newest.counters.oom_kills);
            readings.rates.listen_drops = count(self.counters.listen_drops, newest.counters.listen_drops);
        }
        readings
    }
}

fn rates(now: &Counters, before: Option<(&Counters, u64)>) -> Rates {
    let names_only = Rates {
        disks: now.disks.as_ref().map(|disks| disks.iter().map(|disk| disk_rates(disk, None)).collect()),
        interfaces: now.interfaces.as_ref().map(|all| all.iter().map(|one| interface_rates(one, None)).collect()),
        ..Rates::default()
    };
    let Some((before, window_ms)) = before else { return names_only };
    let per_second = |now: Option<u64>, before: Option<u64>| per_second(grown(now?, before?)?, window_ms);
    let disks_before: HashMap<_, _> =
        before.disks.iter().flatten().map(|disk| (disk.name.as_str(), (disk, window_ms))).collect();
    let interfaces_before: HashMap<_, _> =
        before.interfaces.iter().flatten().map(|one| (one.name.as_str(), (one, window_ms))).collect();
    let disk = |disk: &DiskCounters| disk_rates(disk, disks_before.get(disk.name.as_str()).copied());
    let interface = |one: &InterfaceCounters| interface_rates(one, interfaces_before.get(one.name.as_str()).copied());
    Rates {
        window_ms: Some(window_ms),
        pressure: now.pressure.as_ref().zip(before.pressure.as_ref()).map(|(a, b)| pressure(a, b, window_ms)),
        swap_in_bytes_per_second: per_second(now.swap_in_bytes, before.swap_in_bytes),
        swap_out_bytes_per_second: per_second(now.swap_out_bytes, before.swap_out_bytes),
        disks: now.disks.as_ref().map(|disks| disks.iter().map(disk).collect()),
        interfaces: now.interfaces.as_ref().map(|all| all.iter().map(interface).collect()),
        ..Rates::default()
    }
}

/// By how much a counter grew; absent when it began anew. What the database can't hold is no count either.
fn grown(now: u64, before: u64) -> Option<u64> {
    now.checked_sub(before).filter(|grown| i64::try_from(*grown).is_ok())
}

fn per_second(grown: u64, window_ms: u64) -> Option<f64> {
    Some(grown as f64 * 1000.0 / window_ms as f64)
}

/// The two clocks, the counter's and the window's, are not read at the same moment: a little above 100 is 100.
fn share_percent(grown_ms: f64, window_ms: u64) -> f64 {
    (grown_ms / window_ms as f64 * 100.0).min(100.0)
}

fn pressure(now: &PressureCounters, before: &PressureCounters, window_ms: u64) -> Pressure {
    let share =
        |now: Option<u64>, before: Option<u64>| Some(share_percent(grown(now?, before?)? as f64 / 1000.0, window_ms));
    Pressure {
        cpu_some_percent: share(now.cpu_some_us, before.cpu_some_us),
        memory_some_percent: share(now.memory_some_us, before.memory_some_us),
        memory_full_percent: share(now.memory_full_us, before.memory_full_us),
        io_some_percent: share(now.io_some_us, before.io_some_us),
        io_full_percent: share(now.io_full_us, before.io_full_us),
    }
}

fn disk_rates(now: &DiskCounters, before: Option<(&DiskCounters, u64)>) -> DiskRates {
    let name = now.name.clone();
    let Some((before, window_ms)) = before else { return DiskRates { name, ..DiskRates::default() } };
    let (reads, writes) = (grown(now.reads, before.reads), grown(now.writes, before.writes));
    let rate = |grown: Option<u64>| per_second(grown?, window_ms);
    let each = |spent: Option<u64>, done: Option<u64>| {
        let (spent, done) = (spent?, done.filter(|done| *done > 0)?);
        Some(spent as f64 / done as f64)
    };
    DiskRates {
        name,
        reads_per_second: rate(reads),
        writes_per_second: rate(writes),
        read_bytes_per_second: rate(grown(now.read_bytes, before.read_bytes)),
        written_bytes_per_second: rate(grown(now.written_bytes, before.written_bytes)),
        busy_percent: grown(now.busy_ms, before.busy_ms).map(|busy| share_percent(busy as f64, window_ms)),
        read_await_ms: each(grown(now.read_ms, before.read_ms), reads),
        write_await_ms: each(grown(now.write_ms, before.write_ms), writes),
        queue_length: grown(now.weighted_ms, before.weighted_ms).map(|spent| spent as f64 / window_ms as f64),
    }
}

fn interface_rates(now: &InterfaceCounters, before: Option<(&InterfaceCounters, u64)>) -> InterfaceRates {
    let known = InterfaceRates {
        name: now.name.clone(),
        up: now.up,
        link_bits_per_second: now.link_bits_per_second,
        ..InterfaceRates::default()
    };
    let Some((before, window_ms)) = before.filter(|(before, _)| before.index == now.index) else { return known };
    let rate = |now: u64, before: u64| per_second(grown(now, before)?, window_ms);
    InterfaceRates {
        received_bytes_per_second: rate(now.received_bytes, before.received_bytes),
        received_packets_per_second: rate(now.received_packets, before.received_packets),
        received_errors_per_second: rate(now.received_errors, before.received_errors),
        received_dropped_per_second: rate(now.received_dropped, before.received_dropped),
        sent_bytes_per_second: rate(now.sent_bytes, before.sent_bytes),
        sent_packets_per_second: rate(now.sent_packets, before.sent_packets),
        sent_errors_per_second: rate(now.sent_errors, before.sent_errors),
        sent_dropped_per_second: rate(now.sent_dropped, before.sent_dropped),
        ..known
    }
}

#[cfg(test)]
mod tests;
