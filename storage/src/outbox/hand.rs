//! What people see of the outbox, and do to it by hand.

use std::time::Duration;

use rusqlite::{Row, params};
use sample::Timestamp;

use super::{DeliveryFilter, DeliveryRecord, LostDeliveries, MailKind, StuckMail};
use crate::error::readable;
use crate::{DeliveryId, Store, StoreError, row};

impl Store {
    /// Returns deliveries, the newest first. One with a value this version does not know is left out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn deliveries(&self, filter: DeliveryFilter, limit: usize) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(match filter {
                DeliveryFilter::Waiting => WAITING,
                DeliveryFilter::Lost => LOST,
                DeliveryFilter::All => ALL,
            })?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let found = select.query_map([limit], delivery)?;
            found.filter_map(|found| readable(found).transpose()).collect()
        })
    }

    /// Makes a delivery that waits, was given up, refused or dropped due now. Returns false if there is no such one.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn retry_delivery(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE delivery
                 SET state = iif(state IN ('pending', 'unknown'), state, 'retry'), next_attempt_ms = ?2, ended_ms = NULL
                 WHERE id = ?1 AND state IN ('pending', 'retry', 'unknown', 'failed', 'expired', 'suppressed')",
            )?;
            Ok(update.execute(params![delivery, now.as_millis()])? == 1)
        })
    }

    /// Drops a delivery that has not ended and is not under way: it becomes `suppressed`, and what it tells counts as
    /// told. Returns false if there is no such one.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn drop_delivery(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE delivery SET state = 'suppressed', ended_ms = ?2
                 WHERE id = ?1 AND state IN ('pending', 'retry', 'unknown')",
            )?;
            Ok(update.execute(params![delivery, now.as_millis()])? == 1)
        })
    }

    /// Returns how many deliveries were refused for good or given up then or later.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn lost_since(&self, since: Timestamp) -> Result<LostDeliveries, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(LOST_SINCE)?;
            Ok(select.query_row([since.as_millis()], |found| {
                Ok(LostDeliveries { refused: row::unsigned(found, 0)?, given_up: row::unsigned(found, 1)? })
            })?)
        })
    }

    /// Returns the mail that has been waiting for longer than `patience`, if there is any. What was made before the clock was
    /// set back, and was tried since, is among it: nobody knows how long it waits.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn stuck_mail(&self, patience: Duration, now: Timestamp) -> Result<Option<StuckMail>, StoreError> {
        let patience = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
        self.read(|db| {
            let mut select = db.prepare_cached(STUCK)?;
            let made_before = now.as_millis().saturating_sub(patience);
            Ok(select.query_row([made_before, now.as_millis()], |found| {
                let since = row::time_if_known(found, 1)?;
                let deliveries = row::unsigned(found, 0)?;
                Ok(since.map(|since| StuckMail { deliveries, since }))
            })?)
        })
    }
}

macro_rules! deliveries {
    ($where:literal) => {
        concat!(
            "SELECT delivery.id, recipient, state, subject, message_id, created_ms, attempts,
                    iif(state IN ('pending', 'sending', 'retry', 'unknown'), next_attempt_ms, NULL), last_reply,
                    ended_ms, kind
             FROM delivery ",
            $where,
            " LIMIT ?1"
        )
    };
}

pub(crate) const WAITING: &str = deliveries!(
    "INDEXED BY delivery_due CROSS JOIN mail ON mail.id = mail_id
     WHERE state IN ('pending', 'sending', 'retry', 'unknown') ORDER BY delivery.id DESC"
);
pub(crate) const LOST: &str = deliveries!(
    "INDEXED BY delivery_lost CROSS JOIN mail ON mail.id = mail_id
     WHERE state IN ('failed', 'expired') ORDER BY delivery.id DESC"
);
pub(crate) const ALL: &str = deliveries!("CROSS JOIN mail ON mail.id = mail_id ORDER BY delivery.id DESC");

pub(crate) const LOST_SINCE: &str = "
    SELECT count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'expired')
    FROM delivery INDEXED BY delivery_lost WHERE state IN ('failed', 'expired') AND ended_ms >= ?1";

pub(crate) const STUCK: &str = "
    SELECT count(*), min(min(created_ms, ?2)) FROM delivery INDEXED BY delivery_due CROSS JOIN mail ON mail.id = mail_id
    WHERE state IN ('pending', 'sending', 'retry', 'unknown') 
        AND (created_ms < ?1 OR created_ms > ?2 AND attempts > 1)";

fn delivery(found: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    Ok(DeliveryRecord {
        id: found.get(0)?,
        recipient: row::parsed(found, 1)?,
        state: found.get(2)?,
        subject: found.get(3)?,
        message_id: found.get(4)?,
        created: row::time(found, 5)?,
        attempts: row::unsigned(found, 6)?,
        next: row::time_if_known(found, 7)?,
        reply: found.get(8)?,
        ended: row::time_if_known(found, 9)?,
        kind: row::named(found, 10, &MailKind::ALL, MailKind::name)?,
    })
}
