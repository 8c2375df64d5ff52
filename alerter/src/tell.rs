//! From incidents of which something is owed to mails: who is told what, once.
//!
//! What is owed follows from what people were told, each time anew. So nothing has to be remembered that could be
//! forgotten, and a mail that waits gives way to a newer one that says more.

use std::collections::BTreeSet;
use std::time::Duration;

use rules::{Circumstances, Decision, Held, Incident, NoticeKind, Outages, Post, Recipient, Round, Severity};
use sample::{HostName, Timestamp};
use storage::{MailKind, NewMail, Store, StoreError};

use crate::beside::Beside;
use crate::compose::{ComposeError, Letter, Occasion, Stationery, Story, letter};
use crate::run::Desk;

/// How long a silence is looked at after its end: a problem that it hid is told then, even if no run came for weeks.
const REMEMBER_SILENCES_MS: i64 = 90 * 24 * 3_600_000;

/// How long the end of an outage matters for hosts behind it, which may be seen up some runs later.
const RECENT_OUTAGES: Duration = Duration::from_secs(3600);

/// So much later than now a time may be without anybody having set a clock back by hand.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// What is known when it is decided who is told what.
#[derive(Debug)]
pub(crate) struct Known {
    /// All that are not settled.
    pub(crate) incidents: Vec<Incident>,
    /// Hosts that may be down; see [`Outages`].
    pub(crate) suspects: BTreeSet<HostName>,
}

/// What is to be told now.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    /// The mails.
    pub(crate) mails: Vec<Written>,
    /// Incidents of which nothing is owed any more, and why nobody was told of them.
    pub(crate) settled: Vec<(i64, Option<Held>)>,
    /// Those who are owed a mail and had as many as an hour allows.
    pub(crate) capped: Vec<Recipient>,
}

/// A mail that is written, and not yet kept.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) letter: Letter,
    /// Who gets it; those with true in the place of all that waits for them.
    pub(crate) recipients: Vec<(Recipient, bool)>,
    /// What it tells: incident, what of it, how bad it is said to be.
    pub(crate) notices: Vec<(i64, NoticeKind, Severity)>,
}

/// Nothing could be told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mail can't be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

/// Decides what is to be told of these incidents, and writes the mails.
///
/// # Errors
/// The database can't be read, or a mail not be written.
pub(crate) fn telling(store: &Store, desk: &Desk<'_>, known: Known, now: Timestamp) -> Result<Telling, TellError> {
    let Known { mut incidents, suspects } = known;
    let Desk { config, stationery, .. } = desk;
    incidents.iter_mut().for_each(|incident| {
        desk.book.refresh(incident);
        in_our_time(incident, now);
    });
    let decisions = decisions(store, desk, (&incidents, suspects), now)?;
    let round = rules::round(&incidents, &decisions, &store.mailboxes(now)?, config.alerter.mails_per_hour);
    let mut beside = Beside::new(store, stationery.zone, now);
    let mails = together(round.posts.clone()).into_iter().map(|posts| {
        let stories = stories(&posts[0], &incidents, &mut beside)?;
        mail(store, &posts, &stories, stationery, now)
    });
    let mails = mails.collect::<Result<_, TellError>>()?;
    let Round { settled, capped, .. } = round;
    let settled = settled.into_iter().map(|(index, why)| (incidents[index].id, why)).collect();
    Ok(Telling { mails, settled, capped })
}

/// What was told at a time to come was told before the clock was set back: nobody waits until then for a reminder, but
/// gets it as if they had been told when it began.
fn in_our_time(incident: &mut Incident, now: Timestamp) {
    let began = incident.opened.min(now);
    for told in incident.told.iter_mut().filter(|told| told.at > now) {
        told.at = if told.at > now + CLOCKS_DIFFER { began } else { now };
    }
}

