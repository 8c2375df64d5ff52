//! What a simulated host says about itself: a sample as a small web server would send it.

mod counters;
mod readings;

use std::time::SystemTime;

use anyhow::{Context, Result};
use sample::wire::Request;
use sample::{Boot, Facts, Sample, SampleId, Timestamp};

use super::host::Host;

/// When the first of the hosts was started: 2026-01-01. Each other one a minute after the one before.
const FIRST_BOOT: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const MINUTE_MS: i64 = 60_000;

/// A fresh sample for this request. No two hosts say the same, and no host the same twice: what is counted grows with
/// the time between two visits.
///
/// # Errors
/// There are no random bytes.
pub(super) fn measure(host: Host, request: &Request) -> Result<Sample> {
    let mut id = SampleId([0; 16]);
    getrandom::fill(&mut id.0).context("no random bytes for a sample's id")?;
    Ok(measure_at(host, request, id, now()))
}

fn measure_at(host: Host, request: &Request, id: SampleId, now: Timestamp) -> Sample {
    let uptime_ms = u64::try_from(now.millis_since(FIRST_BOOT.plus_millis(i64::from(host.0) * MINUTE_MS))).unwrap_or(0);
    let boot = Boot { id: format!("3f1c9a52-7d40-4c1e-9b7a-{:012x}", host.0), elapsed_ms: uptime_ms };
    // A probe waits for a spot value only where the server knows no sample of this boot.
    let is_known = request.known_boot.as_ref() == Some(&boot.id);
    Sample {
        id,
        host: host.name(),
        nonce: Some(request.nonce),
        host_time_ms: now,
        boot: Some(boot),
        facts: Facts {
            hostname: Some(format!("{}.example.org", host.name())),
            os: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
            kernel: Some("6.1.0-28-amd64".to_owned()),
            architecture: Some("x86_64".to_owned()),
            cpu_model: Some("Intel(R) Xeon(R) E-2236 CPU @ 3.40GHz".to_owned()),
            virtualization: Some("none".to_owned()),
        },
        readings: readings::readings(host, uptime_ms, !is_known),
        counters: counters::counters(host, uptime_ms),
    }
}

#[expect(clippy::disallowed_methods, reason = "a simulated host has a clock of its own, as a real one has")]
fn now() -> Timestamp {
    SystemTime::now().into()
}

/// What a collector asks for at its first visit.
#[cfg(test)]
pub(super) fn first_request(host: Host) -> Request {
    Request {
        version: sample::wire::VERSION,
        host: host.name(),
        nonce: sample::Nonce([1; 16]),
        key: sample::KeyId([2; 32]),
        acknowledgements: Vec::new(),
        former: Vec::new(),
        known_boot: None,
        scope: sample::Scope::default(),
        limits: sample::wire::Limits { envelopes: 64, bytes: 1 << 20 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::host::MAX_HOSTS;

    const NOVEMBER: Timestamp = Timestamp::from_millis(1_795_241_857_000);

    fn sample_at(host: Host, known_boot: Option<String>, now: Timestamp) -> Sample {
        measure_at(host, &Request { known_boot, ..first_request(host) }, SampleId([3; 16]), now)
    }

    #[test]
    fn every_host_sends_a_valid_sample_whatever_its_clock_shows() {
        for host in (0..MAX_HOSTS).step_by(61).map(Host) {
            for now in [Timestamp::from_millis(0), NOVEMBER, Timestamp::from_millis(2_147_483_647_000)] {
                let sample = sample_at(host, None, now);
                // The last digit of a number with many of them may be another one.
                let decoded = Sample::decode(&sample.encode()).unwrap();
                assert_eq!((decoded.counters, decoded.boot), (sample.counters, sample.boot));
            }
        }
    }

    #[test]
    fn a_second_visit_tells_what_happened_since_the_first_one() {
        let host = Host(7);
        let first = sample_at(host, None, NOVEMBER);
        let boot = first.boot.as_ref().map(|boot| boot.id.clone());
        let second = sample_at(host, boot, NOVEMBER.plus_millis(300_000));
        let (spot, mean) =
            (first.readings.cpu.unwrap(), second.readings_since(first.baseline_after(None).as_ref()).cpu.unwrap());
        assert_eq!((spot.spot, second.readings.cpu), (true, None), "nobody waits for a second spot value");
        assert_eq!((mean.spot, mean.window_ms), (false, 300_000));
        assert!((mean.busy_percent - spot.busy_percent).abs() < 1.0, "{mean:?}, {spot:?}");
        let rates = second.readings_since(first.baseline_after(None).as_ref()).rates;
        assert_eq!(rates.window_ms, Some(300_000));
        let busy = |busy: Option<f64>| busy.is_some_and(|percent| (0.1..100.0).contains(&percent));
        assert!(busy(rates.pressure.unwrap().memory_full_percent), "{rates:?}");
        let disks = rates.disks.unwrap();
        assert!(disks.len() == 2 && disks.iter().all(|disk| busy(disk.busy_percent) && disk.read_await_ms.is_some()));
        let interfaces = rates.interfaces.unwrap();
        assert!(interfaces.len() == 2 && interfaces.iter().all(|one| one.sent_bytes_per_second > Some(1000.0)));
    }
}
