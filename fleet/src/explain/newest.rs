//! The newest that is known of a metric.

use rules::{Instance, MOST_POINTS, Seen, WINDOW, Watch};
use sample::{HostName, Metric, Timestamp};
use storage::{HostId, Store, StoreError};

/// A value, and when it was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) instance: Instance,
    pub(super) value: f64,
    /// What is available of a filesystem.
    pub(super) avail_bytes: Option<u64>,
    pub(super) at: Timestamp,
}

/// The values of the newest row that has any.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) values: Vec<Value>,
}

/// Returns the newest values of the metric, and what is remembered of the host; none: the fleet as a whole.
pub(super) fn newest(
    store: &Store,
    host: Option<&HostName>,
    metric: Metric,
    now: Timestamp,
) -> Result<(Newest, Watch), StoreError> {
    let mut newest = Newest::default();
    let Some(host) = host else {
        if let Some(last) = store.last_finished_run()? {
            let silent_seconds = u64::try_from(now.millis_since(last) / 1000).unwrap_or(0);
            newest.add(metric, &Seen::Collector { at: now, silent_seconds });
        }
        return Ok((newest, store.fleet_watch()?));
    };
    let Some(id) = store.host_id(host)? else { return Ok((newest, Watch::default())) };
    for row in store.newest_rows(id)? {
        if metric == Metric::DiskFull {
            newest.forecast(store, id, &row.seen())?;
        } else {
            newest.add(metric, &row.seen());
        }
    }
    Ok((newest, store.watches(&[id])?.remove(&id).unwrap_or_default()))
}

impl Newest {
    fn add(&mut self, metric: Metric, seen: &Seen<'_>) {
        let value = |(instance, value, avail_bytes)| Value { instance, value, avail_bytes, at: seen.at() };
        self.values.extend(rules::observe(metric, seen).values.into_iter().map(value));
    }

    /// What is no measurement but follows from those of a day. Nothing of what does not fill up.
    fn forecast(&mut self, store: &Store, host: HostId, seen: &Seen<'_>) -> Result<(), StoreError> {
        let at = seen.at();
        for (instance, _, avail_bytes) in rules::observe(Metric::Disk, seen).values {
            let points = store.free_space(host, instance.as_str(), (at - WINDOW, at), MOST_POINTS)?;
            let forecast = rules::forecast(&points).map(|forecast| forecast.likely.as_secs_f64());
            self.values.extend(forecast.map(|value| Value { instance, value, avail_bytes, at }));
        }
        Ok(())
    }
}
