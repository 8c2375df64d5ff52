//! From rows to events: the fold over everything that was seen of one host.

mod forecasts;
mod moments;
mod watching;
mod wrong_clock;

use std::collections::BTreeMap;
use std::time::Duration;

use sample::{Metric, Timestamp};

use self::forecasts::Forecasts;
use self::moments::{Moment, notice};
pub use self::watching::watching;
use self::watching::{Watching, specific_first};
use self::wrong_clock::set_right;
use crate::step::limit;
use crate::{
    AlertKey, AlertState, Event, EventKind, Familiar, FreeSpace, Instance, Level, Observation, Observed, Rule, RuleKey,
    Seen, Selector, observe, step, withdraw,
};

/// All that is remembered of a host between two rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// What it had in the samples before.
    pub familiar: Familiar,
    /// Where its alerts stand; one that is not here is as if never seen.
    pub alerts: BTreeMap<AlertKey, AlertState>,
}

/// An alert that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub key: AlertKey,
    /// The event, if people may want to know. The state is in the [`Watch`].
    pub event: Option<Event>,
}

/// Takes a row into account and returns what changed: each alert whose state differs or that has an event. Rows come in
/// the order they were stored. The state of an alert that changed is in the [`Watch`]; if it is not, it may be forgotten.
///
/// `rules` are those of the host, `cycle` the usual time between two visits. `free_space` is asked for the history of
/// a filesystem, up to and including that time, oldest first, where a forecast is wanted.
///
/// Of several rules of one metric those with the most specific selector that matches a thing watch it, and no other: its
/// exact name, then the longest pattern, then no selector. A problem of another one of these rules, from before the
/// configuration changed, is withdrawn. One of a rule that is not in `rules` is left to the caller.
pub fn judge(
    rules: &[&Rule],
    watch: &mut Watch,
    seen: &Seen<'_>,
    cycle: Duration,
    free_space: &mut dyn FnMut(&str, Timestamp) -> Vec<FreeSpace>,
) -> Vec<Change> {
    let mut rules = rules.to_vec();
    rules.sort_by(|a, b| specific_first(&a.key, &b.key));
    let set_right = match seen {
        Seen::Outcome { at, .. } | Seen::Collector { at, .. } => set_right(watch, *at),
        Seen::Sample { .. } => vec![],
    };
    let moments = notice(&mut watch.familiar, seen);
    let changes = set_right.into_iter().map(|key| Change { key, event: None }).collect();
    let mut round = Round { watch, at: seen.at(), heard: heard(seen), cycle, changes };
    for rules in rules.chunk_by(|a, b| a.key.metric == b.key.metric) {
        let watching = Watching(rules);
        let metric = rules[0].key.metric;
        if metric.is_momentary() {
            round.tell(&watching, metric, &moments);
        } else if metric == Metric::DiskFull {
            let mut forecasts = Forecasts::new(seen.at(), free_space);
            let observed = observe(Metric::Disk, seen);
            round.compare(&watching, observed, &mut |rule, mount, used| forecasts.value(rule, mount, used));
        } else {
            round.compare(&watching, observe(metric, seen), &mut |_, _, value| Some(value));
        }
    }
    round.changes
}

/// A row being judged.
struct Round<'w> {
    watch: &'w mut Watch,
    at: Timestamp,
    /// When the collector last ended a run, if it is about that.
    heard: Option<Timestamp>,
    cycle: Duration,
    changes: Vec<Change>,
}

