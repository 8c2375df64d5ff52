//! From a sealed answer to samples: open, check, put on the server's clock, and know what may be acknowledged.

mod times;

use std::collections::BTreeMap;

use envelope::{Header, OpenError};
use sample::{HostName, KeyId, Nonce, Rejection, Sample, SpoolId};
use storage::{ReceivedSample, SpoolProgress};

use crate::answer::Answer;
use crate::keys::KeyRing;
pub use times::Call;
use times::on_our_clock;

/// The names a host has and had.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// What it is called now.
    pub current: &'a HostName,
    /// What it was called before.
    pub former: Option<&'a HostName>,
}

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

/// Opens every envelope of the answer that a host gave to this call, each with the key it names.
///
/// Not more than its header announced, each of which costs a private-key operation: what comes behind them is
/// malformed.
pub fn unseal(keys: &KeyRing, names: Names<'_>, call: &Call, answer: &Answer) -> Unsealed {
    let (mut opened, mut seen, mut rejected) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut reject = |class| *rejected.entry(class).or_insert(0) += 1;
    let mut rest = answer.envelopes.as_slice();
    while !rest.is_empty() {
        // Where an envelope's length can't be read, neither can the place of the next one.
        let more = seen.len() < answer.header.count as usize;
        let Some(header) = more.then(|| Header::parse_prefix(rest).ok()).flatten() else {
            reject(Rejection::Malformed);
            break;
        };
        let (bytes, after) = rest.split_at(header.len);
        rest = after;
        let found = open(keys, names, KeyId(header.key_id), bytes);
        seen.push(Seen { spool: SpoolId(header.spool), sequence: header.sequence, fate: Fate::of(&found, call.nonce) });
        match found {
            Ok(sample) => opened.push(sample),
            Err(class) => reject(class),
        }
    }
    let fresh = seen.iter().any(|seen| seen.fate == Fate::Fresh);
    let spools = acknowledge(answer, &seen);
    Unsealed { samples: on_our_clock(opened, call), rejected, spools, fresh }
}

fn open(keys: &KeyRing, names: Names<'_>, key: KeyId, bytes: &[u8]) -> Result<Sample, Rejection> {
    let key = keys.private(key).ok_or(Rejection::UnknownKey)?;
    let opened = |host: &HostName| envelope::open(key, host.as_str(), bytes);
    let (host, found) = match (opened(names.current), names.former) {
        // The name is not in the envelope: under another one it only looks damaged.
        (Err(OpenError::Damaged), Some(former)) => (former, opened(former)),
        (found, _) => (names.current, found),
    };
    let plaintext = found.map_err(|error| match error {
        OpenError::UnknownKey => Rejection::UnknownKey,
        OpenError::Damaged => Rejection::Damaged,
        OpenError::TooShort
        | OpenError::NotAnEnvelope
        | OpenError::UnsupportedVersion(_)
        | OpenError::UnsupportedSuite(_) => Rejection::Malformed,
    })?;
    // The reason is dropped: it would quote what the host wrote.
    let sample = Sample::decode(&plaintext).or(Err(Rejection::InvalidSample))?;
    if sample.host == *host { Ok(sample) } else { Err(Rejection::InvalidSample) }
}

struct Seen {
    spool: SpoolId,
    sequence: u64,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A sample of this visit.
    Fresh,
    /// A sample of an earlier one.
    Older,
    /// It opened, so its number was inside the tag, but holds no valid sample.
    Invalid,
    /// It did not open.
    Closed,
}

impl Fate {
    fn of(found: &Result<Sample, Rejection>, nonce: Nonce) -> Fate {
        match found {
            Ok(sample) if sample.nonce == Some(nonce) => Fate::Fresh,
            Ok(_) => Fate::Older,
            Err(Rejection::InvalidSample) => Fate::Invalid,
            Err(Rejection::Malformed | Rejection::UnknownKey | Rejection::Damaged) => Fate::Closed,
        }
    }
}

/// Up to where each spool may be deleted on the host.
///
/// Only the number in an envelope that opened is believed: a damaged one could name any, and so delete envelopes
/// that nobody has seen. A rejected envelope of the current spool is acknowledged by the fresh one behind it.
/// Older lives and former spools get no new envelopes, so there the highest number seen is safe, if none was held
/// back. If some were, a number below that of a later envelope of the same life is safe: they come in order.
fn acknowledge(answer: &Answer, seen: &[Seen]) -> Vec<SpoolProgress> {
    let current = answer.header.spool;
    let all_came = answer.header.held == 0;
    let kept = answer.header.unspooled.is_none();
    let mut through: BTreeMap<SpoolId, Option<u64>> = BTreeMap::from([(current, None)]);
    let mut later: BTreeMap<SpoolId, u64> = BTreeMap::new();
    for Seen { spool, sequence, fate } in seen.iter().rev() {
        let below_a_later_one = later.get(spool).is_some_and(|later| later > sequence);
        later.entry(*spool).and_modify(|later| *later = (*later).max(*sequence)).or_insert(*sequence);
        let believed = match fate {
            Fate::Older => true,
            // It may be the fresh one, behind what was held back, or one that was never written into the spool.
            Fate::Fresh | Fate::Invalid => all_came && kept,
            Fate::Closed => *spool != current && (all_came || below_a_later_one),
        };
        let highest = through.entry(*spool).or_default();
        if believed {
            *highest = (*highest).max(Some(*sequence));
        }
    }
    // A spool that could not even be opened has an id that was made up for this answer.
    if !kept && through[&current].is_none() {
        through.remove(&current);
    }
    let progress = |(spool, through)| {
        let dropped = if spool == current { answer.header.dropped } else { 0 };
        SpoolProgress { spool, through, dropped }
    };
    through.into_iter().map(progress).collect()
}

#[cfg(test)]
mod tests;
