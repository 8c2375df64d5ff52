//! Limits, sizes and times of alerts: one attribute's text to a number in the metric's unit.

use std::time::Duration;

use rules::Repeat;
use sample::Unit;

use crate::complaint::{Complaint, Parsed};
use crate::value::{duration, within};

/// A limit or a clear value of a metric that is counted in this unit.
///
/// The percent sign means nothing, not even where the metric is no share: the original dropped it from any limit.
pub(crate) fn limit(text: &str, unit: Unit) -> Parsed<f64> {
    let text = text.trim();
    let number = decimal(text.strip_suffix('%').map_or(text, str::trim_end));
    if number != Err(Complaint::NotANumber) {
        return number;
    }
    match unit {
        Unit::Seconds => duration(text).map(|span| span.as_secs_f64()).or(Err(Complaint::NotSeconds)),
        Unit::Milliseconds => {
            duration(text).map(|span| span.as_secs_f64() * 1000.0).or(Err(Complaint::NotMilliseconds))
        }
        Unit::BytesPerSecond => {
            size(text.strip_suffix("/s").unwrap_or(text)).map(|bytes| bytes as f64).or(Err(Complaint::NotARate))
        }
        Unit::Percent | Unit::Number | Unit::Count | Unit::PerSecond | Unit::Celsius | Unit::Rpm | Unit::State => {
            number
        }
    }
}

/// Digits with or without a point in between: not all that Rust reads as a number (`inf`, `1e3`, `.5`).
fn decimal(text: &str) -> Parsed<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| (1..=15).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    match unsigned.parse() {
        Ok(_) if text.starts_with('-') && digits(whole) && digits(fraction) => Err(Complaint::BelowZero),
        Ok(number) if digits(whole) && digits(fraction) => Ok(number),
        Ok(_) | Err(_) => Err(Complaint::NotANumber),
    }
}

/// What people write behind a number of bytes, and how many bytes each stands for.
const SIZES: [(&str, u64); 12] = [
    // Before "B", which they end in.
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("B", 1),
];

/// A number of bytes. `GB` is 1000³ and `GiB` is 1024³; `G` alone is neither.
pub(crate) fn size(text: &str) -> Parsed<u64> {
    let text = text.trim();
    let parts = SIZES.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (number, unit) = parts.ok_or(Complaint::NotASize)?;
    let number = decimal(number.trim_end()).or(Err(Complaint::NotASize))?;
    let bytes = number * unit as f64;
    // What an integer of the database holds.
    if bytes < i64::MAX as f64 { Ok(bytes.round() as u64) } else { Err(Complaint::TooLarge) }
}

/// How long a value has to be seen.
pub(crate) fn hold(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::ZERO, "0s"), (days(31), "31d"))
}

/// How long ahead a forecast looks.
pub(crate) fn horizon(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (hours(1), "1h"), (days(31), "31d"))
}

/// How long until somebody else is told.
pub(crate) fn patience(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_secs(60), "1m"), (days(31), "31d"))
}

/// How often people are reminded; none: never.
pub(crate) fn reminder(text: &str) -> Parsed<Option<Duration>> {
    if text.trim() == "never" {
        return Ok(None);
    }
    let span = duration(text).or(Err(Complaint::Other("is neither \"never\" nor a duration such as 4h or 1d".into())));
    within(span?, (Duration::from_secs(1), "1s"), (days(366), "366d")).map(Some)
}

/// The same of one alert.
pub(crate) fn repeat(text: &str) -> Parsed<Repeat> {
    reminder(text).map(|every| every.map_or(Repeat::Never, Repeat::Every))
}

/// After how long without a mail there is a sign of life.
pub(crate) fn heartbeat(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (hours(1), "1h"), (days(31), "31d"))
}

/// How long ago something happened that is told late.
pub(crate) fn lateness(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_secs(60), "1m"), (days(31), "31d"))
}

/// How long a window of maintenance lasts.
pub(crate) fn window(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_secs(60), "1m"), (days(7), "7d"))
}

/// How long a notifier may take.
pub(crate) fn notifier_timeout(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_secs(1), "1s"), (Duration::from_secs(300), "5m"))
}

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

const fn days(count: u64) -> Duration {
    hours(count * 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percent_sign_of_a_limit_is_optional_whatever_the_unit() {
        for text in ["85", "85%", "85 %", " 85.0% "] {
            for unit in [Unit::Percent, Unit::Number, Unit::Seconds, Unit::BytesPerSecond, Unit::State] {
                assert_eq!(limit(text, unit), Ok(85.0), "{text:?}");
            }
        }
        assert_eq!(limit("8640000", Unit::Seconds), Ok(8_640_000.0));
    }

    #[test]
    fn a_limit_may_have_the_unit_of_its_metric_and_no_other() {
        assert_eq!(limit("100d", Unit::Seconds), Ok(8_640_000.0));
        assert_eq!([limit("20ms", Unit::Milliseconds), limit("2s", Unit::Milliseconds)], [Ok(20.0), Ok(2000.0)]);
        assert_eq!(
            [limit("12.5MB", Unit::BytesPerSecond), limit("1 KiB/s", Unit::BytesPerSecond)],
            [Ok(12.5e6), Ok(1024.0)]
        );
        assert_eq!(limit("100d", Unit::Percent), Err(Complaint::NotANumber));
        assert_eq!(limit("20MB", Unit::Seconds), Err(Complaint::NotSeconds));
        assert_eq!(limit("20MB", Unit::Milliseconds), Err(Complaint::NotMilliseconds));
        assert_eq!(limit("20s", Unit::BytesPerSecond), Err(Complaint::NotARate));
    }

    #[test]
    fn a_limit_nothing_can_mean_is_refused() {
        for text in [
            "",
            "%",
            "abc",
            "nan",
            "NaN",
            "inf",
            "+1",
            "--1",
            "-",
            "-x",
            "1e3",
            "85%%",
            "1,5",
            ".5",
            "5.",
            "0x10",
            "1_0",
            "1234567890123456",
        ] {
            assert_eq!(limit(text, Unit::Percent), Err(Complaint::NotANumber), "{text:?}");
            assert!(limit(text, Unit::Seconds).is_err() && limit(text, Unit::BytesPerSecond).is_err(), "{text:?}");
        }
        assert_eq!(
            [limit("-1", Unit::Percent), limit("-1", Unit::Seconds)],
            [Err(Complaint::BelowZero), Err(Complaint::BelowZero)]
        );
    }

    #[test]
    fn sizes_are_powers_of_a_thousand_or_of_1024_as_they_say() {
        let all = ["20GB", "500 MB", "1TiB", "1.5kB", " 7B ", "1KB", "3PiB"].map(|text| size(text).unwrap());
        assert_eq!(all, [20_000_000_000, 500_000_000, 1 << 40, 1500, 7, 1000, 3 << 50]);
        for text in ["", "20", "20G", "20gb", "GB", "-1GB", "infGB", "NaNB", "1e3GB", "20 G B", "20GBB"] {
            assert_eq!(size(text), Err(Complaint::NotASize), "{text:?}");
        }
        assert_eq!(size("999999999999999PB"), Err(Complaint::TooLarge));
    }

    #[test]
    fn a_reminder_comes_after_a_time_or_never() {
        assert_eq!([repeat("4h"), repeat(" never ")], [Ok(Repeat::Every(hours(4))), Ok(Repeat::Never)]);
        assert!(repeat("0s").is_err() && repeat("367d").is_err() && repeat("often").is_err() && repeat("").is_err());
    }
}
