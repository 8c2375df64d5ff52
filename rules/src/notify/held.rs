//! When problems are not told, and why.

use sample::{HostName, Timestamp};

use super::{Circumstances, Why};
use crate::{Incident, NoticeKind};

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
    /// A reminder: the collector does not run, which is told, and nobody knows how it is now.
    CollectorSilent,
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
            Held::CollectorSilent => "collector_silent",
        }
    }
}

/// A time in which a problem is not told: why, and until when if that is known.
pub(super) type Quiet = (Held, Option<Timestamp>);

/// As many pauses, one behind the other, are looked at. An incident that outlasts them is told.
const MOST_PAUSES: usize = 1000;

/// Why the problem is not told now, if so.
pub(super) fn now(incident: &Incident, around: &Circumstances<'_>, now: Timestamp) -> Option<Quiet> {
    by_people(incident, around, now).or_else(|| Some((by_outage(incident, around)?, None)))
}

/// Why the problem could not have been told at any moment from its beginning to its end, if so. Pauses that touch or
/// overlap make one.
pub(super) fn throughout(incident: &Incident, around: &Circumstances<'_>, end: Timestamp) -> Option<Held> {
    let mut at = incident.due();
    let mut first = None;
    for _ in 0..MOST_PAUSES {
        let (why, until) = by_people(incident, around, at).or_else(|| behind(incident, around, at))?;
        let first = &*first.get_or_insert(why);
        match until {
            Some(until) if until <= at => return None,
            Some(until) if until <= end => at = until,
            Some(_) | None => return Some(first.clone()),
        }
    }
    None
}

/// The pauses that are over by now, and when they ended.
pub(super) fn pauses_ended(incident: &Incident, around: &Circumstances<'_>, now: Timestamp) -> Vec<(Timestamp, Why)> {
    let silences = matching(incident, around).map(|silence| (silence.ends, Why::SilenceEnded(silence.id)));
    let windows = around.maintenance.iter().filter_map(|window| Some((window.last_end(now)?, Why::MaintenanceEnded)));
    let ack = incident.ack.iter().filter_map(|ack| Some((ack.until?, Why::AckEnded)));
    silences.chain(windows).chain(ack).filter(|(end, _)| *end <= now).collect()
}

/// When the hours of its rule began, if `since` was outside of them.
pub(super) fn hours_began(
    incident: &Incident,
    around: &Circumstances<'_>,
    since: Timestamp,
    now: Timestamp,
) -> Option<(Timestamp, Why)> {
    let hours = incident.telling.active.as_ref().filter(|hours| !hours.contain(since, around.zone))?;
    let began = hours.next(since, around.zone).filter(|began| *began <= now)?;
    Some((began, Why::HoursBegan))
}

/// When the silences that are about it end, those that are to come included.
pub(super) fn silences_end(incident: &Incident, around: &Circumstances<'_>) -> impl Iterator<Item = Timestamp> {
    matching(incident, around).map(|silence| silence.ends)
}

/// The silences about it. One that was ended before it began is none.
fn matching<'a>(incident: &Incident, around: &Circumstances<'a>) -> impl Iterator<Item = &'a crate::Silence> {
    let is_about = |silence: &&crate::Silence| silence.is_about(incident.host.as_ref(), &incident.key);
    around.silences.iter().filter(|silence| silence.starts < silence.ends).filter(is_about)
}

/// What people asked for: silences, windows of maintenance, hours.
fn by_people(incident: &Incident, around: &Circumstances<'_>, at: Timestamp) -> Option<Quiet> {
    let silence = || {
        let lasting = matching(incident, around).filter(|silence| silence.starts <= at && at < silence.ends);
        let longest = lasting.max_by_key(|silence| silence.ends)?;
        Some((Held::Silenced(longest.id), Some(longest.ends)))
    };
    let window = || Some((Held::Maintenance, Some(in_maintenance(around, at)?)));
    let hours = || {
        let hours = incident.telling.active.as_ref().filter(|hours| !hours.contain(at, around.zone))?;
        Some((Held::OutsideHours, hours.next(at, around.zone)))
    };
    silence().or_else(window).or_else(hours)
}

/// Until when a window of maintenance lasts, if one does then.
pub(super) fn in_maintenance(around: &Circumstances<'_>, at: Timestamp) -> Option<Timestamp> {
    around.maintenance.iter().filter_map(|window| window.around(at)).map(|(_, end)| end).max()
}

/// That a reminder would tell values of a host that nobody has looked at since the collector stopped, which is told.
pub(super) fn of_old(incident: &Incident, around: &Circumstances<'_>, kind: NoticeKind) -> Option<Quiet> {
    let is_old = incident.host.is_some() && kind == NoticeKind::Reminder && around.outages.collector_is_silent;
    is_old.then_some((Held::CollectorSilent, None))
}

/// What is known to follow from something else that is told.
fn by_outage(incident: &Incident, around: &Circumstances<'_>) -> Option<Held> {
    let host = incident.host.as_ref()?;
    if !incident.key.rule.metric.is_visit() && around.outages.is_silent(host) {
        return Some(Held::HostDown);
    }
    around.outages.above(host).cloned().map(Held::Behind)
}

/// That a visit failed at that time because a host above was down.
fn behind(incident: &Incident, around: &Circumstances<'_>, at: Timestamp) -> Option<Quiet> {
    let host = incident.host.as_ref().filter(|_| incident.key.rule.metric.is_visit())?;
    let (above, until) = around.outages.above_at(host, at)?;
    Some((Held::Behind(above.clone()), until))
}
