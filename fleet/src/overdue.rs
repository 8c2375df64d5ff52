//! Whether the collector still comes by: a table of good states says nothing once nobody looks any more.

use std::io::{self, Write};
use std::time::Duration;

use sample::Timestamp;
use storage::RunRecord;

use crate::age::ago;

/// Without an interval in config.xml: nobody runs the collector less often than that.
const A_DAY: Duration = Duration::from_hours(24);
/// One run may be late, another one may fail.
const INTERVALS: u32 = 3;

/// Writes a line if the collector began no run for three intervals, or for a day where config.xml names none. Hosts
/// say less: each may have a longer interval of its own. `runs` begins with the newest one.
///
/// # Errors
/// `out` can't be written.
pub(crate) fn write(
    out: &mut impl Write,
    runs: &[RunRecord],
    now: Timestamp,
    interval: Option<Duration>,
) -> io::Result<()> {
    let patience = interval.map_or(A_DAY, |interval| interval * INTERVALS);
    match runs.first().map(|run| run.finished.unwrap_or(run.started)) {
        Some(last) if last + patience < now => {
            let last = ago(last, now);
            writeln!(out, "\nthe collector has not run since {last}: is cron running it, and what does it say?")
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::NOON;
    use storage::{RunEnd, Store};

    fn said(after: Duration, interval: Option<Duration>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("fleet.db"), NOON).unwrap();
        let run = store.begin_run(NOON, "c0ffee").unwrap();
        store.finish_run(run, NOON, RunEnd::Done).unwrap();
        let mut out = Vec::new();
        write(&mut out, &store.runs(1).unwrap(), NOON + after, interval).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_collector_that_stopped_is_told_after_three_intervals() {
        let five_minutes = Some(Duration::from_mins(5));
        assert_eq!(said(Duration::from_mins(15), five_minutes), "");
        let told = said(Duration::from_mins(16), five_minutes);
        assert!(told.contains("the collector has not run since 16m ago"), "{told}");
    }

    #[test]
    fn without_an_interval_a_day_without_a_run_is_told() {
        assert_eq!(said(Duration::from_hours(24), None), "");
        assert!(said(Duration::from_hours(25), None).contains("25h ago"));
        assert_eq!(said(Duration::ZERO, None), "");
    }
}
