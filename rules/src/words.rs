//! Numbers, times and problems as people write them: the same words in mails and on the command line.

mod headline;
mod settings;
mod state;

use sample::{Metric, Timestamp, Unit, plain};

use crate::{EventKind, Instance, Severity};

pub use headline::headline;
pub use settings::{bytes, duration, hold, recipients, settings};

/// A name of the host's choosing is cut after so many characters: a headline is one line.
const LONGEST_NAME: usize = 100;
/// Numbers from here on are written with an exponent.
const HUGE: f64 = 1e15;
const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
/// [`Metric::DiskFull`] stands for longer, or never, from here on.
const YEAR: f64 = 365.0 * DAY;

/// A value of this metric, with its unit: `97%`, `3 h 5 min`, `12.5 MB/s`.
pub fn value(metric: Metric, value: f64) -> String {
    match metric.unit() {
        Unit::Percent => format!("{}%", number(value, 1)),
        Unit::Seconds if metric == Metric::DiskFull && value >= YEAR => "more than a year".to_owned(),
        // A clock that is off is so by parts of a second.
        Unit::Seconds if value < 60.0 => format!("{} s", number(value, 1)),
        Unit::Seconds => span(value as i64),
        Unit::Milliseconds => format!("{} ms", number(value, 1)),
        // Not what `uptime` shows of the host.
        Unit::Number if matches!(metric, Metric::Load | Metric::Load5 | Metric::Load15) => {
            format!("{} per CPU", number(value, 2))
        }
        Unit::Number => number(value, 2),
        Unit::Count => number(value, 0),
        Unit::BytesPerSecond => bytes_per_second(value),
        Unit::PerSecond => format!("{}/s", number(value, 2)),
        Unit::Celsius => format!("{} C", number(value, 1)),
        Unit::Rpm => format!("{} rpm", number(value, 0)),
        Unit::State => state::value(metric, value).to_owned(),
    }
}

/// A limit as it was configured, or follows from what was.
pub fn limit(metric: Metric, limit: f64) -> String {
    match metric.unit() {
        Unit::Percent => format!("{}%", number(limit, 3)),
        Unit::Seconds => round_time(limit),
        Unit::Milliseconds => format!("{} ms", number(limit, 3)),
        Unit::Number | Unit::Count | Unit::State => number(limit, 3),
        Unit::BytesPerSecond => bytes_per_second(limit),
        Unit::PerSecond => format!("{}/s", number(limit, 3)),
        Unit::Celsius => format!("{} C", number(limit, 3)),
        Unit::Rpm => format!("{} rpm", number(limit, 3)),
    }
}

/// What an alert is about, without a host: `memory`, `disk /var`, `check backup`.
pub fn subject(key: &crate::AlertKey) -> String {
    let metric = key.rule.metric;
    let Instance::Named(name) = &key.instance else { return state::noun(metric).to_owned() };
    // What is gone is named with its kind.
    if metric == Metric::Gone { short(name) } else { format!("{} {}", state::noun(metric), short(name)) }
}

/// The tag of a subject, such as `CRIT`; for what ended so, `OK` if all is well again, and `END` if nobody knows.
pub fn tag(severity: Severity, ended: Option<EventKind>) -> &'static str {
    match ended {
        Some(EventKind::Resolved) => "OK",
        Some(EventKind::Gone | EventKind::Withdrawn) => "END",
        Some(
            EventKind::Fired
            | EventKind::Worse
            | EventKind::Better
            | EventKind::Flapping
            | EventKind::Steady
            | EventKind::Happened,
        )
        | None => severity.tag(),
    }
}

/// How long from one to the other: `3 h 5 min`; nothing where it is less than a minute, or they are the wrong way round.
pub fn lasted(from: Timestamp, to: Timestamp) -> Option<String> {
    let seconds = to.millis_since(from) / 1000;
    (seconds >= 60).then(|| span(seconds))
}

/// The two largest units that are not empty: `100 d`, `3 h 5 min`.
pub fn span(seconds: i64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<String> = parts
        .iter()
        .skip_while(|(count, _)| *count <= 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// In the one unit that it is a round number of, as people write limits: `24 h`, `90 min`.
fn round_time(seconds: f64) -> String {
    let units = [(DAY, "d", 3.0), (HOUR, "h", 1.0), (60.0, "min", 1.0)];
    let is_round = |(unit, _, least): &(f64, &str, f64)| seconds >= unit * least && seconds % unit == 0.0;
    let (unit, name, _) = units.into_iter().find(is_round).unwrap_or((1.0, "s", 0.0));
    format!("{} {name}", number(seconds / unit, 3))
}

fn bytes_per_second(value: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| value.abs() >= *unit).unwrap_or((1.0, "B"));
    format!("{} {name}/s", number(value / unit, 1))
}

/// At most so many digits after the point, and none that say nothing.
fn number(value: f64, digits: usize) -> String {
    if value.abs() >= HUGE {
        return format!("{value:e}");
    }
    let text = format!("{value:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A name that a host chose, safe to show and not too long.
fn short(name: &str) -> String {
    let plain = plain(name);
    match plain.char_indices().nth(LONGEST_NAME) {
        None => plain.into_owned(),
        Some((end, _)) => format!("{}…", &plain[..end]),
    }
}

#[cfg(test)]
mod tests;
