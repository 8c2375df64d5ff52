//! Reads the host. Whatever can't be read is absent; nothing here fails.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
mod system;
#[cfg(target_os = "linux")]
mod tree;

use std::cmp::Ordering;
use std::time::{Duration, Instant, SystemTime};

use sample::{Boot, Counters, Facts, Filesystem, HostName, Nonce, Readings, Sample, SampleId, Scope, Timestamp};

use crate::notes::Notes;
#[cfg(target_os = "linux")]
pub use linux::{ASK_MOUNTS, CHECKS, answer_for_checks, answer_for_mounts};
pub(crate) use system::host_name;

/// Shortest window for a spot value of CPU use. A tick is 10 ms: half a second on one CPU has steps of 2 %.
const SPOT_WINDOW: Duration = Duration::from_millis(500);

/// What is wanted of one measurement.
pub(crate) struct Asked<'a> {
    /// What is to be looked at beside what always is.
    pub(crate) scope: &'a Scope,
    /// Whether CPU use is to be measured on the spot.
    pub(crate) spot: bool,
    /// What earlier runs have left.
    pub(crate) notes: &'a Notes,
    /// For whom: the name of the spool's folder.
    pub(crate) target: &'a str,
}

/// One reading of this host, before it is said for whom.
pub(crate) struct Measurement {
    taken_at: Timestamp,
    boot: Option<Boot>,
    facts: Facts,
    readings: Readings,
    counters: Counters,
}

impl Measurement {
    /// Reads this host. Takes half a second with a spot value, and as long as filesystems, programs and checks take;
    /// otherwise a few milliseconds.
    pub(crate) fn take(asked: &Asked<'_>) -> Measurement {
        let began = Instant::now();
        #[cfg(target_os = "linux")]
        let begun = linux::Begun::begin(asked, tree::Tree::live());
        #[cfg(not(target_os = "linux"))]
        let begun = portable::Begun::begin(asked);
        let (facts, mut readings, counters) = begun.finish();
        // Right behind the counters, which were read last: the time between two samples is that between their counters.
        let (boot, taken_at) = (system::boot(), Timestamp::from(now()));
        readings.measuring_ms = u64::try_from(began.elapsed().as_millis()).ok();
        Measurement { taken_at, boot, facts, readings, counters }
    }

    /// The id of the host's present boot.
    pub(crate) fn boot_id(&self) -> Option<&str> {
        self.boot.as_ref().map(|boot| boot.id.as_str())
    }

    /// The measurement as a sample for one server's host name, with an id of its own.
    pub(crate) fn sample_for(&self, host: HostName, nonce: Option<Nonce>) -> Result<Sample, getrandom::Error> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        Ok(Sample {
            id: SampleId(id),
            host,
            nonce,
            host_time_ms: self.taken_at,
            boot: self.boot.clone(),
            facts: self.facts.clone(),
            readings: self.readings.clone(),
            counters: self.counters.clone(),
        })
    }
}

/// Whether this is the boot that the server knows counters of.
pub(crate) fn is_boot(known: Option<&str>) -> bool {
    known.is_some_and(|known| system::boot().is_some_and(|boot| boot.id == known))
}

/// The order in which filesystems matter when not all can be told of: by space or inodes, whichever is scarcer.
pub(crate) fn fullest_first(a: &Filesystem, b: &Filesystem) -> Ordering {
    let used = |fs: &Filesystem| fs.used_percent().unwrap_or(0.0).max(fs.inodes_used_percent().unwrap_or(0.0));
    used(b).total_cmp(&used(a))
}

/// The time of day, by this host's clock.
#[expect(clippy::disallowed_methods, reason = "the one place where the probe reads the clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests;
