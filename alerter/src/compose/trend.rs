//! The values of a day as a row of bars, without an image.

use rules::words;
use sample::{Metric, Unit};
use serde::Serialize;
use storage::Trend as Values;

/// What fits into a line of a phone that is held upright.
const MOST_BARS: usize = 48;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A part of the day without a value.
const GAP: char = '·';

/// A row of bars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Trend {
    /// As characters: one block for each part of the day, `·` where nothing was measured.
    blocks: String,
    /// As heights from 1 to 8, for HTML; 0 where nothing was measured.
    heights: Vec<usize>,
    /// The lowest value.
    low: String,
    /// The highest value.
    high: String,
}

impl Trend {
    /// The trend of these values, its ends those of all of them; nothing where there is none to show. Percentages stand on a scale from 0 to 100,
    /// all else on one to its highest value.
    pub(super) fn of(metric: Metric, values: &Values) -> Option<Trend> {
        let bars = bars(&values.parts);
        let is_number = |value: &f64| value.is_finite();
        let (low, high) = values.low.filter(is_number).zip(values.high.filter(is_number))?;
        let (bottom, top) = match metric.unit() {
            Unit::Percent => (0.0, 100.0),
            Unit::Seconds
            | Unit::Milliseconds
            | Unit::Number
            | Unit::Count
            | Unit::BytesPerSecond
            | Unit::PerSecond
            | Unit::Celsius
            | Unit::Rpm
            | Unit::State => (low.min(0.0), high.max(0.0)),
        };
        let heights: Vec<usize> = bars.iter().map(|bar| bar.map_or(0, |value| height(value, bottom, top))).collect();
        let block = |height: &usize| height.checked_sub(1).map_or(GAP, |step| BLOCKS[step]);
        let blocks = heights.iter().map(block).collect();
        Some(Trend { blocks, heights, low: words::value(metric, low), high: words::value(metric, high) })
    }
}

/// At most [`MOST_BARS`] of them, each the mean of its part. What is no number is a gap.
fn bars(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let part = values.len().div_ceil(MOST_BARS).max(1);
    let mean = |part: &[Option<f64>]| {
        let known: Vec<f64> = part.iter().flatten().copied().filter(|value| value.is_finite()).collect();
        // Divided before they are added: the sum of two huge numbers is none.
        (!known.is_empty()).then(|| known.iter().map(|value| value / known.len() as f64).sum())
    };
    values.chunks(part).map(mean).collect()
}

fn height(value: f64, bottom: f64, top: f64) -> usize {
    // By halves, since the distance of two huge numbers is no number.
    let share = (value / 2.0 - bottom / 2.0) / (top / 2.0 - bottom / 2.0);
    // No share of nothing (all values are 0) is NaN, which `as` makes 0.
    1 + (share.clamp(0.0, 1.0) * 7.0).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(parts: &[Option<f64>]) -> Values {
        let known = || parts.iter().flatten().copied().filter(|value| value.is_finite());
        Values { parts: parts.to_vec(), low: known().reduce(f64::min), high: known().reduce(f64::max) }
    }

    fn blocks(metric: Metric, parts: &[Option<f64>]) -> String {
        Trend::of(metric, &values(parts)).map_or_else(String::new, |trend| trend.blocks)
    }

    #[test]
    fn percentages_stand_on_a_scale_to_100_and_all_else_on_one_to_the_highest() {
        let values = [Some(0.0), Some(25.0), None, Some(50.0)];
        assert_eq!(blocks(Metric::Memory, &values), "▁▃·▅");
        assert_eq!(blocks(Metric::Load, &values), "▁▅·█");
    }

    #[test]
    fn a_gap_is_a_gap_and_no_trend_is_none() {
        assert_eq!(Trend::of(Metric::Load, &values(&[])), None);
        assert_eq!(Trend::of(Metric::Load, &values(&[None, Some(f64::NAN), Some(f64::INFINITY)])), None);
        assert_eq!(blocks(Metric::Load, &[None, Some(0.0), Some(f64::NAN)]), "·▁·");
    }

    #[test]
    fn the_ends_are_those_of_all_values_not_of_the_bars() {
        let values = Values { parts: vec![Some(400.0), Some(900.0)], low: Some(400.0), high: Some(1500.0) };
        let trend = Trend::of(Metric::Fan, &values).unwrap();
        assert_eq!((trend.low.as_str(), trend.high.as_str()), ("400 rpm", "1500 rpm"));
        assert_eq!(trend.blocks, "▃▅");
    }

    #[test]
    fn values_of_any_size_have_a_height() {
        assert_eq!(blocks(Metric::Temperature, &[Some(f64::MIN), Some(f64::MAX)]), "▁█");
        assert_eq!(blocks(Metric::Memory, &[Some(-5.0), Some(1e300)]), "▁█");
    }

    #[test]
    fn a_long_day_is_thinned_out() {
        let values: Vec<Option<f64>> = (0..1440).map(|minute| Some(f64::from(minute))).collect();
        let trend = blocks(Metric::Load, &values);
        assert_eq!(trend.chars().count(), MOST_BARS);
        assert!(trend.starts_with('▁') && trend.ends_with('█'), "{trend}");
    }
}
