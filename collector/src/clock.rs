//! The one place in this program that reads the wall clock.

use std::time::SystemTime;

use sample::Timestamp;

/// Now, by the server's clock.
#[expect(clippy::disallowed_methods, reason = "everything else gets the time from here")]
pub fn now() -> Timestamp {
    SystemTime::now().into()
}
