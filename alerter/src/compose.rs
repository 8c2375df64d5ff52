//! From notices to mails: in what words, as which bytes.
//!
//! A mail is rendered here once. Every attempt and every recipient gets these bytes and this Message-ID, so that a
//! duplicate is recognised as one.
//!
//! What hosts and people chose is made plain and cut where it enters an entry; the HTML template escapes it once
//! more. So a template, also one of the installation's own, only ever sees text that can be shown.

mod chapters;
mod digest;
mod entry;
mod fingerprint;
pub(crate) mod message;
mod message_id;
pub mod notifier;
mod quoted_printable;
mod shown;
mod subject;
mod templates;
mod trend;

#[cfg(test)]
mod tests;

use std::time::Duration;

use rules::{Incident, NoticeKind, Recipient, Zone};
use sample::{Timestamp, TopProcess};

use chapters::{Chapters, MOST_ENTRIES};
use message::{Head, Parts, Thread};
use templates::Pages;

pub use digest::{Digest, Heartbeat, LostMail, Unvisited, digest, heartbeat};
pub use templates::{TemplateMistake, Templates};

/// What a mail may have; what is more is counted in it. Some servers take no more than a megabyte, and nobody reads it.
const MOST_BYTES: usize = 200_000;

/// What every mail of this installation has in common.
#[derive(Clone, Debug)]
pub struct Stationery {
    /// The installation's random id, part of every Message-ID.
    pub installation: String,
    /// The sender.
    pub from: Recipient,
    /// By which clock times are written.
    pub zone: Zone,
    /// What happened longer ago is told as late.
    pub late_after: Duration,
    /// The templates.
    pub templates: Templates,
}

/// One incident as a mail tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The incident.
    pub incident: Incident,
    /// What is told of it.
    pub kind: NoticeKind,
    /// What else is to be known: `silenced until ...`, `acknowledged by ...`.
    pub remarks: Vec<String>,
    /// Its values of the last 24 hours, in equal parts, oldest first. No parts: none to show.
    pub trend: storage::Trend,
    /// The biggest processes, beside CPU and memory.
    pub processes: Vec<TopProcess>,
}

/// What makes this mail another one than its stories alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasion {
    /// The first mail ever for these people: the state of a fleet that nobody watched before.
    pub is_initial: bool,
    /// The last one that the hour allows: what comes then waits.
    pub is_last_of_the_hour: bool,
    /// How many mails with exactly these notices were made before, and replaced or given up: their Message-IDs are
    /// taken.
    pub remade: u32,
}

/// A mail, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// With its angle brackets.
    pub message_id: String,
    /// For people; the bytes have it encoded. At most 200 characters, without control characters.
    pub subject: String,
    /// The text part, before it was encoded.
    pub text: String,
    /// Headers and body: 7 bit, lines end with CR LF. For a notifier, JSON.
    pub content: Vec<u8>,
}

/// The mail could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A template.
    #[error("cannot render a template")]
    Template(#[source] minijinja::Error),
    /// The message.
    #[error("cannot build a mail")]
    Message(#[source] lettre::error::Error),
    /// What a notifier gets.
    #[error("cannot write the JSON of a notifier")]
    Json(#[source] serde_json::Error),
}

/// Returns the mail that tells these stories, the most severe first. For a notifier (all recipients are), the JSON that
/// its command gets; its form is in [`notifier`].
///
/// It has at most 200 entries and 200,000 bytes; what does not fit is counted.
///
/// # Errors
/// It can't be rendered.
pub fn letter(
    stories: &[Story],
    recipients: &[Recipient],
    stationery: &Stationery,
    occasion: Occasion,
    now: Timestamp,
) -> Result<Letter, ComposeError> {
    let chapters = Chapters::of(stories);
    let subject = subject::subject(&chapters, occasion);
    let message_id = message_id::of_stories(stories, recipients, stationery, occasion);
    let pages = Pages::new(&stationery.templates)?;
    let mut most = MOST_ENTRIES;
    loop {
        let values = chapters.values(most, &subject, stationery, occasion, now);
        let text = pages.text(&values)?;
        let content = if is_for_notifiers(recipients) {
            let about = notifier::About { message_id: &message_id, subject: &subject, created: now };
            notifier::content(&about, &chapters.told(most), &text)?
        } else {
            let head = Head { from: &stationery.from, recipients, subject: &subject, message_id: &message_id };
            let thread = Thread::of(&chapters, stationery);
            message::alternatives(&head, &thread, Parts { text: &text, html: &pages.html(&values)? }, now)?
        };
        if content.len() <= MOST_BYTES || most == 0 {
            return Ok(Letter { message_id, subject, text, content });
        }
        most /= 2;
    }
}

/// Whether what is written is for programs, not for people.
fn is_for_notifiers(recipients: &[Recipient]) -> bool {
    !recipients.is_empty() && recipients.iter().all(|recipient| recipient.notifier().is_some())
}
