//! From decisions to one mail for each recipient.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Decision, Held, Why};
use crate::{Incident, NoticeKind, Recipient, Severity};

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
    /// What it tells: positions in the list of incidents. Problems, the most severe first, then what is over, and what
    /// was missed last; of one sort by host.
    pub notices: Vec<(usize, NoticeKind)>,
    /// Why it is told just now, by position, where something else than the news itself made it so.
    pub why: BTreeMap<usize, Why>,
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
    /// Incidents, by their position, that nothing is owed of any more, and no mail of which waits; and why nobody was ever
    /// told, if so.
    pub settled: Vec<(usize, Option<Held>)>,
    /// Recipients who are owed a mail and have had as many as an hour allows.
    pub capped: Vec<Recipient>,
}

/// Turns decisions, one for each incident, into one mail for each recipient.
///
/// Where all that is owed is in mails that wait, they stay as they are. Else one mail tells all that is owed, and takes
/// their place: so `incidents` have to be all that are not settled. None is settled while a mail of it waits, for that
/// mail may be replaced, and what it told would be owed again.
pub fn round(
    incidents: &[Incident],
    decisions: &[Decision],
    mailboxes: &BTreeMap<Recipient, Mailbox>,
    mails_per_hour: u32,
) -> Round {
    let mut owed: BTreeMap<&Recipient, Vec<(usize, NoticeKind)>> = BTreeMap::new();
    for (position, (decision, _)) in decisions.iter().zip(incidents).enumerate() {
        for (recipient, kind) in &decision.notices {
            owed.entry(recipient).or_default().push((position, *kind));
        }
    }
    let mut round = Round { settled: settled(incidents, decisions, mailboxes), ..Round::default() };
    let nothing_yet = Mailbox::default();
    for (recipient, mut notices) in owed {
        let mailbox = mailboxes.get(recipient).unwrap_or(&nothing_yet);
        let said = |(position, kind): &(usize, NoticeKind)| {
            let incident = &incidents[*position];
            mailbox.waiting.contains(&(incident.id, *kind, incident.severity))
        };
        if notices.iter().all(said) {
            continue;
        }
        if mailbox.of_the_last_hour >= mails_per_hour {
            round.capped.push(recipient.clone());
            continue;
        }
        notices.sort_by_key(|(position, kind)| place(&incidents[*position], *kind));
        let why =
            notices.iter().filter_map(|(position, _)| Some((*position, *decisions[*position].why.get(recipient)?)));
        round.posts.push(Post {
            recipient: recipient.clone(),
            why: why.collect(),
            is_initial: !mailbox.knows_us && notices.iter().filter(|(_, kind)| is_problem(*kind)).count() >= 2,
            notices,
            replaces: !mailbox.waiting.is_empty(),
            is_last_of_the_hour: mailbox.of_the_last_hour.saturating_add(1) >= mails_per_hour,
        });
    }
    round
}

fn settled(
    incidents: &[Incident],
    decisions: &[Decision],
    mailboxes: &BTreeMap<Recipient, Mailbox>,
) -> Vec<(usize, Option<Held>)> {
    let waiting = mailboxes.values().flat_map(|mailbox| mailbox.waiting.iter().map(|(incident, _, _)| *incident));
    let waiting: BTreeSet<i64> = waiting.collect();
    let all = decisions.iter().zip(incidents).enumerate();
    let settled = all.filter(|(_, (decision, incident))| decision.is_settled && !waiting.contains(&incident.id));
    settled.map(|(position, (decision, _))| (position, decision.held.clone())).collect()
}

/// Where it stands in a mail.
fn place(incident: &Incident, kind: NoticeKind) -> impl Ord + use<> {
    let part = match kind {
        NoticeKind::Over => 1,
        NoticeKind::Missed => 2,
        NoticeKind::Problem
        | NoticeKind::Worse
        | NoticeKind::Reminder
        | NoticeKind::Flapping
        | NoticeKind::Happened => 0,
    };
    (part, Reverse(incident.severity), incident.host.clone(), incident.opened, incident.id)
}

const fn is_problem(kind: NoticeKind) -> bool {
    match kind {
        NoticeKind::Problem | NoticeKind::Worse | NoticeKind::Reminder | NoticeKind::Flapping => true,
        NoticeKind::Over | NoticeKind::Missed | NoticeKind::Happened => false,
    }
}
