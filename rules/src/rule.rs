//! What is watched, and from which value on it is an alert.

use std::fmt;
use std::time::Duration;

use sample::Metric;

use crate::{Instance, Severity, Telling, wildcard_match};

/// One rule of one host, with everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which rule of its host it is.
    pub key: RuleKey,
    /// On which side of its limits it fires.
    side: Side,
    /// The least severe first. None: the rule switches off what less specific rules of its metric would watch.
    levels: Vec<Level>,
    /// It fires only while less than this is available, in bytes. Filesystems only.
    pub and_free_below: Option<u64>,
    /// A forecast is told only if at least so much is in use, percent.
    pub floor_percent: Option<f64>,
    /// What it takes to fire.
    pub rise: Hold,
    /// What it takes to be over.
    pub fall: Hold,
    /// Who is told, and how.
    pub telling: Telling,
}

/// On which side of a limit a value is a problem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// At value ≥ limit; over at value ≤ clear (and below the limit).
    #[default]
    Above,
    /// At value < limit; over at value ≥ clear (and not below the limit).
    Below,
}

impl Side {
    /// The worse of two values.
    pub fn worse(self, one: f64, other: f64) -> f64 {
        match self {
            Side::Above => one.max(other),
            Side::Below => one.min(other),
        }
    }
}

/// From where on it is how bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// How bad.
    pub severity: Severity,
    /// From which value on, in the metric's unit.
    pub limit: f64,
    /// At which value it is over.
    pub clear: f64,
}

/// How long something has to be seen before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// In sample time, from the first to the last of the samples that all say so. Time without samples does not count.
    pub lasting: Duration,
    /// In so many samples (or visits) in a row.
    pub times: u32,
}

/// The identity of a rule within its host: what it looks at, and a number among those that look at the same.
///
/// It does not hold the limit, so a changed limit goes on with the state the rule was in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey {
    /// What is watched.
    pub metric: Metric,
    /// Which part of it.
    pub selector: Selector,
    /// 0 for the first rule of this metric and selector on the host, 1 for the second.
    pub ordinal: u32,
}

/// Which of a metric's values a rule watches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// All of them, each on its own.
    Every,
    /// Those of things with such a name, in which `*` stands for any characters and `?` for one.
    Named(String),
}

/// The identity of an alert within its host: a rule, and what exactly it was seen on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// The rule.
    pub rule: RuleKey,
    /// The thing it was seen on.
    pub instance: Instance,
}

/// Limits that don't make a rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidRule {
    /// Not a finite number.
    #[error("a limit is a finite number")]
    NotFinite,
    /// The alert could never end.
    #[error("the clear value {clear} is above the limit {limit}")]
    ClearAboveLimit {
        /// As given.
        clear: f64,
        /// As given.
        limit: f64,
    },
    /// The alert could never end.
    #[error("the clear value {clear} is below the limit {limit}")]
    ClearBelowLimit {
        /// As given.
        clear: f64,
        /// As given.
        limit: f64,
    },
    /// The worse level would come first.
    #[error("critical ({critical}) has to be worse than warning ({warning})")]
    LevelsReversed {
        /// As given.
        warning: f64,
        /// As given.
        critical: f64,
    },
}

impl Rule {
    /// A rule that fires at any of these levels. A level's clear value is by default 95 % of its limit, and 105 % where
    /// it fires below. Without a level it switches off what it selects.
    ///
    /// # Errors
    /// A value is not finite, a clear value lies on the wrong side of its limit, or levels are out of order.
    pub fn new(key: RuleKey, side: Side, mut levels: Vec<Level>, telling: Telling) -> Result<Rule, InvalidRule> {
        levels.sort_by_key(|level| level.severity);
        levels.iter().try_for_each(|level| level.check(side))?;
        for pair in levels.windows(2) {
            let in_order = match side {
                Side::Above => pair[0].limit < pair[1].limit,
                Side::Below => pair[0].limit > pair[1].limit,
            };
            if !in_order {
                return Err(InvalidRule::LevelsReversed { warning: pair[0].limit, critical: pair[1].limit });
            }
        }
        let hold = Hold::default();
        Ok(Rule { key, side, levels, and_free_below: None, floor_percent: None, rise: hold, fall: hold, telling })
    }

    /// On which side of its limits it fires.
    pub fn side(&self) -> Side {
        self.side
    }

    /// From where on it is how bad, the least severe first. Empty: see [`Rule::is_off`].
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Whether it only switches off what less specific rules of its metric would watch.
    pub fn is_off(&self) -> bool {
        self.levels.is_empty()
    }
}

