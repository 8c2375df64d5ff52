//! What was stamped while the server's clock was ahead.

use std::time::Duration;

use sample::Timestamp;

use super::Watch;
use crate::{AlertKey, AlertState};

/// What is remembered may lie so far behind the visit that is told of: a sample's time is corrected by what is known of
/// two clocks. What lies further comes of a clock that was wrong.
const SLACK: Duration = Duration::from_secs(3600);

/// Takes the time of a visit as the truth: what is remembered from times far behind it is forgotten, or was just now. Else
/// everything would look late until then, and nothing would ever be for long enough. Returns the alerts that changed.
///
/// A sample can't tell, for it may be late itself. A visit is made when it says.
pub(super) fn set_right(watch: &mut Watch, visited: Timestamp) -> Vec<AlertKey> {
    if watch.familiar.taken.is_some_and(|taken| taken > visited + SLACK) {
        watch.familiar.taken = Some(visited);
    }
    let ahead = |state: &AlertState| state.seen.is_some_and(|seen| seen > visited + SLACK);
    let changed = watch.alerts.iter_mut().filter(|(_, state)| ahead(state)).map(|(key, state)| {
        state.set_back(visited);
        key.clone()
    });
    let changed = changed.collect();
    watch.alerts.retain(|_, state| !state.is_blank());
    changed
}

impl AlertState {
    /// Forgets what lies behind that time. A problem stays, and one that comes and goes is waited for from now on.
    fn set_back(&mut self, now: Timestamp) {
        self.seen = Some(now);
        self.changes.retain(|change| *change <= now);
        if self.changes.is_empty() && self.problem.is_some_and(|problem| problem.flapping.is_some()) {
            self.changes.push(now);
        }
        for switch in &mut self.switches {
            switch.against = switch.against.filter(|run| run.since <= now);
        }
    }
}
