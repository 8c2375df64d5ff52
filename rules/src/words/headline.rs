//! A problem in one line.

use sample::Metric;

use super::state::{Story, story};
use super::{YEAR, limit, span, subject, value};
use crate::{EventKind, Incident};

/// A problem in one line, without its host: `disk /var 97% (limit 95%)`, `host is unreachable`, `process nginx: 1 missing`.
/// Safe to show: what hosts chose is escaped.
pub fn headline(incident: &Incident) -> String {
    match incident.ended.map(|end| end.kind) {
        None if incident.flapping => format!("{}, comes and goes", open(incident)),
        None => open(incident),
        Some(EventKind::Withdrawn) => format!("{} is no longer watched", about(incident)),
        Some(EventKind::Gone) => gone(incident),
        Some(
            EventKind::Resolved
            | EventKind::Happened
            | EventKind::Fired
            | EventKind::Worse
            | EventKind::Better
            | EventKind::Flapping
            | EventKind::Steady,
        ) => over(incident),
    }
}

/// What it is about, as the beginning of a sentence.
fn about(incident: &Incident) -> String {
    let (metric, subject) = (incident.key.rule.metric, subject(&incident.key));
    if matches!(metric, Metric::Probe | Metric::Collector) {
        return format!("the {subject}");
    }
    if metric == Metric::RebootRequired { format!("a {subject}") } else { subject }
}

fn open(incident: &Incident) -> String {
    let (metric, about, now) = (incident.key.rule.metric, about(incident), incident.value.unwrap_or(incident.worst));
    let limited = limit(metric, incident.limit);
    match story(metric) {
        Story::Number => format!("{about} {} (limit {limited})", value(metric, now)),
        Story::State(state) => format!("{about} {}", state.bad),
        Story::Silence => format!("{about} finished no run for {} (limit {limited})", value(metric, now)),
        Story::Missing => format!("{about}: {} missing", value(metric, now)),
        // Its problem is open: that it was fine at last does not make it over.
        Story::Check => format!("{about} is {}", value(metric, if now >= 1.0 { now } else { incident.worst })),
        Story::Forecast if now <= 0.0 => format!("{about} is full"),
        Story::Forecast if now >= YEAR => format!("{about} not full within a year (limit {limited})"),
        Story::Forecast => format!("{about} full in {} (limit {limited})", span(now as i64)),
        Story::Moment => happened(incident),
    }
}

fn over(incident: &Incident) -> String {
    let (metric, about) = (incident.key.rule.metric, about(incident));
    let limited = limit(metric, incident.limit);
    match (story(metric), incident.value) {
        (Story::Number, Some(now)) => format!("{about} back at {} (limit {limited})", value(metric, now)),
        (Story::Number, None) => format!("{about} is over (limit {limited})"),
        (Story::State(state), _) => format!("{about} {}", state.over),
        (Story::Silence, _) => format!("{about} runs again"),
        (Story::Missing, _) => format!("{about}: none missing any more"),
        (Story::Check, _) => format!("{about} is ok again"),
        (Story::Forecast, Some(seconds)) if seconds < YEAR => {
            format!("{about} full only in {} (limit {limited})", span(seconds as i64))
        }
        (Story::Forecast, _) => format!("{about} does not fill up any more"),
        (Story::Moment, _) => happened(incident),
    }
}

/// The thing left the host, or for what the configuration lists, that list.
fn gone(incident: &Incident) -> String {
    let is_listed = matches!(incident.key.rule.metric, Metric::Process | Metric::Unit);
    format!("{} {}", about(incident), if is_listed { "is no longer asked for" } else { "is gone" })
}

fn happened(incident: &Incident) -> String {
    if incident.key.rule.metric == Metric::Reboot {
        return "was rebooted".to_owned();
    }
    format!("{} is gone", about(incident))
}
