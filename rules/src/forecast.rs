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

const FEWEST_POINTS: usize = 12;
/// Half of the six hours that are the least.
const SHORTEST_SPAN_MS: i64 = 3 * 3600 * 1000;
/// What takes longer than ten years is not filling up.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Returns how long from the newest point it takes until nothing is available, by the median of the slopes of all
/// pairs of points (Theil and Sen). Nothing if there are fewer than 12 points, if they span less than half of the six
/// hours that are the least, or if it does not fill up. What is full now takes no time.
pub fn forecast(points: &[FreeSpace]) -> Option<Forecast> {
    let points = of_the_last_day(points);
    let (oldest, newest) = (points.first()?, points.last()?);
    if points.len() < FEWEST_POINTS || newest.at.millis_since(oldest.at) < SHORTEST_SPAN_MS {
        return None;
    }
    let left = newest.avail_bytes;
    if left == 0 {
        return Some(Forecast { likely: Duration::ZERO, soonest: Duration::ZERO, latest: Some(Duration::ZERO) });
    }
    let paces = paces(&thinned(&points));
    let at_rank = |quarters: usize| until_full(left, *paces.get(paces.len() * quarters / 4)?);
    let likely = at_rank(2)?;
    Some(Forecast { likely, soonest: at_rank(3)?, latest: at_rank(1) })
}

/// In the order of time, each time once.
fn of_the_last_day(points: &[FreeSpace]) -> Vec<FreeSpace> {
    let Some(newest) = points.iter().map(|point| point.at).max() else { return Vec::new() };
    let mut recent: Vec<FreeSpace> = points.iter().filter(|point| point.at >= newest - WINDOW).copied().collect();
    recent.sort_by_key(|point| point.at);
    recent.dedup_by_key(|point| point.at);
    recent
}

/// At most [`MOST_POINTS`], spread evenly, with the oldest and the newest among them.
fn thinned(points: &[FreeSpace]) -> Vec<FreeSpace> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let last = points.len() - 1;
    (0..MOST_POINTS).filter_map(|n| points.get(n * last / (MOST_POINTS - 1)).copied()).collect()
}

/// How many bytes per millisecond it filled up between any two points, the slowest first.
fn paces(points: &[FreeSpace]) -> Vec<f64> {
    let later = |(n, before): (usize, &FreeSpace)| {
        let before = *before;
        points.iter().skip(n + 1).map(move |after| {
            let filled = before.avail_bytes as f64 - after.avail_bytes as f64;
            filled / after.at.millis_since(before.at) as f64
        })
    };
    let mut paces: Vec<f64> = points.iter().enumerate().flat_map(later).collect();
    paces.sort_by(f64::total_cmp);
    paces
}

