//! Times and durations, as people type them.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use rules::Zone;
use sample::Timestamp;

/// Nobody means more, and no calendar ends before it.
const LONGEST: Duration = Duration::from_hours(24 * 3660);

/// A point in time that was typed: its zone, and for a mere hour its day, are those of whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// With its offset from UTC.
    At(Timestamp),
    /// By the clock on the wall.
    Wall(NaiveDateTime),
    /// Today or tomorrow, whichever is next.
    Next(NaiveTime),
}

/// How far back to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(Duration),
    /// From then on.
    At(Moment),
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Moment, &'static str> {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%F %T %:z")) {
            return Ok(Moment::At(Timestamp::from_millis(at.timestamp_millis())));
        }
        let wall = ["%F %R", "%FT%R", "%F %T", "%FT%T"].iter().find_map(|form| {
            // A leap second or a year of five digits is nothing that anybody plans with.
            NaiveDateTime::parse_from_str(text, form).ok()
        });
        let day = || NaiveDate::parse_from_str(text, "%F").ok()?.and_hms_opt(0, 0, 0);
        if let Some(wall) = wall.or_else(day) {
            return Ok(Moment::Wall(wall));
        }
        let time = NaiveTime::parse_from_str(text, "%R");
        time.map(Moment::Next)
            .or(Err("expected a time such as 18:30, \"2026-11-21 18:30\" or 2026-11-21T18:30:00+01:00"))
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Since, &'static str> {
        let moment = || text.parse().map(Since::At);
        let expected = "expected how long ago, such as 90m, 12h or 7d, or a time such as 2026-11-21";
        duration(text).map(Since::Ago).or_else(|_| moment()).or(Err(expected))
    }
}

/// Reads `90m`, `2h`, `1d`: a number and a unit, as config.xml has them. At least a second, at most ten years.
///
/// # Errors
/// It is none.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "expected a duration such as 90m, 2h or 1d";
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(EXPECTED)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(EXPECTED),
    };
    let number: u64 = number.parse().or(Err(EXPECTED))?;
    let given = number.checked_mul(seconds).map(Duration::from_secs).ok_or(EXPECTED)?;
    if given.is_zero() || given > LONGEST { Err("expected at least 1s and at most ten years") } else { Ok(given) }
}

impl Moment {
    /// When that is, by the clock of `zone`. Nothing beyond the calendar.
    pub fn when(self, zone: Zone, now: Timestamp) -> Option<Timestamp> {
        // Both are names of the same database.
        let tz: Tz = zone.to_string().parse().ok()?;
        match self {
            Moment::At(at) => Some(at),
            Moment::Wall(wall) => on_the_wall(tz, wall),
            Moment::Next(time) => {
                let today = DateTime::from_timestamp_millis(now.as_millis())?.with_timezone(&tz).date_naive();
                let days = [Some(today), today.checked_add_days(Days::new(1))];
                days.into_iter().flatten().filter_map(|day| on_the_wall(tz, day.and_time(time))).find(|at| *at > now)
            }
        }
    }
}

impl Since {
    /// When that is, by the clock of `zone`.
    pub fn when(self, zone: Zone, now: Timestamp) -> Option<Timestamp> {
        match self {
            Since::Ago(ago) => Some(now - ago),
            // Of an hour of the day the last one is meant, and it may be yesterday's.
            Since::At(moment @ Moment::Next(_)) => moment.when(zone, now - Duration::from_hours(24)),
            Since::At(moment) => moment.when(zone, now),
        }
    }
}

/// Of an hour that comes twice, the first; one that is left out is the one after it.
fn on_the_wall(tz: Tz, wall: NaiveDateTime) -> Option<Timestamp> {
    let found = match tz.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at,
        LocalResult::None => tz.from_local_datetime(&wall.checked_add_signed(TimeDelta::hours(1))?).earliest()?,
    };
    Some(Timestamp::from_millis(found.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 06:17:37 UTC, 07:17:37 in Berlin.
    const NOON: Timestamp = Timestamp::from_millis(1_795_241_857_000);

    fn when(text: &str, zone: &str) -> String {
        let zone: Zone = zone.parse().unwrap();
        text.parse::<Moment>().unwrap().when(zone, NOON).unwrap().to_string()
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, seconds) in [("90m", 5400), ("2h", 7200), ("1d", 86_400), (" 5s ", 5)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "2", "h", "2 h", "-2h", "2w", "0h", "99999999999999999999h", "18446744073709551615d", "2h30m"]
        {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_by_the_clock_on_the_wall() {
        for (text, at) in [
            ("2026-11-21T18:30:00+01:00", "2026-11-21T17:30:00Z"),
            ("2026-11-21 07:17:37 +01:00", "2026-11-21T06:17:37Z"),
            ("2026-11-21T18:30:00Z", "2026-11-21T18:30:00Z"),
            ("2026-11-21 18:30", "2026-11-21T17:30:00Z"),
            ("2026-11-22", "2026-11-21T23:00:00Z"),
        ] {
            assert_eq!(when(text, "Europe/Berlin"), at, "{text}");
        }
        for text in ["", "soon", "25:00", "2026-02-30", "18:30 tomorrow", "2026-11-21 18:30 +25:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_hour_of_the_day_is_the_next_one_and_in_looking_back_the_last_one() {
        assert_eq!(when("07:17", "Europe/Berlin"), "2026-11-22T06:17:00Z", "it has been today");
        assert_eq!(when("07:18", "Europe/Berlin"), "2026-11-21T06:18:00Z");
        let back = |text: &str| text.parse::<Since>().unwrap().when(Zone::UTC, NOON).unwrap().to_string();
        assert_eq!([back("06:00"), back("07:00")], ["2026-11-21T06:00:00Z", "2026-11-20T07:00:00Z"]);
        assert_eq!(back("7d"), "2026-11-14T06:17:37Z");
    }

    #[test]
    fn an_hour_that_is_left_out_or_comes_twice_is_one_all_the_same() {
        assert_eq!(when("2026-03-29 02:30", "Europe/Berlin"), "2026-03-29T01:30:00Z");
        assert_eq!(when("2026-10-25 02:30", "Europe/Berlin"), "2026-10-25T00:30:00Z");
    }
}
