//! Alerts for programs.

use std::borrow::Cow;
use std::io::{self, Write};

use rules::{Ack, Held, Recipient, Told, words};
use sample::plain;
use serde::Serialize;

use super::Shown;

/// One incident.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    incident: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    metric: &'static str,
    selector: Cow<'a, str>,
    instance: Cow<'a, str>,
    severity: &'static str,
    headline: String,
    opened_ms: i64,
    limit_value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    worst_value: f64,
    is_flapping: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_kind: Option<&'static str>,
    recipients: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acked: Option<Acked<'a>>,
    told: Vec<ToldLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_ms: Option<i64>,
}

#[derive(Serialize)]
struct Acked<'a> {
    by: Cow<'a, str>,
    at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
    comment: Cow<'a, str>,
}

#[derive(Serialize)]
struct ToldLine<'a> {
    recipient: &'a str,
    at_ms: i64,
    kind: &'static str,
    severity: &'static str,
    reach: &'static str,
}

/// Writes one line per incident.
pub(super) fn write(out: &mut impl Write, shown: &[Shown]) -> io::Result<()> {
    for shown in shown {
        serde_json::to_writer(&mut *out, &Line::of(shown))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The silence or the host that holds the next word.
fn held_by(held: &Held) -> Option<String> {
    match held {
        Held::Silenced(id) => Some(id.to_string()),
        Held::Behind(host) => Some(host.to_string()),
        Held::NoRecipient
        | Held::Maintenance
        | Held::Acknowledged
        | Held::HostDown
        | Held::OutsideHours
        | Held::CollectorSilent => None,
    }
}

impl<'a> Line<'a> {
    pub(crate) fn of(shown: &'a Shown) -> Line<'a> {
        let incident = &shown.incident;
        let held = shown.decision.as_ref().and_then(|decision| decision.held.as_ref());
        Line {
            incident: incident.id,
            host: incident.host.as_ref().map(sample::HostName::as_str),
            metric: incident.key.rule.metric.name(),
            selector: plain(incident.key.rule.selector.as_str()),
            instance: plain(incident.key.instance.as_str()),
            severity: incident.severity.name(),
            headline: words::headline(incident),
            opened_ms: incident.opened.as_millis(),
            limit_value: incident.limit,
            value: incident.value,
            worst_value: incident.worst,
            is_flapping: incident.flapping,
            ended_ms: incident.ended.map(|end| end.at.as_millis()),
            end_kind: incident.ended.map(|end| end.kind.name()),
            recipients: incident.telling.recipients.iter().map(Recipient::as_str).collect(),
            acked: incident.ack.as_ref().map(acked),
            told: incident.told.iter().map(told).collect(),
            held: held.map(Held::name),
            held_by: held.and_then(held_by),
            next_ms: shown.decision.as_ref().and_then(|decision| decision.next).map(|next| next.as_millis()),
        }
    }
}

fn acked(ack: &Ack) -> Acked<'_> {
    let until_ms = ack.until.map(|until| until.as_millis());
    Acked { by: plain(&ack.by), at_ms: ack.at.as_millis(), until_ms, comment: plain(&ack.comment) }
}

fn told(told: &Told) -> ToldLine<'_> {
    ToldLine {
        recipient: told.recipient.as_str(),
        at_ms: told.at.as_millis(),
        kind: told.kind.name(),
        severity: told.severity.name(),
        reach: told.reach.name(),
    }
}
