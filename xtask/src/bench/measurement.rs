//! What a simulated host says about itself: a sample as a small web server would send it.

use std::time::SystemTime;

use anyhow::{Context, Result};
use sample::{
    Boot, Counters, Cpu, Facts, Filesystem, Load, Memory, Nonce, Readings, Sample, SampleId, Swap, Timestamp,
};

use super::host::Host;

const GIB: u64 = 1 << 30;
const MOUNTS: [(&str, u64); 6] =
    [("/", 40), ("/boot", 1), ("/home", 120), ("/srv", 400), ("/var", 80), ("/var/lib/postgresql", 200)];

/// A fresh sample for the visit with this nonce. No two hosts say the same.
///
/// # Errors
/// There are no random bytes.
pub(super) fn measure(host: Host, nonce: Nonce) -> Result<Sample> {
    let mut id = SampleId([0; 16]);
    getrandom::fill(&mut id.0).context("no random bytes for a sample's id")?;
    let uptime_seconds = 1_000_000 + u64::from(host.0);
    Ok(Sample {
        id,
        host: host.name(),
        nonce: Some(nonce),
        host_time_ms: now(),
        boot: Some(Boot {
            id: format!("3f1c9a52-7d40-4c1e-9b7a-{:012x}", host.0),
            elapsed_ms: uptime_seconds * 1000 + 417,
        }),
        facts: Facts {
            hostname: Some(format!("{}.example.org", host.name())),
            os: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
            kernel: Some("6.1.0-28-amd64".to_owned()),
            architecture: Some("x86_64".to_owned()),
            ..Facts::default()
        },
        readings: readings(host, uptime_seconds),
        counters: Counters::default(),
    })
}

fn readings(host: Host, uptime_seconds: u64) -> Readings {
    let some = u64::from(host.0 % 97);
    let busy = f64::from(host.0 % 89);
    Readings {
        cpu: Some(Cpu { busy_percent: busy + 0.374_812_5, window_ms: 500, spot: true, ..Cpu::default() }),
        logical_cpus: Some(8),
        memory: Some(Memory {
            total_bytes: 16 * GIB - 731_136,
            available_bytes: 3 * GIB + some * 10_485_760,
            ..Memory::default()
        }),
        swap: Some(Swap { total_bytes: 2 * GIB, free_bytes: GIB + some * 1_048_576 }),
        // Two decimals, as the kernel writes them.
        load: Some(Load { one: busy / 100.0, five: (busy + 7.0) / 100.0, fifteen: (busy + 3.0) / 100.0 }),
        uptime_seconds: Some(uptime_seconds),
        filesystems: Some(MOUNTS.iter().map(|(mount, size)| filesystem(mount, size * GIB, some)).collect()),
        ..Readings::default()
    }
}

fn filesystem(mount: &str, size_bytes: u64, some: u64) -> Filesystem {
    let used_bytes = size_bytes / 128 * (20 + some);
    let reserved = size_bytes / 20;
    Filesystem {
        mount: mount.to_owned(),
        fs_type: "ext4".to_owned(),
        size_bytes,
        used_bytes,
        avail_bytes: (size_bytes - used_bytes).saturating_sub(reserved),
        inodes: Some(size_bytes / 16_384),
        inodes_free: Some(size_bytes / 16_384 / 128 * (128 - some)),
        ..Filesystem::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "a simulated host has a clock of its own, as a real one has")]
fn now() -> Timestamp {
    SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::host::MAX_HOSTS;

    #[test]
    fn every_host_sends_a_valid_sample() {
        for host in (0..MAX_HOSTS).step_by(61).map(Host) {
            let sample = measure(host, Nonce([1; 16])).unwrap();
            assert_eq!(Sample::decode(&sample.encode()).unwrap(), sample);
        }
    }
}
