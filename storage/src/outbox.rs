//! What the alerter reads and writes to get events told: mails, and their deliveries.

mod attempt;
mod create;
mod hand;
mod mailbox;

use rules::{NoticeKind, Recipient, Severity};
use sample::Timestamp;

use crate::DeliveryId;
#[cfg(test)]
pub(crate) use {
    attempt::{BEGIN, DUE, INTERRUPTED, UNDELIVERED},
    create::{MAILED, MOVE_ON, SUPERSEDE},
    hand::{LOST, LOST_SINCE, STUCK, WAITING},
    mailbox::{HEARD, KNOWN, LAST_HOUR, RECIPIENTS, WAITING_NOTICES},
};

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// It tells of incidents.
    Alerts,
    /// A summary.
    Digest,
    /// A sign of life.
    Heartbeat,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [MailKind; 3] = [MailKind::Alerts, MailKind::Digest, MailKind::Heartbeat];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            MailKind::Alerts => "alerts",
            MailKind::Digest => "digest",
            MailKind::Heartbeat => "heartbeat",
        }
    }
}

/// A mail, rendered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// What it is.
    pub kind: MailKind,
    /// Its Message-ID.
    pub message_id: String,
    /// Its subject, for people who read the database.
    pub subject: String,
    /// Headers and body: the bytes of every attempt. For notifiers, JSON.
    pub content: Vec<u8>,
    /// What it tells: incident, what of it, how bad it is said to be.
    pub notices: Vec<(i64, NoticeKind, Severity)>,
    /// Who gets it; those with true get it in the place of all of its kind that wait for them and may be replaced.
    pub recipients: Vec<(Recipient, bool)>,
}

/// A delivery as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its row.
    pub id: DeliveryId,
    /// What the mail is.
    pub kind: MailKind,
    /// To whom.
    pub recipient: Recipient,
    /// Its state, as the database has it.
    pub state: String,
    /// The mail's subject.
    pub subject: String,
    /// The mail's Message-ID.
    pub message_id: String,
    /// When the mail was made.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; only for one that has not ended.
    pub next: Option<Timestamp>,
    /// When it was sent, refused, given up, dropped or replaced.
    pub ended: Option<Timestamp>,
    /// The server's last answer, or what went wrong.
    pub reply: Option<String>,
}

/// Which deliveries to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFilter {
    /// Those that have not ended.
    Waiting,
    /// Those that were given up or refused.
    Lost,
    /// All.
    All,
}

/// Mail that has been waiting for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckMail {
    /// How many deliveries.
    pub deliveries: u64,
    /// Since when the oldest mail waits.
    pub since: Timestamp,
}

/// How many deliveries of some time did not get to their recipients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostDeliveries {
    /// The server refused them for good.
    pub refused: u64,
    /// They were given up after days.
    pub given_up: u64,
}

/// How a delivery leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By mail.
    Mail,
    /// By a command of the administrator's.
    Command,
}

/// A delivery that may be tried now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its row.
    pub id: DeliveryId,
    /// To whom.
    pub recipient: Recipient,
    /// The mail's Message-ID.
    pub message_id: String,
    /// The mail.
    pub content: Vec<u8>,
    /// How often it was tried before.
    pub attempts: u32,
    /// After how many of these attempts it may have been taken.
    pub maybe_taken: u32,
    /// When the mail was made.
    pub created: Timestamp,
}

/// What may be tried now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// In the order in which to try them.
    pub deliveries: Vec<DueDelivery>,
    /// How many were passed over since this version can't read them.
    pub unreadable: usize,
}

/// How an attempt ended. `reply` is the server's last answer, or what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The server took it.
    Sent {
        /// When.
        at: Timestamp,
        /// Its answer.
        reply: String,
    },
    /// It failed before the message was handed over, and may work later.
    Retry {
        /// Not before then.
        next: Timestamp,
        /// Its answer.
        reply: String,
    },
    /// The message was handed over, and no answer came.
    Unknown {
        /// Not before then.
        next: Timestamp,
        /// What went wrong.
        reply: String,
    },
    /// The server refused it for good.
    Failed {
        /// Its answer.
        reply: String,
    },
    /// It has been tried for long enough.
    Expired {
        /// Its last answer.
        reply: String,
    },
}
