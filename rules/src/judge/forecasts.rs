//! When filesystems will be full, asked for only where it matters.

use sample::Timestamp;

use crate::{FreeSpace, Instance, Rule, forecast};

/// Stands for longer, or never.
const YEAR_SECONDS: f64 = 31_536_000.0;

/// The forecasts of one row. The history of a filesystem is asked for at most once.
pub(super) struct Forecasts<'f> {
    at: Timestamp,
    free_space: &'f mut dyn FnMut(&str, Timestamp) -> Vec<FreeSpace>,
    newest: Option<(Instance, Option<f64>)>,
}

impl<'f> Forecasts<'f> {
    pub(super) fn new(
        at: Timestamp,
        free_space: &'f mut dyn FnMut(&str, Timestamp) -> Vec<FreeSpace>,
    ) -> Forecasts<'f> {
        Forecasts { at, free_space, newest: None }
    }

    /// Seconds until the filesystem is full, a year at most; nothing if too little is known of it. A filesystem of which
    /// less is in use than the rule's floor is as good as never full: what fills it now has room for long.
    pub(super) fn value(&mut self, rule: &Rule, mount: &Instance, used_percent: f64) -> Option<f64> {
        if rule.floor_percent.is_some_and(|floor| used_percent < floor) {
            return Some(YEAR_SECONDS);
        }
        match &self.newest {
            Some((known, seconds)) if known == mount => *seconds,
            Some(_) | None => {
                let seconds = seconds_until_full(&(self.free_space)(mount.as_str(), self.at));
                self.newest = Some((mount.clone(), seconds));
                seconds
            }
        }
    }
}

fn seconds_until_full(points: &[FreeSpace]) -> Option<f64> {
    if let Some(forecast) = forecast(points) {
        return Some(forecast.likely.as_secs_f64().min(YEAR_SECONDS));
    }
    // There is no forecast of what does not fill up, and none of too few points. With enough of them there would be one
    // if nothing were available.
    let full: Vec<_> = points.iter().map(|point| FreeSpace { avail_bytes: 0, ..*point }).collect();
    forecast(&full).map(|_| YEAR_SECONDS)
}
