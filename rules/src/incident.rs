//! A problem from its first event to its last mail.

use std::time::Duration;

use sample::{HostName, Metric, Timestamp};

use crate::{AlertKey, EventKind, Recipient, Severity, Telling};

/// One time that an alert fired: what it was, how it ended, and who was told what.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number, for people and the database.
    pub id: i64,
    /// The host; none for what concerns the fleet as a whole.
    pub host: Option<HostName>,
    /// Which alert.
    pub key: AlertKey,
    /// When it began, in sample time.
    pub opened: Timestamp,
    /// How bad it is now, or was at last.
    pub severity: Severity,
    /// The limit of that severity.
    pub limit: f64,
    /// The newest value that is known of it.
    pub value: Option<f64>,
    /// The worst value.
    pub worst: f64,
    /// It comes and goes.
    pub flapping: bool,
    /// How it ended, if it did.
    pub ended: Option<End>,
    /// Who is told, and how: as config.xml has it, or had it when the rule was last there.
    pub telling: Telling,
    /// Somebody takes care of it.
    pub ack: Option<Ack>,
    /// What people were told of it, oldest first: what the mail server took, or may have taken, or refused for good, and
    /// what was dropped by hand. Of mails that were given up, and that nobody can have taken, only the last word counts as
    /// told: that it is over, or was missed, or happened. A problem that goes on is told again. In the order in which the
    /// mails were made.
    pub told: Vec<Told>,
}

/// How an incident ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// One of those for which [`EventKind::ends`].
    pub kind: EventKind,
    /// When, in sample time; for a rule that was withdrawn, by the clock.
    pub at: Timestamp,
}

/// Somebody takes care: nobody is reminded. It ends with the incident, or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// When it was said.
    pub at: Timestamp,
    /// Until then; none: as long as it takes.
    pub until: Option<Timestamp>,
    /// Who.
    pub by: String,
    /// What they said.
    pub comment: String,
}

/// Somebody was told something, or counts as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub recipient: Recipient,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: NoticeKind,
    /// How bad it was said to be.
    pub severity: Severity,
    /// Whether they got to know it.
    pub reach: Reach,
}

/// Whether what was sent got there. Nothing of it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The mail server or the command took it.
    Delivered,
    /// It was handed over, and nobody said that it was taken.
    Maybe,
    /// The server refused it for good.
    Refused,
    /// An administrator dropped it.
    Dropped,
    /// It was given up after days.
    GivenUp,
}

impl Reach {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Reach::Delivered => "delivered",
            Reach::Maybe => "maybe",
            Reach::Refused => "refused",
            Reach::Dropped => "dropped",
            Reach::GivenUp => "given_up",
        }
    }
}

/// What a mail says about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// It is there.
    Problem,
    /// It got worse.
    Worse,
    /// It is still there.
    Reminder,
    /// It comes and goes; nothing more is told until that ends.
    Flapping,
    /// It is over.
    Over,
    /// It was there and is over, and this is the first word of it.
    Missed,
    /// It happened, and has no duration.
    Happened,
}

impl Incident {
    /// From when on it could be told. A collector is silent since its last run, but that is a problem only once its limit
    /// has passed.
    pub fn due(&self) -> Timestamp {
        let patience = if self.key.rule.metric == Metric::Collector { self.limit } else { 0.0 };
        self.opened + Duration::try_from_secs_f64(patience).unwrap_or_default()
    }
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [NoticeKind; 7] = [
        NoticeKind::Problem,
        NoticeKind::Worse,
        NoticeKind::Reminder,
        NoticeKind::Flapping,
        NoticeKind::Over,
        NoticeKind::Missed,
        NoticeKind::Happened,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            NoticeKind::Problem => "problem",
            NoticeKind::Worse => "worse",
            NoticeKind::Reminder => "reminder",
            NoticeKind::Flapping => "flapping",
            NoticeKind::Over => "over",
            NoticeKind::Missed => "missed",
            NoticeKind::Happened => "happened",
        }
    }

    /// Whether nothing is owed after it.
    pub const fn is_last(self) -> bool {
        matches!(self, NoticeKind::Over | NoticeKind::Missed | NoticeKind::Happened)
    }
}

impl Incident {
    /// It is not over. Nothing but that people are told so, or of it as a whole, happens to one that is.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// What this recipient was last told.
    pub(crate) fn last_told(&self, recipient: &Recipient) -> Option<&Told> {
        self.told.iter().rev().find(|told| told.recipient == *recipient)
    }
}
