//! Who is to be told what of an incident now. Pure: history and the time are arguments.
//!
//! What is owed follows from what each recipient was *told*, not from what was tried: so a mail that never arrives
//! silences nothing, and a mail that waits is replaced by one that says how it is now.

mod ended;
mod held;
mod open;
mod outages;
mod round;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use sample::Timestamp;

pub use self::held::Held;
pub use self::outages::Outages;
pub use self::round::{Mailbox, Post, Round, round};
use crate::{Incident, Maintenance, NoticeKind, Recipient, Repeats, Silence, Zone};

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

/// What is to become of an incident now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Who is to be told what, now.
    pub notices: Vec<(Recipient, NoticeKind)>,
    /// Why they are told just now, where something else than the news itself made it so.
    pub why: BTreeMap<Recipient, Why>,
    /// Nothing is owed, and nothing ever will be: it is over, and whoever knew of it was told so. A mail that still waits
    /// was not told, so the incident stays until it is delivered or given up.
    pub is_settled: bool,
    /// Why somebody who would be told is not. With `is_settled`: why nobody ever was.
    pub held: Option<Held>,
    /// When to look again, if nothing happens before: the next reminder, the end of a silence. Of windows of maintenance
    /// only the one that lasts is considered.
    pub next: Option<Timestamp>,
}

/// Why somebody is told just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// So long ago were they last told.
    Repeat,
    /// The silence with this number ended, and it is still there.
    SilenceEnded(i64),
    /// A window of maintenance ended, and it is still there.
    MaintenanceEnded,
    /// Whoever took care said until when, and it is still there.
    AckEnded,
    /// The hours of its rule began.
    HoursBegan,
    /// Nobody acknowledged it.
    Escalated,
    /// It came and went, and stays now.
    Steadied,
}

/// Decides who is to be told what of an incident now.
pub fn notify(incident: &Incident, around: &Circumstances<'_>, now: Timestamp) -> Decision {
    match incident.ended {
        None => open::decide(incident, around, now),
        Some(end) => ended::decide(incident, end, around),
    }
}

/// Whether what happened `at` that time is told late.
pub fn is_late(at: Timestamp, late_after: Duration, now: Timestamp) -> bool {
    now.millis_since(at) > i64::try_from(late_after.as_millis()).unwrap_or(i64::MAX)
}
