//! An explanation for people.

use std::io::{self, Write};

use rules::{Decision, Held, Instance, Silence, Why, Zone, words};
use sample::{Metric, Timestamp, Unit};

use super::candidates::{Lost, WhyNot};
use super::{Explanation, state};
use crate::age::ago;
use crate::alerts::{Shown, acked_text, held_text, told_texts};
use crate::cut::cut;

const MOST_NAME: usize = 100;
const MOST_COMMENT: usize = 200;

pub(super) fn write(out: &mut impl Write, told: &Explanation<'_>, zone: Zone, now: Timestamp) -> io::Result<()> {
    writeln!(out, "{}", title(told))?;
    line(out, "value", &value_text(told, zone, now))?;
    match &told.rule {
        None => line(out, "rule", &no_rule(told.metric, &told.instance))?,
        Some(rule) if rule.rule.is_off() => {
            let how = format!("none: {} switches it off", rule.origin_text());
            line(out, "rule", &how)?;
        }
        Some(rule) => {
            let others = match rule.hosts.saturating_sub(1) {
                0 => String::new(),
                1 => ", also of another host".to_owned(),
                more => format!(", also of {more} other hosts"),
            };
            line(
                out,
                "rule",
                &format!("{}, {}{others}", cut(&rule.rule.key.to_string(), MOST_NAME), rule.origin_text()),
            )?;
            words::settings(rule.rule, told.repeats)
                .iter()
                .try_for_each(|(label, text)| line(out, &format!("  {label}"), text))?;
        }
    }
    told.others.iter().try_for_each(|lost| line(out, "not", &lost_text(lost)))?;
    if let Some(rule) = told.rule.as_ref().filter(|rule| !rule.rule.is_off()) {
        let lines = state::lines(told.state.as_ref(), rule.rule, told.value.as_ref(), zone);
        lines
            .iter()
            .enumerate()
            .try_for_each(|(index, text)| line(out, if index == 0 { "state" } else { "" }, text))?;
    }
    match &told.incident {
        None => line(out, "alert", "none is open"),
        Some(shown) => write_incident(out, shown, told.silence.as_ref(), zone, now),
    }
}

fn line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{label:<12}{text}")
}

fn title(told: &Explanation<'_>) -> String {
    let host = told.host.map_or_else(|| "the fleet".to_owned(), ToString::to_string);
    let instance = match told.instance.as_str() {
        "" => String::new(),
        name => format!(" {}", cut(name, MOST_NAME)),
    };
    format!("{host}: {}{instance}", told.metric)
}

fn value_text(told: &Explanation<'_>, zone: Zone, now: Timestamp) -> String {
    let Some(value) = &told.value else {
        let what = if told.is_known { "not in the newest sample" } else { "nothing of that name is known" };
        return what.to_owned();
    };
    let avail = value.avail_bytes.map(|bytes| format!(", {} available", words::bytes(bytes))).unwrap_or_default();
    let shown = words::value(told.metric, value.value);
    format!("{shown}{avail} at {}, {}", zone.time(value.at), ago(value.at, now))
}

/// What to write into config.xml.
fn no_rule(metric: Metric, instance: &Instance) -> String {
    let selector = match (metric.selectors().attribute(), instance) {
        (Some(attribute), Instance::Named(name)) => {
            let quoted = name.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
            format!(" {attribute}=\"{}\"", cut(&quoted, MOST_NAME))
        }
        _ => String::new(),
    };
    let limit = match () {
        () if metric.unit() == Unit::State || metric.is_momentary() => "",
        () if metric.unit() == Unit::Percent => " limit=\"90%\"",
        () => " limit=\"...\"",
    };
    format!("none. <alert type=\"{metric}\"{selector}{limit}/> in <client>, <group> or <defaults> makes one")
}

fn lost_text(lost: &Lost<'_>) -> String {
    let why = match lost.why {
        WhyNot::OtherThings => "it is about other things",
        WhyNot::LessSpecific => "another rule names this more exactly",
    };
    let rule = lost.rule.rule;
    let off = if rule.is_off() { " (off)" } else { "" };
    format!("{}{off}, {}: {why}", cut(&rule.key.to_string(), MOST_NAME), lost.rule.origin_text())
}

fn write_incident(
    out: &mut impl Write,
    shown: &Shown,
    silence: Option<&Silence>,
    zone: Zone,
    now: Timestamp,
) -> io::Result<()> {
    let incident = &shown.incident;
    let (id, severity, headline) = (incident.id, incident.severity, words::headline(incident));
    let since = format!("since {}, {}", zone.time(incident.opened), ago(incident.opened, now));
    line(out, "alert", &format!("{id}: {severity}, {headline}, {since}"))?;
    let told = told_texts(incident, now);
    if told.is_empty() {
        line(out, "told", "nobody yet")?;
    }
    told.iter().try_for_each(|text| line(out, "told", text))?;
    if let Some(text) = incident.ack.as_ref().and_then(|ack| acked_text(ack, zone, now)) {
        line(out, "taken", &text)?;
    }
    let Some(decision) = &shown.decision else { return Ok(()) };
    if let Some(held) = &decision.held {
        line(out, "held", &held_in_full(held, silence, zone))?;
    }
    line(out, "next", &next_text(decision, zone))
}

/// With the words of whoever added the silence.
fn held_in_full(held: &Held, silence: Option<&Silence>, zone: Zone) -> String {
    match silence {
        None => held_text(held),
        Some(Silence { ends, author, comment, .. }) => {
            let (author, comment) = (cut(author, MOST_NAME), cut(comment, MOST_COMMENT));
            format!("{} until {}, by {author}: {comment}", held_text(held), zone.time(*ends))
        }
    }
}

fn next_text(decision: &Decision, zone: Zone) -> String {
    let owed = |(recipient, kind): &(rules::Recipient, rules::NoticeKind)| {
        let why = decision.why.get(recipient).map(|why| format!(", for {}", why_text(*why))).unwrap_or_default();
        format!("{recipient} is told {}{why}", kind.name())
    };
    let owed: Vec<String> = decision.notices.iter().map(owed).collect();
    match (owed.is_empty(), decision.next) {
        (false, _) => format!("{}: at the next run of fleet-alerter", owed.join("; ")),
        (true, Some(next)) => format!("nothing before {}, unless something changes", zone.time(next)),
        (true, None) => "nothing, unless something changes".to_owned(),
    }
}

fn why_text(why: Why) -> String {
    match why {
        Why::Repeat => "it goes on".to_owned(),
        Why::SilenceEnded(id) => format!("silence {id} ended"),
        Why::MaintenanceEnded => "maintenance ended".to_owned(),
        Why::AckEnded => "the acknowledgement ended".to_owned(),
        Why::HoursBegan => "its hours began".to_owned(),
        Why::Escalated => "nobody acknowledged it".to_owned(),
        Why::Steadied => "it came and went, and stays now".to_owned(),
    }
}
