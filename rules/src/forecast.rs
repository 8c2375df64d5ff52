//! When a filesystem will be full, at the pace of the last day.

use std::time::Duration;

use sample::Timestamp;

/// What was available at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// When.
    pub at: Timestamp,
    /// What an unprivileged user could still write.
    pub avail_bytes: u64,
}

/// When it will be full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// At the pace that half of all pairs of samples exceed.
    pub likely: Duration,
    /// At the pace of the upper quarter.
    pub soonest: Duration,
    /// At the pace of the lower quarter. None: perhaps never.
    pub latest: Option<Duration>,
}

/// How far back a forecast looks.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// As many points as a forecast needs at most: more are thinned out.
pub const MOST_POINTS: usize = 48;

/// Returns how long from the newest point it takes until nothing is available, by the median of the slopes of all
/// pairs of points (Theil and Sen). Nothing if there are fewer than 12 points, if they span less than half of the six
/// hours that are the least, or if it does not fill up.
pub fn forecast(_points: &[FreeSpace]) -> Option<Forecast> {
    todo!()
}
