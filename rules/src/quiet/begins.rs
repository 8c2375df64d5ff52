//! The moments at which windows of maintenance begin.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use sample::Timestamp;

use crate::Zone;

/// Each field's name and what it takes.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31 or L"),
    ("month", "1 to 12 or JAN to DEC"),
    ("day of week", "0 to 7 or SUN to SAT"),
];
const LONGEST_TEXT: usize = 200;
const DAY: i64 = 86_400_000;
/// As many times as are looked at when clocks change: every minute of the longest change.
const MOST_TIMES: usize = 2000;
/// Outside these years croner has no times.
const YEARS: std::ops::Range<i32> = 1900..4900;

/// The times of a cron expression, by the clock of a zone. A time that the clock jumps over is the moment of the jump;
/// one that the clock shows twice is the first, unless the expression comes in every hour.
#[derive(Clone)]
pub(super) struct Begins {
    cron: Arc<Cron>,
    zone: Zone,
    every_hour: bool,
}

impl Begins {
    /// Reads five fields; else says what is wrong with them.
    pub(super) fn parse(text: &str, zone: Zone) -> Result<Begins, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let Ok(fields) = <[&str; 5]>::try_from(&fields[..]) else {
            let names = "five (minute, hour, day of month, month, day of week)";
            return Err(format!("the maintenance {text:?} has {} fields, expected {names}", fields.len()));
        };
        if text.len() > LONGEST_TEXT {
            return Err(format!("the maintenance {:?}… is longer than {LONGEST_TEXT} bytes", fields[0]));
        }
        for (position, field) in fields.iter().enumerate() {
            check(position, field)?;
        }
        let cron = croner(&fields).map_err(|error| format!("the maintenance {text:?} is not valid: {error}"))?;
        let every_hour = (0..24).all(|hour| matches!(cron.pattern.hour_match(hour), Ok(true)));
        Ok(Begins { cron: Arc::new(cron), zone, every_hour })
    }

    /// The last one up to that moment.
    pub(super) fn at_or_before(&self, at: Timestamp) -> Option<Timestamp> {
        let (low, high) = self.walls(at)?;
        // Croner keeps fractions of a second that it is asked with.
        let (mut wall, mut best) = (high.with_nanosecond(0)?, None);
        for _ in 0..MOST_TIMES {
            wall = self.cron.find_previous_occurrence(&wall.and_utc(), true).ok()?.naive_utc();
            best = best.max(self.moments(wall).into_iter().filter(|moment| *moment <= at).max());
            if best.is_some() && wall <= low {
                break;
            }
            wall = wall.checked_sub_signed(TimeDelta::seconds(1))?;
        }
        best
    }

    /// The first one from that moment on.
    pub(super) fn at_or_after(&self, at: Timestamp) -> Option<Timestamp> {
        let (low, high) = self.walls(at.plus_millis(999))?;
        let (mut wall, high) = (low.with_nanosecond(0)?, high.with_nanosecond(0)?);
        let mut best: Option<Timestamp> = None;
        for _ in 0..MOST_TIMES {
            wall = self.cron.find_next_occurrence(&wall.and_utc(), true).ok()?.naive_utc();
            let found = self.moments(wall).into_iter().filter(|moment| *moment >= at).min();
            best = best.into_iter().chain(found).min();
            if best.is_some() && wall >= high {
                break;
            }
            wall = wall.checked_add_signed(TimeDelta::seconds(1))?;
        }
        best
    }

    /// What the clock shows at that moment, and what it would if it had not been changed within the last day: the
    /// earlier first. Times between the two may be before that moment or after it.
    fn walls(&self, at: Timestamp) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let wall = |offset_ms| {
            let wall = DateTime::from_timestamp_millis(at.as_millis().checked_add(offset_ms)?)?.naive_utc();
            YEARS.contains(&wall.year()).then_some(wall)
        };
        let offsets = [self.zone.offset_ms(at), self.zone.offset_ms(at.plus_millis(-DAY))].map(wall);
        let [now, unchanged] = offsets;
        Some((now?.min(unchanged?), now?.max(unchanged?)))
    }

    fn moments(&self, wall: NaiveDateTime) -> Vec<Timestamp> {
        let mut moments = self.zone.moments(wall);
        moments.truncate(if self.every_hour { 2 } else { 1 });
        moments
    }
}

impl fmt::Debug for Begins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Croner's pattern has an entry for each of 5,000 years.
        f.debug_struct("Begins").field("zone", &self.zone).finish_non_exhaustive()
    }
}

/// Reads one field alone: croner does not tell which one it could not read.
fn check(position: usize, found: &str) -> Result<(), String> {
    let mut fields = ["*"; 5];
    let (Some(field), Some((name, allowed))) = (fields.get_mut(position), FIELDS.get(position)) else { return Ok(()) };
    *field = found;
    // Croner takes names everywhere, so that an hour of "MON" would be one o'clock, and nothing between two commas.
    let is_number = |c: char| !c.is_ascii_alphabetic() || (position == 2 && "LlWw".contains(c));
    let is_strange = found.split(',').any(str::is_empty) || (position < 3 && !found.chars().all(is_number));
    if !is_strange && croner(&fields).is_ok() {
        return Ok(());
    }
    let signs = "with \"*\", \",\", \"-\" and \"/\" as in crontab";
    Err(format!("the {name} {found:?} of a maintenance is not valid, expected {allowed}, {signs}"))
}

fn croner(fields: &[&str; 5]) -> Result<Cron, croner::errors::CronError> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).dom_and_dow(false).build();
    parser.parse(&fields.join(" "))
}
