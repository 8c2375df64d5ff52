//! From rows that were not treated yet to states, events and treated marks. Pure: a slice in, a slice out.
//!
//! Whatever the rows say, each is treated: also those without a violation, and those of hosts that nobody watches
//! any more. So a backlog is worked off once, and never again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rules::{AlertKey, AlertState, Event, Observation, Recipient, Rule, observe, step, withdraw};
use sample::{HostName, Readings, Timestamp};
use storage::{AlertChange, AlertRecord, HostId, SampleRowId, Slice, Untreated};

/// Where every alert stands that ever fired.
#[derive(Debug, Default)]
pub struct States {
    standings: BTreeMap<(HostId, AlertKey), Standing>,
}

/// The rules of each configured host.
pub type Rules<'c> = HashMap<&'c HostName, Vec<&'c Rule>>;

#[derive(Clone, Debug)]
struct Standing {
    name: HostName,
    state: AlertState,
    limit: f64,
    /// Who was told when it fired. They get the recovery, and nobody else, whatever becomes of the rule.
    told: Vec<Recipient>,
}

/// One measurement, as a row has it.
struct Measured<'r> {
    row: SampleRowId,
    host: HostId,
    name: &'r HostName,
    taken: Timestamp,
    readings: &'r Readings,
}

impl States {
    /// The states that are stored.
    pub fn new(records: Vec<AlertRecord>) -> States {
        let standing = |record: AlertRecord| {
            let AlertRecord { host, name, key, state, limit, recipients: told, .. } = record;
            ((host, key), Standing { name, state, limit, told })
        };
        States { standings: records.into_iter().map(standing).collect() }
    }
}

/// Folds the rows into the states, in their order, and returns what is to be committed.
pub fn evaluate(rules: &Rules<'_>, states: &mut States, rows: &[Untreated], now: Timestamp) -> Slice {
    let mut changes = Changes::default();
    let (mut treated_samples, mut treated_outcomes) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Untreated::Sample { row, host, name, taken, readings, .. } => {
                treated_samples.push(*row);
                let measured = Measured { row: *row, host: *host, name, taken: *taken, readings };
                for rule in rules.get(name).into_iter().flatten() {
                    apply(rule, &measured, states, &mut changes);
                }
            }
            Untreated::Outcome { run, host, .. } => treated_outcomes.push((*run, *host)),
        }
    }
    Slice { changes: changes.finish(states), treated_samples, treated_outcomes, now }
}

/// Ends the firing alerts whose rule or host has left the configuration; nothing would ever resolve them.
pub fn withdraw_unwatched(rules: &Rules<'_>, states: &mut States, now: Timestamp) -> Slice {
    let mut changes = Vec::new();
    for ((host, key), standing) in &mut states.standings {
        let mut of_host = rules.get(&standing.name).into_iter().flatten();
        if of_host.any(|rule| rule.key == key.rule) {
            continue;
        }
        let (state, event) = withdraw(standing.state, now);
        standing.state = state;
        changes.extend(event.map(|event| standing.change((*host, key), Some((event, None)))));
    }
    Slice { changes, treated_samples: Vec::new(), treated_outcomes: Vec::new(), now }
}

fn apply(rule: &Rule, measured: &Measured<'_>, states: &mut States, changes: &mut Changes) {
    for (instance, value) in observe(&rule.key, measured.readings) {
        let id = (measured.host, AlertKey { rule: rule.key.clone(), instance });
        let before = states.standings.get(&id).map_or(AlertState::Inactive, |standing| standing.state);
        let (after, event) = step(rule, before, Observation::Value(value), measured.taken);
        if after == before {
            continue;
        }
        let standing = states.standings.entry(id.clone()).or_insert_with(|| Standing::of(rule, measured.name));
        standing.state = after;
        match event {
            Some(event) => {
                standing.snapshot(rule, &event);
                changes.happened(standing.change((id.0, &id.1), Some((event, Some(measured.row)))));
            }
            None => changes.got_worse(id),
        }
    }
}

impl Standing {
    fn of(rule: &Rule, name: &HostName) -> Standing {
        Standing { name: name.clone(), state: AlertState::Inactive, limit: rule.limit(), told: Vec::new() }
    }

    /// Keeps with the alert what its event tells: the limit that was compared with, and at its beginning who is told.
    fn snapshot(&mut self, rule: &Rule, event: &Event) {
        self.limit = rule.limit();
        match event.kind {
            rules::EventKind::Fired => self.told.clone_from(&rule.recipients),
            rules::EventKind::Resolved | rules::EventKind::Withdrawn => {}
        }
    }

    fn change(&self, (host, key): (HostId, &AlertKey), event: Option<(Event, Option<SampleRowId>)>) -> AlertChange {
        let Standing { state, limit, told, .. } = self.clone();
        AlertChange { host, key: key.clone(), state, limit, recipients: told, event }
    }
}

/// What a slice changes: every event, and for alerts that merely got worse their last state alone.
#[derive(Default)]
struct Changes {
    events: Vec<AlertChange>,
    worse: BTreeSet<(HostId, AlertKey)>,
}

impl Changes {
    fn happened(&mut self, change: AlertChange) {
        self.worse.remove(&(change.host, change.key.clone()));
        self.events.push(change);
    }

    fn got_worse(&mut self, id: (HostId, AlertKey)) {
        self.worse.insert(id);
    }

    fn finish(mut self, states: &States) -> Vec<AlertChange> {
        for (host, key) in self.worse {
            if let Some(standing) = states.standings.get(&(host, key.clone())) {
                self.events.push(standing.change((host, &key), None));
            }
        }
        self.events
    }
}
