//! A mail that would have been sent.

use std::io::{self, Write};

use rules::{Incident, NoticeKind, Post, Recipient, Severity, Zone, words};
use sample::{HostName, Timestamp};
use serde::Serialize;

use crate::cut::cut;

/// In one line; the others are counted.
const MOST_ENTRIES: usize = 3;
const MOST_HEADLINE: usize = 100;

/// A mail that would have been sent.
pub(super) struct Mail {
    pub(super) at: Timestamp,
    pub(super) recipient: Recipient,
    is_initial: bool,
    is_last_of_the_hour: bool,
    pub(super) entries: Vec<Entry>,
}

/// What a mail tells of one incident.
pub(super) struct Entry {
    host: Option<HostName>,
    metric: &'static str,
    instance: String,
    pub(super) kind: NoticeKind,
    pub(super) severity: Severity,
    tag: &'static str,
    headline: String,
}

impl Mail {
    pub(super) fn of(post: &Post, incidents: &[Incident], at: Timestamp) -> Mail {
        let entry = |(position, kind): &(usize, NoticeKind)| Some(Entry::of(incidents.get(*position)?, *kind));
        Mail {
            at,
            recipient: post.recipient.clone(),
            is_initial: post.is_initial,
            is_last_of_the_hour: post.is_last_of_the_hour,
            entries: post.notices.iter().filter_map(entry).collect(),
        }
    }

    /// `CRIT` for one story, `2 CRIT, 1 OK` for several.
    fn tag(&self) -> String {
        let tags = ["CRIT", "WARN", "INFO", "OK", "END", "MISSED"];
        let of = |tag: &'static str| (self.entries.iter().filter(|entry| entry.tag == tag).count(), tag);
        let counts = tags.into_iter().map(of).filter(|(count, _)| *count > 0);
        match &self.entries[..] {
            [one] => one.tag.to_owned(),
            _ => counts.map(|(count, tag)| format!("{count} {tag}")).collect::<Vec<_>>().join(", "),
        }
    }

    pub(super) fn write_text(&self, out: &mut impl Write, zone: Zone, full: bool) -> io::Result<()> {
        let mut line = format!("{}  {}  [{}]", zone.time(self.at), self.recipient, self.tag());
        for (is, said) in [(self.is_initial, " initial state"), (self.is_last_of_the_hour, " last mail of the hour")] {
            if is {
                line.push_str(said);
            }
        }
        if full {
            writeln!(out, "{line}")?;
            return self
                .entries
                .iter()
                .try_for_each(|entry| writeln!(out, "    {:<9} {:<4} {}", entry.kind.name(), entry.tag, entry.text()));
        }
        let mut told: Vec<String> = self.entries.iter().take(MOST_ENTRIES).map(Entry::text).collect();
        if self.entries.len() > MOST_ENTRIES {
            told.push(format!("and {} more", self.entries.len() - MOST_ENTRIES));
        }
        writeln!(out, "{line} {}", told.join("; "))
    }

    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let entries = self.entries.iter().map(|entry| EntryLine {
            host: entry.host.as_ref().map(HostName::as_str),
            metric: entry.metric,
            instance: &entry.instance,
            kind: entry.kind.name(),
            severity: entry.severity.name(),
            headline: &entry.headline,
        });
        let line = Line {
            at_ms: self.at.as_millis(),
            recipient: self.recipient.as_str(),
            tag: self.tag(),
            is_initial: self.is_initial,
            entries: entries.collect(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }
}

impl Entry {
    fn of(incident: &Incident, kind: NoticeKind) -> Entry {
        let ended = incident.ended.filter(|_| kind == NoticeKind::Over).map(|end| end.kind);
        Entry {
            host: incident.host.clone(),
            metric: incident.key.rule.metric.name(),
            instance: sample::plain(incident.key.instance.as_str()).into_owned(),
            kind,
            severity: incident.severity,
            tag: if kind == NoticeKind::Missed { "MISSED" } else { words::tag(incident.severity, ended) },
            headline: words::headline(incident),
        }
    }

    /// A repeated word is told as such, or a reader wonders.
    fn text(&self) -> String {
        let host = self.host.as_ref().map(|host| format!("{host}: ")).unwrap_or_default();
        let reminder = if self.kind == NoticeKind::Reminder { " (reminder)" } else { "" };
        format!("{host}{}{reminder}", cut(&self.headline, MOST_HEADLINE))
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at_ms: i64,
    recipient: &'a str,
    tag: String,
    is_initial: bool,
    entries: Vec<EntryLine<'a>>,
}

#[derive(Serialize)]
struct EntryLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    metric: &'static str,
    instance: &'a str,
    kind: &'static str,
    severity: &'static str,
    headline: &'a str,
}

#[cfg(test)]
mod tests {
    use rules::{AlertKey, End, EventKind, Instance, RuleKey, Selector, Telling};
    use sample::Metric;

    use super::*;

    #[test]
    fn only_what_is_well_again_and_was_told_is_ok() {
        let rule = RuleKey { metric: Metric::Memory, selector: Selector::Every, ordinal: 0 };
        let at = Timestamp::from_millis(0);
        let incident = |kind| Incident {
            id: 1,
            host: None,
            key: AlertKey { rule: rule.clone(), instance: Instance::Host },
            opened: at,
            severity: Severity::Warning,
            limit: 85.0,
            value: None,
            worst: 90.0,
            flapping: false,
            ended: Some(End { kind, at }),
            telling: Telling::default(),
            ack: None,
            told: Vec::new(),
        };
        let tag = |ended, kind| Entry::of(&incident(ended), kind).tag;
        assert_eq!(tag(EventKind::Resolved, NoticeKind::Over), "OK");
        assert_eq!(tag(EventKind::Withdrawn, NoticeKind::Over), "END");
        assert_eq!(tag(EventKind::Gone, NoticeKind::Over), "END");
        assert_eq!(tag(EventKind::Resolved, NoticeKind::Missed), "MISSED");
    }
}
