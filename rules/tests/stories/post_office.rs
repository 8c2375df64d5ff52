//! Mails on their way, with the states the outbox has.

use std::collections::{BTreeMap, BTreeSet};

use rules::{Incident, Mailbox, NoticeKind, Post, Reach, Recipient, Severity, Told, Why};
use sample::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Sent,
    Unknown,
    Failed,
    Expired,
    Superseded,
}

#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: Recipient,
    pub(crate) notices: Vec<(i64, NoticeKind, Severity, Option<Why>)>,
    pub(crate) made: Timestamp,
    pub(crate) state: State,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) is_initial: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PostOffice {
    pub(crate) mails: Vec<Mail>,
}

impl PostOffice {
    /// As the outbox keeps what a round made.
    pub(crate) fn take(&mut self, posts: &[Post], incidents: &[Incident], now: Timestamp) {
        for post in posts {
            if post.replaces {
                let theirs = self.mails.iter_mut().filter(|mail| mail.to == post.recipient);
                let waiting = theirs.filter(|mail| mail.state == State::Waiting);
                waiting.for_each(|mail| mail.state = State::Superseded);
            }
            let notice = |(at, kind): &(usize, NoticeKind)| {
                (incidents[*at].id, *kind, incidents[*at].severity, post.why.get(at).copied())
            };
            self.mails.push(Mail {
                to: post.recipient.clone(),
                notices: post.notices.iter().map(notice).collect(),
                made: now,
                state: State::Waiting,
                ended: None,
                is_initial: post.is_initial,
            });
        }
    }

    /// Every mail that waits is tried; returns those that arrived.
    pub(crate) fn deliver(&mut self, mut outcome: impl FnMut(&Mail) -> State, now: Timestamp) -> Vec<Mail> {
        let mut arrived = Vec::new();
        for mail in &mut self.mails {
            if matches!(mail.state, State::Waiting | State::Unknown) {
                // What may have arrived once stays so, whatever becomes of another attempt.
                mail.state = match (mail.state, outcome(mail)) {
                    (State::Unknown, State::Waiting | State::Expired) => State::Unknown,
                    (_, outcome) => outcome,
                };
                if mail.state != State::Waiting {
                    mail.ended.get_or_insert(now);
                }
                if mail.state == State::Sent {
                    arrived.push(mail.clone());
                }
            }
        }
        arrived
    }

    /// What people were told of an incident, as the database counts it.
    pub(crate) fn told(&self, incident: i64) -> Vec<Told> {
        let mut told = Vec::new();
        for mail in &self.mails {
            let of_it = mail.notices.iter().filter(|(id, ..)| *id == incident);
            told.extend(of_it.filter(|(_, kind, ..)| counts(mail.state, *kind)).map(|(_, kind, severity, _)| Told {
                recipient: mail.to.clone(),
                at: mail.ended.unwrap_or(mail.made),
                kind: *kind,
                severity: *severity,
                reach: Reach::Delivered,
            }));
        }
        told.sort_by_key(|told| told.at);
        told
    }

    pub(crate) fn mailboxes(&self, now: Timestamp) -> BTreeMap<Recipient, Mailbox> {
        let mut mailboxes: BTreeMap<Recipient, Mailbox> = BTreeMap::new();
        for mail in &self.mails {
            let mailbox = mailboxes.entry(mail.to.clone()).or_default();
            let is_young = now.millis_since(mail.made) < 3_600_000;
            mailbox.of_the_last_hour += u32::from(is_young && mail.state != State::Superseded);
            mailbox.knows_us |= mail.notices.iter().any(|(_, kind, ..)| counts(mail.state, *kind));
            if mail.state == State::Waiting {
                let notices: BTreeSet<_> =
                    mail.notices.iter().map(|(id, kind, severity, _)| (*id, *kind, *severity)).collect();
                mailbox.waiting.extend(notices);
            }
        }
        mailboxes
    }
}

/// Of a mail that was given up only the last word counts as told: the digest names it.
fn counts(state: State, kind: NoticeKind) -> bool {
    match state {
        State::Sent | State::Unknown | State::Failed => true,
        State::Expired => kind.is_last(),
        State::Waiting | State::Superseded => false,
    }
}
