//! Who watches the collector: this program does. That it does not run is one alert about ourselves, never one for each
//! host.

use std::time::Duration;

use config::Config;
use rules::{Rule, Seen, Telling, Watch, builtin_of_the_fleet, judge};
use sample::Timestamp;
use storage::{Slice, Store, StoreError};

use crate::evaluate::Noted;

/// What is taken for the time between two runs where neither config.xml nor history says it.
const DEFAULT_CYCLE: Duration = Duration::from_secs(300);

/// The least that is made of history: crontab knows no shorter one, and somebody who tries things out runs it more often.
const SHORTEST_CYCLE: Duration = Duration::from_secs(60);

/// The usual time between two runs of the collector.
///
/// # Errors
/// The database can't be read.
pub(crate) fn cycle(store: &Store, config: &Config) -> Result<Duration, StoreError> {
    match config.collector.interval {
        Some(interval) => Ok(interval),
        None => Ok(store.usual_interval()?.map_or(DEFAULT_CYCLE, |usual| usual.max(SHORTEST_CYCLE))),
    }
}

/// The rules over the fleet as a whole: those of config.xml, and the built-in ones of the metrics it does not name.
pub(crate) fn fleet_rules(config: &Config, cycle: Duration) -> Vec<Rule> {
    let configured: Vec<Rule> = config.alerter.rules.iter().map(|configured| configured.rule.clone()).collect();
    let is_named = |rule: &Rule| configured.iter().any(|own| own.key.metric == rule.key.metric);
    let builtin = builtin_of_the_fleet(cycle).into_iter().filter(|rule| !is_named(rule));
    let telling = Telling { recipients: config.told_of_the_fleet(), ..Telling::default() };
    let mut rules = configured.clone();
    rules.extend(builtin.map(|mut rule| {
        rule.telling.clone_from(&telling);
        rule
    }));
    rules
}

/// Compares the time since the last finished run with the rules, and returns what changed, to be committed. Nothing
/// before the first run.
pub(crate) fn watch_collector(
    last: Option<Timestamp>,
    watch: &mut Watch,
    rules: &[&Rule],
    cycle: Duration,
    now: Timestamp,
) -> Slice {
    let Some(last) = last else { return Slice::default() };
    let silent_seconds = u64::try_from(now.millis_since(last) / 1000).unwrap_or(0);
    let seen = Seen::Collector { at: now, silent_seconds };
    let mut noted = Noted::default();
    for change in judge(rules, watch, &seen, cycle, &mut |_, _| Vec::new()) {
        noted.take(change, None, rules);
    }
    Slice { hosts: vec![noted.of(None, watch)], ..Slice::default() }
}
