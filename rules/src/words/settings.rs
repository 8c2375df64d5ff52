//! What a rule says, as `fleet explain` and `fleet-alerter check` have it.

use std::time::Duration;

use sample::{Metric, Unit, plain};

use super::state::{Story, story};
use super::{limit, number, span};
use crate::{Hold, Level, Recipient, Repeat, Repeats, Rule, Severity, Side};

const MOST_TEXT: usize = 200;

/// What a rule says of when it fires: `("limits", "warning from 85% on, over at 80.75%")`, and so on, each with its
/// label. A rule that is off says nothing. Safe to show.
pub fn settings(rule: &Rule, repeats: Repeats) -> Vec<(&'static str, String)> {
    if rule.is_off() {
        return Vec::new();
    }
    let mut settings = vec![("limits", limits(rule)), ("counts", holds(rule))];
    settings.extend(rule.and_free_below.map(|free| ("only if", format!("less than {} are available", bytes(free)))));
    settings.extend(rule.floor_percent.map(|floor| ("only if", format!("at least {}% are in use", number(floor, 3)))));
    settings.extend(telling(rule, repeats));
    settings
}

/// `after 2 in a row`, `after 10 min and 3 in a row`, `at once`.
pub fn hold(hold: Hold) -> String {
    let lasting = (!hold.lasting.is_zero()).then(|| duration(hold.lasting));
    let times = (hold.times > 1).then(|| format!("{} in a row", hold.times));
    let parts: Vec<String> = lasting.into_iter().chain(times).collect();
    if parts.is_empty() { "at once".to_owned() } else { format!("after {}", parts.join(" and ")) }
}

/// As config.xml has them: `20 GB`, `1.5 GB`, and `20 GiB` where that is the round number.
pub fn bytes(bytes: u64) -> String {
    size(bytes as f64)
}

/// What people would say of so long a time.
pub fn duration(lasting: Duration) -> String {
    span(i64::try_from(lasting.as_secs()).unwrap_or(i64::MAX))
}

fn limits(rule: &Rule) -> String {
    let levels: Vec<String> = rule.levels().iter().map(|level| of_level(rule, level)).collect();
    levels.join("; ")
}

fn of_level(rule: &Rule, level: &Level) -> String {
    let Level { severity, limit: at, clear } = *level;
    let metric = rule.key.metric;
    match story(metric) {
        Story::Moment if metric == Metric::Reboot => format!("{severity} when it was rebooted"),
        Story::Moment => format!("{severity} when something that was there is gone"),
        Story::Silence => format!("{severity} after {} without a finished run", limit(metric, at)),
        Story::Missing if at <= 1.0 => format!("{severity} when any is missing"),
        Story::Missing => format!("{severity} when {} or more are missing", limit(metric, at)),
        Story::Check => format!("{severity} when it {}", said_by_a_check(rule, at)),
        Story::State(state) => format!("{severity} when it {}", state.bad),
        Story::Number | Story::Forecast => {
            let (at, over) = (threshold(metric, at), threshold(metric, clear));
            let from = match rule.side() {
                Side::Above => format!("from {at} on"),
                Side::Below => format!("below {at}"),
            };
            format!("{severity} {from}, over at {over}")
        }
    }
}

/// Unknown counts as a warning.
fn said_by_a_check(rule: &Rule, at: f64) -> &'static str {
    let has_worse = rule.levels().iter().any(|level| level.limit > 1.0);
    match at {
        _ if at > 1.0 => "says critical",
        _ if has_worse => "says warning or unknown",
        _ => "is not ok",
    }
}

fn threshold(metric: Metric, at: f64) -> String {
    let is_time = metric.unit() == Unit::Seconds;
    match () {
        () if metric.unit() == Unit::BytesPerSecond => format!("{}/s", size(at)),
        () if is_time && at >= 3600.0 && at % 3600.0 != 0.0 => hours(at),
        () => limit(metric, at),
    }
}

/// What is no whole number of hours: 95 % of a day is no number of minutes that people can read.
fn hours(seconds: f64) -> String {
    const DAYS: f64 = 3.0 * 86_400.0;
    let whole = (seconds / 3600.0).floor();
    let minutes = ((seconds - whole * 3600.0) / 60.0).floor();
    match () {
        () if seconds >= DAYS => span(seconds as i64),
        () if minutes > 0.0 => format!("{} h {} min", number(whole, 0), number(minutes, 0)),
        () => format!("{} h", number(whole, 0)),
    }
}

fn size(bytes: f64) -> String {
    let decimal = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let binary = [1_u64 << 40, 1 << 30, 1 << 20, 1 << 10].map(|unit| unit as f64);
    let binary = binary.into_iter().zip(["TiB", "GiB", "MiB", "KiB"]);
    let fits = |unit: f64, parts: f64| bytes.abs() >= unit && (bytes * parts) % unit == 0.0;
    let largest = decimal.into_iter().find(|(unit, _)| bytes.abs() >= *unit).unwrap_or((1.0, "B"));
    let is_round = largest.0 == 1.0 || fits(largest.0, 10.0);
    let round = binary.into_iter().find(|(unit, _)| !is_round && fits(*unit, 1.0));
    let (unit, name) = round.unwrap_or(largest);
    format!("{} {name}", number(bytes / unit, 1))
}

fn holds(rule: &Rule) -> String {
    if rule.key.metric.is_momentary() {
        return "told once, and never over".to_owned();
    }
    format!("an alert {}, over {}", hold(rule.rise), hold(rule.fall))
}

fn telling(rule: &Rule, repeats: Repeats) -> Vec<(&'static str, String)> {
    let telling = &rule.telling;
    let mut settings = vec![("tells", recipients(&telling.recipients)), ("repeats", repeat(rule, repeats))];
    settings.extend(telling.escalation.as_ref().map(|escalation| {
        let (to, after) = (recipients(&escalation.to), duration(escalation.after));
        ("escalates", format!("to {to}, {after} after the first word"))
    }));
    settings.extend(telling.active.as_ref().map(|active| ("hours", active.to_string())));
    let notes = [("see", &telling.url), ("says", &telling.text)];
    settings.extend(notes.into_iter().filter_map(|(label, note)| Some((label, cut(note.as_ref()?)))));
    settings
}

/// `ops@example.org, exec:chat`, or `nobody`.
pub fn recipients(recipients: &[Recipient]) -> String {
    let names: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// Of the severities that the rule has. What is only worth knowing is told once.
fn repeat(rule: &Rule, repeats: Repeats) -> String {
    let of = |severity: Severity| match repeats.of(severity) {
        Some(every) => format!("{severity} every {}", duration(every)),
        None => format!("{severity} never"),
    };
    let mut repeated = rule.levels().iter().map(|level| level.severity).filter(|level| *level != Severity::Info);
    match rule.telling.repeat {
        _ if repeated.clone().next().is_none() => "never".to_owned(),
        Repeat::Never => "never".to_owned(),
        Repeat::Every(every) => format!("every {}", duration(every)),
        Repeat::BySeverity => repeated.by_ref().map(of).collect::<Vec<_>>().join(", "),
    }
}

fn cut(text: &str) -> String {
    let text = plain(text);
    let mut short: String = text.chars().take(MOST_TEXT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
