//! Numbers and times as people write them.

use sample::{Metric, Timestamp, Unit};

/// A value of this metric, with its unit.
pub(crate) fn value(metric: Metric, value: f64) -> String {
    match metric.unit() {
        Unit::Percent => format!("{} %", trimmed(format!("{value:.1}"))),
        Unit::Seconds => span(value as i64),
        Unit::Number => trimmed(format!("{value:.2}")),
    }
}

/// A limit as it was configured, or follows from what was.
pub(crate) fn limit(metric: Metric, limit: f64) -> String {
    match metric.unit() {
        Unit::Percent => format!("{} %", trimmed(format!("{limit:.3}"))),
        Unit::Seconds => format!("{} s", trimmed(format!("{limit:.3}"))),
        Unit::Number => trimmed(format!("{limit:.3}")),
    }
}

/// A point in time.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', " UTC")
}

/// How long from one to the other; nothing where it is less than a minute, or they are the wrong way round.
pub(crate) fn lasted(from: Timestamp, to: Timestamp) -> Option<String> {
    let seconds = to.millis_since(from) / 1000;
    (seconds >= 60).then(|| span(seconds))
}

/// The two largest units that are not empty: `100 d`, `3 h 5 min`.
fn span(seconds: i64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<String> = parts
        .iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count != 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

fn trimmed(number: String) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_precise_as_people_need() {
        assert_eq!(value(Metric::Memory, 91.24), "91.2 %");
        assert_eq!(value(Metric::Disk, 100.0), "100 %");
        assert_eq!(value(Metric::Cpu, 0.0), "0 %");
        assert_eq!(value(Metric::Load, 1.5), "1.5");
        assert_eq!(value(Metric::Uptime, 8_640_000.0), "100 d");
    }

    #[test]
    fn spans_have_at_most_two_units() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (720, "12 min"), (11_100, "3 h 5 min"), (86_461, "1 d"), (90_000, "1 d 1 h")]
        {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn less_than_a_minute_is_not_worth_telling() {
        let at = Timestamp::from_millis;
        assert_eq!(lasted(at(0), at(59_999)), None);
        assert_eq!(lasted(at(0), at(60_000)), Some("1 min".to_owned()));
        assert_eq!(lasted(at(60_000), at(0)), None);
    }
}
