//! From deliveries that are due to answers of the SMTP server, at least once.
//!
//! The intent is committed before the server hears of a mail, the answer right after it came. What was under way when
//! a run was killed, or an answer that could not be kept, is sent again with the same bytes: a duplicate, never a loss.

mod back_off;
mod by_command;
mod command;
mod courier;
mod server;
mod session;
mod verdict;

use std::ops::Add;
use std::time::Instant;

use config::Config;
use rules::Recipient;
use sample::Timestamp;
use storage::{AttemptEnd, DeliveryId, DueDelivery, Store, StoreError, Way};

use crate::surroundings::Surroundings;
use back_off::{is_given_up, next_after_unknown, next_attempt};
use by_command::by_command;
use verdict::{Failure, Rest, Verdict};

pub(crate) use courier::Courier;
pub(crate) use server::Server;
pub use server::{ServerError, Timeouts};
pub(crate) use session::{Progress, address};

/// How many mails are taken into memory at a time.
const BATCH: usize = 100;

/// How often it is tried to keep an answer while another program writes; each time waits for ten seconds already. An
/// answer that is not kept is a mail that is sent twice.
const KEEP_ATTEMPTS: u32 = 3;

/// What became of the deliveries that were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// The server took them.
    pub sent: usize,
    /// Refused for good.
    pub failed: usize,
    /// To be tried again.
    pub postponed: usize,
    /// Given up, after five days and a few attempts; or a command that hung too often.
    pub expired: usize,
}

/// Deliveries could not be tried, or their end not be kept.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The SMTP settings.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tries every delivery that is due: first mail, then those to commands, each within a time of its own. The caller holds the
/// run lock: then what is still marked as under way belongs to a run that is dead.
///
/// # Errors
/// The database, or the password and certificates that `<smtp>` names. Commands are told all the same.
pub fn deliver(store: &mut Store, config: &Config, around: &Surroundings<'_>) -> Result<Deliveries, DeliverError> {
    let interrupted = store.interrupted_deliveries()?;
    if interrupted > 0 {
        tracing::warn!(deliveries = interrupted, "a run was killed while it was sending; these are sent again");
    }
    let mails = all_mail(store, config, around);
    let mut round = Round::new(store, around, Way::Command);
    if round.has_any()? {
        round.all(&mut |delivery| by_command(delivery, config, around))?;
    }
    Ok(mails? + round.done)
}

fn all_mail(store: &mut Store, config: &Config, around: &Surroundings<'_>) -> Result<Deliveries, DeliverError> {
    let mut round = Round::new(store, around, Way::Mail);
    // Without a mail nobody asks for a password; without one no attempt begins.
    if round.has_any()? {
        let courier = Courier::start(Server::new(&config.smtp, around.timeouts)?, around.stop.clone());
        round.all(&mut |delivery| by_mail(delivery, &courier, around))?;
        courier.finish();
    }
    Ok(round.done)
}

/// The deliveries of one run that leave the same way.
struct Round<'a> {
    store: &'a mut Store,
    around: &'a Surroundings<'a>,
    way: Way,
    began: Timestamp,
    /// No attempt begins after it, but for the first.
    ends: Instant,
    /// They are left alone for the rest of the run.
    hanging: Vec<Recipient>,
    done: Deliveries,
}

/// Tries one delivery.
type Attempt<'t> = dyn FnMut(&DueDelivery) -> (AttemptEnd, Rest) + 't;

