//! What a program has cost: measured at its end, and told per host.

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use wait4::Wait4;

/// What a run over a fleet has cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    hosts: u32,
    wall: Duration,
    /// User and system time of all threads, and of all children that were waited for.
    cpu: Duration,
    /// Of the largest process.
    peak_rss_bytes: u64,
}

impl Figures {
    /// Runs a command over so many hosts to its end.
    ///
    /// # Errors
    /// It can't be started or waited for.
    pub(super) fn measure(command: &mut Command, hosts: u32) -> Result<(ExitStatus, Figures)> {
        let program = command.get_program().to_owned();
        let began = Instant::now();
        let process = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let ended = process.wait4().with_context(|| format!("cannot wait for {}", program.display()))?;
        let wall = began.elapsed();
        let used = ended.rusage;
        // Linux counts what this process had at its own peak as the child's, too. That is 9 MiB, and any run takes more.
        let figures = Figures { hosts, wall, cpu: used.utime + used.stime, peak_rss_bytes: used.maxrss };
        Ok((ended.status, figures))
    }

    pub(super) fn wall_s(&self) -> f64 {
        self.wall.as_secs_f64()
    }

    pub(super) fn hosts_per_s(&self) -> f64 {
        f64::from(self.hosts) / self.wall_s()
    }

    pub(super) fn cpu_ms_per_host(&self) -> f64 {
        self.cpu.as_secs_f64() * 1000.0 / f64::from(self.hosts)
    }

    pub(super) fn peak_rss_mib(&self) -> f64 {
        self.peak_rss_bytes as f64 / f64::from(1 << 20)
    }

    /// An object with `wall_s`, `hosts_per_s`, `cpu_ms_per_host` and `peak_rss_mib`.
    pub(super) fn to_json(self) -> Value {
        json!({
            "wall_s": rounded(self.wall_s(), 1000.0),
            "hosts_per_s": rounded(self.hosts_per_s(), 10.0),
            "cpu_ms_per_host": rounded(self.cpu_ms_per_host(), 1000.0),
            "peak_rss_mib": rounded(self.peak_rss_mib(), 10.0),
        })
    }
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
