//! A time zone, and times as people there read them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sample::Timestamp;

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

/// No zone of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}, expected a name of the IANA database such as Europe/Berlin or UTC")]
pub struct ParseZoneError(String);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// Writes `2026-11-21 07:17:37 +01:00`.
    pub fn time(self, at: Timestamp) -> String {
        self.local(at).map_or_else(|| at.to_string(), |local| local.format("%Y-%m-%d %H:%M:%S %:z").to_string())
    }

    /// The local time there; nothing for times outside the calendar.
    pub(crate) fn local(self, at: Timestamp) -> Option<DateTime<Tz>> {
        Some(DateTime::<Utc>::from_timestamp_millis(at.as_millis())?.with_timezone(&self.0))
    }
}

impl FromStr for Zone {
    type Err = ParseZoneError;

    fn from_str(text: &str) -> Result<Zone, ParseZoneError> {
        text.parse().map(Zone).or_else(|_| Err(ParseZoneError(text.to_owned())))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name())
    }
}
