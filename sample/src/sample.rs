//! One measurement of one host, and its bytes inside the envelope.

use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, count, texts};
use crate::{Counters, HostName, Nonce, Readings, SampleId, Timestamp};

/// One measurement of one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Random, made with the sample: the same id again is the same sample again.
    pub id: SampleId,
    /// The host it was taken for, as the server calls it.
    pub host: HostName,
    /// The visit that asked for it; absent when the host's own crontab took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// When it was taken, by the host's clock, which may be wrong.
    pub host_time_ms: Timestamp,
    /// Which boot it was taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// What the host is.
    pub facts: Facts,
    /// What was measured.
    pub readings: Readings,
    /// What the kernel counts since boot.
    #[serde(default)]
    pub counters: Counters,
}

/// A boot of a host, and a point in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// The kernel's random id of this boot (`/proc/sys/kernel/random/boot_id`).
    pub id: String,
    /// Milliseconds since boot, time asleep included (CLOCK_BOOTTIME).
    pub elapsed_ms: u64,
}

/// What a host says it is. Chosen by the host: show it through [`crate::Untrusted`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Its own name for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Distribution and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Kernel version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Machine type, such as `x86_64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The model of its CPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// What it runs in, as systemd-detect-virt(1) calls it: `kvm`, `vmware`, `docker` … or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtualization: Option<String>,
}

/// The bytes are not a sample.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Not the JSON of a sample.
    #[error("not a sample")]
    Json(#[source] serde_json::Error),
    /// A value lies outside its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
}

impl Sample {
    /// The sample as bytes: one JSON object, so that a decrypted envelope can be read by people.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a sample has no maps with non-string keys and writes to memory")
    }

    /// The sample in `bytes`, which a hostile host may have chosen. Fields it does not know are ignored, so
    /// that newer probes can be read.
    ///
    /// # Errors
    /// The bytes are not JSON of a sample, or a value is outside the range its documentation gives.
    pub fn decode(bytes: &[u8]) -> Result<Sample, SampleError> {
        let sample: Sample = serde_json::from_slice(bytes).map_err(SampleError::Json)?;
        sample.check()?;
        Ok(sample)
    }

    fn check(&self) -> Result<(), SampleError> {
        self.texts()
            .and_then(|()| count(self.boot.as_ref().map(|boot| boot.elapsed_ms), "the time since boot"))
            .and_then(|()| self.readings.check())
            .and_then(|()| self.counters.check())
            .map_err(SampleError::OutOfRange)
    }

    fn texts(&self) -> Result<(), OutOfRange> {
        let Facts { hostname, os, kernel, architecture, cpu_model, virtualization } = &self.facts;
        let boot_id = self.boot.as_ref().map(|boot| &boot.id);
        let facts = [hostname, os, kernel, architecture, cpu_model, virtualization];
        texts(facts.into_iter().flatten().chain(boot_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cpu, Memory};

    fn sample() -> Sample {
        Sample {
            id: SampleId([7; 16]),
            host: "web1".parse().unwrap(),
            nonce: Some(Nonce([9; 16])),
            host_time_ms: Timestamp::from_millis(1_795_241_857_000),
            boot: Some(Boot { id: "b".into(), elapsed_ms: 12 }),
            facts: Facts::default(),
            readings: Readings {
                cpu: Some(Cpu { busy_percent: 12.5, window_ms: 500, spot: true, ..Cpu::default() }),
                ..Readings::default()
            },
            counters: Counters::default(),
        }
    }

    #[test]
    fn a_sample_survives_its_bytes_and_absent_stays_absent() {
        let bytes = sample().encode();
        assert_eq!(Sample::decode(&bytes).unwrap(), sample());
        assert!(!String::from_utf8(bytes).unwrap().contains("memory"));
    }

    #[test]
    fn fields_of_a_newer_probe_are_ignored() {
        let text = String::from_utf8(sample().encode()).unwrap().replacen('{', "{\"gravity\":[1],", 1);
        assert_eq!(Sample::decode(text.as_bytes()).unwrap(), sample());
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        let mut hot = sample();
        hot.readings.cpu = Some(Cpu { busy_percent: 100.1, ..Cpu::default() });
        let mut empty = sample();
        empty.readings.memory = Some(Memory::default());
        let mut long = sample();
        long.facts.os = Some("x".repeat(5000));
        let mut eternal = sample();
        eternal.boot = Some(Boot { id: "b".into(), elapsed_ms: u64::MAX });
        for bad in [hot, empty, long, eternal] {
            assert!(matches!(Sample::decode(&bad.encode()), Err(SampleError::OutOfRange(_))), "{bad:?}");
        }
        assert!(matches!(Sample::decode(b"{}"), Err(SampleError::Json(_))));
    }
}
