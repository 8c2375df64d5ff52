//! An explanation for programs.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use rules::{Hold, Recipient, Repeat, Rule, Side};
use sample::{HostName, plain};
use serde::Serialize;

use super::candidates::Candidate;
use super::{Explanation, state};
use crate::alerts;

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    metric: &'static str,
    instance: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avail_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleLine<'a>>,
    other_rules: Vec<OtherLine<'a>>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<alerts::Line<'a>>,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    selector: &'a str,
    origin: String,
    is_off: bool,
    fires: &'static str,
    levels: Vec<LevelLine>,
    rise: HoldLine,
    fall: HoldLine,
    #[serde(skip_serializing_if = "Option::is_none")]
    and_free_below_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor_percent: Option<f64>,
    recipients: Vec<&'a str>,
    /// Of a rule that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_ms: Option<u64>,
    is_repeated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    escalate_after_ms: Option<u64>,
    escalate_to: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct LevelLine {
    severity: &'static str,
    limit: f64,
    clear: f64,
}

#[derive(Serialize)]
struct HoldLine {
    lasting_ms: u64,
    times: u32,
}

#[derive(Serialize)]
struct OtherLine<'a> {
    selector: &'a str,
    origin: String,
    is_off: bool,
    reason: &'static str,
}

pub(super) fn write(out: &mut impl Write, told: &Explanation<'_>) -> io::Result<()> {
    let problem = told.state.as_ref().and_then(|state| state.problem.as_ref());
    let others = told.others.iter().map(|lost| OtherLine {
        selector: lost.rule.rule.key.selector.as_str(),
        origin: lost.rule.origin_text(),
        is_off: lost.rule.rule.is_off(),
        reason: lost.why.name(),
    });
    let line = Line {
        host: told.host.map(HostName::as_str),
        metric: told.metric.name(),
        instance: plain(told.instance.as_str()),
        value: told.value.as_ref().map(|value| value.value),
        avail_bytes: told.value.as_ref().and_then(|value| value.avail_bytes),
        taken_ms: told.value.as_ref().map(|value| value.at.as_millis()),
        rule: told.rule.as_ref().map(rule_line),
        other_rules: others.collect(),
        state: state::name(told.state.as_ref()),
        since_ms: problem.map(|problem| problem.since.as_millis()),
        incident: told.incident.as_ref().map(alerts::Line::of),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

fn rule_line<'a>(candidate: &Candidate<'a>) -> RuleLine<'a> {
    let rule: &'a Rule = candidate.rule;
    let telling = &rule.telling;
    let levels = rule.levels().iter();
    let escalation = telling.escalation.as_ref();
    RuleLine {
        selector: rule.key.selector.as_str(),
        origin: candidate.origin_text(),
        is_off: rule.is_off(),
        fires: match rule.side() {
            Side::Above => "above",
            Side::Below => "below",
        },
        levels: levels
            .map(|level| LevelLine { severity: level.severity.name(), limit: level.limit, clear: level.clear })
            .collect(),
        rise: hold_line(rule.rise),
        fall: hold_line(rule.fall),
        and_free_below_bytes: rule.and_free_below,
        floor_percent: rule.floor_percent,
        recipients: telling.recipients.iter().map(Recipient::as_str).collect(),
        repeat_ms: match telling.repeat {
            Repeat::Every(every) => Some(millis(every)),
            Repeat::BySeverity | Repeat::Never => None,
        },
        is_repeated: telling.repeat != Repeat::Never,
        escalate_after_ms: escalation.map(|escalation| millis(escalation.after)),
        escalate_to: escalation.iter().flat_map(|escalation| &escalation.to).map(Recipient::as_str).collect(),
        active: telling.active.as_ref().map(ToString::to_string),
        url: telling.url.as_deref(),
        text: telling.text.as_deref(),
    }
}

fn hold_line(hold: Hold) -> HoldLine {
    HoldLine { lasting_ms: millis(hold.lasting), times: hold.times }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
