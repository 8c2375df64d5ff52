//! From a sealed answer to samples: open, check, put on the server's clock, and know what may be acknowledged.

use std::collections::BTreeMap;

use envelope::{Header, OpenError, PrivateKey};
use sample::{HostName, Nonce, Rejection, Sample, SpoolId, Timestamp};
use storage::{ReceivedSample, SpoolProgress};

use crate::answer::Answer;

/// What an answer holds.
#[derive(Debug, Default)]
pub struct Unsealed {
    /// Its samples, oldest first.
    pub samples: Vec<ReceivedSample>,
    /// Envelopes that are no samples, by class.
    pub rejected: BTreeMap<Rejection, u32>,
    /// Up to where each spool need not be kept on the host any longer, once the samples are committed.
    pub spools: Vec<SpoolProgress>,
    /// Whether one of the samples was taken for this visit.
    pub fresh: bool,
}

/// Opens every envelope of the answer that `host` gave to the visit with this nonce.
pub fn unseal(key: &PrivateKey, host: &HostName, visit: (Nonce, Timestamp), answer: &Answer) -> Unsealed {
    let (nonce, received) = visit;
    let mut opened = Vec::new();
    let mut rejected = BTreeMap::new();
    let mut reject = |class| *rejected.entry(class).or_insert(0) += 1;
    let mut seen = Vec::new();
    let mut rest = answer.envelopes.as_slice();
    while !rest.is_empty() {
        // Where an envelope's length can't be read, neither can the place of the next one.
        let Ok(header) = Header::parse_prefix(rest) else {
            reject(Rejection::Malformed);
            break;
        };
        let (bytes, after) = rest.split_at(header.len);
        rest = after;
        let sample = open(key, host, bytes);
        seen.push(Seen { spool: SpoolId(header.spool), sequence: header.sequence, fate: Fate::of(&sample, nonce) });
        match sample {
            Ok(sample) => opened.push(sample),
            Err(class) => reject(class),
        }
    }
    let fresh = seen.iter().any(|seen| seen.fate == Fate::Fresh);
    let spools = acknowledge(answer, &seen);
    Unsealed { samples: on_our_clock(opened, nonce, received), rejected, spools, fresh }
}

fn open(key: &PrivateKey, host: &HostName, bytes: &[u8]) -> Result<Sample, Rejection> {
    let plaintext = envelope::open(key, host.as_str(), bytes).map_err(|error| match error {
        OpenError::UnknownKey => Rejection::UnknownKey,
        OpenError::Damaged => Rejection::Damaged,
        OpenError::TooShort
        | OpenError::NotAnEnvelope
        | OpenError::UnsupportedVersion(_)
        | OpenError::UnsupportedSuite(_) => Rejection::Malformed,
    })?;
    let sample = Sample::decode(&plaintext).map_err(|error| {
        tracing::debug!(%host, %error, "an envelope holds no valid sample");
        Rejection::InvalidSample
    })?;
    if sample.host == *host { Ok(sample) } else { Err(Rejection::InvalidSample) }
}

struct Seen {
    spool: SpoolId,
    sequence: u64,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fresh,
    Older,
    Rejected,
}

impl Fate {
    fn of(sample: &Result<Sample, Rejection>, nonce: Nonce) -> Fate {
        match sample {
            Ok(sample) if sample.nonce == Some(nonce) => Fate::Fresh,
            Ok(_) => Fate::Older,
            Err(_) => Fate::Rejected,
        }
    }
}

/// Up to where each spool may be deleted on the host.
///
/// Only the number in an envelope that opened is believed: a damaged one could name any, and so delete envelopes
/// that nobody has seen. A rejected envelope of the current spool is acknowledged by the fresh one behind it.
/// Older lives of the spool get no new envelopes, so there the highest number seen is safe, if none was held back.
fn acknowledge(answer: &Answer, seen: &[Seen]) -> Vec<SpoolProgress> {
    let current = answer.header.spool;
    let all_came = answer.header.held == 0;
    let mut through: BTreeMap<SpoolId, Option<u64>> = BTreeMap::from([(current, None)]);
    for Seen { spool, sequence, fate } in seen {
        let believed = match fate {
            Fate::Older => true,
            Fate::Fresh => all_came,
            Fate::Rejected => all_came && *spool != current,
        };
        let highest = through.entry(*spool).or_default();
        if believed {
            *highest = (*highest).max(Some(*sequence));
        }
    }
    let progress = |(spool, through)| {
        let dropped = if spool == current { answer.header.dropped } else { 0 };
        SpoolProgress { spool, through, dropped }
    };
    through.into_iter().map(progress).collect()
}

/// Puts the samples on the server's clock, by what the fresh one, taken just before `received`, says of the host's.
///
/// In the same boot the host's uptime counts, which no clock step changes. A sample of another boot is moved by the
/// error the host's clock has now. Nothing is later than what came after it.
fn on_our_clock(samples: Vec<Sample>, nonce: Nonce, received: Timestamp) -> Vec<ReceivedSample> {
    let fresh = samples.iter().find(|sample| sample.nonce == Some(nonce));
    let reference = fresh.map(|fresh| (fresh.boot.clone(), received.millis_since(fresh.host_time_ms)));
    let mut latest = received;
    let mut placed: Vec<ReceivedSample> = Vec::with_capacity(samples.len());
    for sample in samples.into_iter().rev() {
        let same_boot = reference.as_ref().and_then(|(fresh, _)| {
            let (fresh, boot) = (fresh.as_ref()?, sample.boot.as_ref()?);
            (fresh.id == boot.id).then(|| fresh.elapsed_ms.saturating_sub(boot.elapsed_ms))
        });
        let taken = match (same_boot, &reference) {
            (Some(age_ms), _) => received.plus_millis(-i64::try_from(age_ms).unwrap_or(i64::MAX)),
            (None, Some((_, error))) => sample.host_time_ms.plus_millis(*error),
            (None, None) => sample.host_time_ms,
        };
        latest = latest.min(taken);
        placed.push(ReceivedSample { taken: latest, received, sample });
    }
    placed.reverse();
    placed
}

#[cfg(test)]
mod tests;
