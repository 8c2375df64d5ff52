//! Which moments the times of a schedule are, also on the days when clocks change.
//!
//! Croner is asked about the clock on the wall alone. Across a change its own answer would be wrong for us: it
//! goes past the second of two equal hours, and from within that hour its next time lies in the past.

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use croner::{Cron, YEAR_UPPER_LIMIT};

const SECOND: TimeDelta = TimeDelta::seconds(1);
const HOUR: TimeDelta = TimeDelta::hours(1);
/// More than the offset of any zone, and as much as any zone has ever skipped (Samoa, at the end of 2011).
const DAY: TimeDelta = TimeDelta::days(1);

#[derive(Clone)]
pub(crate) struct Times {
    cron: Cron,
    /// It comes in every hour, so it goes by time passed.
    every_hour: bool,
}

impl Times {
    pub(crate) fn new(cron: Cron) -> Times {
        let every_hour = (0..24).all(|hour| matches!(cron.pattern.hour_match(hour), Ok(true)));
        Times { cron, every_hour }
    }

    pub(crate) fn next_after(&self, zone: &impl TimeZone, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if moment.year() >= YEAR_UPPER_LIMIT {
            return None;
        }
        let moment = moment.with_nanosecond(0)?;
        if self.every_hour { self.by_time_passed(zone, moment) } else { self.by_the_wall(zone, moment) }
    }

    /// Each time between two changes of the offset is an ordinary time of that offset.
    fn by_time_passed(&self, zone: &impl TimeZone, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = moment + SECOND;
        loop {
            let offset = offset_at(zone, from);
            let next = self.at_or_after(from.naive_utc() + offset)?.and_utc() - offset;
            match first_change(zone, from, next) {
                Some(change) => from = change,
                None => return Some(next),
            }
        }
    }

    /// In the second of two equal hours, the times of the first lie in the past and are passed over here.
    fn by_the_wall(&self, zone: &impl TimeZone, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = moment.naive_utc() + offset_at(zone, moment);
        loop {
            wall = self.at_or_after(wall + SECOND)?;
            let next = first_moment(zone, wall);
            if next > moment {
                return Some(next);
            }
        }
    }

    fn at_or_after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        // "UTC" only because it has no changes. The one error there can be is that there is no such time.
        self.cron.find_next_occurrence(&wall.and_utc(), true).ok().map(|found| found.naive_utc())
    }
}

/// The first moment at which clocks in this zone show `wall`, or have jumped over it.
fn first_moment(zone: &impl TimeZone, wall: NaiveDateTime) -> DateTime<Utc> {
    if let Some(moment) = zone.from_local_datetime(&wall).earliest() {
        return moment.to_utc();
    }
    let offset_before = offset_at(zone, wall.and_utc() - DAY);
    let without_jump = wall.and_utc() - offset_before;
    first_change(zone, without_jump - DAY, without_jump).unwrap_or(without_jump)
}

/// The first moment after `from`, up to `to`, that has another offset than the one before it.
fn first_change(zone: &impl TimeZone, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let offset = offset_at(zone, from);
    let mut before = from;
    while before < to {
        let mut after = to.min(before + HOUR);
        if offset_at(zone, after) == offset {
            before = after;
            continue;
        }
        while after - before > SECOND {
            let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            if offset_at(zone, middle) == offset { before = middle } else { after = middle }
        }
        return Some(after);
    }
    None
}

fn offset_at(zone: &impl TimeZone, moment: DateTime<Utc>) -> TimeDelta {
    TimeDelta::seconds(zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc().into())
}
