//! Error lines of the log.

use sample::Log;

use super::Asked;

/// A question to the log that is under way.
pub(super) struct Begun;

impl Begun {
    pub(super) fn begin(_asked: &Asked<'_>) -> Begun {
        Begun
    }

    pub(super) fn finish(self) -> Option<Log> {
        None
    }
}