fn until_full(left: u64, bytes_per_ms: f64) -> Option<Duration> {
    let seconds = left as f64 / bytes_per_ms / 1000.0;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    (bytes_per_ms > 0.0 && duration < NEVER).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3600;
    const GB: u64 = 1_000_000_000;

    /// A point each quarter of an hour; the last has what is told last.
    fn quarters(avail_bytes: impl IntoIterator<Item = u64>) -> Vec<FreeSpace> {
        let point = |(n, avail_bytes)| FreeSpace { at: Timestamp::from_millis(n * 900_000), avail_bytes };
        (0_i64..).zip(avail_bytes).map(point).collect()
    }

    fn hours(forecast: Option<Forecast>) -> Option<[Option<u64>; 3]> {
        let hours = |duration: Duration| (duration.as_secs() + HOUR / 2) / HOUR;
        forecast.map(|told| [Some(hours(told.soonest)), Some(hours(told.likely)), told.latest.map(hours)])
    }

    #[test]
    fn a_filesystem_that_fills_steadily_is_full_when_a_ruler_says_so() {
        let steady = quarters((0..48).map(|n| 100 * GB - n * GB));
        assert_eq!(hours(forecast(&steady)), Some([Some(13), Some(13), Some(13)]), "53 GB at 4 GB/h");
        let backwards: Vec<FreeSpace> = steady.iter().rev().copied().collect();
        assert_eq!(forecast(&backwards), forecast(&steady));
    }

    #[test]
    fn a_backup_that_comes_and_goes_does_not_make_it_full() {
        let with_backup = quarters((0..48).map(|n| 100 * GB - n * GB - if n % 12 == 5 { 40 * GB } else { 0 }));
        assert_eq!(hours(forecast(&with_backup)).unwrap()[1], Some(13));
        let only_backup = quarters((0..48).map(|n| 50 * GB - if n % 12 == 5 { 40 * GB } else { 0 }));
        assert_eq!(forecast(&only_backup), None);
    }

    #[test]
    fn the_range_is_as_wide_as_the_pace_is_uncertain() {
        let bursts = quarters((0..48).map(|n: u64| 100 * GB - n / 8 * 8 * GB));
        let told = forecast(&bursts).unwrap();
        assert!(told.soonest < told.likely && told.latest.is_none_or(|latest| latest > told.likely), "{told:?}");
    }

    #[test]
    fn nothing_is_told_without_enough_points_or_a_fall() {
        let falling = |number| quarters((0..number).map(|n| 100 * GB - n * GB));
        assert_eq!((forecast(&falling(12)), forecast(&falling(13)).is_some()), (None, true), "2:45 h and 3:00 h");
        let few = quarters((0..48).map(|n| 100 * GB - n * GB)).into_iter().step_by(5).collect::<Vec<_>>();
        assert_eq!((few.len(), forecast(&few)), (10, None));
        assert_eq!(forecast(&quarters([GB; 48])), None);
        assert_eq!(forecast(&quarters((0..48).map(|n| n * GB))), None);
        assert_eq!(forecast(&quarters((0..48).map(|n| (1 << 60) - n))), None, "that takes longer than ten years");
        assert_eq!(forecast(&[]), None);
    }

    #[test]
    fn a_full_one_stays_full_however_long_it_has_been() {
        let full = forecast(&quarters([0; 96])).unwrap();
        assert_eq!((full.likely, full.latest), (Duration::ZERO, Some(Duration::ZERO)));
    }

    #[test]
    fn a_point_that_is_told_twice_counts_once() {
        let few: Vec<FreeSpace> = quarters((0..48).map(|n| 100 * GB - n * GB)).into_iter().step_by(5).collect();
        let twice: Vec<FreeSpace> = few.iter().chain(&few).copied().collect();
        assert_eq!((twice.len(), forecast(&twice)), (20, None));
    }

    #[test]
    fn what_is_older_than_a_day_has_no_say() {
        let grew_long_ago = quarters((0..300).map(|n: u64| if n < 150 { n * GB } else { 1000 * GB - n * GB }));
        assert_eq!(hours(forecast(&grew_long_ago)).unwrap()[1], Some(175), "701 GB at 4 GB/h");
    }

    proptest! {
        #[test]
        fn no_points_make_it_panic_and_soonest_is_never_after_latest(
            points in prop::collection::vec((any::<i64>(), any::<u64>()), 0..120),
            close in prop::collection::vec((0..200_000_000_i64, 0..1_000_000_u64), 0..120),
        ) {
            for points in [points, close] {
                let point = |(ms, avail_bytes)| FreeSpace { at: Timestamp::from_millis(ms), avail_bytes };
                if let Some(told) = forecast(&points.into_iter().map(point).collect::<Vec<_>>()) {
                    prop_assert!(told.soonest <= told.likely && told.latest.is_none_or(|latest| told.likely <= latest));
                }
            }
        }

        #[test]
        fn what_fills_faster_is_full_sooner(
            steps in prop::collection::vec(0..1_000_000_u64, 13..96),
            left in 1..1_000_000_000_u64,
            faster in 2..10_u64,
        ) {
            let used = |factor: u64| {
                // From the newest back: so much more was available before.
                let avail = steps.iter().scan(left, |avail, step| { let now = *avail; *avail += step * factor; Some(now) });
                let mut avail: Vec<u64> = avail.collect();
                avail.reverse();
                forecast(&quarters(avail))
            };
            match (used(1), used(faster)) {
                (Some(slow), Some(fast)) => prop_assert!(fast.likely <= slow.likely && fast.soonest <= slow.soonest),
                (slow, None) => prop_assert_eq!(slow, None),
                (None, Some(_)) => {}
            }
        }
    }
}