fn decisions(
    store: &Store,
    desk: &Desk<'_>,
    (incidents, suspects): (&[Incident], BTreeSet<HostName>),
    now: Timestamp,
) -> Result<Vec<Decision>, StoreError> {
    let silences = store.silences(now.plus_millis(-REMEMBER_SILENCES_MS))?;
    let lately = store.visits_settled_since(now - RECENT_OUTAGES)?;
    let outages = Outages::of(incidents.iter().chain(&lately), suspects, desk.config.parents());
    let decide = |incident: &Incident| {
        let around = Circumstances {
            zone: desk.stationery.zone,
            repeats: desk.config.alerter.repeats,
            silences: &silences,
            maintenance: desk.book.maintenance(incident.host.as_ref()),
            outages: &outages,
        };
        rules::notify(incident, &around, now)
    };
    Ok(incidents.iter().map(decide).collect())
}

/// Posts that say the same to several people are one mail. A command and people never share one.
fn together(posts: Vec<Post>) -> Vec<Vec<Post>> {
    let mut groups: Vec<Vec<Post>> = Vec::new();
    for post in posts {
        let same = |group: &&mut Vec<Post>| {
            let first = &group[0];
            first.notices == post.notices
                && first.why == post.why
                && first.is_initial == post.is_initial
                && first.is_last_of_the_hour == post.is_last_of_the_hour
                && first.recipient.notifier().is_none()
                && post.recipient.notifier().is_none()
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(post),
            None => groups.push(vec![post]),
        }
    }
    groups
}

fn stories(post: &Post, incidents: &[Incident], beside: &mut Beside<'_>) -> Result<Vec<Story>, StoreError> {
    let notices = post.notices.iter().enumerate();
    let story = |(position, (index, kind)): (usize, &(usize, NoticeKind))| {
        beside.story(position, &incidents[*index], *kind, post.why.get(index))
    };
    notices.map(story).collect()
}

fn mail(
    store: &Store,
    posts: &[Post],
    stories: &[Story],
    stationery: &Stationery,
    now: Timestamp,
) -> Result<Written, TellError> {
    let recipients: Vec<Recipient> = posts.iter().map(|post| post.recipient.clone()).collect();
    let Post { is_initial, is_last_of_the_hour, .. } = posts[0];
    let mut occasion = Occasion { is_initial, is_last_of_the_hour, remade: 0 };
    let letter = loop {
        let letter = letter(stories, &recipients, stationery, occasion, now)?;
        // A mail that told the same was replaced or given up: this is another one.
        if !store.has_mail(&letter.message_id)? {
            break letter;
        }
        occasion.remade += 1;
    };
    let notices = stories.iter().map(|story| (story.incident.id, story.kind, story.incident.severity)).collect();
    let recipients = posts.iter().map(|post| (post.recipient.clone(), post.replaces)).collect();
    Ok(Written { letter, recipients, notices })
}

/// Makes the mails that are owed, in one transaction, and returns their number.
///
/// # Errors
/// As [`telling`], or the database can't be written.
pub(crate) fn make_mails(store: &mut Store, desk: &Desk<'_>, now: Timestamp) -> Result<usize, TellError> {
    let known = Known { incidents: store.unsettled_incidents()?, suspects: store.suspects()?.into_iter().collect() };
    let Telling { mails, settled, capped } = telling(store, desk, known, now)?;
    for recipient in capped {
        tracing::warn!(%recipient, limit = desk.config.alerter.mails_per_hour, "had as many mails as an hour allows; the rest waits");
    }
    let mails: Vec<NewMail> = mails.into_iter().map(new_mail).collect();
    if !mails.is_empty() || !settled.is_empty() {
        store.create_mails(&mails, &settled, now)?;
    }
    Ok(mails.len())
}

fn new_mail(Written { letter, recipients, notices }: Written) -> NewMail {
    let Letter { message_id, subject, content, .. } = letter;
    NewMail { kind: MailKind::Alerts, message_id, subject, content, notices, recipients }
}
