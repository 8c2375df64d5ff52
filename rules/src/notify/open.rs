//! What is owed of an incident that goes on.

use std::time::Duration;

use sample::Timestamp;

use super::{Circumstances, Decision, Held, Why, held};
use crate::{Incident, NoticeKind, Recipient, Repeat, Severity, Told};

/// Whoever does not know of it is told, whoever does is told that it got worse, that it comes and goes, and from time to
/// time that it is still there. Whoever the rule does not name any more is told nothing before it is over.
pub(super) fn decide(incident: &Incident, around: &Circumstances<'_>, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    let quiet = held::now(incident, around, now);
    let pauses = held::pauses_ended(incident, around, now);
    let is_acked = is_acknowledged(incident, now);
    let mut looks: Vec<Timestamp> = held::silences_end(incident, around).collect();
    looks.extend(quiet.as_ref().and_then(|(_, until)| *until));
    looks.extend(incident.ack.as_ref().and_then(|ack| ack.until));
    looks.extend(escalates_at(incident, now));
    for (recipient, is_escalated) in listeners(incident, now) {
        let last = incident.last_told(recipient);
        let mut told_at = last.map(|last| last.at);
        if let Some((kind, why)) = owed(incident, last, &pauses, around, now) {
            let repeats = last.is_some_and(|last| incident.severity <= last.severity);
            if is_acked && (repeats || is_escalated && last.is_none()) {
                decision.held.get_or_insert(Held::Acknowledged);
            } else if let Some((why, _)) = quiet.clone().or_else(|| held::of_old(incident, around, kind)) {
                decision.held = Some(why);
            } else {
                let why = if is_escalated && last.is_none() { Some(Why::Escalated) } else { why };
                decision.why.extend(why.map(|why| (recipient.clone(), why)));
                decision.notices.push((recipient.clone(), kind));
                told_at = Some(now);
            }
        }
        looks.extend(told_at.zip(interval(incident, around)).map(|(at, interval)| at + interval));
    }
    if incident.told.is_empty() && incident.telling.recipients.is_empty() {
        decision.held = Some(Held::NoRecipient);
    }
    decision.next = looks.into_iter().filter(|at| *at > now).min();
    decision
}

/// Who is told, each with whether it is for want of an acknowledgement.
fn listeners(incident: &Incident, now: Timestamp) -> Vec<(&Recipient, bool)> {
    let mut listeners: Vec<(&Recipient, bool)> = Vec::new();
    let mut add = |recipient, is_escalated| {
        if !listeners.iter().any(|(other, _)| *other == recipient) {
            listeners.push((recipient, is_escalated));
        }
    };
    incident.telling.recipients.iter().for_each(|recipient| add(recipient, false));
    if let Some(escalation) = &incident.telling.escalation {
        let is_due = first_told(incident).is_some_and(|first| first + escalation.after <= now);
        let of_it = escalation.to.iter().filter(|_| is_due);
        of_it.for_each(|recipient| add(recipient, true));
    }
    listeners
}

/// What this recipient, who was last told that, has to be told now, and why now.
fn owed(
    incident: &Incident,
    last: Option<&Told>,
    pauses: &[(Timestamp, Why)],
    around: &Circumstances<'_>,
    now: Timestamp,
) -> Option<(NoticeKind, Option<Why>)> {
    let since = last.map_or(incident.due(), |last| last.at);
    let ended = || pauses.iter().copied().filter(|(end, _)| since < *end);
    let paused = ended().max_by_key(|(end, _)| *end);
    // Where others were told, and this one never was, no pause kept it from them: they are listed only now.
    let is_new_here = last.is_none() && !incident.told.is_empty();
    let held_until = || {
        if is_new_here {
            return None;
        }
        let began = held::hours_began(incident, around, since, now);
        paused.into_iter().chain(began).max_by_key(|(at, _)| *at).map(|(_, why)| why)
    };
    let is_worse = last.is_none_or(|last| last.severity < incident.severity);
    let knows_it_flaps = last.is_some_and(|last| last.kind == NoticeKind::Flapping);
    match last {
        _ if incident.flapping && knows_it_flaps && !is_worse => None,
        _ if incident.flapping => Some((NoticeKind::Flapping, held_until())),
        None => Some((NoticeKind::Problem, held_until())),
        Some(_) if is_worse => Some((NoticeKind::Worse, held_until())),
        Some(_) if knows_it_flaps => Some((NoticeKind::Reminder, Some(Why::Steadied))),
        // What is only worth knowing is never said twice.
        Some(_) if incident.severity == Severity::Info => None,
        // Somebody said until when to be quiet. A window comes again and again: by itself its end is no news.
        Some(_) if ended().any(|(_, why)| why != Why::MaintenanceEnded) => {
            Some((NoticeKind::Reminder, paused.map(|(_, why)| why)))
        }
        Some(last) => {
            let due = interval(incident, around).map(|interval| last.at + interval).filter(|due| *due <= now)?;
            let is_window_over = paused.is_some() && held::in_maintenance(around, due).is_some();
            Some((NoticeKind::Reminder, Some(if is_window_over { Why::MaintenanceEnded } else { Why::Repeat })))
        }
    }
}

/// How long after they were last told people are reminded.
fn interval(incident: &Incident, around: &Circumstances<'_>) -> Option<Duration> {
    match incident.telling.repeat {
        _ if incident.flapping || incident.severity == Severity::Info => None,
        Repeat::Never => None,
        Repeat::BySeverity => around.repeats.of(incident.severity),
        Repeat::Every(interval) => Some(interval),
    }
}

fn is_acknowledged(incident: &Incident, now: Timestamp) -> bool {
    incident.ack.as_ref().is_some_and(|ack| ack.until.is_none_or(|until| now < until))
}

fn first_told(incident: &Incident) -> Option<Timestamp> {
    incident.told.iter().map(|told| told.at).min()
}

/// When it escalates, taking what is told now into account.
fn escalates_at(incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    let escalation = incident.telling.escalation.as_ref()?;
    Some(first_told(incident).unwrap_or(now) + escalation.after)
}
