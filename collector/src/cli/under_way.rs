//! Which hosts are being visited at this moment.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sample::HostName;

/// The visits that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<HashMap<HostName, Instant>>);

impl UnderWay {
    pub(super) fn begin(&self, host: &HostName) {
        self.hosts().insert(host.clone(), Instant::now());
    }

    pub(super) fn end(&self, host: &HostName) {
        self.hosts().remove(host);
    }

    /// The `count` hosts whose visits last longest, the longest first.
    pub(super) fn slowest(&self, count: usize) -> Vec<(HostName, Duration)> {
        let hosts = self.hosts();
        let mut began: Vec<_> = hosts.iter().map(|(host, began)| (*began, host)).collect();
        began.sort_unstable();
        began.into_iter().take(count).map(|(began, host)| (host.clone(), began.elapsed())).collect()
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<HostName, Instant>> {
        // The map is whole between any two calls, also if a thread panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_visits_come_first_and_ended_ones_not_at_all() {
        let under_way = UnderWay::default();
        let hosts: Vec<HostName> = ["a", "b", "c"].map(|name| name.parse().unwrap()).into();
        hosts.iter().for_each(|host| under_way.begin(host));
        let names = |count| under_way.slowest(count).into_iter().map(|(host, _)| host).collect::<Vec<_>>();
        assert_eq!(names(2), hosts[..2]);
        under_way.end(&hosts[0]);
        assert_eq!(names(9), hosts[1..]);
    }
}
