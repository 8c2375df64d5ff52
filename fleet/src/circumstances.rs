//! What decides over an incident beside itself: what config.xml says now, silences, and which hosts are down. The same as
//! the alerter goes by, so that what is said here is what it will do.

use std::collections::HashMap;
use std::time::Duration;

use config::{Config, Host};
use rules::{Circumstances, Incident, Outages, Repeats, Rule, Silence, Telling, Zone, builtin_of_the_fleet};
use sample::{HostName, Timestamp};
use storage::{Store, StoreError};

/// A silence that ended longer ago holds nothing any more.
const SILENCES_BACK: Duration = Duration::from_hours(90 * 24);
/// Where neither config.xml nor history says how often the collector runs.
const USUAL_CYCLE: Duration = Duration::from_mins(5);
/// The least that is made of history: somebody who tries things out runs it more often than it is meant.
const SHORTEST_CYCLE: Duration = Duration::from_mins(1);

/// What decides beside the incidents themselves.
pub(crate) struct Around<'c> {
    /// The hosts of config.xml.
    pub(crate) hosts: HashMap<&'c HostName, &'c Host>,
    /// The rules over the fleet as a whole.
    pub(crate) fleet: Vec<Rule>,
    /// Those that last, will come, or ended of late.
    pub(crate) silences: Vec<Silence>,
    /// Which hosts can't be visited.
    pub(crate) outages: Outages,
    /// The usual time between two runs of the collector.
    pub(crate) cycle: Duration,
    /// How often people are reminded where the rule does not say.
    pub(crate) repeats: Repeats,
    zone: Zone,
}

impl<'c> Around<'c> {
    /// What config.xml says, and of the database only how often the collector runs.
    pub(crate) fn of(config: &'c Config, zone: Zone, store: &Store) -> Result<Around<'c>, StoreError> {
        let of_history = || Ok(store.usual_interval()?.map_or(USUAL_CYCLE, |usual| usual.max(SHORTEST_CYCLE)));
        let cycle = config.collector.interval.map_or_else(of_history, Ok)?;
        Ok(Around {
            hosts: config.by_name(),
            fleet: fleet_rules(config, cycle),
            silences: Vec::new(),
            outages: Outages::default(),
            cycle,
            zone,
            repeats: config.alerter.repeats,
        })
    }

    /// What config.xml and the database say now.
    pub(crate) fn now(config: &'c Config, zone: Zone, store: &Store, now: Timestamp) -> Result<Around<'c>, StoreError> {
        let suspects = store.suspects()?.into_iter().collect();
        let outages = Outages::of(&store.unsettled_incidents()?, suspects, config.parents());
        Ok(Around { silences: store.silences(now - SILENCES_BACK)?, outages, ..Around::of(config, zone, store)? })
    }

    /// The circumstances of what concerns this host; none: the fleet as a whole.
    pub(crate) fn of_host(&self, host: Option<&HostName>) -> Circumstances<'_> {
        let maintenance = host.and_then(|name| self.hosts.get(name)).map_or(&[][..], |host| &host.maintenance);
        let Around { zone, repeats, silences, outages, .. } = self;
        Circumstances { zone: *zone, repeats: *repeats, silences, maintenance, outages }
    }

    /// Gives an open incident what config.xml says of its rule now. Without the rule, or where it is switched off, it stays
    /// as it was.
    pub(crate) fn refresh(&self, incident: &mut Incident) {
        let rule = match &incident.host {
            None => self.fleet.iter().find(|rule| rule.key == incident.key.rule && !rule.is_off()),
            Some(name) => self.hosts.get(name).and_then(|host| Some(&host.rule(&incident.key.rule)?.rule)),
        };
        if let Some(rule) = rule.filter(|_| incident.is_open()) {
            incident.telling = rule.telling.clone();
        }
    }
}

/// Those of config.xml, and the built-in ones of the metrics it does not name.
fn fleet_rules(config: &Config, cycle: Duration) -> Vec<Rule> {
    let configured: Vec<Rule> = config.alerter.rules.iter().map(|configured| configured.rule.clone()).collect();
    let is_named = |rule: &Rule| configured.iter().any(|own| own.key.metric == rule.key.metric);
    let builtin = builtin_of_the_fleet(cycle).into_iter().filter(|rule| !is_named(rule));
    let telling = Telling { recipients: config.told_of_the_fleet(), ..Telling::default() };
    let told = builtin.map(|mut rule| {
        rule.telling.clone_from(&telling);
        rule
    });
    configured.iter().cloned().chain(told).collect()
}
