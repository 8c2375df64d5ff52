//! History once more: row by row to incidents, and after each run to mails.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};
use std::time::Duration;

use config::{Config, Host};
use rules::{FreeSpace, MOST_POINTS, Rule, RuleKey, Seen, WINDOW, Watch, Zone};
use sample::{HostName, Timestamp};
use storage::{HostId, RunId, Store, StoreError, Untreated};

use super::mail::Mail;
use super::rounds::Rounds;
use crate::circumstances::Around;

/// As often as the alerter is taken to run where the collector did not, over however long a time.
const MOST_ROUNDS_IN_A_GAP: u32 = 10_000;

/// Everything that is remembered from row to row.
pub(super) struct Fold<'c> {
    store: &'c Store,
    /// By its name, and by its former one.
    by_name: HashMap<&'c HostName, &'c Host>,
    cycle: Duration,
    /// None: the configuration does not have it.
    hosts: HashMap<HostId, Option<Watched<'c>>>,
    left_out: BTreeSet<HostName>,
    fleet: Watch,
    rounds: Rounds<'c>,
    run: Option<RunId>,
    /// When the last visit of the run at hand ended.
    ended: Option<Timestamp>,
    /// When the run before it did.
    last_run: Option<Timestamp>,
}

/// A host, and what is remembered of it.
struct Watched<'c> {
    name: HostName,
    rules: Vec<&'c Rule>,
    cycle: Duration,
    watch: Watch,
}

impl<'c> Fold<'c> {
    pub(super) fn new(config: &'c Config, store: &'c Store, zone: Zone) -> Result<Fold<'c>, StoreError> {
        let visited = || config.hosts.iter().filter(|host| host.enabled);
        let former = visited().filter_map(|host| Some((host.formerly.as_ref()?, host)));
        let by_name = former.chain(visited().map(|host| (&host.name, host))).collect();
        let around = Around::of(config, zone, store)?;
        Ok(Fold {
            store,
            by_name,
            cycle: around.book.cycle.max(Duration::from_secs(1)),
            hosts: HashMap::new(),
            left_out: BTreeSet::new(),
            fleet: Watch::default(),
            rounds: Rounds::new(config, store, around)?,
            run: None,
            ended: None,
            last_run: None,
        })
    }

    /// Takes the first of these rows into account, and returns the mails that go out before. The rows behind it tell
    /// when its run was.
    pub(super) fn row(&mut self, rows: &[Untreated]) -> Result<Vec<Mail>, StoreError> {
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let run = row.cursor().run();
        let mut mails = Vec::new();
        if self.run != Some(run) {
            mails = self.end_run();
            self.run = Some(run);
            let first_outcome = rows.iter().take_while(|row| row.cursor().run() == run).find_map(outcome_time);
            if let Some(at) = first_outcome {
                mails.extend(self.pass_the_time(at));
            }
        }
        self.judge(row)?;
        if let Some(at) = outcome_time(row) {
            self.ended = self.ended.max(Some(at));
        }
        Ok(mails)
    }

    /// The mails after the last row.
    pub(super) fn end(&mut self, now: Timestamp) -> Result<Vec<Mail>, StoreError> {
        let mut mails = self.end_run();
        mails.extend(self.pass_the_time(now));
        Ok(mails)
    }

    /// Says which hosts of history were left out.
    pub(super) fn write_left_out(&self, out: &mut impl Write) -> io::Result<()> {
        const MOST: usize = 5;
        if self.left_out.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.left_out.iter().take(MOST).map(HostName::as_str).collect();
        let more = self.left_out.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "\nleft out, for this configuration does not visit them: {}{more}", names.join(", "))
    }

    fn judge(&mut self, row: &Untreated) -> Result<(), StoreError> {
        let (id, name) = row.host();
        let (by_name, usual) = (&self.by_name, self.cycle);
        let watched = self.hosts.entry(id).or_insert_with(|| Some(Watched::new(by_name.get(name)?, usual)));
        let Some(watched) = watched else {
            if !self.left_out.contains(name) {
                self.left_out.insert(name.clone());
            }
            return Ok(());
        };
        let mut failed = None;
        let mut free_space = |mount: &str, at: Timestamp| {
            let points = self.store.free_space(id, mount, (at - WINDOW, at), MOST_POINTS);
            points.unwrap_or_else(|error| {
                failed = Some(error);
                Vec::<FreeSpace>::new()
            })
        };
        let changes = rules::judge(&watched.rules, &mut watched.watch, &row.seen(), watched.cycle, &mut free_space);
        if let Some(error) = failed {
            return Err(error);
        }
        self.rounds.suspect(&watched.name, &watched.watch);
        for change in changes {
            let rule = watched.rules.iter().find(|rule| rule.key == change.key.rule);
            if let (Some(event), Some(rule)) = (change.event, rule) {
                self.rounds.record(Some(&watched.name), &change.key, &event, &rule.telling);
            }
        }
        Ok(())
    }

    /// What is owed once a run is done: the alerter runs.
    fn end_run(&mut self) -> Vec<Mail> {
        let Some(at) = self.ended.take() else { return Vec::new() };
        self.last_run = Some(at);
        self.see_collector(at, 0);
        let watched = self.hosts.values().flatten().map(|watched| (&watched.name, &watched.watch));
        let watches: HashMap<&HostName, &Watch> = watched.collect();
        self.rounds.catch_up(|host| host.map_or(Some(&self.fleet), |host| watches.get(host).copied()));
        self.rounds.round(at)
    }

    /// The alerter runs as usual while the collector does not.
    fn pass_the_time(&mut self, until: Timestamp) -> Vec<Mail> {
        let Some(last) = self.last_run else { return Vec::new() };
        let gap = u64::try_from(until.millis_since(last)).map_or(Duration::ZERO, Duration::from_millis);
        let step = self.cycle.max(gap / MOST_ROUNDS_IN_A_GAP);
        let (mut mails, mut at) = (Vec::new(), last + step);
        // The next run itself may be late by a bit.
        while at + step / 2 < until {
            let silent = u64::try_from(at.millis_since(last) / 1000).unwrap_or(0);
            self.see_collector(at, silent);
            self.rounds.catch_up(|host| host.is_none().then_some(&self.fleet));
            mails.extend(self.rounds.round(at));
            at = at + step;
        }
        mails
    }

    fn see_collector(&mut self, at: Timestamp, silent_seconds: u64) {
        let seen = Seen::Collector { at, silent_seconds };
        let rules = self.rounds.fleet_rules();
        let changes = rules::judge(&rules, &mut self.fleet, &seen, self.cycle, &mut |_, _| Vec::new());
        let telling = |key: &RuleKey| rules.iter().find(|rule| rule.key == *key).map(|rule| rule.telling.clone());
        let changes: Vec<_> = changes.into_iter().map(|change| (telling(&change.key.rule), change)).collect();
        for (telling, change) in changes {
            if let (Some(event), Some(telling)) = (change.event, telling) {
                self.rounds.record(None, &change.key, &event, &telling);
            }
        }
    }
}

impl<'c> Watched<'c> {
    fn new(host: &'c Host, usual: Duration) -> Watched<'c> {
        let cycle = host.every.map_or(usual, |every| every.max(usual));
        Watched { name: host.name.clone(), rules: host.rules(), cycle, watch: Watch::default() }
    }
}

fn outcome_time(row: &Untreated) -> Option<Timestamp> {
    match row {
        Untreated::Outcome { at, .. } => Some(*at),
        Untreated::Sample { .. } => None,
    }
}
