//! Who is told of an alert, when, and with which words beside it.

use std::time::Duration;

use rules::{Escalation, Hours, Recipient, Repeat, Telling};

use crate::complaint::{Complaint, Parsed};
use crate::fields::Fields;
use crate::quantities::{patience, repeat};
use crate::value::line;

const MOST_TEXT: usize = 1000;
const MOST_LINK: usize = 2000;
const MINUTE: Duration = Duration::from_secs(60);

/// What an `<alert>` says of it: all but the recipients, and those if it names any.
pub(super) fn telling(fields: &mut Fields<'_, '_>) -> (Telling, Option<Vec<Recipient>>) {
    let mail = fields.recipients("mail");
    let repeat = fields.optional("repeat", repeat).unwrap_or_default();
    if let Repeat::Every(every) = repeat {
        warn_of_haste("repeat", every, fields);
    }
    let telling = Telling {
        recipients: Vec::new(),
        repeat,
        escalation: escalation(fields),
        active: fields.optional("active", hours),
        url: fields.optional("url", link),
        text: fields.optional("text", text),
    };
    (telling, mail)
}

/// Warns of reminders that would come all the time.
pub(crate) fn warn_of_haste(name: &str, every: Duration, fields: &mut Fields<'_, '_>) {
    if every < MINUTE {
        let at = fields.place(name);
        let message = "reminders more often than every minute: mails-per-hour of <alerter> will hold most of them";
        fields.report.warning(at, message);
    }
}

fn escalation(fields: &mut Fields<'_, '_>) -> Option<Escalation> {
    let after = fields.optional("escalate-after", patience);
    let to = fields.recipients("escalate-to");
    match (fields.has("escalate-after"), fields.has("escalate-to")) {
        (true, false) => fields.refuse("escalate-after", "escalate-after without escalate-to: nobody else is told"),
        (false, true) => fields.refuse("escalate-to", "escalate-to without escalate-after: when are they told?"),
        (true, true) | (false, false) => {}
    }
    Some(Escalation { after: after?, to: to? })
}

fn hours(text: &str) -> Parsed<Hours> {
    let hours = line(text)?.parse::<Hours>();
    hours.map_err(|error| Complaint::Other(format!("is not right: {error}")))
}

/// A link that a mail can hold: nothing that a reader's program would run.
fn link(text: &str) -> Parsed<String> {
    let text = line(text)?.trim();
    let fits = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = !text.contains(|c: char| c.is_whitespace() || "<>\"\\^`{|}".contains(c));
    if !fits || !is_plain {
        return Err(Complaint::NotALink);
    }
    if text.len() > MOST_LINK { Err(Complaint::TooLong { most: MOST_LINK }) } else { Ok(text.to_owned()) }
}

/// A sentence or two.
pub(crate) fn text(text: &str) -> Parsed<String> {
    let text = line(text)?.trim();
    if text.chars().nth(MOST_TEXT).is_some() {
        return Err(Complaint::TooLong { most: MOST_TEXT });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_one_that_a_mail_can_hold() {
        for text in ["https://wiki.example.org/disk?full=1#x", "http://localhost"] {
            assert_eq!(link(text).as_deref(), Ok(text));
        }
        for text in ["javascript:alert(1)", "wiki", "https://a b", "https://x\"y", "https://<x>", "ftp://x"] {
            assert_eq!(link(text), Err(Complaint::NotALink), "{text:?}");
        }
        assert_eq!(link(&format!("https://{}", "x".repeat(2000))), Err(Complaint::TooLong { most: 2000 }));
    }
}
