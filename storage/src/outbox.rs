//! What the alerter reads and writes to get events told: mails, and their deliveries.

use std::collections::BTreeMap;
use std::time::Duration;

use rules::{Held, Mailbox, NoticeKind, Recipient, Severity};
use rusqlite::{Row, params};
use sample::Timestamp;

use crate::{DeliveryId, Store, StoreError, row};

/// What a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// It tells of incidents.
    Alerts,
    /// A summary.
    Digest,
    /// A sign of life.
    Heartbeat,
}

/// A mail, rendered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// What it is.
    pub kind: MailKind,
    /// Its Message-ID.
    pub message_id: String,
    /// Its subject, for people who read the database.
    pub subject: String,
    /// Headers and body: the bytes of every attempt. For notifiers, JSON.
    pub content: Vec<u8>,
    /// What it tells: incident, what of it, how bad it is said to be.
    pub notices: Vec<(i64, NoticeKind, Severity)>,
    /// Who gets it; those with true get it in the place of all that wait for them and may be replaced.
    pub recipients: Vec<(Recipient, bool)>,
}

/// A delivery as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its row.
    pub id: DeliveryId,
    /// To whom.
    pub recipient: Recipient,
    /// Its state, as the database has it.
    pub state: String,
    /// The mail's subject.
    pub subject: String,
    /// The mail's Message-ID.
    pub message_id: String,
    /// When the mail was made.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; only for one that has not ended.
    pub next: Option<Timestamp>,
    /// The server's last answer, or what went wrong.
    pub reply: Option<String>,
}

/// Which deliveries to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFilter {
    /// Those that have not ended.
    Waiting,
    /// Those that were given up or refused.
    Lost,
    /// All.
    All,
}

/// Mail that has been waiting for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckMail {
    /// How many deliveries.
    pub deliveries: u64,
    /// Since when the oldest mail waits.
    pub since: Timestamp,
}

/// A delivery that may be tried now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its row.
    pub id: DeliveryId,
    /// To whom.
    pub recipient: Recipient,
    /// The mail's Message-ID.
    pub message_id: String,
    /// The mail.
    pub content: Vec<u8>,
    /// How often it was tried before.
    pub attempts: u32,
    /// When the mail was made.
    pub created: Timestamp,
}

/// How an attempt ended. `reply` is the server's last answer, or what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The server took it.
    Sent {
        /// When.
        at: Timestamp,
        /// Its answer.
        reply: String,
    },
    /// It failed before the message was handed over, and may work later.
    Retry {
        /// Not before then.
        next: Timestamp,
        /// Its answer.
        reply: String,
    },
    /// The message was handed over, and no answer came.
    Unknown {
        /// Not before then.
        next: Timestamp,
        /// What went wrong.
        reply: String,
    },
    /// The server refused it for good.
    Failed {
        /// Its answer.
        reply: String,
    },
    /// It has been tried for long enough.
    Expired {
        /// Its last answer.
        reply: String,
    },
}

impl Store {
    /// Keeps mails to be delivered from now on, with what they tell, and that these incidents are settled, with the reason
    /// why nobody was told if nobody was. Deliveries that are replaced become `superseded`: only those that wait for
    /// their first attempt or another one, never one that the server may have taken. All of it in one transaction.
    ///
    /// # Errors
    /// A mail has no recipient or a Message-ID that is taken; an incident is unknown; the database can't be written.
    pub fn create_mails(
        &mut self,
        _mails: &[NewMail],
        _settled: &[(i64, Option<Held>)],
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Returns, for each recipient who ever got a mail, what waits and what went out of late.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn mailboxes(&self, _now: Timestamp) -> Result<BTreeMap<Recipient, Mailbox>, StoreError> {
        todo!()
    }

    /// Returns deliveries, the newest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn deliveries(&self, _filter: DeliveryFilter, _limit: usize) -> Result<Vec<DeliveryRecord>, StoreError> {
        todo!()
    }

