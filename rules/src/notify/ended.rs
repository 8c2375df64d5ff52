//! What is owed of an incident that is over.

use super::{Circumstances, Decision, Held, held};
use crate::{End, EventKind, Incident, NoticeKind, Recipient};

/// Whoever was told of the problem is told that it is over, whatever silence, hours or outage there is now. Whoever was
/// not is told of it as a whole, unless it could not have been told at any moment of its time.
pub(super) fn decide(incident: &Incident, end: End, around: &Circumstances<'_>) -> Decision {
    let mut decision = Decision::default();
    for told in &incident.told {
        if !knows_the_end(incident, &told.recipient) {
            add(&mut decision, &told.recipient, NoticeKind::Over);
        }
    }
    let unaware = incident.telling.recipients.iter().filter(|recipient| incident.last_told(recipient).is_none());
    let mut unaware = unaware.peekable();
    let reason = match unaware.peek() {
        Some(_) => held::throughout(incident, around, end.at),
        None => Some(Held::NoRecipient),
    };
    let kind = if end.kind == EventKind::Happened { NoticeKind::Happened } else { NoticeKind::Missed };
    if reason.is_none() {
        unaware.for_each(|recipient| add(&mut decision, recipient, kind));
    }
    decision.held = reason.filter(|_| incident.told.is_empty());
    decision.is_settled = decision.notices.is_empty();
    decision
}

fn knows_the_end(incident: &Incident, recipient: &Recipient) -> bool {
    incident.told.iter().any(|told| told.recipient == *recipient && told.kind.is_last())
}

fn add(decision: &mut Decision, recipient: &Recipient, kind: NoticeKind) {
    if !decision.notices.iter().any(|(other, _)| other == recipient) {
        decision.notices.push((recipient.clone(), kind));
    }
}
