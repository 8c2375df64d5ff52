//! What a rule says, in words.

use std::time::Duration;

use rules::{Hold, Level, Recipient, Repeat, Repeats, Rule, Severity, Side, words};
use sample::{Metric, Unit};

use crate::cut::cut;

const MOST_TEXT: usize = 200;

/// What a rule says, each with its label.
pub(super) fn settings(rule: &Rule, repeats: Repeats) -> Vec<(&'static str, String)> {
    let metric = rule.key.metric;
    let levels: Vec<String> = rule.levels().iter().map(|level| level_text(metric, rule.side(), level)).collect();
    let mut settings = vec![("limits", levels.join("; ")), ("counts", holds_text(rule))];
    if let Some(bytes) = rule.and_free_below {
        settings.push(("only if", format!("less than {} are available", bytes_text(bytes))));
    }
    if let Some(percent) = rule.floor_percent {
        settings.push(("only if", format!("at least {percent}% are in use")));
    }
    settings.extend(telling(rule, repeats));
    settings
}

fn level_text(metric: Metric, side: Side, level: &Level) -> String {
    let Level { severity, limit, clear } = *level;
    if metric.unit() == Unit::State {
        return format!("{severity} when {}", words::value(metric, limit));
    }
    // 95 % of a quarter of an hour is no number of minutes.
    let words = if metric.unit() == Unit::Seconds { words::value } else { words::limit };
    let (limit, clear) = (words::limit(metric, limit), words(metric, clear));
    match side {
        Side::Above => format!("{severity} from {limit} on, over at {clear}"),
        Side::Below => format!("{severity} below {limit}, over at {clear}"),
    }
}

fn holds_text(rule: &Rule) -> String {
    format!("an alert {}, over {}", hold_text(rule.rise), hold_text(rule.fall))
}

/// `after 2 samples`, `at once`.
pub(super) fn hold_text(hold: Hold) -> String {
    let mut parts = Vec::new();
    if !hold.lasting.is_zero() {
        parts.push(span(hold.lasting));
    }
    if hold.times > 1 {
        parts.push(format!("{} in a row", hold.times));
    }
    if parts.is_empty() { "at once".to_owned() } else { format!("after {}", parts.join(" and ")) }
}

fn telling(rule: &Rule, repeats: Repeats) -> Vec<(&'static str, String)> {
    let telling = &rule.telling;
    let mut settings = vec![("tells", recipients_text(&telling.recipients)), ("repeats", repeat_text(rule, repeats))];
    if let Some(escalation) = &telling.escalation {
        let to = recipients_text(&escalation.to);
        settings.push(("escalates", format!("to {to}, {} after the first word", span(escalation.after))));
    }
    if let Some(active) = &telling.active {
        settings.push(("hours", active.to_string()));
    }
    let notes = [("see", &telling.url), ("says", &telling.text)];
    settings.extend(notes.into_iter().filter_map(|(label, note)| Some((label, cut(note.as_ref()?, MOST_TEXT)))));
    settings
}

fn recipients_text(recipients: &[Recipient]) -> String {
    let names: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// Of the severities that the rule has.
fn repeat_text(rule: &Rule, repeats: Repeats) -> String {
    let of = |severity: Severity| match repeats.of(severity).filter(|_| severity != Severity::Info) {
        Some(every) => format!("{severity} every {}", span(every)),
        None => format!("{severity} never"),
    };
    match rule.telling.repeat {
        Repeat::BySeverity => rule.levels().iter().map(|level| of(level.severity)).collect::<Vec<_>>().join(", "),
        Repeat::Never => "never".to_owned(),
        Repeat::Every(every) => format!("every {}", span(every)),
    }
}

/// `20 GB`, `1.5 GB`, `512 B`: in powers of ten, as config.xml has them.
pub(super) fn bytes_text(bytes: u64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let (value, found) = (bytes as f64, units.into_iter().find(|(unit, _)| bytes as f64 >= *unit));
    let text = found.map(|(unit, name)| (format!("{:.1}", value / unit), name));
    text.map_or_else(|| format!("{bytes} B"), |(text, name)| format!("{} {name}", text.trim_end_matches(".0")))
}

/// What people would say of so long a time.
pub(super) fn span(lasting: Duration) -> String {
    words::span(i64::try_from(lasting.as_secs()).unwrap_or(i64::MAX))
}