impl Round<'_> {
    /// Compares everything a metric was seen on. `value_for` makes the value that a rule compares of the one observed.
    fn compare(
        &mut self,
        watching: &Watching<'_>,
        observed: Observed,
        value_for: &mut dyn FnMut(&Rule, &Instance, f64) -> Option<f64>,
    ) {
        self.end(watching, &observed);
        for (instance, value, avail_bytes) in observed.values {
            for rule in watching.of(&instance).iter().filter(|rule| !rule.is_off()) {
                let Some(value) = value_for(rule, &instance, value) else { continue };
                let key = AlertKey { rule: rule.key.clone(), instance: instance.clone() };
                self.step(rule, key, Observation::Value(value, avail_bytes));
            }
        }
    }

    /// Looks after alerts on what is not there any more, or what another rule watches now.
    fn end(&mut self, watching: &Watching<'_>, observed: &Observed) {
        let Some(metric) = watching.0.first().map(|rule| rule.key.metric) else { return };
        let first = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
        let known = self.watch.alerts.range(AlertKey { rule: first, instance: Instance::Host }..);
        let known = known.map(|(key, _)| key).take_while(|key| key.rule.metric == metric);
        let of_ours = known.filter_map(|key| Some((watching.rule(&key.rule)?, key)));
        let is_watched = |rule: &Rule, key: &AlertKey| {
            !rule.is_off() && watching.of(&key.instance).iter().any(|watching| watching.key == rule.key)
        };
        let (there, left): (Vec<_>, Vec<_>) =
            of_ours.map(|(rule, key)| (rule, key.clone())).partition(|(rule, key)| is_watched(rule, key));
        for (rule, key) in there {
            if observed.of(&key.instance) == Observation::Gone {
                self.step(rule, key, Observation::Gone);
            }
        }
        for (rule, key) in left {
            let state = self.watch.alerts.remove(&key).unwrap_or_default();
            // Without a problem there is no event to have a limit.
            let limit = state.problem.map(|problem| limit(rule, &problem)).unwrap_or_default();
            let (_, event) = withdraw(state, limit, self.at);
            self.changes.push(Change { key, event });
        }
    }

    fn step(&mut self, rule: &Rule, key: AlertKey, observation: Observation) {
        let before = self.watch.alerts.remove(&key).unwrap_or_default();
        let (mut after, mut event) = step(rule, before.clone(), observation, self.at, self.cycle);
        if let Some(heard) = self.heard {
            date(&before, &mut after, event.as_mut(), heard);
        }
        let after = if after.is_blank() { AlertState::default() } else { after };
        if after != before || event.is_some() {
            self.changes.push(Change { key: key.clone(), event });
        }
        if !after.is_blank() {
            self.watch.alerts.insert(key, after);
        }
    }

    /// What happened in a moment has no state, and no limit to reach: that it happened is all.
    fn tell(&mut self, watching: &Watching<'_>, metric: Metric, moments: &[Moment]) {
        for moment in moments.iter().filter(|moment| moment.metric == metric) {
            for rule in watching.of(&moment.instance) {
                let Some(Level { severity, limit, .. }) = rule.levels().last().copied() else { continue };
                let (at, worst) = (moment.at, moment.value.unwrap_or(limit));
                let kind = EventKind::Happened;
                let event = Event { kind, at, value: moment.value, since: at, worst, severity, limit };
                let key = AlertKey { rule: rule.key.clone(), instance: moment.instance.clone() };
                self.changes.push(Change { key, event: Some(event) });
            }
        }
    }
}

fn heard(seen: &Seen<'_>) -> Option<Timestamp> {
    match *seen {
        Seen::Collector { at, silent_seconds } => Some(at - Duration::from_secs(silent_seconds)),
        Seen::Sample { .. } | Seen::Outcome { .. } => None,
    }
}

/// A silence began when the collector was last heard of, and is over when it was heard of again: not when somebody looked.
fn date(before: &AlertState, after: &mut AlertState, event: Option<&mut Event>, heard: Timestamp) {
    let is_new = before.problem.is_none();
    if let Some(problem) = after.problem.as_mut().filter(|_| is_new) {
        problem.since = heard;
    }
    let Some(event) = event else { return };
    if is_new {
        event.since = heard;
    } else if event.kind == EventKind::Resolved {
        event.at = heard.max(event.since);
    }
}

#[cfg(test)]
mod tests;
