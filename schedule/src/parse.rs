//! A schedule as people write it, and what is wrong with it if it is wrong.

use std::fmt;

use chrono::{DateTime, Local, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

use crate::times::Times;

/// Each field's name and what numbers it takes, in the order of a schedule of six fields.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0 to 59"),
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31 or L"),
    ("month", "1 to 12 or JAN to DEC"),
    ("day of week", "0 to 7 or SUN to SAT"),
];

const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// When a job is to run.
#[derive(Clone)]
pub struct Schedule {
    expression: String,
    times: Times,
    zone: Zone,
}

#[derive(Clone, Copy, Debug)]
enum Zone {
    Named(Tz),
    /// Whatever the system's zone is at that moment.
    System,
}

/// Why a text is not a schedule.
#[derive(Debug, thiserror::Error)]
pub enum ParseScheduleError {
    /// Neither five fields nor six.
    #[error(
        "the schedule {expression:?} has {found} fields, expected five (minute, hour, day of month, month, day of week) or six (second first)"
    )]
    FieldCount {
        /// The whole text.
        expression: String,
        /// The number of its fields.
        found: usize,
    },
    /// A word with an @ that stands for no schedule.
    #[error("unknown schedule {0:?}, known are @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually")]
    UnknownNickname(String),
    /// A field that can't be read.
    #[error("the {field} {found:?} is not valid, expected {allowed}, with \"*\", \",\", \"-\" and \"/\" as in crontab")]
    Field {
        /// Which field.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What may stand there.
        allowed: &'static str,
        /// What exactly is wrong with it.
        #[source]
        source: Option<CronError>,
    },
    /// Every field is right, but no day has them all.
    #[error("the schedule {0:?} never comes: there is no such day")]
    Never(String),
    /// No zone of that name in the time zone database.
    #[error("unknown time zone {0:?}, expected a name such as \"Europe/Berlin\" or \"UTC\"")]
    UnknownZone(String),
}

impl Schedule {
    /// Reads a schedule; its times are of the zone of that name, or of the system's zone if there is none.
    ///
    /// # Errors
    /// When a field, their number or the zone is wrong, or if there is no time that fits.
    pub fn parse(expression: &str, timezone: Option<&str>) -> Result<Schedule, ParseScheduleError> {
        let zone = timezone.map_or(Ok(Zone::System), parse_zone)?;
        let expression = expression.trim().to_owned();
        let times = Times::new(parse_cron(&expression)?);
        if times.next_after(&Utc, DateTime::UNIX_EPOCH).is_none() {
            return Err(ParseScheduleError::Never(expression));
        }
        Ok(Schedule { expression, times, zone })
    }

    /// The first of its times after `moment`; whole seconds. None if there is none before the year 5000.
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.zone {
            Zone::Named(zone) => self.times.next_after(&zone, moment),
            Zone::System => self.times.next_after(&Local, moment),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone {
            Zone::Named(zone) => write!(f, "{} ({zone})", self.expression),
            Zone::System => write!(f, "{} (local time)", self.expression),
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Croner's pattern has an entry for each of 5,000 years.
        write!(f, "Schedule({self})")
    }
}

fn parse_zone(name: &str) -> Result<Zone, ParseScheduleError> {
    let zone = name.parse().ok().map(Zone::Named);
    zone.ok_or_else(|| ParseScheduleError::UnknownZone(name.to_owned()))
}

fn parse_cron(expression: &str) -> Result<Cron, ParseScheduleError> {
    let nickname = NICKNAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(expression));
    let mut fields: Vec<&str> = nickname.map_or(expression, |(_, meaning)| meaning).split_whitespace().collect();
    if expression.starts_with('@') && nickname.is_none() {
        return Err(ParseScheduleError::UnknownNickname(expression.to_owned()));
    }
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    let Ok(fields) = <[&str; 6]>::try_from(&fields[..]) else {
        return Err(ParseScheduleError::FieldCount { expression: expression.to_owned(), found: fields.len() });
    };
    for (position, field) in fields.iter().enumerate() {
        check_field(position, field)?;
    }
    croner(&fields).map_err(|source| ParseScheduleError::Field {
        field: "schedule",
        found: expression.to_owned(),
        allowed: "five or six fields",
        source: Some(source),
    })
}

/// Reads one field alone: croner does not tell which one it could not read.
fn check_field(position: usize, found: &str) -> Result<(), ParseScheduleError> {
    let mut fields = ["*"; 6];
    fields[position] = found;
    let source = croner(&fields).err();
    // Croner takes names everywhere, so that an hour of "MON" would be one o'clock, and nothing between two commas.
    let is_number = |c: char| !c.is_ascii_alphabetic() || (position == 3 && "LlWw".contains(c));
    let is_strange = found.split(',').any(str::is_empty) || (position < 4 && !found.chars().all(is_number));
    if source.is_none() && !is_strange {
        return Ok(());
    }
    let (field, allowed) = FIELDS[position];
    Err(ParseScheduleError::Field { field, found: found.to_owned(), allowed, source })
}

fn croner(fields: &[&str; 6]) -> Result<Cron, CronError> {
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(false).build();
    parser.parse(&fields.join(" "))
}
