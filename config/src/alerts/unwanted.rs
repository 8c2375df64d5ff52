//! Alerts over processes and units that nobody wants, and that therefore never fire.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rules::Selector;
use sample::{Metric, Scope};

use crate::alerts::Alert;
use crate::report::Report;

/// What was found so far, by where the alerts stand.
#[derive(Default)]
pub(crate) struct Unwanted {
    wanted: HashSet<usize>,
    unwanted: BTreeMap<usize, String>,
}

impl Unwanted {
    /// A host has these alerts and wants this. An inherited alert is right if one host wants what it is about.
    pub(crate) fn compare(&mut self, alerts: &[Arc<Alert>], scope: &Scope) {
        for alert in alerts.iter().filter(|alert| alert.origin.is_some() && !alert.rule.is_off()) {
            let (metric, Selector::Named(pattern)) = alert.watched() else { continue };
            if metric != Metric::Process && metric != Metric::Unit {
                continue;
            }
            let names: Vec<&String> = match metric == Metric::Process {
                true => scope.processes.iter().map(|wish| &wish.name).collect(),
                false => scope.units.iter().collect(),
            };
            if names.into_iter().any(|name| alert.rule.key.selector.matches(name)) {
                self.wanted.insert(alert.at);
            } else {
                self.unwanted.entry(alert.at).or_insert_with(|| message(metric, pattern));
            }
        }
    }

    /// Warns of what no host wants.
    pub(crate) fn warn(self, report: &mut Report) {
        for (at, message) in self.unwanted.into_iter().filter(|(at, _)| !self.wanted.contains(at)) {
            report.warning(at, message);
        }
    }
}

fn message(metric: Metric, pattern: &str) -> String {
    let pattern = sample::Untrusted(pattern);
    format!("no <{metric}> \"{pattern}\" is wanted where this alert counts: it never fires")
}
