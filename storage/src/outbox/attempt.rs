//! Trying deliveries: which are due, and what becomes of an attempt.

use rules::Recipient;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sample::Timestamp;

use super::{AttemptEnd, Due, DueDelivery, Way};
use crate::error::{Failure, readable};
use crate::{DeliveryId, Store, StoreError, row};

/// No pause is that long: what is due later than that was put off before the clock was set back.
const LONGEST_PAUSE_MS: i64 = 2 * 3_600_000;

impl Store {
    /// Takes note that attempts which were under way broke off, and returns their number. They are due again: nobody
    /// knows whether the server took the message. The caller holds the run lock, so whoever began them is dead.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn interrupted_deliveries(&mut self) -> Result<usize, StoreError> {
        self.write(|db| Ok(db.prepare_cached(INTERRUPTED)?.execute([])?))
    }

    /// Returns the deliveries that may be tried now and leave this way, but for those to `except`: those that were tried
    /// least first, and among them those of the oldest mail. So one that fails again and again keeps no other from its
    /// first attempt.
    ///
    /// While a mail may have been taken and is soon sent again, no younger one of its kind is due for the same recipient:
    /// or that it is over would come before that it began. After five attempts nothing waits for it any more.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn due(&self, way: Way, now: Timestamp, limit: usize, except: &[Recipient]) -> Result<Due, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(DUE)?;
            let mut rows = select.query(params![now.as_millis(), LONGEST_PAUSE_MS, way == Way::Command])?;
            let mut due = Due::default();
            while due.deliveries.len() < limit {
                let Some(found) = rows.next()? else { break };
                match readable(delivery(found))? {
                    None => due.unreadable += 1,
                    Some((_, delivery)) if except.contains(&delivery.recipient) => {}
                    Some((mail, delivery)) => due.deliveries.extend(with_content(db, mail, delivery)?),
                }
            }
            Ok(due)
        })
    }

    /// The deliveries of [`Store::due`], to whomever they are.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn due_deliveries(&self, way: Way, now: Timestamp, limit: usize) -> Result<Vec<DueDelivery>, StoreError> {
        Ok(self.due(way, now, limit, &[])?.deliveries)
    }

    /// Marks an attempt as under way. Returns false, and marks nothing, if the delivery is not due any more.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn begin_attempt(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(BEGIN)?;
            Ok(update.execute(params![now.as_millis(), LONGEST_PAUSE_MS, delivery])? == 1)
        })
    }

    /// Keeps how an attempt ended. One that ended for good did so when its attempt began, as far as is known. What the
    /// server may have taken in an earlier attempt stays `unknown` until it has ended: it must not be replaced.
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
                 SET state = iif(?2 = 'retry' AND maybe_taken > 0, 'unknown', ?2),
                     maybe_taken = maybe_taken + (?2 = 'unknown'), sent_ms = ?3,
                     next_attempt_ms = coalesce(?4, next_attempt_ms), last_reply = ?5,
                     ended_ms = iif(?4 IS NULL, coalesce(?3, tried_ms), NULL)
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

macro_rules! is_due {
    () => {
        "(next_attempt_ms <= ?1 OR next_attempt_ms > ?1 + ?2)
        AND NOT EXISTS (
            SELECT 1 FROM delivery AS older
            WHERE older.recipient = delivery.recipient AND older.state IN ('unknown', 'sending')
                AND older.mail_id < delivery.mail_id AND older.maybe_taken < 5
                AND (SELECT kind FROM mail WHERE id = older.mail_id) = (SELECT kind FROM mail WHERE id = delivery.mail_id)
        )"
    };
}

// The list of four states is that of the partial index `delivery_due`: only with the very same words is it used,
// and what was sent years ago costs nothing.
pub(crate) const DUE: &str = concat!(
    "SELECT delivery.id, recipient, message_id, attempts, created_ms, maybe_taken, mail.id
    FROM delivery INDEXED BY delivery_due CROSS JOIN mail ON mail.id = delivery.mail_id
    WHERE state IN ('pending', 'sending', 'retry', 'unknown') AND state <> 'sending'
        AND (recipient GLOB 'exec:*') = ?3 AND ",
    is_due!(),
    " ORDER BY attempts, delivery.mail_id, delivery.id"
);
pub(crate) const BEGIN: &str = concat!(
    "UPDATE delivery SET state = 'sending', attempts = attempts + 1, tried_ms = ?1
    WHERE id = ?3 AND state IN ('pending', 'retry', 'unknown') AND ",
    is_due!()
);
pub(crate) const UNDELIVERED: &str = "
    SELECT count(*) FROM delivery WHERE state IN ('pending', 'sending', 'retry', 'unknown')";
pub(crate) const INTERRUPTED: &str = "
    UPDATE delivery SET state = 'unknown', maybe_taken = maybe_taken + 1
    WHERE state IN ('pending', 'sending', 'retry', 'unknown') AND state = 'sending'";

/// A delivery without its content, and its mail.
fn delivery(found: &Row<'_>) -> rusqlite::Result<(i64, DueDelivery)> {
    let delivery = DueDelivery {
        id: found.get(0)?,
        recipient: row::parsed(found, 1)?,
        message_id: found.get(2)?,
        content: Vec::new(),
        attempts: row::unsigned(found, 3)?,
        maybe_taken: row::unsigned(found, 5)?,
        created: row::time(found, 4)?,
    };
    Ok((found.get(6)?, delivery))
}

/// Only for as many as were asked for: of those that wait, all are put in order.
fn with_content(db: &Connection, mail: i64, delivery: DueDelivery) -> Result<Option<DueDelivery>, Failure> {
    let mut select = db.prepare_cached("SELECT content FROM mail WHERE id = ?1")?;
    let content: Option<Vec<u8>> = select.query_row([mail], |row| row.get(0)).optional()?;
    Ok(content.map(|content| DueDelivery { content, ..delivery }))
}
