//! From rows that were not treated yet to states, events and treated marks.
//!
//! Whatever the rows say, each is treated: also those without a violation, and those of hosts that nobody watches
//! any more. So a backlog is worked off once, and never again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use config::Config;
use rules::{AlertKey, Change, EventKind, FreeSpace, Rule, Watch, judge, withdraw};
use sample::{HostName, Timestamp};
use storage::{HostChanges, HostId, LiveAlert, NewEvent, SampleRowId, Slice, Untreated};

/// What is compared with what: the rules of each host, and how often it is visited.
#[derive(Debug)]
pub struct Judges<'c> {
    hosts: HashMap<&'c HostName, HostRules<'c>>,
}

/// The rules of one host.
#[derive(Clone, Debug)]
struct HostRules<'c> {
    rules: Vec<&'c Rule>,
    /// The usual time between two visits.
    cycle: Duration,
}

/// What is remembered of each host.
pub type Watches = HashMap<HostId, Watch>;

/// The history of a filesystem of a host, up to a time.
pub type History<'h> = dyn FnMut(HostId, &str, Timestamp) -> Vec<FreeSpace> + 'h;

impl<'c> Judges<'c> {
    /// Those of a configuration. Hosts that are not visited have none. `cycle` is the usual time between two runs of
    /// the collector.
    pub fn new(config: &'c Config, cycle: Duration) -> Judges<'c> {
        let visited = config.hosts.iter().filter(|host| host.enabled);
        let of_host = visited.map(|host| {
            let cycle = host.every.map_or(cycle, |every| every.max(cycle));
            (&host.name, HostRules { rules: host.rules(), cycle })
        });
        Judges { hosts: of_host.collect() }
    }

    /// Takes over for a host what is still on file under its former name: the collector gives it the new one in its next
    /// run. If both are on file, they are two hosts, and the former one is nobody's.
    pub fn await_rename(&mut self, former: &'c HostName, host: &HostName) {
        if let Some(of_host) = self.hosts.get(host).cloned() {
            self.hosts.entry(former).or_insert(of_host);
        }
    }

    /// Folds rows into what is remembered, in their order, and returns what is to be committed. Every host of the rows has
    /// its watch.
    pub fn slice(&self, rows: &[Untreated], watches: &mut Watches, history: &mut History<'_>) -> Slice {
        let mut hosts: BTreeMap<HostId, Noted> = BTreeMap::new();
        let mut slice = Slice::default();
        for row in rows {
            let sample = treated(row, &mut slice);
            let (host, name) = row.host();
            let (Some(of_host), Some(watch)) = (self.hosts.get(name), watches.get_mut(&host)) else { continue };
            let mut free_space = |mount: &str, until: Timestamp| history(host, mount, until);
            let changes = judge(&of_host.rules, watch, &row.seen(), of_host.cycle, &mut free_space);
            let noted = hosts.entry(host).or_default();
            noted.saw_sample |= sample.is_some();
            changes.into_iter().for_each(|change| noted.take(change, sample, &of_host.rules));
        }
        slice.hosts = hosts.into_iter().filter_map(|(host, noted)| noted.finish(host, watches.get(&host)?)).collect();
        slice
    }

    /// Ends the alerts whose rule or host has left the configuration; nothing would ever resolve them.
    pub fn withdrawn(&self, live: Vec<LiveAlert>, fleet: &[&Rule], now: Timestamp) -> Slice {
        let unwatched = live.into_iter().filter(|alert| !self.watches(alert, fleet));
        let changes = unwatched.map(|LiveAlert { host, key, state, limit }| {
            let (state, event) = withdraw(state, limit.unwrap_or_default(), now);
            let event = event.map(|event| NewEvent { key: key.clone(), event, sample: None, telling: None });
            let host = host.map(|(host, _)| host);
            HostChanges { host, familiar: None, alerts: vec![(key, state)], events: event.into_iter().collect() }
        });
        Slice { hosts: changes.collect(), ..Slice::default() }
    }

    fn watches(&self, alert: &LiveAlert, fleet: &[&Rule]) -> bool {
        let rules = match &alert.host {
            None => fleet,
            Some((_, name)) => self.hosts.get(name).map_or(&[][..], |host| &host.rules),
        };
        rules.iter().any(|rule| rule.key == alert.key.rule && !rule.is_off())
    }
}

/// Takes note that the row is treated. Returns its sample, if it is one.
fn treated(row: &Untreated, slice: &mut Slice) -> Option<SampleRowId> {
    match row {
        Untreated::Sample { row, .. } => {
            slice.treated_samples.push(*row);
            Some(*row)
        }
        Untreated::Outcome { run, host, .. } => {
            slice.treated_outcomes.push((*run, *host));
            None
        }
    }
}

/// What changed of one host in a slice: every event, and of each alert that changed the last state alone.
#[derive(Default)]
pub(crate) struct Noted {
    saw_sample: bool,
    alerts: BTreeSet<AlertKey>,
    events: Vec<NewEvent>,
}

impl Noted {
    pub(crate) fn take(&mut self, change: Change, sample: Option<SampleRowId>, rules: &[&Rule]) {
        let Change { key, event } = change;
        if let Some(event) = event {
            // A rule that was switched off, or that another one took over from, names nobody any more: who knew of it is owed
            // the end.
            let is_left = event.kind == EventKind::Withdrawn;
            let rule = rules.iter().find(|rule| rule.key == key.rule && !is_left);
            let telling = rule.map(|rule| rule.telling.clone());
            self.events.push(NewEvent { key: key.clone(), event, sample, telling });
        }
        self.alerts.insert(key);
    }

    fn finish(self, host: HostId, watch: &Watch) -> Option<HostChanges> {
        let familiar = self.saw_sample.then(|| watch.familiar.clone());
        let changes = self.of(Some(host), watch);
        (familiar.is_some() || !changes.alerts.is_empty()).then_some(HostChanges { familiar, ..changes })
    }

    /// An alert that is not remembered any more has the state of one that was never seen.
    pub(crate) fn of(self, host: Option<HostId>, watch: &Watch) -> HostChanges {
        let state = |key: AlertKey| {
            let state = watch.alerts.get(&key).cloned().unwrap_or_default();
            (key, state)
        };
        HostChanges { host, familiar: None, alerts: self.alerts.into_iter().map(state).collect(), events: self.events }
    }
}
