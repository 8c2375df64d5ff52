//! Whether the collector still comes by: a table of good states says nothing once nobody looks any more.

use std::io::{self, Write};
use std::time::Duration;

use sample::Timestamp;

use crate::age::ago;
use crate::status::Host;

/// Without an interval in config.xml: nobody runs the collector less often than that.
const A_DAY: Duration = Duration::from_hours(24);
/// One run may be late, another one may fail.
const INTERVALS: u32 = 3;

/// Writes a line if no host was visited for three intervals, or for a day where config.xml names none.
///
/// # Errors
/// `out` can't be written.
pub fn write(out: &mut impl Write, hosts: &[Host], now: Timestamp, interval: Option<Duration>) -> io::Result<()> {
    let visits = hosts.iter().filter_map(|host| Some(host.known.as_ref()?.outcome.as_ref()?.at));
    let patience = interval.map_or(A_DAY, |interval| interval * INTERVALS);
    match visits.max() {
        Some(last) if last + patience < now => {
            let last = ago(last, now);
            writeln!(out, "\nno host was visited since {last}: is cron running fleet-collector, and what does it say?")
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{NOON, visited};
    use sample::OutcomeKind;

    fn said(after: Duration, interval: Option<Duration>) -> String {
        let known = visited("web1", OutcomeKind::Ok);
        let host = Host { name: known.name.clone(), known: Some(known) };
        let mut out = Vec::new();
        write(&mut out, &[host], NOON + after, interval).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_collector_that_stopped_is_told_after_three_intervals() {
        let five_minutes = Some(Duration::from_mins(5));
        assert_eq!(said(Duration::from_mins(15), five_minutes), "");
        let told = said(Duration::from_mins(16), five_minutes);
        assert!(told.contains("no host was visited since 16m ago"), "{told}");
    }

    #[test]
    fn without_an_interval_a_day_of_silence_is_told() {
        assert_eq!(said(Duration::from_hours(24), None), "");
        assert!(said(Duration::from_hours(25), None).contains("25h ago"));
        assert_eq!(said(Duration::ZERO, None), "");
    }
}
