//! What each recipient was sent of late, and what waits for it.

use std::collections::{BTreeMap, BTreeSet};

use rules::{Mailbox, NoticeKind, Recipient};
use rusqlite::{Connection, Row, params};
use sample::Timestamp;

use crate::error::{Failure, readable};
use crate::{Store, StoreError, row};

const HOUR_MS: i64 = 3_600_000;

impl Store {
    /// Returns, for each recipient for whom there ever was a mail, what waits and what went out of late. What this version
    /// can't read is left out.
    ///
    /// A digest or a sign of life does not count among those of the last hour, nor does a mail that was replaced: it never
    /// went out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn mailboxes(&self, now: Timestamp) -> Result<BTreeMap<Recipient, Mailbox>, StoreError> {
        self.read(|db| {
            let mut mailboxes = known(db)?;
            count_last_hour(db, now, &mut mailboxes)?;
            add_waiting(db, &mut mailboxes)?;
            Ok(mailboxes)
        })
    }

    /// Whether there is a mail with this Message-ID.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn has_mail(&self, message_id: &str) -> Result<bool, StoreError> {
        self.read(|db| Ok(db.prepare_cached("SELECT 1 FROM mail WHERE message_id = ?1")?.exists([message_id])?))
    }

    /// Returns who got a mail of any kind after `from` and up to `to`, or is about to: one of that time waits for them.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn heard_of_us(&self, from: Timestamp, to: Timestamp) -> Result<BTreeSet<Recipient>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(HEARD)?;
            let found = select.query_map(params![from.as_millis(), to.as_millis()], |row| row::parsed(row, 0))?;
            found.filter_map(|found| readable(found).transpose()).collect()
        })
    }
}

/// From one to the next by the index, however many mails each of them got.
pub(crate) const RECIPIENTS: &str = "
    WITH RECURSIVE known (recipient) AS (
        SELECT min(recipient) FROM delivery
        UNION ALL
        SELECT (SELECT min(recipient) FROM delivery WHERE delivery.recipient > known.recipient)
        FROM known WHERE recipient IS NOT NULL
    )
    SELECT recipient FROM known WHERE recipient IS NOT NULL";

/// What the server took, or may have taken. Who got nothing but summaries and signs of life was never told of a problem.
pub(crate) const KNOWN: &str = "
    SELECT 1 FROM delivery CROSS JOIN mail ON mail.id = mail_id
    WHERE recipient = ?1 AND state IN ('sent', 'unknown', 'sending') AND kind = 'alerts' LIMIT 1";

/// By a mail that was sent in that time, or was made in it and may still be. A summary or a sign of life counts as well if
/// it came to nothing: another one at once would come to the same.
pub(crate) const HEARD: &str = "
    SELECT recipient FROM delivery INDEXED BY delivery_sent WHERE state = 'sent' AND sent_ms > ?1 AND sent_ms <= ?2
    UNION
    SELECT recipient FROM mail INDEXED BY mail_of_kind CROSS JOIN delivery ON mail_id = mail.id
    WHERE kind IN ('alerts', 'digest', 'heartbeat') AND created_ms > ?1 AND created_ms <= ?2
    AND (kind <> 'alerts' OR state IN ('pending', 'sending', 'retry', 'unknown'))";

pub(crate) const LAST_HOUR: &str = "
    SELECT recipient, count(*) FROM mail CROSS JOIN delivery ON mail_id = mail.id
    WHERE kind = 'alerts' AND created_ms BETWEEN ?1 AND ?2 AND state <> 'superseded'
    GROUP BY recipient";

pub(crate) const WAITING_NOTICES: &str = "
    SELECT recipient, incident_id, kind, severity
    FROM delivery INDEXED BY delivery_waiting CROSS JOIN notice ON notice.mail_id = delivery.mail_id
    WHERE state IN ('pending', 'retry')";

fn known(db: &Connection) -> Result<BTreeMap<Recipient, Mailbox>, Failure> {
    let mut select = db.prepare_cached(RECIPIENTS)?;
    let found = select.query_map([], |row| row::parsed::<Recipient>(row, 0))?;
    let mut mailboxes = BTreeMap::new();
    for recipient in found {
        let Some(recipient) = readable(recipient)? else { continue };
        let knows_us = db.prepare_cached(KNOWN)?.exists([recipient.as_str()])?;
        mailboxes.insert(recipient, Mailbox { knows_us, ..Mailbox::default() });
    }
    Ok(mailboxes)
}

/// Mails of a time to come were made before the clock was set back: they must not use up this hour.
fn count_last_hour(
    db: &Connection,
    now: Timestamp,
    mailboxes: &mut BTreeMap<Recipient, Mailbox>,
) -> Result<(), Failure> {
    let mut select = db.prepare_cached(LAST_HOUR)?;
    let hour = params![now.plus_millis(-HOUR_MS).as_millis() + 1, now.as_millis()];
    let found = select.query_map(hour, |row| Ok((row::parsed::<Recipient>(row, 0)?, row::unsigned(row, 1)?)))?;
    for found in found {
        if let Some((recipient, mails)) = readable(found)? {
            mailboxes.entry(recipient).or_default().of_the_last_hour = mails;
        }
    }
    Ok(())
}

fn add_waiting(db: &Connection, mailboxes: &mut BTreeMap<Recipient, Mailbox>) -> Result<(), Failure> {
    let mut select = db.prepare_cached(WAITING_NOTICES)?;
    for found in select.query_map([], waiting)? {
        if let Some((recipient, notice)) = readable(found)? {
            mailboxes.entry(recipient).or_default().waiting.insert(notice);
        }
    }
    Ok(())
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<(Recipient, (i64, NoticeKind, rules::Severity))> {
    let kind = row::named(row, 2, &NoticeKind::ALL, NoticeKind::name)?;
    Ok((row::parsed(row, 0)?, (row.get(1)?, kind, row::parsed(row, 3)?)))
}
