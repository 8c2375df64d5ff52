//! Who watches the collector: this program does. That it does not run is one alert about ourselves, never one for each
//! host.

use std::time::Duration;

use rules::{Rule, Seen, Watch, judge};
use sample::Timestamp;
use storage::Slice;

use crate::evaluate::Noted;

/// Compares the time since the last finished run with the rules, and returns what changed, to be committed. Nothing
/// before the first run.
pub(crate) fn watch_collector(
    last: Option<Timestamp>,
    watch: &mut Watch,
    rules: &[&Rule],
    cycle: Duration,
    now: Timestamp,
) -> Slice {
    let Some(last) = last else { return Slice::default() };
    let silent_seconds = u64::try_from(now.millis_since(last) / 1000).unwrap_or(0);
    let seen = Seen::Collector { at: now, silent_seconds };
    let mut noted = Noted::default();
    for change in judge(rules, watch, &seen, cycle, &mut |_, _| Vec::new()) {
        noted.take(change, None, rules);
    }
    Slice { hosts: vec![noted.of(None, watch)], ..Slice::default() }
}
