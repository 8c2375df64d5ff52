//! Letters that tell no news: the summary of a day or a week, and the sign of life.

use rules::{Incident, Recipient, words};
use sample::{HostName, Timestamp};
use serde::Serialize;

use super::entry::{at_its_worst, headline, host};
use super::message::{self, Head, Parts, Thread};
use super::notifier;
use super::shown::line;
use super::subject::clean;
use super::templates::Pages;
use super::{ComposeError, Letter, Stationery, is_for_notifiers, message_id};

/// More lines of one list than that nobody reads. The rest is counted.
const MOST_LINES: usize = 50;

const MOST_CHARS: usize = 300;

/// What a summary tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// From when it summarises.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// How many hosts are watched.
    pub hosts: usize,
    /// The incidents that are open at its end.
    pub open: Vec<Incident>,
    /// Those that were opened within it, also if they are open still.
    pub opened: Vec<Incident>,
    /// Those that were over within it.
    pub closed: Vec<Incident>,
    /// The hosts whose last visit brought no sample.
    pub unvisited: Vec<Unvisited>,
    /// Mail that did not arrive: given up, refused, or waiting for long.
    pub lost: Vec<LostMail>,
    /// How many mails the server took within it.
    pub sent: u64,
    /// Templates of the installation's own that can't be used, and why.
    pub mistakes: Vec<String>,
}

/// A host that could not be visited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unvisited {
    /// Which one.
    pub host: HostName,
    /// When it last was; none: never.
    pub last_good: Option<Timestamp>,
    /// How the last visit ended.
    pub outcome: String,
}

/// A mail that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostMail {
    /// To whom.
    pub recipient: Recipient,
    /// Its subject.
    pub subject: String,
    /// What became of it: `expired`, `failed`, `retry`.
    pub state: String,
    /// The server's last answer, or what went wrong.
    pub reason: Option<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// What a sign of life tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// How many hosts are watched.
    pub hosts: usize,
    /// How many problems are open.
    pub problems: usize,
    /// When the collector last finished a run.
    pub last_run: Option<Timestamp>,
}

/// What the templates get.
#[derive(Serialize)]
struct Page {
    title: String,
    paragraphs: Vec<String>,
    lists: Vec<List>,
    now: String,
    zone: String,
}

#[derive(Serialize)]
struct List {
    title: String,
    lines: Vec<Line>,
    omitted: usize,
    command: &'static str,
}

#[derive(Serialize)]
struct Line {
    tag: &'static str,
    class: &'static str,
    text: String,
}

/// Returns the letter of a summary. Each of its lists has at most 50 lines; what is more is counted.
///
/// # Errors
/// It can't be rendered.
pub fn digest(
    digest: &Digest,
    recipients: &[Recipient],
    stationery: &Stationery,
    now: Timestamp,
) -> Result<Letter, ComposeError> {
    let zone = stationery.zone;
    let open = plural(digest.open.len(), "problem");
    let (opened, closed) = (digest.opened.len(), digest.closed.len());
    let lost = match digest.lost.len() {
        0 => String::new(),
        count => format!(", {} not delivered", plural(count, "mail")),
    };
    let paragraphs = vec![
        format!("from {} to {}", zone.time(digest.from), zone.time(digest.to)),
        format!("{} watched, {} not reached at last", plural(digest.hosts, "host"), digest.unvisited.len()),
        format!("{} sent{lost}", plural(usize::try_from(digest.sent).unwrap_or(usize::MAX), "mail")),
    ];
    let page = Page {
        title: clean(&format!("[DIGEST] {open} open, {opened} opened, {closed} over{lost}")),
        paragraphs,
        lists: lists(digest, stationery),
        now: zone.time(now),
        zone: zone.to_string(),
    };
    write("digest", &page, recipients, stationery, now)
}

/// Returns the letter of a sign of life: when it stays away, nobody watches the fleet.
///
/// # Errors
/// It can't be rendered.
pub fn heartbeat(
    heartbeat: &Heartbeat,
    recipients: &[Recipient],
    stationery: &Stationery,
    now: Timestamp,
) -> Result<Letter, ComposeError> {
    let zone = stationery.zone;
    let tag = if heartbeat.problems == 0 { "OK" } else { "ALIVE" };
    let (hosts, problems) = (plural(heartbeat.hosts, "host"), plural(heartbeat.problems, "problem"));
    let last_run = match heartbeat.last_run {
        Some(at) => format!("The collector last finished a run at {}.", zone.time(at)),
        None => "The collector has not finished a run yet.".to_owned(),
    };
    let page = Page {
        title: format!("[{tag}] Fleet Health is alive: {hosts}, {problems}"),
        paragraphs: vec![last_run, "When this mail stays away, nobody watches the fleet.".to_owned()],
        lists: Vec::new(),
        now: zone.time(now),
        zone: zone.to_string(),
    };
    write("heartbeat", &page, recipients, stationery, now)
}

