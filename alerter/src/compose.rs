//! From events to mails: who gets which, in what words, as which bytes.
//!
//! A mail is rendered here once. Every attempt and every recipient gets these bytes and this Message-ID, so that a
//! duplicate is recognised as one.

pub(crate) mod message;
mod message_id;
mod text;
pub(crate) mod words;

use std::collections::BTreeMap;

use rules::{AlertKey, Event, EventKind, Recipient};
use sample::{HostName, SampleId, Timestamp};
use storage::{EventRecord, NewMail};

/// What every mail of this installation has in common.
#[derive(Clone, Copy, Debug)]
pub struct Stationery<'a> {
    /// The installation's random id, part of every Message-ID.
    pub installation: &'a str,
    /// The sender.
    pub from: &'a Recipient,
}

/// An event as a mail tells it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'e> {
    /// The host.
    pub host: &'e HostName,
    /// Which alert of the host it is about.
    pub key: &'e AlertKey,
    /// What happened.
    pub event: &'e Event,
    /// The rule's limit then.
    pub limit: f64,
    /// The sample that caused it.
    pub sample: Option<SampleId>,
}

/// A mail, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// With its angle brackets.
    pub message_id: String,
    /// For people; the bytes have it encoded.
    pub subject: String,
    /// The body, before it was encoded.
    pub text: String,
    /// Headers and body: 7 bit, lines end with CR LF.
    pub content: Vec<u8>,
}

/// The mail could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The template.
    #[error("cannot render the text of a mail")]
    Template(#[source] minijinja::Error),
    /// The message.
    #[error("cannot build a mail")]
    Message(#[source] lettre::error::Error),
}

/// Returns one mail for each distinct set of recipients among `events`.
///
/// # Errors
/// A mail can't be rendered.
pub fn mails(events: &[EventRecord], stationery: Stationery<'_>, now: Timestamp) -> Result<Vec<NewMail>, ComposeError> {
    let mail = |(recipients, events): (Vec<Recipient>, Vec<&EventRecord>)| {
        let told: Vec<Told<'_>> = events.iter().map(|event| Told::of(event)).collect();
        let Letter { message_id, subject, content, .. } = letter(&told, &recipients, stationery, now)?;
        let events = events.iter().map(|event| event.id).collect();
        Ok(NewMail { message_id, subject, content, events, recipients })
    };
    by_recipients(events.iter().map(|event| (event.recipients.as_slice(), event))).into_iter().map(mail).collect()
}

/// Groups what goes to the same people, whatever their order.
pub(crate) fn by_recipients<'r, T>(
    items: impl IntoIterator<Item = (&'r [Recipient], T)>,
) -> BTreeMap<Vec<Recipient>, Vec<T>> {
    let mut sets: BTreeMap<Vec<Recipient>, Vec<T>> = BTreeMap::new();
    for (recipients, item) in items {
        let mut set = recipients.to_vec();
        set.sort();
        set.dedup();
        sets.entry(set).or_default().push(item);
    }
    sets
}

/// Returns the mail that tells the recipients these events, given in the order they happened.
///
/// # Errors
/// It can't be rendered.
pub fn letter(
    told: &[Told<'_>],
    recipients: &[Recipient],
    stationery: Stationery<'_>,
    now: Timestamp,
) -> Result<Letter, ComposeError> {
    let stories = stories(told);
    let subject = text::subject(&stories);
    let text = text::body(&stories, now)?;
    let message_id = message_id::message_id(told, recipients, stationery);
    let head = message::Head { from: stationery.from, recipients, subject: &subject, message_id: &message_id };
    let content = message::message(&head, text.clone(), now)?;
    Ok(Letter { message_id, subject, text, content })
}

impl<'e> Told<'e> {
    /// The event that is stored.
    pub(crate) fn of(record: &'e EventRecord) -> Told<'e> {
        let EventRecord { host, key, event, limit, probe_sample_id, .. } = record;
        Told { host, key, event, limit: *limit, sample: *probe_sample_id }
    }
}

/// All that a mail tells of one alert: where it stands now, and how often it fired on the way.
///
/// An alert that fired and resolved before anybody was told is one story, not two.
pub(crate) struct Story<'e> {
    pub(crate) last: Told<'e>,
    pub(crate) fired: usize,
    pub(crate) first: Timestamp,
}

/// The stories, most severe first: what is firing, then what is not, each by host.
fn stories<'e>(told: &[Told<'e>]) -> Vec<Story<'e>> {
    let mut by_alert: BTreeMap<(&HostName, &AlertKey), Story<'e>> = BTreeMap::new();
    for told in told {
        let fresh = Story { last: *told, fired: 0, first: told.event.since };
        let story = by_alert.entry((told.host, told.key)).or_insert(fresh);
        story.last = *told;
        story.fired += usize::from(told.event.kind == EventKind::Fired);
    }
    let mut stories: Vec<Story<'e>> = by_alert.into_values().collect();
    stories.sort_by_key(|story| story.last.event.kind);
    stories
}

#[cfg(test)]
mod tests;
