//! Stories in the order people read them: what is bad, the worst first; what is over; what nobody was told of in time.

use std::collections::HashMap;

use rules::{AlertKey, NoticeKind, Severity};
use sample::{HostName, Timestamp};
use serde::Serialize;

use super::entry::{Desk, Entry};
use super::{Occasion, Stationery, Story};

/// More than people read. The rest is counted.
pub(super) const MOST_ENTRIES: usize = 200;

/// The stories of a mail, sorted.
pub(super) struct Chapters<'s> {
    /// What is there, or happened: the most severe first.
    pub(super) problems: Vec<&'s Story>,
    /// What is over, and was told.
    pub(super) over: Vec<&'s Story>,
    /// What came and went untold, by alert.
    pub(super) missed: Vec<Missed<'s>>,
}

/// An alert that fired and was over, once or more often, before anybody was told.
pub(super) struct Missed<'s> {
    /// Every time, oldest first. Never empty.
    pub(super) times: Vec<&'s Story>,
}

/// What the templates get; described at the top of templates/mail.txt.
#[derive(Serialize)]
pub(super) struct Values<'v> {
    subject: &'v str,
    sender: &'v str,
    now: String,
    zone: String,
    is_initial: bool,
    is_last_of_the_hour: bool,
    sections: Vec<Section>,
    omitted: usize,
}

/// Entries under one heading.
#[derive(Serialize)]
struct Section {
    title: String,
    kind: &'static str,
    entries: Vec<Entry>,
}

impl<'s> Chapters<'s> {
    /// Sorts stories; those that are equally severe stay in their order.
    pub(super) fn of(stories: &'s [Story]) -> Chapters<'s> {
        let mut chapters = Chapters { problems: Vec::new(), over: Vec::new(), missed: Vec::new() };
        let mut places: HashMap<(Option<&HostName>, &AlertKey), usize> = HashMap::new();
        for story in stories {
            match story.kind {
                NoticeKind::Over => chapters.over.push(story),
                NoticeKind::Missed => {
                    let alert = (story.incident.host.as_ref(), &story.incident.key);
                    let place = *places.entry(alert).or_insert(chapters.missed.len());
                    match chapters.missed.get_mut(place) {
                        Some(missed) => missed.times.push(story),
                        None => chapters.missed.push(Missed { times: vec![story] }),
                    }
                }
                NoticeKind::Problem
                | NoticeKind::Worse
                | NoticeKind::Reminder
                | NoticeKind::Flapping
                | NoticeKind::Happened => chapters.problems.push(story),
            }
        }
        let worst_first = |story: &&Story| std::cmp::Reverse(story.incident.severity);
        chapters.problems.sort_by_key(worst_first);
        chapters.over.sort_by_key(worst_first);
        for missed in &mut chapters.missed {
            missed.times.sort_by_key(|story| story.incident.opened);
        }
        chapters.missed.sort_by_key(|missed| std::cmp::Reverse(missed.severity()));
        chapters
    }

    /// How many entries they make.
    pub(super) fn len(&self) -> usize {
        self.problems.len() + self.over.len() + self.missed.len()
    }

    /// The stories of the first entries, in the order of the mail.
    pub(super) fn told(&self, most: usize) -> Vec<&'s Story> {
        let missed = self.missed.iter().flat_map(|missed| &missed.times);
        self.problems.iter().chain(&self.over).chain(missed).take(most).copied().collect()
    }

    /// What the templates get, with at most so many entries.
    pub(super) fn values<'v>(
        &self,
        most: usize,
        subject: &'v str,
        stationery: &'v Stationery,
        occasion: Occasion,
        now: Timestamp,
    ) -> Values<'v> {
        let mut desk = Desk::new(stationery, occasion, now);
        let mut left = most;
        let mut sections = Vec::new();
        for severity in Severity::ALL.into_iter().rev() {
            let problems: Vec<&Story> =
                self.problems.iter().filter(|story| story.incident.severity == severity).copied().collect();
            let entries = take(&mut left, &problems, |story| desk.entry(story));
            add(&mut sections, heading(severity), severity.name(), problems.len(), entries);
        }
        let entries = take(&mut left, &self.over, |story| desk.entry(story));
        add(&mut sections, "OVER", "over", self.over.len(), entries);
        let entries = take(&mut left, &self.missed, |missed| desk.missed(missed));
        add(&mut sections, "WHILE YOU WERE NOT TOLD", "missed", self.missed.len(), entries);
        Values {
            subject,
            sender: stationery.domain(),
            now: stationery.zone.time(now),
            zone: stationery.zone.to_string(),
            is_initial: occasion.is_initial,
            is_last_of_the_hour: occasion.is_last_of_the_hour,
            sections,
            omitted: self.len().saturating_sub(most),
        }
    }
}

impl Missed<'_> {
    /// How bad it was at its worst.
    pub(super) fn severity(&self) -> Severity {
        self.times.iter().map(|story| story.incident.severity).max().unwrap_or_default()
    }

    /// How long it lasted in all.
    pub(super) fn lasted_millis(&self) -> i64 {
        let lasted = |story: &&Story| story.incident.ended.map(|end| end.at.millis_since(story.incident.opened));
        self.times.iter().filter_map(lasted).filter(|millis| *millis > 0).fold(0, i64::saturating_add)
    }

    /// The worst value, on the side of the limit where it is a problem.
    pub(super) fn worst(&self) -> f64 {
        let values = || self.times.iter().map(|story| story.incident.worst);
        let is_below = self.times.first().is_some_and(|story| story.incident.worst < story.incident.limit);
        values().reduce(if is_below { f64::min } else { f64::max }).unwrap_or(f64::NAN)
    }
}

fn heading(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::Warning => "WARNING",
        Severity::Info => "INFO",
    }
}

fn take<T>(left: &mut usize, all: &[T], entry: impl FnMut(&T) -> Entry) -> Vec<Entry> {
    let entries: Vec<Entry> = all.iter().take(*left).map(entry).collect();
    *left -= entries.len();
    entries
}

fn add(sections: &mut Vec<Section>, title: &str, kind: &'static str, count: usize, entries: Vec<Entry>) {
    if !entries.is_empty() {
        sections.push(Section { title: format!("{title} ({count})"), kind, entries });
    }
}
