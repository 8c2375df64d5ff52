//! One level of a rule, on or off, with hysteresis and holds.

use std::time::Duration;

use sample::Timestamp;

use super::{Run, Switch};
use crate::{Hold, Level, Rule, Side};

/// What a value says about a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The limit is reached.
    Reached,
    /// The value lies between clear value and limit.
    Neither,
    /// The clear value is reached.
    Over,
}

/// A sample's place in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    /// When it was taken.
    at: Timestamp,
    /// How much of the time since the sample before counts.
    counted: Duration,
    /// The usual time between two samples; zero if it is not known.
    cycle: Duration,
}

/// Returns what a value, and for filesystems the bytes available, say about a level of the rule.
pub(super) fn verdict(rule: &Rule, level: &Level, value: f64, avail: Option<u64>) -> Verdict {
    let (is_beyond, is_back) = match rule.side() {
        Side::Above => (value >= level.limit, value <= level.clear),
        Side::Below => (value < level.limit, value >= level.clear),
    };
    let (is_scarce, is_ample) = match (rule.and_free_below, avail) {
        (None, _) => (true, false),
        (Some(_), None) => (false, false),
        // 1.05 times in whole numbers, that lose nothing.
        (Some(below), Some(avail)) => (avail < below, u128::from(avail) * 20 >= u128::from(below) * 21),
    };
    if is_beyond && is_scarce {
        Verdict::Reached
    } else if is_ample || (is_back && !is_beyond) {
        Verdict::Over
    } else {
        Verdict::Neither
    }
}

impl Tick {
    /// A sample taken `at` that time, the newest one before at `seen`. A gap of more than two and a half cycles counts
    /// for nothing: what happened in it nobody saw. So does a sample that is older than the newest.
    pub(super) fn new(at: Timestamp, seen: Option<Timestamp>, cycle: Duration) -> Tick {
        let gap = seen.and_then(|seen| u64::try_from(at.millis_since(seen)).ok());
        let gap = Duration::from_millis(gap.unwrap_or(0));
        let is_seen = cycle.is_zero() || gap.as_nanos() * 2 <= cycle.as_nanos() * 5;
        Tick { at, counted: if is_seen { gap } else { Duration::ZERO }, cycle }
    }
}

impl Switch {
    /// Takes a sample into account. If that turned the switch, returns what spoke for it.
    pub(super) fn see(&mut self, verdict: Verdict, value: f64, rule: &Rule, tick: Tick) -> Option<Run> {
        let (opposing, hold) = if self.on { (Verdict::Over, rule.fall) } else { (Verdict::Reached, rule.rise) };
        if verdict != opposing {
            self.against = None;
            return None;
        }
        let run = match self.against {
            None => Run { since: tick.at, lasting: Duration::ZERO, times: 1, worst: value },
            Some(Run { since, lasting, times, worst }) => Run {
                since,
                lasting: lasting.saturating_add(tick.counted),
                times: times.saturating_add(1),
                worst: rule.side().worse(worst, value),
            },
        };
        if is_long_enough(run, hold, tick.cycle) {
            *self = Switch { on: !self.on, against: None };
            return Some(run);
        }
        self.against = Some(run);
        None
    }
}

/// Whether what was seen in a row suffices: for long enough, often enough, and in four of five of the samples that are
/// usual in that time, since a few scattered samples don't show that it was so all along.
///
/// Cron begins a run a moment earlier or later than the one before: a tenth of a cycle is not waited for.
fn is_long_enough(run: Run, hold: Hold, cycle: Duration) -> bool {
    let is_covered = cycle.is_zero() || u128::from(run.times) * cycle.as_nanos() * 5 >= hold.lasting.as_nanos() * 4;
    let jitter = if run.times > 1 { cycle / 10 } else { Duration::ZERO };
    run.lasting.saturating_add(jitter) >= hold.lasting && run.times >= hold.times && is_covered
}
