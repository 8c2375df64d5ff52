//! When in the week something may happen: `Mon-Fri 08-18`.

mod parse;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use chrono::{Datelike, Days, NaiveTime, Timelike};
use sample::Timestamp;

use crate::Zone;

/// Whatever the clocks do, hours that begin every week do so within so many days: once a whole day was skipped (Samoa,
/// at the end of 2011).
const LOOK_AHEAD: Duration = Duration::from_secs(15 * 86_400);

/// Hours of the week, as in `Mon-Fri 08-18, Sat 09:30-12`. The end is not part of it; `22-06` goes on to the next day.
/// Hours without days are for those of the part before, and for every day if there is none: `Mon-Fri 08-12, 13-18`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    text: String,
    /// Minutes of each day from Monday on, in order; hours that touch are one.
    week: [Vec<Range<u32>>; 7],
}

/// Not hours of the week.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected days and hours such as \"Mon-Fri 08-18\" or \"Sat,Sun 09:30-12:00\": {0}")]
pub struct ParseHoursError(pub String);

impl Hours {
    /// Whether `at` is within them, by the clock of that zone.
    pub fn contain(&self, at: Timestamp, zone: Zone) -> bool {
        let Some(local) = zone.local(at) else { return false };
        let day = self.week.get(local.weekday().num_days_from_monday() as usize);
        let minute = local.hour() * 60 + local.minute();
        day.is_some_and(|day| day.iter().any(|hours| hours.contains(&minute)))
    }

    /// When they next begin after `at`; nothing if they never do.
    pub fn next(&self, at: Timestamp, zone: Zone) -> Option<Timestamp> {
        // A clock that is changed may begin them, too: it jumps over their beginning, or back before their end.
        let changes = zone.changes(at, at + LOOK_AHEAD);
        let begins = |moment: &Timestamp| {
            *moment > at && self.contain(*moment, zone) && !self.contain(moment.plus_millis(-1), zone)
        };
        let today = zone.local(at)?.date_naive();
        // The day before, since its clock may show again what it showed.
        let days = (0..=LOOK_AHEAD.as_secs() / 86_400).filter_map(|n| today.pred_opt()?.checked_add_days(Days::new(n)));
        let starts = days.flat_map(|date| {
            let day = self.week.get(date.weekday().num_days_from_monday() as usize);
            let minutes = day.into_iter().flatten().map(|hours| hours.start);
            minutes.filter_map(move |minute| {
                let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
                Some(zone.moments(date.and_time(time)))
            })
        });
        starts.flatten().chain(changes).filter(begins).min()
    }

    /// Whether any moment of `from` to `to`, both included, is within them.
    pub fn touch(&self, from: Timestamp, to: Timestamp, zone: Zone) -> bool {
        from <= to && (self.contain(from, zone) || self.next(from, zone).is_some_and(|next| next <= to))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests;
