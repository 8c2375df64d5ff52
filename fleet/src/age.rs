//! Ages, as people say them.

use sample::Timestamp;

/// Returns how long before `now` it was, in one unit: `40s ago`, `3m ago`, `47h ago`, `2d ago`.
///
/// A time that is still to come, by a clock that was set back since, is `0s ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const TWO_DAYS: i64 = 2 * DAY;
    let seconds = (now.millis_since(then) / 1000).max(0);
    let (count, unit) = match seconds {
        ..MINUTE => (seconds, "s"),
        MINUTE..HOUR => (seconds / MINUTE, "m"),
        HOUR..TWO_DAYS => (seconds / HOUR, "h"),
        _ => (seconds / DAY, "d"),
    };
    format!("{count}{unit} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_said_in_the_unit_people_would_use_and_is_never_negative() {
        let then = Timestamp::from_millis(1_795_241_857_000);
        for (seconds, said) in [
            (-3600, "0s ago"),
            (0, "0s ago"),
            (59, "59s ago"),
            (60, "1m ago"),
            (3599, "59m ago"),
            (3600, "1h ago"),
            (172_799, "47h ago"),
            (172_800, "2d ago"),
            (86_400_000, "1000d ago"),
        ] {
            assert_eq!(ago(then, then.plus_millis(seconds * 1000)), said);
        }
    }
}
