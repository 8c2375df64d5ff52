//! The bytes of a mail (RFC 5322), by lettre's builder.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Body, Mailbox, Message};

use rules::Recipient;
use sample::Timestamp;

use super::ComposeError;
use crate::deliver::address;

/// What stands above the text.
pub(crate) struct Head<'a> {
    pub(crate) from: &'a Recipient,
    pub(crate) recipients: &'a [Recipient],
    /// Without control characters: lettre lets most of them through.
    pub(crate) subject: &'a str,
    /// With its angle brackets.
    pub(crate) message_id: &'a str,
}

/// Returns the message: 7 bit whatever the text holds, so that any server takes it, and every line ended by CR LF,
/// since a bare LF can smuggle a second mail through some servers.
pub(crate) fn message(head: &Head<'_>, text: String, now: Timestamp) -> Result<Vec<u8>, ComposeError> {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let body = Body::new_with_encoding(text, encoding).expect("quoted-printable encodes any text");
    let mut builder = Message::builder().date(system_time(now)).from(mailbox(head.from));
    for recipient in head.recipients {
        builder = builder.to(mailbox(recipient));
    }
    let message = builder
        .subject(head.subject)
        .message_id(Some(head.message_id.to_owned()))
        // RFC 3834: so that nobody's holiday notice answers.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(ComposeError::Message)?;
    Ok(message.formatted())
}

fn mailbox(recipient: &Recipient) -> Mailbox {
    Mailbox::from(address(recipient))
}

/// A date that a header can have: not before 1970.
fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(0))
}