impl Level {
    /// A level that is over at `clear`, by default 95 % of the limit, or 105 % where it fires below.
    pub fn new(severity: Severity, limit: f64, clear: Option<f64>, side: Side) -> Level {
        let inside = limit.abs() * 0.05;
        let default = match side {
            Side::Above => limit - inside,
            Side::Below => limit + inside,
        };
        Level { severity, limit, clear: clear.unwrap_or(default) }
    }

    fn check(&self, side: Side) -> Result<(), InvalidRule> {
        let Level { limit, clear, .. } = *self;
        match side {
            _ if !limit.is_finite() || !clear.is_finite() => Err(InvalidRule::NotFinite),
            Side::Above if clear > limit => Err(InvalidRule::ClearAboveLimit { clear, limit }),
            Side::Below if clear < limit => Err(InvalidRule::ClearBelowLimit { clear, limit }),
            Side::Above | Side::Below => Ok(()),
        }
    }
}

impl Default for Hold {
    /// Seen once.
    fn default() -> Hold {
        Hold { lasting: Duration::ZERO, times: 1 }
    }
}

impl Selector {
    /// Whether the rule watches this thing. Hidden characters are compared as the database writes them.
    pub fn matches(&self, instance: &str) -> bool {
        match self {
            Selector::Every => true,
            Selector::Named(pattern) if pattern.contains(['*', '?']) => {
                wildcard_match(&sample::plain(pattern), &sample::plain(instance))
            }
            Selector::Named(name) => sample::plain(name) == sample::plain(instance),
        }
    }

    /// Empty for every thing, else the pattern.
    pub fn as_str(&self) -> &str {
        match self {
            Selector::Every => "",
            Selector::Named(pattern) => pattern,
        }
    }

    /// The selector that [`Selector::as_str`] gave.
    pub fn from_stored(text: &str) -> Selector {
        if text.is_empty() { Selector::Every } else { Selector::Named(text.to_owned()) }
    }
}

impl fmt::Display for RuleKey {
    /// Writes what config.xml has, such as `disk mount=/var`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric)?;
        match (&self.selector, self.metric.selectors().attribute()) {
            (Selector::Named(pattern), Some(attribute)) => write!(f, " {attribute}={}", sample::Untrusted(pattern)),
            (Selector::Named(_), None) | (Selector::Every, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RuleKey {
        RuleKey { metric: Metric::Cpu, selector: Selector::Every, ordinal: 0 }
    }

    fn rule(side: Side, limit: f64, clear: Option<f64>) -> Result<Rule, InvalidRule> {
        Rule::new(key(), side, vec![Level::new(Severity::Warning, limit, clear, side)], Telling::default())
    }

    #[test]
    fn clear_is_5_percent_inside_the_limit_unless_told() {
        let clear = |side, clear| rule(side, 80.0, clear).unwrap().levels()[0].clear;
        assert_eq!([clear(Side::Above, None), clear(Side::Below, None)], [76.0, 84.0]);
        assert_eq!([clear(Side::Above, Some(50.0)), clear(Side::Below, Some(90.0))], [50.0, 90.0]);
    }

    #[test]
    fn an_alert_that_could_never_end_is_refused() {
        assert_eq!(rule(Side::Above, 80.0, Some(81.0)), Err(InvalidRule::ClearAboveLimit { clear: 81.0, limit: 80.0 }));
        assert_eq!(rule(Side::Below, 80.0, Some(79.0)), Err(InvalidRule::ClearBelowLimit { clear: 79.0, limit: 80.0 }));
        assert_eq!(rule(Side::Above, f64::NAN, None), Err(InvalidRule::NotFinite));
    }

    #[test]
    fn critical_is_worse_than_warning_on_either_side() {
        let rule = |side, warning, critical| {
            let level = |severity, limit| Level::new(severity, limit, None, side);
            let levels = vec![level(Severity::Critical, critical), level(Severity::Warning, warning)];
            Rule::new(key(), side, levels, Telling::default())
        };
        assert!(rule(Side::Above, 85.0, 95.0).is_ok() && rule(Side::Below, 10.0, 5.0).is_ok());
        for (side, warning, critical) in [(Side::Above, 95.0, 85.0), (Side::Above, 9.0, 9.0), (Side::Below, 5.0, 10.0)]
        {
            assert_eq!(rule(side, warning, critical), Err(InvalidRule::LevelsReversed { warning, critical }));
        }
    }

    #[test]
    fn a_selector_survives_its_text_and_knows_wildcards() {
        for selector in [Selector::Every, Selector::Named("/srv/a=b".into())] {
            assert_eq!(Selector::from_stored(selector.as_str()), selector);
        }
        let srv = Selector::Named("/srv/*".into());
        assert!(srv.matches("/srv/data") && !srv.matches("/var") && Selector::Every.matches("/var"));
        assert_eq!(RuleKey { metric: Metric::Disk, selector: srv, ordinal: 1 }.to_string(), "disk mount=/srv/*");
    }
}
