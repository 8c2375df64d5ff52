//! When a delivery is tried again, and when it is given up.

use std::time::Duration;

use sample::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);

/// How long a mail is tried for. The usual horizon of a mail server (RFC 5321, 4.5.4.1).
const LIFETIME: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How often a mail is tried at least, however old it is: one that waited for days because nothing ran, or the
/// server was down, is not given up for a single no.
const MIN_ATTEMPTS: u32 = 5;

/// Returns when to try again after `attempts` attempts, the last of which ended `now`.
///
/// The pauses are 1, 2, 4, 8, 15, 30 and then 60 minutes: greylisting servers take a mail after a few minutes. The
/// pause is this delivery's alone: as long as others are due, each run tries one of them, at a server that is down or
/// refuses the login too.
pub(crate) fn next_attempt(attempts: u32, now: Timestamp) -> Timestamp {
    let minutes = match attempts {
        0 | 1 => 1,
        2 => 2,
        3 => 4,
        4 => 8,
        5 => 15,
        6 => 30,
        _ => 60,
    };
    now + MINUTE * minutes
}

/// Returns when to send again what may or may not have been taken, as it may have been `before` times: the first time soon,
/// while the receiver still remembers the Message-ID, then later and later, since each attempt may be another copy.
pub(crate) fn next_after_unknown(before: u32, now: Timestamp) -> Timestamp {
    next_attempt(before.saturating_add(1), now)
}

/// Whether a mail made at `created` is given up after `attempts` attempts, the last of which ended `now`.
pub(crate) fn is_given_up(created: Timestamp, attempts: u32, now: Timestamp) -> bool {
    now >= created + LIFETIME && attempts >= MIN_ATTEMPTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_an_hour_and_stay_there() {
        let now = Timestamp::from_millis(1_795_241_857_000);
        let pauses: Vec<i64> = (1..=9).map(|attempts| next_attempt(attempts, now).millis_since(now) / 60_000).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 30, 60, 60, 60]);
    }

    #[test]
    fn what_may_have_been_taken_is_sent_again_after_a_minute_and_then_less_and_less_often() {
        let now = Timestamp::from_millis(1_795_241_857_000);
        let pauses: Vec<i64> =
            (0..8).map(|before| next_after_unknown(before, now).millis_since(now) / 60_000).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 30, 60, 60]);
    }

    #[test]
    fn a_mail_is_given_up_after_five_days_and_five_attempts_and_not_before() {
        let (created, five_days) = (Timestamp::from_millis(0), Timestamp::from_millis(5 * 86_400_000));
        assert!(!is_given_up(created, 100, Timestamp::from_millis(5 * 86_400_000 - 1)));
        assert!(!is_given_up(created, 4, five_days));
        assert!(is_given_up(created, 5, five_days));
    }
}
