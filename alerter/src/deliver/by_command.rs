//! What came of telling a command.

use config::Config;
use storage::{AttemptEnd, DueDelivery};

use super::back_off::{is_given_up, next_after_unknown, next_attempt};
use super::command::{self, CommandFailure};
use super::verdict::Rest;
use crate::surroundings::Surroundings;

/// How often a command may be ended in the midst of its work. Whatever it does, it may have done so each time, and there is
/// no Message-ID by which others would know.
const MOST_UNKNOWN: u32 = 5;

/// Tells a command. One that is not in config.xml any more may come back; one that hung is left alone for this run.
pub(super) fn by_command(delivery: &DueDelivery, config: &Config, around: &Surroundings<'_>) -> (AttemptEnd, Rest) {
    let name = delivery.recipient.notifier().unwrap_or_default();
    let result = match config.notifiers.get(name) {
        Some(notifier) => command::run(notifier, &delivery.content, around.stop),
        None => {
            Err(CommandFailure { words: format!("no <notifier name=\"{name}\"> in config.xml"), is_unknown: false })
        }
    };
    let now = (around.now)();
    let attempts = delivery.attempts.saturating_add(1);
    match result {
        Ok(reply) => (AttemptEnd::Sent { at: now, reply }, Rest::GoOn),
        Err(CommandFailure { words: reply, is_unknown }) => {
            let hung_too_often = is_unknown && delivery.maybe_taken.saturating_add(1) >= MOST_UNKNOWN;
            let end = if hung_too_often || is_given_up(delivery.created, attempts, now) {
                AttemptEnd::Expired { reply }
            } else if is_unknown {
                AttemptEnd::Unknown { next: next_after_unknown(delivery.maybe_taken, now), reply }
            } else {
                AttemptEnd::Retry { next: next_attempt(attempts, now), reply }
            };
            (end, if is_unknown { Rest::LeaveAlone } else { Rest::GoOn })
        }
    }
}
