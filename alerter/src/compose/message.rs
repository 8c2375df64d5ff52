//! The bytes of a mail (RFC 5322), by lettre's builder.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use rules::Recipient;
use sample::Timestamp;

use super::chapters::Chapters;
use super::quoted_printable::body;
use super::{ComposeError, Stationery, message_id};
use crate::deliver::address;

/// How many threads a mail may belong to, and how many incidents it names: headers stay short.
const MOST_THREADS: usize = 20;
const MOST_INCIDENTS: usize = 50;

/// What stands above the text.
pub(crate) struct Head<'a> {
    pub(crate) from: &'a Recipient,
    pub(crate) recipients: &'a [Recipient],
    /// Without control characters: lettre lets most of them through.
    pub(crate) subject: &'a str,
    /// With its angle brackets.
    pub(crate) message_id: &'a str,
}

/// What a mail is about, for programs.
#[derive(Default)]
pub(super) struct Thread {
    /// The ids of the threads of its incidents, with their angle brackets.
    references: Vec<String>,
    /// The numbers of its incidents.
    incidents: Vec<String>,
}

/// The same mail twice: for whom can't or won't show HTML, and for whom can.
pub(super) struct Parts<'a> {
    pub(super) text: &'a str,
    pub(super) html: &'a str,
}

impl Thread {
    /// Of the first incidents of a mail.
    pub(super) fn of(chapters: &Chapters<'_>, stationery: &Stationery) -> Thread {
        let stories = chapters.told(MOST_INCIDENTS);
        let thread = |story: &&super::Story| message_id::of_thread(&story.incident, stationery);
        Thread {
            references: stories.iter().take(MOST_THREADS).map(thread).collect(),
            incidents: stories.iter().map(|story| story.incident.id.to_string()).collect(),
        }
    }
}

/// Returns a message of text alone: 7 bit whatever the text holds, so that any server takes it, and every line ended by
/// CR LF, since a bare LF can smuggle a second mail through some servers.
pub(crate) fn message(head: &Head<'_>, text: String, now: Timestamp) -> Result<Vec<u8>, ComposeError> {
    let message = builder(head, now).header(ContentType::TEXT_PLAIN).body(body(text));
    Ok(message.map_err(ComposeError::Message)?.formatted())
}

/// Returns a message of text and HTML, as [`message`] does.
pub(super) fn alternatives(
    head: &Head<'_>,
    thread: &Thread,
    parts: Parts<'_>,
    now: Timestamp,
) -> Result<Vec<u8>, ComposeError> {
    let mut builder = builder(head, now);
    if let Some(first) = thread.references.first() {
        builder = builder.in_reply_to(first.clone()).references(thread.references.join(" "));
    }
    if !thread.incidents.is_empty() {
        builder = builder.raw_header(header("X-Fleet-Incident", thread.incidents.join(", ")));
    }
    let part = |kind: ContentType, text: &str| SinglePart::builder().header(kind).body(body(text.to_owned()));
    let both = MultiPart::alternative()
        .boundary(boundary(head.message_id))
        .singlepart(part(ContentType::TEXT_PLAIN, parts.text))
        .singlepart(part(ContentType::TEXT_HTML, parts.html));
    Ok(builder.multipart(both).map_err(ComposeError::Message)?.formatted())
}

fn builder(head: &Head<'_>, now: Timestamp) -> MessageBuilder {
    let mut builder = Message::builder().date(system_time(now)).from(mailbox(head.from));
    for recipient in head.recipients {
        builder = builder.to(mailbox(recipient));
    }
    let domain = head.from.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    builder
        .subject(head.subject)
        .message_id(Some(head.message_id.to_owned()))
        // RFC 3834: so that nobody's holiday notice answers.
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
        // RFC 2919: what people filter by.
        .raw_header(header("List-Id", format!("Fleet Health <fleet-health.{domain}>")))
        .header(MIME_VERSION_1_0)
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// What stands between the parts: always the same for a mail, and with `=_`, which quoted-printable never writes, so
/// that no text can hold it.
fn boundary(message_id: &str) -> String {
    let digits: String = message_id.chars().take_while(|c| *c != '@').filter(char::is_ascii_alphanumeric).collect();
    format!("=_{digits}")
}

fn mailbox(recipient: &Recipient) -> Mailbox {
    Mailbox::from(address(recipient))
}

/// A date that a header can have: from 1970 to 9999.
fn system_time(at: Timestamp) -> SystemTime {
    const END_OF_9999: u64 = 253_402_300_799_000;
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(0).min(END_OF_9999))
}
