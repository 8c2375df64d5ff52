//! A time zone, and times as people there read them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use sample::Timestamp;

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3600 * SECOND_MS;
/// As far ahead or back as a clock was ever set at once (Samoa, at the end of 2011).
const DAY_MS: i64 = 24 * HOUR_MS;
/// A weekday alone is clear for so many days ahead.
const DAYS_WITHOUT_DATE: i64 = 6;

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

    /// Writes `Thursday about 14:00`: the nearest hour. Where `now` is so long before that it might be another Thursday, with
    /// the date: `Thursday 2026-11-26 about 14:00`.
    pub fn weekday_and_hour(self, at: Timestamp, now: Timestamp) -> String {
        let nearest = |local: DateTime<Tz>| (local.naive_local() + TimeDelta::minutes(30)).with_minute(0);
        let local = self.local(at).and_then(nearest);
        let is_near = (0..DAYS_WITHOUT_DATE * DAY_MS).contains(&at.millis_since(now));
        let form = if is_near { "%A about %H:%M" } else { "%A %Y-%m-%d about %H:%M" };
        local.map_or_else(|| at.to_string(), |local| local.format(form).to_string())
    }

    /// The local time there; nothing for times outside the calendar.
    pub(crate) fn local(self, at: Timestamp) -> Option<DateTime<Tz>> {
        let utc = DateTime::<Utc>::from_timestamp_millis(at.as_millis())?;
        // A local time has to be within the calendar, too.
        let is_inside = |days| utc.checked_add_signed(TimeDelta::days(days)).is_some();
        (is_inside(-2) && is_inside(2)).then(|| utc.with_timezone(&self.0))
    }

    /// How far the clock there is ahead of UTC at that moment, in milliseconds.
    pub(crate) fn offset_ms(self, at: Timestamp) -> i64 {
        self.local(at).map_or(0, |local| i64::from(local.offset().fix().local_minus_utc()) * SECOND_MS)
    }

    /// The moments, the earliest first, at which the clock there shows that time: two if it is set back over it. If it
    /// jumps over it, the moment of the jump.
    pub(crate) fn moments(self, wall: NaiveDateTime) -> Vec<Timestamp> {
        let moment = |local: DateTime<Tz>| Timestamp::from_millis(local.timestamp_millis());
        match self.0.from_local_datetime(&wall) {
            LocalResult::Single(only) => vec![moment(only)],
            LocalResult::Ambiguous(one, other) => vec![moment(one.min(other)), moment(one.max(other))],
            LocalResult::None => {
                let as_utc = Timestamp::from_millis(wall.and_utc().timestamp_millis());
                let without_jump = as_utc.plus_millis(-self.offset_ms(as_utc.plus_millis(-DAY_MS)));
                let jump = self.changes(without_jump.plus_millis(-DAY_MS), without_jump).pop();
                vec![jump.unwrap_or(without_jump)]
            }
        }
    }

    /// The moments after `from`, up to `to`, at which the clock there is set ahead or back. Those that undo each other
    /// within an hour are not noticed.
    pub(crate) fn changes(self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let mut changes = Vec::new();
        let mut before = from;
        while before < to {
            let after = to.min(before.plus_millis(HOUR_MS));
            if self.offset_ms(before) != self.offset_ms(after) {
                changes.push(self.change(before, after));
            }
            before = after;
        }
        changes
    }

    /// The moment of the change between these two, whose offsets differ; to the millisecond.
    fn change(self, mut before: Timestamp, mut after: Timestamp) -> Timestamp {
        let offset = self.offset_ms(before);
        while after.millis_since(before) > 1 {
            let middle = before.plus_millis(after.millis_since(before) / 2);
            if self.offset_ms(middle) == offset { before = middle } else { after = middle }
        }
        after
    }
}

impl FromStr for Zone {
    type Err = ParseZoneError;

    fn from_str(text: &str) -> Result<Zone, ParseZoneError> {
        text.parse().ok().map(Zone).ok_or_else(|| ParseZoneError(text.to_owned()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(utc: &str) -> Timestamp {
        Timestamp::from_millis(utc.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn moments(zone_name: &str, wall: &str) -> Vec<String> {
        zone(zone_name).moments(wall.parse().unwrap()).iter().map(Timestamp::to_string).collect()
    }

    #[test]
    fn people_read_the_time_of_their_place_with_its_offset() {
        assert_eq!(zone("Europe/Berlin").time(at("2026-11-21T06:17:37Z")), "2026-11-21 07:17:37 +01:00");
        assert_eq!(zone("Europe/Berlin").time(at("2026-07-21T06:17:37Z")), "2026-07-21 08:17:37 +02:00");
        assert!("Europe/Berlim".parse::<Zone>().is_err());
    }

    #[test]
    fn a_weekday_has_its_date_where_it_could_be_another_week() {
        let hour = |zone: Zone, time, now| zone.weekday_and_hour(at(time), at(now));
        let thursday = "2026-11-19T13:30:00Z";
        assert_eq!(hour(Zone::UTC, thursday, "2026-11-19T13:00:00Z"), "Thursday about 14:00");
        assert_eq!(hour(Zone::UTC, thursday, "2026-11-13T13:30:01Z"), "Thursday about 14:00");
        assert_eq!(hour(Zone::UTC, thursday, "2026-11-13T13:30:00Z"), "Thursday 2026-11-19 about 14:00");
        assert_eq!(hour(Zone::UTC, thursday, "2026-11-20T13:30:00Z"), "Thursday 2026-11-19 about 14:00", "it is over");
        let in_india = hour(zone("Asia/Kolkata"), "2026-11-19T18:10:00Z", "2026-11-19T13:00:00Z");
        assert_eq!(in_india, "Friday about 00:00");
    }

    #[test]
    fn times_outside_the_calendar_are_written_somehow() {
        for ms in [i64::MIN, i64::MAX, -8_334_601_228_800_000, 8_210_266_876_799_999] {
            for zone in [Zone::UTC, zone("Asia/Tokyo"), zone("Pacific/Honolulu")] {
                let at = Timestamp::from_millis(ms);
                assert!(!zone.time(at).is_empty() && !zone.weekday_and_hour(at, Timestamp::from_millis(0)).is_empty());
            }
        }
    }

    #[test]
    fn a_time_on_the_wall_is_once_twice_or_jumped_over() {
        assert_eq!(moments("Europe/Berlin", "2026-03-28T02:30:00"), ["2026-03-28T01:30:00Z"]);
        assert_eq!(moments("Europe/Berlin", "2026-03-29T02:30:00"), ["2026-03-29T01:00:00Z"]);
        let twice = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
        assert_eq!(moments("Europe/Berlin", "2026-10-25T02:30:00"), twice);
        assert_eq!(moments("Pacific/Apia", "2011-12-30T12:00:00"), ["2011-12-30T10:00:00Z"], "a day that never was");
    }
}
