//! Alerts for people.

use std::io::{self, Write};

use rules::{EventKind, Severity, Zone, words};
use sample::Timestamp;

use super::{Shown, acked_text, held_text, told_texts};
use crate::age::ago;
use crate::cut::cut;
use crate::layout::{self, Colour, Coloured, UNKNOWN};

const OPEN: [&str; 7] = ["ID", "SEVERITY", "HOST", "PROBLEM", "SINCE", "WORST", "NOTES"];
const HISTORY: [&str; 8] = ["ID", "SEVERITY", "HOST", "PROBLEM", "BEGAN", "LASTED", "END", "NOTES"];
/// The numbers.
const NUMBERS: [usize; 1] = [0];
const SEVERITY: usize = 1;
/// Of a problem: mount points and sensors have long names.
const MOST_PROBLEM: usize = 80;
/// The others are counted.
const MOST_TOLD: usize = 3;

/// Which columns there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    History,
}

/// The time, and how it is told.
pub(super) struct Clock {
    pub(super) zone: Zone,
    pub(super) now: Timestamp,
}

pub(super) fn write(out: &mut impl Write, shown: &[Shown], kind: Kind, clock: &Clock, colour: bool) -> io::Result<()> {
    match kind {
        Kind::Open => write_rows(out, OPEN, shown, |shown| open(shown, clock), colour),
        Kind::History => write_rows(out, HISTORY, shown, |shown| history(shown, clock), colour),
    }
}

fn write_rows<const N: usize>(
    out: &mut impl Write,
    header: [&str; N],
    shown: &[Shown],
    cells: impl Fn(&Shown) -> [String; N],
    colour: bool,
) -> io::Result<()> {
    let rows: Vec<_> = shown.iter().map(cells).collect();
    let lines = layout::lines(header, &rows, &NUMBERS);
    let start = layout::start(header, &rows, SEVERITY);
    let severities = [None].into_iter().chain(shown.iter().map(|shown| Some(shown.incident.severity)));
    for (line, severity) in lines.iter().zip(severities) {
        match severity.filter(|_| colour) {
            Some(severity) => {
                let (text, colour) = (severity.name(), severity_colour(severity));
                writeln!(out, "{}", Coloured { line, start, text, colour })?;
            }
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn severity_colour(severity: Severity) -> Colour {
    match severity {
        Severity::Info => Colour::Green,
        Severity::Warning => Colour::Yellow,
        Severity::Critical => Colour::Red,
    }
}

fn open(shown: &Shown, clock: &Clock) -> [String; OPEN.len()] {
    let [id, severity, host, problem] = first(shown);
    let incident = &shown.incident;
    let since = format!("{}, {}", clock.zone.time(incident.opened), ago(incident.opened, clock.now));
    let worst = words::value(incident.key.rule.metric, incident.worst);
    [id, severity, host, problem, since, worst, notes(shown, clock)]
}

fn history(shown: &Shown, clock: &Clock) -> [String; HISTORY.len()] {
    let [id, severity, host, problem] = first(shown);
    let incident = &shown.incident;
    let end = incident.ended.as_ref();
    let lasted = words::lasted(incident.opened, end.map_or(clock.now, |end| end.at));
    let lasted = lasted.unwrap_or_else(|| UNKNOWN.to_owned());
    let began = clock.zone.time(incident.opened);
    [id, severity, host, problem, began, lasted, end_text(end.map(|end| end.kind)).to_owned(), notes(shown, clock)]
}

fn first(shown: &Shown) -> [String; 4] {
    let incident = &shown.incident;
    let host = incident.host.as_ref().map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
    // It is safe to show already, but may be long.
    let problem = cut(&words::headline(incident), MOST_PROBLEM);
    [incident.id.to_string(), incident.severity.to_string(), host, problem]
}

fn end_text(kind: Option<EventKind>) -> &'static str {
    match kind {
        None => "open",
        Some(EventKind::Resolved) => "over",
        Some(kind) => kind.name(),
    }
}

fn notes(shown: &Shown, clock: &Clock) -> String {
    let incident = &shown.incident;
    let mut notes = Vec::new();
    if incident.flapping && incident.is_open() {
        notes.push("comes and goes".to_owned());
    }
    if incident.is_open() {
        notes.extend(incident.ack.as_ref().and_then(|ack| acked_text(ack, clock.zone, clock.now)));
    }
    notes.extend(shown.decision.as_ref().and_then(|decision| decision.held.as_ref()).map(held_text));
    let told = told_texts(incident, clock.now);
    match told.len() {
        0 => notes.push("nobody was told".to_owned()),
        1..=MOST_TOLD => notes.extend(told),
        more => {
            notes.extend(told.into_iter().take(MOST_TOLD));
            notes.push(format!("and {} more", more - MOST_TOLD));
        }
    }
    notes.join("; ")
}
