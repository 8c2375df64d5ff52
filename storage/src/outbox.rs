//! What the alerter reads and writes to get events told: mails, and their deliveries.

use rules::{AlertKey, Event, Recipient};
use rusqlite::{Connection, Row, params};
use sample::{HostName, SampleId, Timestamp};

use crate::error::Failure;
use crate::{DeliveryId, EventId, Store, StoreError, row};

/// An event, with all a mail about it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// Its row.
    pub id: EventId,
    /// The host.
    pub host: HostName,
    /// Which alert of the host it is about.
    pub key: AlertKey,
    /// What happened.
    pub event: Event,
    /// The rule's limit at that time.
    pub limit: f64,
    /// Who is told. Never empty.
    pub recipients: Vec<Recipient>,
    /// The sample that caused it.
    pub probe_sample_id: Option<SampleId>,
}

/// A mail, rendered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Its Message-ID.
    pub message_id: String,
    /// Its subject, for people who read the database.
    pub subject: String,
    /// Headers and body: the bytes of every attempt.
    pub content: Vec<u8>,
    /// What it tells.
    pub events: Vec<EventId>,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
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
    /// Returns the events that have recipients and are not in a mail, oldest first.
    ///
    /// # Errors
    /// The database can't be read, or holds a value this program does not know.
    pub fn events_without_mail(&self) -> Result<Vec<EventRecord>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(WITHOUT_MAIL)?;
            Ok(select.query_map([], event)?.collect::<Result<_, _>>()?)
        })
    }

    /// Keeps mails to be delivered from now on, and that their events are in them. A recipient that is given twice
    /// gets one.
    ///
    /// # Errors
    /// An event is in a mail already; a mail has no recipient or a Message-ID that is taken; the database can't be
    /// written.
    pub fn create_mails(&mut self, mails: &[NewMail], now: Timestamp) -> Result<(), StoreError> {
        self.write(|db| mails.iter().try_for_each(|mail| create(db, mail, now)))
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

pub(crate) const WITHOUT_MAIL: &str = "
    SELECT metric, selector, ordinal, instance, event.id, host.name, kind, at_ms, value, event.since_ms,
           event.worst_value, event.limit_value, event.recipients, probe_sample_id
    FROM event
    JOIN alert ON alert.id = event.alert_id
    JOIN host ON host.id = alert.host_id
    LEFT JOIN sample ON sample.id = event.sample_id
    WHERE event.mail_id IS NULL AND event.recipients <> ''
    ORDER BY event.id";

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

fn event(found: &Row<'_>) -> rusqlite::Result<EventRecord> {
    Ok(EventRecord {
        id: found.get(4)?,
        host: row::parsed(found, 5)?,
        key: row::alert_key(found)?,
        event: Event {
            kind: row::event_kind(found, 6)?,
            at: row::time(found, 7)?,
            value: found.get(8)?,
            since: row::time(found, 9)?,
            worst: found.get(10)?,
        },
        limit: found.get(11)?,
        recipients: row::recipients(found, 12)?,
        probe_sample_id: row::parsed_if_known(found, 13)?,
    })
}

fn create(db: &Connection, mail: &NewMail, now: Timestamp) -> Result<(), Failure> {
    if mail.recipients.is_empty() {
        return Err(StoreError::NoRecipient { message_id: mail.message_id.clone() }.into());
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO mail (message_id, subject, content, created_ms) VALUES (?1, ?2, ?3, ?4) RETURNING id",
    )?;
    let values = params![mail.message_id, mail.subject, mail.content, now.as_millis()];
    let mail_row: i64 = insert.query_row(values, |row| row.get(0))?;
    for recipient in &mail.recipients {
        let mut insert = db.prepare_cached(
            "INSERT INTO delivery (mail_id, recipient, state, next_attempt_ms) VALUES (?1, ?2, 'pending', ?3)
             ON CONFLICT (mail_id, recipient) DO NOTHING",
        )?;
        insert.execute(params![mail_row, recipient.as_str(), now.as_millis()])?;
    }
    for event in &mail.events {
        let mut update = db.prepare_cached("UPDATE event SET mail_id = ?2 WHERE id = ?1 AND mail_id IS NULL")?;
        if update.execute(params![event, mail_row])? != 1 {
            return Err(StoreError::AlreadyMailed { event: *event }.into());
        }
    }
    Ok(())
}

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
