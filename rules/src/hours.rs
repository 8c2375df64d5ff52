//! When in the week something may happen: `Mon-Fri 08-18`.

use std::fmt;
use std::str::FromStr;

use sample::Timestamp;

use crate::Zone;

/// Hours of the week, as in `Mon-Fri 08-18, Sat 09:30-12`. The end is not part of it; `22-06` goes on to the next day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    text: String,
}

/// Not hours of the week.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected days and hours such as \"Mon-Fri 08-18\" or \"Sat,Sun 09:30-12:00\": {0}")]
pub struct ParseHoursError(pub String);

impl Hours {
    /// Whether `at` is within them, by the clock of that zone.
    pub fn contain(&self, _at: Timestamp, _zone: Zone) -> bool {
        todo!()
    }

    /// When they next begin after `at`; nothing if they never do.
    pub fn next(&self, _at: Timestamp, _zone: Zone) -> Option<Timestamp> {
        todo!()
    }

    /// Whether any moment of `from` to `to`, both included, is within them.
    pub fn touch(&self, _from: Timestamp, _to: Timestamp, _zone: Zone) -> bool {
        todo!()
    }
}

impl FromStr for Hours {
    type Err = ParseHoursError;

    fn from_str(text: &str) -> Result<Hours, ParseHoursError> {
        Ok(Hours { text: text.to_owned() })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
