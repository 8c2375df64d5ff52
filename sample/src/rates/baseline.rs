//! What a host's next sample is compared with.

use serde::{Deserialize, Serialize};

use crate::{Boot, Counters, Sample};

/// A mean over less is taken only where there is no older sample: it tells more of the visits than of the host. Two
/// samples lie close together where a visit follows the host's own crontab, or another visit.
const LONG_ENOUGH_MS: u64 = 30_000;

/// The counters of a host's newest samples, which those of the next one are compared with: of the newest one, and of
/// older ones in case the next one comes at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The newest that came long enough after the one in `older`.
    last: Reading,
    /// Of the same boot as `last`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    older: Option<Reading>,
    /// The newest of all, of the same boot, where it came too soon after `last`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    close: Option<Reading>,
}

/// Counters, and when they were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) boot: Boot,
    pub(super) counters: Counters,
}

impl Baseline {
    /// The baseline as text: a JSON object.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a baseline writes to memory and has no maps")
    }

    /// The baseline in `text`; nothing where it is none, such as one of another version: then there is no sample to
    /// compare with.
    pub fn decode(text: &str) -> Option<Baseline> {
        serde_json::from_str(text).ok()
    }

    /// The boot of the newest sample.
    pub fn boot_id(&self) -> &str {
        &self.newest().boot.id
    }

    /// The counters of the newest sample.
    pub fn counters(&self) -> &Counters {
        &self.newest().counters
    }

    /// Whether the sample was taken earlier in the same boot than the newest one known: it was held back, or the host
    /// was restored with its memory.
    pub fn is_ahead_of(&self, sample: &Sample) -> bool {
        let newest = &self.newest().boot;
        sample.boot.as_ref().is_some_and(|boot| boot.id == newest.id && boot.elapsed_ms <= newest.elapsed_ms)
    }

    pub(super) fn newest(&self) -> &Reading {
        self.close.as_ref().unwrap_or(&self.last)
    }

    /// The newest that lies long enough before this point of the same boot; else the oldest.
    pub(super) fn long_before(&self, boot: &Boot) -> Option<(&Reading, u64)> {
        let all = [self.close.as_ref(), Some(&self.last), self.older.as_ref()];
        let mut past = all.into_iter().flatten().filter_map(|reading| Some((reading, reading.until(boot)?)));
        let oldest = past.clone().next_back();
        past.find(|(_, passed)| *passed >= LONG_ENOUGH_MS).or(oldest)
    }
}

impl Reading {
    /// How long after this one that point is, in the same boot.
    pub(super) fn until(&self, boot: &Boot) -> Option<u64> {
        let passed = boot.elapsed_ms.checked_sub(self.boot.elapsed_ms)?;
        (boot.id == self.boot.id).then_some(passed)
    }
}

impl Sample {
    /// What the next sample's counters are compared with, after `before`; nothing from a sample that does not know its
    /// boot.
    pub fn baseline_after(&self, before: Option<&Baseline>) -> Option<Baseline> {
        let reading = Reading { boot: self.boot.clone()?, counters: self.counters.clone() };
        let followed = before.filter(|before| before.newest().until(&reading.boot).is_some());
        let Some(Baseline { last, older, close: _ }) = followed else {
            return Some(Baseline { last: reading, older: None, close: None });
        };
        if last.until(&reading.boot).is_some_and(|passed| passed >= LONG_ENOUGH_MS) {
            return Some(Baseline { last: reading, older: Some(last.clone()), close: None });
        }
        Some(Baseline { last: last.clone(), older: older.clone(), close: Some(reading) })
    }
}
