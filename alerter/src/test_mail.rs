//! One mail right now, with every step told: the way to see whether the SMTP settings work.

use config::Smtp;
use rules::Recipient;
use sample::{Timestamp, Untrusted};
use tokio_util::sync::CancellationToken;

use crate::compose::ComposeError;
use crate::compose::message::{Head, message};
use crate::deliver::{Courier, Progress, Server, ServerError, Timeouts};

/// A test mail could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum TestMailError {
    /// The SMTP settings.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The mail.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

/// Sends a mail to `to` and tells each step in words. Returns whether the server took it.
///
/// # Errors
/// A password or certificate of the SMTP settings can't be had, or the mail not be made.
pub fn test_mail(
    smtp: &Smtp,
    to: &Recipient,
    timeouts: Timeouts,
    now: Timestamp,
    tell: &mut dyn FnMut(&str),
) -> Result<bool, TestMailError> {
    let content = test_message(smtp, to, now)?;
    let courier = Courier::start(Server::new(smtp, timeouts)?, CancellationToken::new());
    tell(&format!("sending a test mail from {} to {to} by {} port {}", smtp.from, smtp.host, smtp.port));
    let result = courier.send(to, &content, |progress| match progress {
        Progress::Begins(_) => {}
        Progress::Passed(step, answer) => tell(&format!("  {step}: {}", Untrusted(answer))),
    });
    courier.finish();
    match &result {
        Ok(answer) => tell(&format!("sent: {answer}")),
        Err(failure) => tell(&format!("not sent: {failure}")),
    }
    Ok(result.is_ok())
}

fn test_message(smtp: &Smtp, to: &Recipient, now: Timestamp) -> Result<Vec<u8>, ComposeError> {
    let (_, domain) = smtp.from.as_str().rsplit_once('@').expect("a Recipient has an @");
    let message_id = format!("<fh.test.{}.{}@{domain}>", now.as_millis(), std::process::id());
    let head = Head {
        from: &smtp.from,
        recipients: std::slice::from_ref(to),
        subject: "[TEST] Fleet Health can send mail",
        message_id: &message_id,
    };
    let text = "This is a test mail of fleet-alerter. If you can read it, alerts will reach you.\n";
    message(&head, text.to_owned(), now)
}
