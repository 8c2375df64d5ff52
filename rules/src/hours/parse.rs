//! Hours of the week as people write them.

use std::ops::Range;
use std::str::FromStr;

use super::{Hours, ParseHoursError};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MIDNIGHT: u32 = 24 * 60;
const LONGEST_TEXT: usize = 500;

impl FromStr for Hours {
    type Err = ParseHoursError;

    fn from_str(text: &str) -> Result<Hours, ParseHoursError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST_TEXT {
            let found = if text.is_empty() { "there is nothing" } else { "this is longer than 500 bytes" };
            return Err(ParseHoursError(found.to_owned()));
        }
        let mut week: [Vec<Range<u32>>; 7] = Default::default();
        // Days that wait for their hours, as in `Sat,Sun 09-12`; and those that hours without days are for.
        let (mut waiting, mut days): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..7).collect());
        for part in text.split(',') {
            let words: Vec<&str> = part.split_whitespace().collect();
            let (named, hours) = match words[..] {
                [hours] if hours.starts_with(|c: char| c.is_ascii_digit()) => (None, Some(hours)),
                [days] => (Some(days), None),
                [days, hours] => (Some(days), Some(hours)),
                _ => return Err(wrong(part, "is not days, hours, or days and hours")),
            };
            waiting.extend(named.map(parse_days).transpose()?.unwrap_or_default());
            let Some(hours) = hours else { continue };
            if !waiting.is_empty() {
                days = std::mem::take(&mut waiting);
            }
            add(&mut week, &days, &parse_hours(hours)?);
        }
        if !waiting.is_empty() {
            return Err(wrong(text, "ends with days without hours; for the whole day write 00-24"));
        }
        week.iter_mut().for_each(merge);
        Ok(Hours { text: text.to_owned(), week })
    }
}

fn wrong(found: &str, what: &str) -> ParseHoursError {
    ParseHoursError(format!("{:?} {what}", found.trim()))
}

/// `Mon`, `Mon-Fri` or `Fri-Mon`, as numbers from 0 for Monday.
fn parse_days(text: &str) -> Result<Vec<usize>, ParseHoursError> {
    let day = |name: &str| {
        let found = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
        found.ok_or_else(|| wrong(name, "is not a day; they are Mon, Tue, Wed, Thu, Fri, Sat and Sun"))
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    let length = (last + 7 - first) % 7;
    Ok((first..=first + length).map(|day| day % 7).collect())
}

/// `08-18`, `9:30-12:00` or `22-06`, as minutes; of the next day where they pass midnight.
fn parse_hours(text: &str) -> Result<Range<u32>, ParseHoursError> {
    let expected = || wrong(text, "is not hours such as 08-18 or 09:30-12:00, from 00:00 to 24:00");
    let (from, to) = text.split_once('-').ok_or_else(expected)?;
    let (from, to) = (minutes(from).ok_or_else(expected)?, minutes(to).ok_or_else(expected)?);
    if from == to || from == MIDNIGHT {
        return Err(wrong(text, "is no time at all; for the whole day write 00-24"));
    }
    Ok(from..if to > from { to } else { to + MIDNIGHT })
}

fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "00"));
    let number = |text: &str, fewest_digits: usize| {
        let is_number = (fewest_digits..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse::<u32>().ok() } else { None }
    };
    let (hour, minute) = (number(hour, 1)?, number(minute, 2)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MIDNIGHT).then_some(minutes)
}

fn add(week: &mut [Vec<Range<u32>>; 7], days: &[usize], hours: &Range<u32>) {
    for &day in days {
        let parts = [(day, hours.start..hours.end.min(MIDNIGHT)), (day + 1, 0..hours.end.saturating_sub(MIDNIGHT))];
        for (day, part) in parts {
            if let Some(of_the_day) = week.get_mut(day % 7).filter(|_| !part.is_empty()) {
                of_the_day.push(part);
            }
        }
    }
}

/// Hours that overlap or follow each other are one.
fn merge(day: &mut Vec<Range<u32>>) {
    day.sort_by_key(|hours| hours.start);
    day.dedup_by(|later, hours| {
        let touches = later.start <= hours.end;
        if touches {
            hours.end = hours.end.max(later.end);
        }
        touches
    });
}
