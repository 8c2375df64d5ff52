//! What config.xml says now of what is watched and who is told: the same for the alerter and for whoever explains it.

use std::collections::HashMap;
use std::time::Duration;

use rules::{Incident, Maintenance, Rule, Telling, builtin_of_the_fleet};
use sample::HostName;

use crate::{Config, Host};

/// What is taken for the time between two runs of the collector where neither config.xml nor history says it.
const USUAL_CYCLE: Duration = Duration::from_mins(5);

/// The least that is made of history: crontab knows no shorter time, and somebody who tries things out runs it more often.
const SHORTEST_CYCLE: Duration = Duration::from_mins(1);

/// The hosts by their names, and the rules over the fleet as a whole.
#[derive(Clone, Debug)]
pub struct Rulebook<'c> {
    /// The hosts of config.xml.
    pub hosts: HashMap<&'c HostName, &'c Host>,
    /// The rules over the fleet as a whole: those of config.xml, and the built-in ones of the metrics it does not name.
    pub fleet: Vec<Rule>,
    /// The usual time between two runs of the collector.
    pub cycle: Duration,
}

impl<'c> Rulebook<'c> {
    /// That of a configuration. `usual` is the time between two runs as history has it; config.xml goes before.
    pub fn new(config: &'c Config, usual: Option<Duration>) -> Rulebook<'c> {
        let usual = || usual.map_or(USUAL_CYCLE, |usual| usual.max(SHORTEST_CYCLE));
        let cycle = config.collector.interval.unwrap_or_else(usual);
        Rulebook { hosts: config.by_name(), fleet: fleet_rules(config, cycle), cycle }
    }

    /// The rules over the fleet as a whole.
    pub fn fleet(&self) -> Vec<&Rule> {
        self.fleet.iter().collect()
    }

    /// The windows of maintenance of a host; none for what is about the fleet as a whole.
    pub fn maintenance(&self, host: Option<&HostName>) -> &'c [Maintenance] {
        host.and_then(|name| self.hosts.get(name)).map_or(&[], |host| &host.maintenance)
    }

    /// Gives an open incident what config.xml says now of who is told and how, in the place of what it said when the
    /// incident last changed. Without the rule, or where it is switched off, it stays as it was. One that is over gets the
    /// hours alone, which the database does not keep: who was to be told of it stays as it was.
    pub fn refresh(&self, incident: &mut Incident) {
        let rule = match &incident.host {
            None => self.fleet.iter().find(|rule| rule.key == incident.key.rule && !rule.is_off()),
            Some(name) => self.hosts.get(name).and_then(|host| Some(&host.rule(&incident.key.rule)?.rule)),
        };
        match rule {
            Some(rule) if incident.is_open() => incident.telling = rule.telling.clone(),
            Some(rule) => incident.telling.active.clone_from(&rule.telling.active),
            None => {}
        }
    }
}

fn fleet_rules(config: &Config, cycle: Duration) -> Vec<Rule> {
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
