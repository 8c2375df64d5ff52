//! One story in words, each of them safe to show.

use rules::{EventKind, Incident, NoticeKind, is_late, words};
use sample::{Metric, Timestamp, TopProcess, Unit};
use serde::Serialize;

use super::chapters::Missed;
use super::shown::line;
use super::trend::Trend;
use super::{Occasion, Stationery, Story};

const MOST_REMARKS: usize = 6;
const MOST_PROCESSES: usize = 5;
/// Of a line that was made of what hosts and people chose.
const MOST_CHARS: usize = 300;
/// Of what config.xml has to say.
const MOST_CHARS_OF_ADVICE: usize = 1000;
/// So many entries have all their details. A longer mail is a list.
const MOST_DETAILED: usize = 40;

/// A story as the templates get it; described at the top of templates/mail.txt.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Entry {
    tag: &'static str,
    severity: &'static str,
    kind: &'static str,
    mark: Option<&'static str>,
    host: String,
    headline: String,
    since: String,
    until: Option<String>,
    lasted: Option<String>,
    is_late: bool,
    times: usize,
    value: Option<String>,
    limit: String,
    worst: Option<String>,
    ending: Option<&'static str>,
    url: Option<String>,
    is_link: bool,
    text: Option<String>,
    remarks: Vec<String>,
    number: i64,
    can_be_acknowledged: bool,
    trend: Option<Trend>,
    processes: Vec<Process>,
}

#[derive(Clone, Debug, Serialize)]
struct Process {
    name: String,
    pid: u32,
    cpu: Option<String>,
    memory: String,
}

/// Where entries are written.
pub(super) struct Desk<'a> {
    stationery: &'a Stationery,
    occasion: Occasion,
    now: Timestamp,
    written: usize,
}

impl<'a> Desk<'a> {
    /// For the entries of one mail.
    pub(super) fn new(stationery: &'a Stationery, occasion: Occasion, now: Timestamp) -> Desk<'a> {
        Desk { stationery, occasion, now, written: 0 }
    }

    /// The entry of a story.
    pub(super) fn entry(&mut self, story: &Story) -> Entry {
        let incident = &story.incident;
        let is_over = story.kind == NoticeKind::Over;
        let is_first = matches!(story.kind, NoticeKind::Problem | NoticeKind::Flapping | NoticeKind::Happened);
        let is_late = is_late(incident.due(), self.stationery.late_after, self.now);
        let ended = incident.ended.filter(|_| is_over).map(|end| end.at);
        let lasts = story.kind != NoticeKind::Happened;
        let can_be_acknowledged = incident.is_open() && incident.ack.is_none() && lasts;
        let entry = Entry {
            tag: tag(story),
            kind: story.kind.name(),
            mark: mark(story.kind),
            headline: headline(incident),
            until: ended.map(|at| self.stationery.zone.time(at)),
            lasted: words::lasted(incident.opened, ended.unwrap_or(self.now)).filter(|_| lasts),
            is_late: is_late && is_first && !self.occasion.is_initial,
            times: 1,
            ending: incident.ended.and_then(|end| ending(end.kind)),
            can_be_acknowledged,
            ..self.outline(incident, incident.worst)
        };
        self.with_details(entry, story)
    }

    /// The entry of an alert that came and went untold.
    pub(super) fn missed(&mut self, missed: &Missed<'_>) -> Entry {
        let Some((first, last)) = missed.times.first().zip(missed.times.last()) else { return Entry::default() };
        let ended = last.incident.ended.map(|end| end.at);
        let entry = Entry {
            tag: words::tag(missed.severity(), None),
            severity: missed.severity().name(),
            kind: NoticeKind::Missed.name(),
            headline: at_its_worst(&last.incident, missed.worst()),
            until: ended.map(|at| self.stationery.zone.time(at)),
            lasted: words::lasted(Timestamp::from_millis(0), Timestamp::from_millis(missed.lasted_millis())),
            times: missed.times.len(),
            since: self.stationery.zone.time(first.incident.opened),
            ..self.outline(&last.incident, missed.worst())
        };
        self.with_details(entry, last)
    }

    fn outline(&self, incident: &Incident, worst: f64) -> Entry {
        let metric = incident.key.rule.metric;
        let has_worst =
            worst.is_finite() && metric.unit() != Unit::State && !metric.is_momentary() && !is_duration(metric);
        Entry {
            severity: incident.severity.name(),
            host: host(incident).to_owned(),
            since: self.stationery.zone.time(incident.opened),
            value: incident.value.map(|value| words::value(metric, value)),
            limit: words::limit(metric, incident.limit),
            worst: has_worst.then(|| words::value(metric, worst)),
            number: incident.id,
            ..Entry::default()
        }
    }

    fn with_details(&mut self, mut entry: Entry, story: &Story) -> Entry {
        self.written += 1;
        let telling = &story.incident.telling;
        let url = telling.url.as_deref().filter(|url| !url.is_empty());
        entry.url = url.map(|url| line(url, MOST_CHARS_OF_ADVICE));
        entry.is_link = url.is_some_and(is_link);
        entry.remarks = story.remarks.iter().take(MOST_REMARKS).map(|remark| line(remark, MOST_CHARS)).collect();
        if self.written <= MOST_DETAILED {
            let text = telling.text.as_deref().filter(|text| !text.is_empty());
            entry.text = text.map(|text| line(text, MOST_CHARS_OF_ADVICE));
            entry.trend = Trend::of(story.incident.key.rule.metric, &story.trend);
            entry.processes = story.processes.iter().take(MOST_PROCESSES).map(process).collect();
        }
        entry
    }
}

/// Its value is how long it has lasted, which is told anyway.
fn is_duration(metric: Metric) -> bool {
    metric == Metric::Collector
}

/// Whom it is about.
pub(super) fn host(incident: &Incident) -> &str {
    incident.host.as_ref().map_or("fleet", |host| host.as_str())
}

/// What is wrong, or was; in one line.
pub(super) fn headline(incident: &Incident) -> String {
    line(&words::headline(incident), MOST_CHARS)
}

/// What was wrong, when it was worst.
pub(super) fn at_its_worst(incident: &Incident, worst: f64) -> String {
    let value = Some(worst).filter(|worst| worst.is_finite());
    headline(&Incident { value, ended: None, flapping: false, ..incident.clone() })
}

/// `CRIT`; for what is over, how it ended.
pub(super) fn tag(story: &Story) -> &'static str {
    let ended = story.incident.ended.filter(|_| story.kind == NoticeKind::Over).map(|end| end.kind);
    words::tag(story.incident.severity, ended)
}

