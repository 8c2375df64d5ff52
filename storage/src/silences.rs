//! Silences that people add.

use rules::Silence;
use sample::Timestamp;

use crate::{Store, StoreError};

impl Store {
    /// Keeps a silence, whose `id` is ignored, and returns its number.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn add_silence(&mut self, _silence: &Silence, _now: Timestamp) -> Result<i64, StoreError> {
        todo!()
    }

    /// Returns the silences that end at `since` or later, in the order of their numbers.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn silences(&self, _since: Timestamp) -> Result<Vec<Silence>, StoreError> {
        todo!()
    }

    /// Ends a silence now. Returns false if there is none with this number that lasts or is to come.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn end_silence(&mut self, _id: i64, _now: Timestamp) -> Result<bool, StoreError> {
        todo!()
    }
}
