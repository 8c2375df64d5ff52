//! Which rules watch a thing.

use std::cmp::{Ordering, Reverse};

use sample::Metric;

use crate::{Instance, Rule, RuleKey, Selector};

/// Those of a host's rules that watch this thing, or switch it off, as [`judge`](crate::judge) has it.
pub fn watching<'r>(rules: &[&'r Rule], metric: Metric, instance: &Instance) -> Vec<&'r Rule> {
    let mut of_metric: Vec<&Rule> = rules.iter().copied().filter(|rule| rule.key.metric == metric).collect();
    of_metric.sort_by(|a, b| specific_first(&a.key, &b.key));
    let selector = Watching(&of_metric).of(instance).first().map(|rule| rule.key.selector.clone());
    of_metric.retain(|rule| Some(&rule.key.selector) == selector.as_ref());
    of_metric
}

/// The rules of one metric, as [`specific_first`] orders them.
pub(super) struct Watching<'r>(pub(super) &'r [&'r Rule]);

/// The order in which rules are looked at: metric by metric, the most specific selector first.
pub(super) fn specific_first(a: &RuleKey, b: &RuleKey) -> Ordering {
    let by_selector =
        || specificity(&a.selector).cmp(&specificity(&b.selector)).then_with(|| a.selector.cmp(&b.selector));
    a.metric.cmp(&b.metric).then_with(by_selector).then_with(|| a.ordinal.cmp(&b.ordinal))
}

/// The least is the most specific: an exact name, then the longer pattern, then everything.
fn specificity(selector: &Selector) -> (u8, Reverse<usize>) {
    match selector {
        Selector::Named(pattern) if !pattern.contains(['*', '?']) => (0, Reverse(0)),
        Selector::Named(pattern) => (1, Reverse(pattern.chars().count())),
        Selector::Every => (2, Reverse(0)),
    }
}

impl<'r> Watching<'r> {
    /// The rules with the most specific selector that matches the thing, among them those that are off.
    pub(super) fn of(&self, instance: &Instance) -> &'r [&'r Rule] {
        let mut rules = self.0.chunk_by(|a, b| a.key.selector == b.key.selector);
        rules.find(|rules| rules[0].key.selector.matches(instance.as_str())).unwrap_or_default()
    }

    /// The rule with that key.
    pub(super) fn rule(&self, key: &RuleKey) -> Option<&'r Rule> {
        self.0.iter().copied().find(|rule| rule.key == *key)
    }
}
