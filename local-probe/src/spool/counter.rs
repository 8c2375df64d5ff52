//! The memory of a spool: which life it is in, and what it has handed out.

use std::io;
use std::path::Path;

use sample::SpoolId;
use serde::{Deserialize, Serialize};

use super::SpoolError;
use crate::durable;

const FILE: &str = "counter.json";
const LONGEST_FILE: u64 = 4096;

/// The memory of a spool. On disk before a number it gives is used, so that none is ever given twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counter {
    /// The spool's life.
    pub(super) spool: SpoolId,
    /// The last sequence number handed out.
    pub(super) last: u64,
    /// Envelopes this life has lost for ever.
    pub(super) dropped: u64,
}

impl Counter {
    /// The beginning of a new life. It counts on from the highest number that files of earlier lives have, so
    /// that the older life comes first and no file is overwritten.
    pub(super) fn begin(last: u64) -> Result<Counter, SpoolError> {
        Ok(Counter { spool: random_life().map_err(SpoolError::Random)?, last, dropped: 0 })
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
        let bytes = serde_json::to_vec(self).expect("a counter has no maps and writes to memory");
        durable::write(folder, FILE, &bytes).map_err(|error| SpoolError::Io("write the counter", error))
    }
}

/// The id of a life that nobody has seen before.
pub(crate) fn random_life() -> Result<SpoolId, getrandom::Error> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(SpoolId(id))
}
