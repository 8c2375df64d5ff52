//! From deliveries that are due to answers of the SMTP server, at least once.
//!
//! The intent is committed before the server hears of a mail, the answer right after it came. What was under way when
//! a run was killed is sent again with the same bytes: a duplicate after a crash, never a loss.

mod back_off;
mod courier;
mod server;
mod session;
mod verdict;

use config::Smtp;
use sample::Timestamp;
use storage::{AttemptEnd, DueDelivery, Store, StoreError};
use tokio_util::sync::CancellationToken;

use back_off::{is_too_old, next_after_unknown, next_attempt};
use verdict::{Failure, Rest, Verdict};

pub(crate) use courier::Courier;
pub(crate) use server::Server;
pub use server::{ServerError, Timeouts};
pub(crate) use session::{Progress, address};

/// How many mails are taken into memory at a time.
const BATCH: usize = 100;

/// What became of the deliveries that were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// The server took them.
    pub sent: usize,
    /// Refused for good.
    pub failed: usize,
    /// To be tried again.
    pub postponed: usize,
    /// Given up after five days.
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

/// How a run behaves towards the world outside.
pub struct Surroundings<'a> {
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Ends the run between two pieces of work.
    pub stop: &'a CancellationToken,
    /// How long the SMTP server may take.
    pub timeouts: Timeouts,
}

/// Tries every delivery that is due. The caller holds the run lock: then what is still marked as under way belongs to
/// a run that is dead.
///
/// # Errors
/// The database, or the password and certificates that `smtp` names.
pub fn deliver(store: &mut Store, smtp: &Smtp, around: &Surroundings<'_>) -> Result<Deliveries, DeliverError> {
    let interrupted = store.interrupted_deliveries()?;
    if interrupted > 0 {
        tracing::warn!(deliveries = interrupted, "a run was killed while it was sending; these are sent again");
    }
    let began = (around.now)();
    let mut done = Deliveries::default();
    let mut due = store.due_deliveries(began, BATCH)?;
    if due.is_empty() {
        return Ok(done);
    }
    let courier = Courier::start(Server::new(smtp, around.timeouts)?);
    let mut rest = Rest::GoOn;
    // A delivery that was tried is not due again before a minute has passed, so this ends.
    while rest == Rest::GoOn && !due.is_empty() {
        rest = deliver_batch(store, &courier, &due, around, &mut done)?;
        due = store.due_deliveries(began, BATCH)?;
    }
    courier.finish();
    Ok(done)
}

fn deliver_batch(
    store: &mut Store,
    courier: &Courier,
    due: &[DueDelivery],
    around: &Surroundings<'_>,
    done: &mut Deliveries,
) -> Result<Rest, DeliverError> {
    let mut tried = false;
    for delivery in due {
        if around.stop.is_cancelled() {
            return Ok(Rest::Stop);
        }
        // Before the server hears of it. False: somebody else has it, and does the rest.
        if !store.begin_attempt(delivery.id, (around.now)())? {
            continue;
        }
        tried = true;
        let result = courier.send(&delivery.recipient, &delivery.content, |progress| {
            tracing::debug!(message_id = delivery.message_id, ?progress, "smtp");
        });
        let (end, rest) = end_of(delivery, &result, (around.now)());
        store.end_attempt(delivery.id, &end)?;
        done.count(&end);
        report(delivery, &end);
        if rest == Rest::Stop {
            return Ok(Rest::Stop);
        }
    }
    Ok(if tried { Rest::GoOn } else { Rest::Stop })
}

/// What the attempt means for its delivery, and for those after it.
fn end_of(delivery: &DueDelivery, result: &Result<String, Failure>, now: Timestamp) -> (AttemptEnd, Rest) {
    let failure = match result {
        Ok(reply) => return (AttemptEnd::Sent { at: now, reply: reply.clone() }, Rest::GoOn),
        Err(failure) => failure,
    };
    let reply = failure.to_string();
    let (verdict, rest) = failure.verdict();
    let end = match verdict {
        Verdict::Refused => AttemptEnd::Failed { reply },
        Verdict::TryAgain | Verdict::Unknown if is_too_old(delivery.created, now) => AttemptEnd::Expired { reply },
        Verdict::TryAgain => AttemptEnd::Retry { next: next_attempt(delivery.attempts.saturating_add(1), now), reply },
        Verdict::Unknown => AttemptEnd::Unknown { next: next_after_unknown(now), reply },
    };
    (end, rest)
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
        AttemptEnd::Expired { reply } => tracing::error!(recipient, message_id, reply, "given up after five days"),
    }
}
