//! Reads the host. Whatever can't be read is absent; nothing here fails.

mod cpu;
mod filesystems;
mod mounts;
mod system;

use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use sample::{Boot, Cpu, Facts, HostName, Nonce, Readings, Sample, SampleId, Timestamp};

use cpu::Ticks;
use filesystems::Survey;
pub(crate) use filesystems::fullest_first;
pub(crate) use system::host_name;

/// Shortest window for a spot value of CPU use. A tick is 10 ms: half a second on one CPU has steps of 2 %.
const CPU_WINDOW: Duration = Duration::from_millis(500);

/// One reading of this host, before it is said for whom.
pub(crate) struct Measurement {
    taken_at: Timestamp,
    boot: Option<Boot>,
    facts: Facts,
    readings: Readings,
}

impl Measurement {
    /// Reads this host. Takes half a second with `spot_cpu`, a few milliseconds without.
    pub(crate) fn take(spot_cpu: bool) -> Measurement {
        let cpu_start = if spot_cpu { CpuStart::read() } else { None };
        let survey = fs::read("/proc/self/mountinfo")
            .ok()
            .map(|list| Survey::start(mounts::holding_data(&mounts::parse(&list))));
        let (memory, swap) = system::memory_and_swap();
        let mut readings = Readings {
            cpu: None,
            logical_cpus: read_stat().and_then(|stat| cpu::online(&stat)),
            memory,
            swap,
            load: system::load(),
            uptime_seconds: system::uptime_seconds(),
            filesystems: None,
        };
        let facts = system::facts();
        readings.cpu = cpu_start.and_then(CpuStart::finish);
        readings.filesystems = survey.map(Survey::finish);
        Measurement { taken_at: Timestamp::from(now()), boot: system::boot(), facts, readings }
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
        })
    }
}

/// The time of day, by this host's clock.
#[expect(clippy::disallowed_methods, reason = "the one place where the probe reads the clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The first of the two readings a spot value takes.
struct CpuStart {
    ticks: Ticks,
    read_at: Instant,
}

impl CpuStart {
    fn read() -> Option<CpuStart> {
        Some(CpuStart { ticks: Ticks::parse(&read_stat()?)?, read_at: Instant::now() })
    }

    fn finish(self) -> Option<Cpu> {
        thread::sleep(CPU_WINDOW.saturating_sub(self.read_at.elapsed()));
        let later = Ticks::parse(&read_stat()?)?;
        let window_ms = u64::try_from(self.read_at.elapsed().as_millis()).ok()?;
        Some(Cpu { busy_percent: later.busy_percent_since(&self.ticks)?, window_ms })
    }
}

fn read_stat() -> Option<String> {
    fs::read_to_string("/proc/stat").ok()
}

#[cfg(test)]
mod tests;