impl<'a> Round<'a> {
    fn new(store: &'a mut Store, around: &'a Surroundings<'a>, way: Way) -> Round<'a> {
        let ends = Instant::now() + around.timeouts.delivering;
        Round { store, around, way, began: (around.now)(), ends, hanging: Vec::new(), done: Deliveries::default() }
    }

    fn has_any(&self) -> Result<bool, StoreError> {
        let due = self.store.due(self.way, self.began, 1, &[])?;
        if due.unreadable > 0 {
            let deliveries = due.unreadable;
            tracing::error!(
                deliveries,
                "these can't be read by this version, and wait: were they written by a newer one?"
            );
        }
        Ok(!due.deliveries.is_empty())
    }

    /// A delivery that was tried is not due again before a minute has passed, so this ends.
    fn all(&mut self, attempt: &mut Attempt<'_>) -> Result<(), DeliverError> {
        loop {
            let due = self.store.due(self.way, self.began, BATCH, &self.hanging)?.deliveries;
            if due.is_empty() || self.some(&due, attempt)? == Rest::Stop {
                return Ok(());
            }
        }
    }

    fn some(&mut self, due: &[DueDelivery], attempt: &mut Attempt<'_>) -> Result<Rest, DeliverError> {
        let mut tried = false;
        for delivery in due {
            if self.is_over() {
                return Ok(Rest::Stop);
            }
            // Before anybody hears of it. False: it waits for another one, or somebody else has it, and does the rest.
            if self.hanging.contains(&delivery.recipient)
                || !self.store.begin_attempt(delivery.id, (self.around.now)())?
            {
                continue;
            }
            tried = true;
            let (end, rest) = attempt(delivery);
            keep_end(self.store, delivery.id, &end)?;
            self.done.count(&end);
            report(delivery, &end);
            match rest {
                Rest::GoOn => {}
                Rest::Stop => return Ok(Rest::Stop),
                Rest::LeaveAlone => self.hanging.push(delivery.recipient.clone()),
            }
        }
        Ok(if tried { Rest::GoOn } else { Rest::Stop })
    }

    fn is_over(&self) -> bool {
        if self.around.stop.is_cancelled() {
            return true;
        }
        let is_late = self.done != Deliveries::default() && Instant::now() >= self.ends;
        if is_late {
            let (way, limit) = (self.way, self.around.timeouts.delivering);
            tracing::warn!(?way, ?limit, "this took too long; the next run sends the rest");
        }
        is_late
    }
}

fn by_mail(delivery: &DueDelivery, courier: &Courier, around: &Surroundings<'_>) -> (AttemptEnd, Rest) {
    let result = courier.send(&delivery.recipient, &delivery.content, |progress| {
        tracing::debug!(message_id = delivery.message_id, ?progress, "smtp");
    });
    end_of(delivery, &result, (around.now)())
}

fn keep_end(store: &mut Store, delivery: DeliveryId, end: &AttemptEnd) -> Result<(), StoreError> {
    let is_busy = |error: &StoreError| matches!(error, StoreError::Busy { .. });
    insist(|| store.end_attempt(delivery, end), is_busy)
}

/// Does it until it succeeds, or fails for another reason than that somebody is busy, or has been tried often enough.
fn insist<E>(mut attempt: impl FnMut() -> Result<(), E>, is_busy: impl Fn(&E) -> bool) -> Result<(), E> {
    for _ in 1..KEEP_ATTEMPTS {
        match attempt() {
            Err(error) if is_busy(&error) => tracing::warn!("another program is writing; trying again"),
            ended => return ended,
        }
    }
    attempt()
}

/// What the attempt means for its delivery, and for those after it.
fn end_of(delivery: &DueDelivery, result: &Result<String, Failure>, now: Timestamp) -> (AttemptEnd, Rest) {
    let failure = match result {
        Ok(reply) => return (AttemptEnd::Sent { at: now, reply: reply.clone() }, Rest::GoOn),
        Err(failure) => failure,
    };
    let reply = failure.to_string();
    let attempts = delivery.attempts.saturating_add(1);
    let (verdict, rest) = failure.verdict();
    let end = match verdict {
        Verdict::Refused => AttemptEnd::Failed { reply },
        Verdict::Interrupted => AttemptEnd::Retry { next: now, reply },
        Verdict::TryAgain | Verdict::Unknown if is_given_up(delivery.created, attempts, now) => {
            AttemptEnd::Expired { reply }
        }
        Verdict::TryAgain => AttemptEnd::Retry { next: next_attempt(attempts, now), reply },
        Verdict::Unknown => AttemptEnd::Unknown { next: next_after_unknown(delivery.maybe_taken, now), reply },
    };
    (end, rest)
}

impl Add for Deliveries {
    type Output = Deliveries;

    fn add(self, other: Deliveries) -> Deliveries {
        Deliveries {
            sent: self.sent + other.sent,
            failed: self.failed + other.failed,
            postponed: self.postponed + other.postponed,
            expired: self.expired + other.expired,
        }
    }
}

impl Deliveries {
    fn count(&mut self, end: &AttemptEnd) {
        match end {
            AttemptEnd::Sent { .. } => self.sent += 1,
            AttemptEnd::Failed { .. } => self.failed += 1,
            AttemptEnd::Retry { .. } | AttemptEnd::Unknown { .. } => self.postponed += 1,
            AttemptEnd::Expired { .. } => self.expired += 1,
        }
    }
}

fn report(delivery: &DueDelivery, end: &AttemptEnd) {
    let (recipient, message_id) = (delivery.recipient.as_str(), delivery.message_id.as_str());
    match end {
        AttemptEnd::Sent { reply, .. } => tracing::info!(recipient, message_id, reply, "sent"),
        AttemptEnd::Retry { next, reply } => {
            tracing::error!(recipient, message_id, reply, %next, "not sent, will be tried again");
        }
        AttemptEnd::Unknown { next, reply } => {
            tracing::error!(recipient, message_id, reply, %next, "perhaps sent, will be sent again");
        }
        AttemptEnd::Failed { reply } => tracing::error!(recipient, message_id, reply, "refused for good"),
        AttemptEnd::Expired { reply } => tracing::error!(recipient, message_id, reply, "given up"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of it when the first `busy` attempts meet somebody busy, and how many attempts were made.
    fn insisting(busy: u32) -> (Result<(), &'static str>, u32) {
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            if attempts <= busy { Err("busy") } else { Ok(()) }
        };
        let result = insist(attempt, |error| *error == "busy");
        (result, attempts)
    }

    #[test]
    fn an_answer_is_kept_although_the_database_is_busy_for_a_while() {
        assert_eq!(insisting(0), (Ok(()), 1));
        assert_eq!(insisting(2), (Ok(()), 3));
        assert_eq!(insisting(3), (Err("busy"), 3));
    }

    #[test]
    fn what_waiting_does_not_mend_is_told_at_once() {
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            Err("full")
        };
        assert_eq!(insist(attempt, |error| *error == "busy"), Err("full"));
        assert_eq!(attempts, 1);
    }
}
