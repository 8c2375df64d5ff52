//! What every engine of this store must do, told through its verbs alone.
//!
//! [`Fixture`] is the only place that knows which engine it is.

use std::time::Duration;

use rules::{
    AlertKey, AlertState, Event, EventKind, Incident, Instance, Problem, Recipient, RuleKey, Selector, Severity,
    Switch, Telling,
};
use sample::{
    Counters, Cpu, Facts, Filesystem, HostName, Load, Memory, Metric, Nonce, Outcome, OutcomeKind, Readings, Sample,
    SampleId, SpoolId, Swap, Timestamp,
};
use tempfile::TempDir;

use crate::{
    HostChanges, HostId, NewEvent, ReceivedSample, RunId, SampleRowId, Settled, Slice, Store, Untreated, Visit, WorkDir,
};

mod beside;
mod collect;
mod digest;
mod incidents;
mod outbox;
mod plain;
mod queries;
mod rates;
mod readings;
mod rename;
mod runs;
mod silences;
mod status;
mod treat;
mod views;

/// 2026-11-21 06:17:37 UTC.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_795_241_857_000);

/// A fresh database, which goes with this value.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("fleet.db"), NOON).unwrap();
        Fixture { folder, store }
    }

    pub(crate) fn host(&mut self, name: &str) -> HostId {
        self.store.host_records(&[host_name(name)], NOON).unwrap()[0].id
    }

    pub(crate) fn run(&mut self) -> RunId {
        self.store.begin_run(NOON, "c0ffee").unwrap()
    }

    /// The rows of the samples that are not treated.
    pub(crate) fn untreated_samples(&self) -> Vec<SampleRowId> {
        let rows = self.store.untreated(None, usize::MAX).unwrap().rows;
        let samples = rows.into_iter().filter_map(|row| match row {
            Untreated::Sample { row, .. } => Some(row),
            Untreated::Outcome { .. } => None,
        });
        samples.collect()
    }

    /// Writes past the verbs what another version, or a hand, may have written.
    pub(crate) fn spoil(&self, statement: &str) {
        self.store.connection.execute_batch(statement).unwrap();
    }

    /// Commits what became of one host's alerts.
    pub(crate) fn change(&mut self, host: HostId, alerts: Vec<(AlertKey, AlertState)>, events: Vec<NewEvent>) {
        let changes = HostChanges { host: Some(host), familiar: None, alerts, events };
        self.store.commit_slice(&Slice { hosts: vec![changes], ..Slice::default() }, NOON).unwrap();
    }

    /// Commits that alerts fired, one for each metric, with the recipients given.
    pub(crate) fn fire(&mut self, host: HostId, metrics: &[Metric], addresses: &[&str]) {
        let keys = metrics.iter().map(|metric| key(*metric, Instance::Host));
        let alerts = keys.clone().map(|key| (key, firing())).collect();
        let events = keys.map(|key| new_event(key, event(EventKind::Fired), addresses)).collect();
        self.change(host, alerts, events);
    }

    /// Commits that an alert of the host as a whole is over, so many seconds after [`NOON`].
    pub(crate) fn resolve(&mut self, host: HostId, metric: Metric, seconds: i64) {
        let key = key(metric, Instance::Host);
        let over = Event { at: at(seconds), ..event(EventKind::Resolved) };
        let state = AlertState { changes: vec![at(seconds)], ..AlertState::default() };
        self.change(host, vec![(key.clone(), state)], vec![NewEvent { telling: None, ..new_event(key, over, &[]) }]);
    }

    /// The incidents of which something is owed.
    pub(crate) fn unsettled(&self) -> Vec<Incident> {
        self.store.unsettled_incidents().unwrap()
    }
}

pub(crate) fn host_name(name: &str) -> HostName {
    name.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    NOON.plus_millis(seconds * 1000)
}

pub(crate) fn spool(number: u8) -> SpoolId {
    SpoolId([number; 16])
}

pub(crate) fn outcome(kind: OutcomeKind, at: Timestamp) -> Outcome {
    Outcome { kind, detail: None, at, duration: Duration::from_millis(120) }
}

/// A visit that ended so and brought nothing home.
pub(crate) fn visit(host: HostId, kind: OutcomeKind) -> Visit {
    let (samples, spools, rejected) = (vec![], vec![], vec![]);
    let (outcome, work_dir, settled) = (outcome(kind, NOON), WorkDir::Unchanged, Settled::Unchanged);
    Visit { host, outcome, work_dir, settled, facts: None, samples, spools, rejected }
}

/// A good visit with the samples of these numbers, a minute apart.
pub(crate) fn visit_with(host: HostId, samples: &[u8]) -> Visit {
    let received = |number: &u8| received(*number, at(60 * i64::from(*number)), every_reading());
    Visit { samples: samples.iter().map(received).collect(), ..visit(host, OutcomeKind::Ok) }
}

pub(crate) fn received(number: u8, taken: Timestamp, readings: Readings) -> ReceivedSample {
    let sample = Sample {
        id: SampleId([number; 16]),
        host: host_name("web1"),
        nonce: Some(Nonce([number; 16])),
        host_time_ms: taken.plus_millis(5),
        boot: None,
        facts: Facts::default(),
        readings,
        counters: Counters::default(),
    };
    ReceivedSample { taken, received: taken.plus_millis(700), clock_skew_ms: None, sample }
}

pub(crate) fn every_reading() -> Readings {
    Readings {
        cpu: Some(Cpu { busy_percent: 12.5, window_ms: 300_000, ..Cpu::default() }),
        logical_cpus: Some(8),
        memory: Some(Memory { total_bytes: 1000, available_bytes: 150, ..Memory::default() }),
        swap: Some(Swap { total_bytes: 400, free_bytes: 100 }),
        load: Some(Load { one: 0.5, five: 0.25, fifteen: 0.125 }),
        measuring_ms: Some(17),
        uptime_seconds: Some(8_640_000),
        filesystems: Some(vec![filesystem("/", 40), filesystem("/var", 91)]),
        ..Readings::default()
    }
}

pub(crate) fn filesystem(mount: &str, used: u64) -> Filesystem {
    Filesystem {
        mount: mount.to_owned(),
        fs_type: "ext4".to_owned(),
        size_bytes: 110,
        used_bytes: used,
        avail_bytes: 100 - used,
        inodes: Some(1000),
        inodes_free: Some(900),
        ..Filesystem::default()
    }
}

pub(crate) fn key(metric: Metric, instance: Instance) -> AlertKey {
    AlertKey { rule: RuleKey { metric, selector: Selector::Every, ordinal: 0 }, instance }
}

pub(crate) fn recipients(addresses: &[&str]) -> Vec<Recipient> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

pub(crate) fn event(kind: EventKind) -> Event {
    let (severity, limit) = (Severity::Warning, 90.0);
    Event { kind, at: NOON, value: Some(97.5), since: NOON, worst: 97.5, severity, limit }
}

pub(crate) fn new_event(key: AlertKey, event: Event, addresses: &[&str]) -> NewEvent {
    let telling = Telling { recipients: recipients(addresses), ..Telling::default() };
    NewEvent { key, event, sample: None, telling: Some(telling) }
}

/// An alert with a problem that began at [`NOON`].
pub(crate) fn firing() -> AlertState {
    let problem = Problem { since: NOON, severity: Severity::Warning, worst: 97.5, flapping: None };
    let switches = vec![Switch { on: true, against: None }];
    AlertState { problem: Some(problem), switches, seen: Some(NOON), value: Some(97.5), ..AlertState::default() }
}
