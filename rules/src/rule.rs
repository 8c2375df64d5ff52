//! What is watched, and from which value on it is an alert.

use std::fmt;

use sample::Metric;

use crate::{Instance, Recipient};

/// One rule of one host, with everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which rule of its host it is.
    pub key: RuleKey,
    /// It fires at value ≥ limit, in the metric's unit.
    limit: f64,
    /// A firing alert is over at value ≤ clear (and below the limit).
    clear: f64,
    /// Who is told. May be empty: then the alert is kept in the database only.
    pub recipients: Vec<Recipient>,
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
    /// The filesystem mounted there.
    Mount(String),
}

/// The identity of an alert within its host: a rule, and what exactly it was seen on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// The rule.
    pub rule: RuleKey,
    /// The thing it was seen on.
    pub instance: Instance,
}

/// Limit and clear value don't make a rule.
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
}

impl Rule {
    /// A rule that fires at `limit` and is over at `clear`, by default 95 % of the limit.
    ///
    /// # Errors
    /// A value is not finite, or `clear` lies above `limit`.
    pub fn new(key: RuleKey, limit: f64, clear: Option<f64>, recipients: Vec<Recipient>) -> Result<Rule, InvalidRule> {
        let clear = clear.unwrap_or(limit - limit.abs() * 0.05);
        if !limit.is_finite() || !clear.is_finite() {
            return Err(InvalidRule::NotFinite);
        }
        if clear > limit {
            return Err(InvalidRule::ClearAboveLimit { clear, limit });
        }
        Ok(Rule { key, limit, clear, recipients })
    }

    /// It fires at value ≥ limit, in the metric's unit.
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// A firing alert is over at value ≤ clear (and below the limit).
    pub fn clear(&self) -> f64 {
        self.clear
    }
}

impl fmt::Display for Selector {
    /// Writes what config.xml has, such as `mount=/var`; nothing for [`Selector::Every`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Every => Ok(()),
            Selector::Mount(mount) => write!(f, "mount={mount}"),
        }
    }
}

impl Selector {
    /// The selector that [`Display`](fmt::Display) wrote.
    pub fn from_stored(text: &str) -> Option<Selector> {
        match text.split_once('=') {
            None if text.is_empty() => Some(Selector::Every),
            Some(("mount", mount)) => Some(Selector::Mount(mount.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RuleKey {
        RuleKey { metric: Metric::Cpu, selector: Selector::Every, ordinal: 0 }
    }

    #[test]
    fn clear_is_95_percent_of_the_limit_unless_told() {
        assert_eq!(Rule::new(key(), 80.0, None, vec![]).unwrap().clear(), 76.0);
        assert_eq!(Rule::new(key(), 80.0, Some(50.0), vec![]).unwrap().clear(), 50.0);
    }

    #[test]
    fn an_alert_that_could_never_end_is_refused() {
        let refused = Rule::new(key(), 80.0, Some(81.0), vec![]);
        assert_eq!(refused, Err(InvalidRule::ClearAboveLimit { clear: 81.0, limit: 80.0 }));
        assert_eq!(Rule::new(key(), f64::NAN, None, vec![]), Err(InvalidRule::NotFinite));
    }

    #[test]
    fn a_selector_survives_its_text() {
        for selector in [Selector::Every, Selector::Mount("/srv/a=b".into())] {
            assert_eq!(Selector::from_stored(&selector.to_string()), Some(selector));
        }
        assert_eq!(Selector::from_stored("interface=eth0"), None);
    }
}
