//! The memory of a spool: which life it is in, and what it has handed out.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sample::SpoolId;
use serde::{Deserialize, Serialize};

use super::SpoolError;
use crate::durable;

pub(super) const FILE: &str = "counter.json";
/// Room for a note on each of many times more envelopes than a spool has.
const LONGEST_FILE: u64 = 1 << 20;

/// The memory of a spool. On disk before a number it gives is used, so that none is ever given twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counter {
    /// The spool's life.
    pub(super) spool: SpoolId,
    /// The last sequence number handed out.
    pub(super) last: u64,
    /// The boot of the host it began in, where that is known.
    #[serde(default)]
    pub(super) boot: Option<String>,
    /// Envelopes lost for ever: in this life, or in an earlier one of which the server may not have heard.
    pub(super) dropped: u64,
    /// The number that was handed out when the last of them was lost. Answers with it, or a later one, tell of all.
    #[serde(default)]
    pub(super) dropped_by: u64,
    /// How many of them the server is known to have been told of.
    #[serde(default)]
    pub(super) told: u64,
    /// Envelopes that were not handed out while later ones may have been: for each number, the last number handed
    /// out by then. Only an acknowledgement of this life, or of the witness, beyond that one deletes the envelope.
    #[serde(default)]
    pub(super) passed_over: BTreeMap<u64, u64>,
    /// In a former spool, the life of another spool whose numbers are noted above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) witness: Option<SpoolId>,
}

impl Counter {
    /// The beginning of a new life. It counts on from the highest number that files of earlier lives have, so
    /// that the older life comes first and no file is overwritten.
    pub(super) fn begin(last: u64, boot: Option<String>) -> Result<Counter, SpoolError> {
        let spool = random_life().map_err(SpoolError::Random)?;
        Ok(Counter {
            spool,
            last,
            boot,
            dropped: 0,
            dropped_by: 0,
            told: 0,
            passed_over: BTreeMap::new(),
            witness: None,
        })
    }

    /// The life after this one. It owes the server what this one does.
    pub(super) fn next_life(&self) -> Result<Counter, SpoolError> {
        Ok(Counter {
            dropped: self.dropped.saturating_sub(self.told),
            dropped_by: self.last,
            // The next life's numbers lie beyond all that are noted here.
            passed_over: self.passed_over.clone(),
            witness: self.witness,
            ..Counter::begin(self.last, self.boot.clone())?
        })
    }

    /// The counter for this boot of the host: after another boot the next life.
    pub(super) fn in_boot(self, boot: Option<&str>) -> Result<Counter, SpoolError> {
        match boot {
            Some(now) if self.boot.as_deref() != Some(now) => {
                Ok(Counter { boot: Some(now.to_owned()), ..self.next_life()? })
            }
            Some(_) | None => Ok(self),
        }
    }

    /// Notes that the envelopes with these numbers are passed over by everything handed out up to `latest`, a number
    /// of the witness or else of this life.
    pub(super) fn pass_over(&mut self, envelopes: impl Iterator<Item = u64>, latest: u64) {
        self.passed_over.extend(envelopes.map(|sequence| (sequence, latest)));
    }

    /// Lets another life confirm what was passed over, or again this one. Its numbers mean nothing there, so all
    /// notes are made anew, with the last number handed out of that life.
    pub(super) fn be_confirmed_by(&mut self, witness: Option<SpoolId>, latest: u64) {
        if self.witness != witness {
            self.witness = witness;
            self.passed_over.values_mut().for_each(|last| *last = latest);
        }
    }

    /// Counts envelopes that are lost for ever.
    pub(super) fn count_dropped(&mut self, lost: usize) {
        if lost > 0 {
            self.dropped = self.dropped.saturating_add(lost as u64);
            self.dropped_by = self.last;
        }
    }

    /// The counter in `folder`; none if there is none, or none that can be read as one.
    pub(super) fn load(folder: &Path) -> Result<Option<Counter>, SpoolError> {
        match durable::read(&folder.join(FILE), LONGEST_FILE) {
            // A damaged counter could give a number again: it is no counter.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge) => Ok(None),
            Err(error) => Err(SpoolError::Io("read the counter", error)),
        }
    }

    /// Writes the counter to `folder`, past any cache.
    pub(super) fn store(&self, folder: &Path) -> Result<(), SpoolError> {
        let bytes = serde_json::to_vec(self).expect("a counter has numbers as keys and writes to memory");
        durable::write(folder, FILE, &bytes).map_err(|error| SpoolError::Io("write the counter", error))
    }
}

/// The id of a life that nobody has seen before.
pub(crate) fn random_life() -> Result<SpoolId, getrandom::Error> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(SpoolId(id))
}
