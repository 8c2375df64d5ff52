//! The one place where this program reads the clock; everything else is told the time.

use std::time::SystemTime;

use sample::Timestamp;

/// Returns the current time.
#[expect(clippy::disallowed_methods, reason = "this is the one place where the program reads the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
