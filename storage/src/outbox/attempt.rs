//! Trying deliveries: which are due, and what becomes of an attempt.

use rusqlite::{Row, params};
use sample::Timestamp;

use super::{AttemptEnd, DueDelivery, Way};
use crate::{DeliveryId, Store, StoreError, row};

impl Store {
    /// Takes note that attempts which were under way broke off, and returns their number. They are due again: nobody
    /// knows whether the server took the message. The caller holds the run lock, so whoever began them is dead.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn interrupted_deliveries(&mut self) -> Result<usize, StoreError> {
        self.write(|db| Ok(db.prepare_cached(INTERRUPTED)?.execute([])?))
    }

    /// Returns the deliveries that may be tried now and leave this way: those that were tried least first, and among them those of the
    /// oldest mail. So one that fails again and again keeps no other from its first attempt.
    ///
    /// # Errors
    /// The database can't be read, or holds a value this program does not know.
    pub fn due_deliveries(&self, way: Way, now: Timestamp, limit: usize) -> Result<Vec<DueDelivery>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(DUE)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let is_command = way == Way::Command;
            Ok(select.query_map(params![now.as_millis(), limit, is_command], due)?.collect::<Result<_, _>>()?)
        })
    }

    /// Marks an attempt as under way. Returns false, and marks nothing, if the delivery is not due any more.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn begin_attempt(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE delivery SET state = 'sending', attempts = attempts + 1, tried_ms = ?2
                 WHERE id = ?1 AND state IN ('pending', 'retry', 'unknown') AND next_attempt_ms <= ?2",
            )?;
            Ok(update.execute(params![delivery, now.as_millis()])? == 1)
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
                 SET state = iif(?2 = 'retry' AND maybe_taken, 'unknown', ?2),
                     maybe_taken = maybe_taken OR ?2 = 'unknown', sent_ms = ?3, next_attempt_ms = coalesce(?4, next_attempt_ms), last_reply = ?5,
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

// The list of four states is that of the partial index `delivery_due`: only with the very same words is it used,
// and what was sent years ago costs nothing.
pub(crate) const DUE: &str = "
    SELECT delivery.id, recipient, message_id, content, attempts, created_ms
    FROM delivery JOIN mail ON mail.id = delivery.mail_id
    WHERE state IN ('pending', 'sending', 'retry', 'unknown') AND state <> 'sending' AND next_attempt_ms <= ?1
        AND (recipient GLOB 'exec:*') = ?3
    ORDER BY attempts, delivery.mail_id, delivery.id
    LIMIT ?2";
pub(crate) const UNDELIVERED: &str = "
    SELECT count(*) FROM delivery WHERE state IN ('pending', 'sending', 'retry', 'unknown')";
pub(crate) const INTERRUPTED: &str = "
    UPDATE delivery SET state = 'unknown', maybe_taken = 1
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