    /// Makes a delivery that waits, was given up, refused or dropped due now. Returns false if there is no such one.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn retry_delivery(&mut self, _delivery: DeliveryId, _now: Timestamp) -> Result<bool, StoreError> {
        todo!()
    }

    /// Drops a delivery that has not ended and is not under way: it becomes `suppressed`, and what it tells counts as
    /// told. Returns false if there is no such one.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn drop_delivery(&mut self, _delivery: DeliveryId, _now: Timestamp) -> Result<bool, StoreError> {
        todo!()
    }

    /// Returns the mail that has been waiting for longer than `patience`, if there is any.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn stuck_mail(&self, _patience: Duration, _now: Timestamp) -> Result<Option<StuckMail>, StoreError> {
        todo!()
    }

    /// Returns when the last mail of this kind was made.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn last_mail(&self, _kind: MailKind) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }

    /// Takes note that attempts which were under way broke off, and returns their number. They are due again: nobody
    /// knows whether the server took the message. The caller holds the run lock, so whoever began them is dead.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn interrupted_deliveries(&mut self) -> Result<usize, StoreError> {
        self.write(|db| Ok(db.prepare_cached(INTERRUPTED)?.execute([])?))
    }

    /// Returns the deliveries that may be tried now: those that were tried least first, and among them those of the
    /// oldest mail. So one that fails again and again keeps no other from its first attempt.
    ///
    /// # Errors
    /// The database can't be read, or holds a value this program does not know.
    pub fn due_deliveries(&self, now: Timestamp, limit: usize) -> Result<Vec<DueDelivery>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(DUE)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            Ok(select.query_map(params![now.as_millis(), limit], due)?.collect::<Result<_, _>>()?)
        })
    }

    /// Marks an attempt as under way. Returns false, and marks nothing, if the delivery is not due any more.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn begin_attempt(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE delivery SET state = 'sending', attempts = attempts + 1
                 WHERE id = ?1 AND state IN ('pending', 'retry', 'unknown') AND next_attempt_ms <= ?2",
            )?;
            Ok(update.execute(params![delivery, now.as_millis()])? == 1)
        })
    }

    /// Keeps how an attempt ended.
    ///
    /// # Errors
    /// No attempt of this delivery is under way, or the database can't be written.
    pub fn end_attempt(&mut self, delivery: DeliveryId, end: &AttemptEnd) -> Result<(), StoreError> {
        let (state, sent, next, reply) = match end {
            AttemptEnd::Sent { at, reply } => ("sent", Some(at), None, reply),
            AttemptEnd::Retry { next, reply } => ("retry", None, Some(next), reply),
            AttemptEnd::Unknown { next, reply } => ("unknown", None, Some(next), reply),
            AttemptEnd::Failed { reply } => ("failed", None, None, reply),
            AttemptEnd::Expired { reply } => ("expired", None, None, reply),
        };
        let millis = |time: Option<&Timestamp>| time.map(|time| time.as_millis());
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE delivery
                 SET state = ?2, sent_ms = ?3, next_attempt_ms = coalesce(?4, next_attempt_ms), last_reply = ?5
                 WHERE id = ?1 AND state = 'sending'",
            )?;
            match update.execute(params![delivery, state, millis(sent), millis(next), reply])? {
                1 => Ok(()),
                _ => Err(StoreError::NotSending { delivery }.into()),
            }
        })
    }

    /// Returns how many deliveries have not ended, one way or the other.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn undelivered(&self) -> Result<usize, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(UNDELIVERED)?;
            Ok(select.query_row([], |found| row::unsigned(found, 0))?)
        })
    }
}

// The list of four states is that of the partial index `delivery_due`: only with the very same words is it used,
// and what was sent years ago costs nothing.
pub(crate) const DUE: &str = "
    SELECT delivery.id, recipient, message_id, content, attempts, created_ms
    FROM delivery JOIN mail ON mail.id = delivery.mail_id
    WHERE state IN ('pending', 'sending', 'retry', 'unknown') AND state <> 'sending' AND next_attempt_ms <= ?1
    ORDER BY attempts, delivery.mail_id, delivery.id
    LIMIT ?2";
pub(crate) const UNDELIVERED: &str = "
    SELECT count(*) FROM delivery WHERE state IN ('pending', 'sending', 'retry', 'unknown')";
pub(crate) const INTERRUPTED: &str = "
    UPDATE delivery SET state = 'unknown'
    WHERE state IN ('pending', 'sending', 'retry', 'unknown') AND state = 'sending'";

fn due(found: &Row<'_>) -> rusqlite::Result<DueDelivery> {
    Ok(DueDelivery {
        id: found.get(0)?,
        recipient: row::parsed(found, 1)?,
        message_id: found.get(2)?,
        content: found.get(3)?,
        attempts: row::unsigned(found, 4)?,
        created: row::time(found, 5)?,
    })
}
