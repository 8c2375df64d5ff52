//! Who was told, and what holds the next word, as people say it.

use std::collections::BTreeMap;

use rules::{Ack, Held, Incident, Reach, Told, Zone};
use sample::Timestamp;

use crate::age::ago;
use crate::cut::cut;

/// Of a comment or a name.
const MOST_TEXT: usize = 60;

/// `ops@example.org was told problem 3h ago`: for each recipient the last that was said, and whether it got there.
pub(crate) fn told_texts(incident: &Incident, now: Timestamp) -> Vec<String> {
    let mut last: BTreeMap<&str, &Told> = BTreeMap::new();
    for told in &incident.told {
        last.insert(told.recipient.as_str(), told);
    }
    last.into_values().map(|told| told_text(told, now)).collect()
}

fn told_text(told: &Told, now: Timestamp) -> String {
    let Told { recipient, kind, at, .. } = told;
    let (kind, ago) = (kind.name(), ago(*at, now));
    match told.reach {
        Reach::Delivered => format!("{recipient} was told {kind} {ago}"),
        Reach::Maybe => format!("{recipient} may have been told {kind} {ago}"),
        Reach::Refused => format!("{recipient} was not told {kind}: refused by the server {ago}"),
        Reach::Dropped => format!("{recipient} was not told {kind}: dropped by hand {ago}"),
        Reach::GivenUp => format!("{recipient} was not told {kind}: given up {ago}"),
    }
}

/// Who takes care, if somebody does now.
pub(crate) fn acked_text(ack: &Ack, zone: Zone, now: Timestamp) -> Option<String> {
    let lasts = ack.until.is_none_or(|until| until > now);
    let until = ack.until.map(|until| format!(" until {}", zone.time(until))).unwrap_or_default();
    let comment = if ack.comment.is_empty() { String::new() } else { format!(": {}", cut(&ack.comment, MOST_TEXT)) };
    lasts.then(|| format!("{} takes care{until}{comment}", cut(&ack.by, MOST_TEXT)))
}

/// Why somebody who would be told is not.
pub(crate) fn held_text(held: &Held) -> String {
    match held {
        Held::NoRecipient => "nobody is named to be told".to_owned(),
        Held::Silenced(id) => format!("silenced by {id}"),
        Held::Maintenance => "in maintenance".to_owned(),
        Held::Acknowledged => "no reminders: it is acknowledged".to_owned(),
        Held::HostDown => "not told: the host can't be visited".to_owned(),
        Held::Behind(host) => format!("not told: {host} is down, which it is behind"),
        Held::OutsideHours => "not told at this hour".to_owned(),
        Held::CollectorSilent => "no reminders: the collector does not run".to_owned(),
    }
}
