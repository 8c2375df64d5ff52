//! Who is to be told what of an incident now. Pure: history and the time are arguments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use sample::{HostName, Timestamp};

use crate::{Incident, Maintenance, NoticeKind, Recipient, Repeats, Severity, Silence, Zone};

/// What decides beside the incident itself.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// By which clock hours are read.
    pub zone: Zone,
    /// How often people are reminded, where the rule does not say.
    pub repeats: Repeats,
    /// Silences that last, will come, or ended in the last weeks.
    pub silences: &'a [Silence],
    /// Windows of maintenance of the incident's host.
    pub maintenance: &'a [Maintenance],
    /// Which hosts can't be visited.
    pub outages: &'a Outages,
}

/// Which hosts can't be visited, and who stands behind whom.
#[derive(Clone, Debug, Default)]
pub struct Outages {
    /// Times in which visits of a host failed, by its incidents; an open one has no end.
    pub down: BTreeMap<HostName, Vec<(Timestamp, Option<Timestamp>)>>,
    /// Hosts whose last visit failed, and that are not confirmed to be down yet.
    pub suspects: BTreeSet<HostName>,
    /// The host that another one is reached through, or depends on.
    pub parents: HashMap<HostName, HostName>,
}

/// What is to become of an incident now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Who is to be told what, now.
    pub notices: Vec<(Recipient, NoticeKind)>,
    /// Nothing will ever be owed any more, once these are told: the incident is over, and whoever knew of it knows that.
    pub is_settled: bool,
    /// Why somebody who would be told is not. With `is_settled`: why nobody ever will be.
    pub held: Option<Held>,
    /// When to look again, if nothing happens before: the next reminder, the end of a silence.
    pub next: Option<Timestamp>,
}

/// Why a problem is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nobody is named in config.xml.
    NoRecipient,
    /// By the silence with this number.
    Silenced(i64),
    /// By a window of maintenance.
    Maintenance,
    /// Somebody takes care.
    Acknowledged,
    /// Its host can't be visited, which is told.
    HostDown,
    /// This host is down, which the other one is reached through.
    Behind(HostName),
    /// Its rule says other hours.
    OutsideHours,
}

impl Held {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Held::NoRecipient => "no_recipient",
            Held::Silenced(_) => "silenced",
            Held::Maintenance => "maintenance",
            Held::Acknowledged => "acknowledged",
            Held::HostDown => "host_down",
            Held::Behind(_) => "behind",
            Held::OutsideHours => "outside_hours",
        }
    }
}

impl Outages {
    /// Those that these incidents are.
    pub fn of<'i>(
        _incidents: impl IntoIterator<Item = &'i Incident>,
        _suspects: BTreeSet<HostName>,
        _parents: HashMap<HostName, HostName>,
    ) -> Outages {
        todo!()
    }
}

/// Decides who is to be told what of an incident now.
pub fn notify(_incident: &Incident, _around: &Circumstances<'_>, _now: Timestamp) -> Decision {
    todo!()
}

/// What waits for a recipient and what went out of late.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mailbox {
    /// Mails that were made for it in the last hour and not replaced.
    pub of_the_last_hour: u32,
    /// It was ever told anything.
    pub knows_us: bool,
    /// What the mails tell that wait to be sent and may still be replaced: incident, kind, severity.
    pub waiting: BTreeSet<(i64, NoticeKind, Severity)>,
}

/// One mail to one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// To whom.
    pub recipient: Recipient,
    /// What it tells: positions in the list of incidents, the most severe first, what was missed last.
    pub notices: Vec<(usize, NoticeKind)>,
    /// The first mail ever for this recipient, and of several problems: the state of a fleet that nobody watched before.
    pub is_initial: bool,
    /// It takes the place of all mails that wait for this recipient.
    pub replaces: bool,
    /// The last one that the hour allows.
    pub is_last_of_the_hour: bool,
}

/// What a round of telling comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// One mail at most for each recipient.
    pub posts: Vec<Post>,
    /// Incidents, by their position, that nothing is owed of any more once the posts are made; and why nobody was ever
    /// told, if so.
    pub settled: Vec<(usize, Option<Held>)>,
    /// Recipients who are owed a mail and have had as many as an hour allows.
    pub capped: Vec<Recipient>,
}

/// Turns decisions into one mail for each recipient. A mail that waits and says the same stays as it is.
pub fn round(
    _incidents: &[Incident],
    _decisions: &[Decision],
    _mailboxes: &BTreeMap<Recipient, Mailbox>,
    _mails_per_hour: u32,
) -> Round {
    todo!()
}

/// Whether what happened `at` that time is told late.
pub fn is_late(at: Timestamp, late_after: Duration, now: Timestamp) -> bool {
    now.millis_since(at) > i64::try_from(late_after.as_millis()).unwrap_or(i64::MAX)
}
