//! From notices to mails: in what words, as which bytes.
//!
//! A mail is rendered here once. Every attempt and every recipient gets these bytes and this Message-ID, so that a
//! duplicate is recognised as one.

pub(crate) mod message;
mod message_id;

use std::path::PathBuf;
use std::time::Duration;

use rules::{Incident, NoticeKind, Recipient, Zone};
use sample::{Timestamp, TopProcess};

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

/// The templates of a mail. One that can't be read or rendered gives way to the built-in one, and is warned of: a
/// mistake in it keeps no mail back.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// Of the text.
    pub text: Option<String>,
    /// Of the HTML.
    pub html: Option<String>,
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
    /// Its values of the last 24 hours, in equal parts, oldest first. Empty: none to show.
    pub trend: Vec<Option<f64>>,
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
}

/// A mail, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// With its angle brackets.
    pub message_id: String,
    /// For people; the bytes have it encoded.
    pub subject: String,
    /// The text part, before it was encoded.
    pub text: String,
    /// Headers and body: 7 bit, lines end with CR LF. For a notifier, JSON.
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
    /// A file of templates.
    #[error("cannot read the template {}", path.display())]
    TemplateFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Returns the mail that tells these stories, the most severe first. For a notifier (all recipients are), the JSON that
/// its command gets.
///
/// # Errors
/// It can't be rendered.
pub fn letter(
    _stories: &[Story],
    _recipients: &[Recipient],
    _stationery: &Stationery,
    _occasion: Occasion,
    _now: Timestamp,
) -> Result<Letter, ComposeError> {
    todo!()
}