/// What a reader has to know before the rest.
pub(super) fn mark(kind: NoticeKind) -> Option<&'static str> {
    match kind {
        NoticeKind::Worse => Some("worse"),
        NoticeKind::Reminder => Some("still"),
        // The headline says it.
        NoticeKind::Flapping => None,
        NoticeKind::Problem | NoticeKind::Over | NoticeKind::Missed | NoticeKind::Happened => None,
    }
}

fn ending(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Withdrawn => Some("its rule or host was taken out of the configuration"),
        EventKind::Gone => Some("what it was seen on is not there any more"),
        EventKind::Fired
        | EventKind::Worse
        | EventKind::Better
        | EventKind::Flapping
        | EventKind::Steady
        | EventKind::Resolved
        | EventKind::Happened => None,
    }
}

/// Only what a mail client may open in a browser: a `javascript:` or `file:` address stays text.
fn is_link(url: &str) -> bool {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web && url.len() <= MOST_CHARS_OF_ADVICE && url.bytes().all(|byte| byte.is_ascii_graphic())
}

fn process(process: &TopProcess) -> Process {
    Process {
        name: line(&process.name, 64),
        pid: process.pid,
        cpu: process.cpu_percent.filter(|cpu| cpu.is_finite()).map(|cpu| words::value(Metric::Cpu, cpu)),
        memory: bytes(process.memory_bytes),
    }
}

/// `512 B`, `1.2 GB`: three figures at most.
pub(super) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"].into_iter().peekable();
    while value >= 999.5 && units.len() > 1 {
        value /= 1000.0;
        units.next();
    }
    let unit = units.peek().copied().unwrap_or_default();
    let decimals = usize::from(unit != "B" && value < 9.95);
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_as_precise_as_people_need() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_240_000_000, "1.2 GB"),
            (64_000_000_000, "64 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert!(is_link("https://wiki.example.org/disk?full=1#now") && is_link("http://wiki/"));
        for url in ["javascript:alert(1)", "file:///etc/passwd", "https://x/ y", "https://x/\u{202e}", "HTTPS", ""] {
            assert!(!is_link(url), "{url}");
        }
    }
}