fn lists(digest: &Digest, stationery: &Stationery) -> Vec<List> {
    let zone = stationery.zone;
    let open = |incident: &Incident| of(incident, headline(incident), format!("since {}", zone.time(incident.opened)));
    let opened = |incident: &Incident| {
        of(incident, at_its_worst(incident, incident.worst), format!("at {}", zone.time(incident.opened)))
    };
    let closed = |incident: &Incident| {
        let lasted = incident.ended.and_then(|end| words::lasted(incident.opened, end.at));
        let after = lasted.map_or_else(String::new, |lasted| format!("after {lasted}"));
        let (tag, class) = match words::tag(incident.severity, incident.ended.map(|end| end.kind)) {
            "OK" => ("OK", "ok"),
            "END" => ("END", "end"),
            tag => (tag, incident.severity.name()),
        };
        Line { tag, class, ..of(incident, headline(incident), after) }
    };
    let unvisited = |host: &Unvisited| {
        let last = host.last_good.map_or_else(|| "never".to_owned(), |at| zone.time(at));
        plain_line(format!("{}: {} (last good visit: {last})", host.host, line(&host.outcome, 100)))
    };
    let lost = |mail: &LostMail| {
        let reason = mail.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", line(reason, 150)));
        let subject = line(&mail.subject, 80);
        let made = zone.time(mail.created);
        plain_line(format!("{} to {}: {subject} (of {made}){reason}", line(&mail.state, 20), mail.recipient))
    };
    let lists = [
        list("OPEN", "fleet alerts", &worst_first(&digest.open), |incident| open(incident)),
        list("OPENED", "fleet alerts --history", &worst_first(&digest.opened), |incident| opened(incident)),
        list("OVER", "fleet alerts --history", &worst_first(&digest.closed), |incident| closed(incident)),
        list("NOT REACHED", "fleet status", &digest.unvisited, unvisited),
        list("MAIL THAT DID NOT ARRIVE", "fleet outbox --lost", &digest.lost, lost),
        list("BUILT-IN TEMPLATES USED INSTEAD OF", "fleet-alerter check", &digest.mistakes, |mistake| {
            plain_line(mistake.clone())
        }),
    ];
    lists.into_iter().flatten().collect()
}

fn worst_first(incidents: &[Incident]) -> Vec<&Incident> {
    let mut sorted: Vec<&Incident> = incidents.iter().collect();
    sorted.sort_by_key(|incident| std::cmp::Reverse(incident.severity));
    sorted
}

fn list<T>(title: &str, command: &'static str, all: &[T], line: impl FnMut(&T) -> Line) -> Option<List> {
    let lines: Vec<Line> = all.iter().take(MOST_LINES).map(line).collect();
    let omitted = all.len() - lines.len();
    (!all.is_empty()).then(|| List { title: format!("{title} ({})", all.len()), lines, omitted, command })
}

fn of(incident: &Incident, what: String, when: String) -> Line {
    let separator = if when.is_empty() { "" } else { ", " };
    let text = format!("{}: {what}{separator}{when}", host(incident));
    Line { tag: incident.severity.tag(), class: incident.severity.name(), text: line(&text, MOST_CHARS) }
}

fn plain_line(text: String) -> Line {
    Line { tag: "", class: "", text: line(&text, MOST_CHARS) }
}

/// `1 host`, `42 hosts`.
fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn write(
    kind: &str,
    page: &Page,
    recipients: &[Recipient],
    stationery: &Stationery,
    now: Timestamp,
) -> Result<Letter, ComposeError> {
    let pages = Pages::new(&stationery.templates)?;
    let message_id = message_id::of_summary(kind, recipients, stationery, now);
    let subject = page.title.clone();
    let text = pages.built_in("summary.txt", page)?;
    let content = if is_for_notifiers(recipients) {
        let about = notifier::About { message_id: &message_id, subject: &subject, created: now };
        notifier::content(&about, &[], &text)?
    } else {
        let html = pages.built_in("summary.html", page)?;
        let head = Head { from: &stationery.from, recipients, subject: &subject, message_id: &message_id };
        message::alternatives(&head, &Thread::default(), Parts { text: &text, html: &html }, now)?
    };
    Ok(Letter { message_id, subject, text, content })
}
