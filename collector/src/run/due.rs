//! Whose turn it is: hosts that are not visited in every run.

use std::time::Duration;

use sample::Timestamp;

/// Runs don't begin to the millisecond, and visits in them come in no fixed order. So much sooner is not too soon.
const SLACK: Duration = Duration::from_secs(60);

/// Whether a host that is to be visited so often, and was visited last at `visited`, is due.
///
/// A clock that was set back since then must not keep the host from being visited.
pub(super) fn is_due(every: Option<Duration>, visited: Option<Timestamp>, now: Timestamp) -> bool {
    let (Some(every), Some(visited)) = (every, visited) else { return true };
    let slack = SLACK.min(every / 10);
    let elapsed_ms = now.millis_since(visited);
    u64::try_from(elapsed_ms).map_or(true, |elapsed| u128::from(elapsed) >= (every - slack).as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_700_000_000_000;

    fn due(every_s: u64, elapsed_ms: i64) -> bool {
        let (visited, now) = (Timestamp::from_millis(NOON), Timestamp::from_millis(NOON + elapsed_ms));
        is_due(Some(Duration::from_secs(every_s)), Some(visited), now)
    }

    #[test]
    fn a_host_is_due_when_its_time_has_come_give_or_take_a_little() {
        assert!(!due(900, 600_000), "two of three runs of five minutes");
        assert!(due(900, 900_000) && due(900, 899_000), "the third, begun a second sooner");
        assert!(!due(900, 839_999) && due(900, 840_000));
        assert!(!due(60, 53_000) && due(60, 54_000), "at most a tenth sooner");
    }

    #[test]
    fn a_host_never_visited_or_visited_in_the_future_is_due() {
        let now = Timestamp::from_millis(NOON);
        assert!(is_due(Some(Duration::from_secs(900)), None, now));
        assert!(is_due(None, Some(now), now));
        assert!(due(900, -1));
    }
}
