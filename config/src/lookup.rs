//! Questions to a configuration that more than one program asks.

use std::collections::HashMap;

use rules::{Recipient, Rule, RuleKey, Zone};
use sample::HostName;

use crate::alerter::everybody;
use crate::{Config, ConfiguredRule, Host};

impl Config {
    /// The hosts by their names.
    pub fn by_name(&self) -> HashMap<&HostName, &Host> {
        self.hosts.iter().map(|host| (&host.name, host)).collect()
    }

    /// For each host that depends on another one, that one.
    pub fn parents(&self) -> HashMap<HostName, HostName> {
        let pairs = self.hosts.iter().filter_map(|host| Some((host.name.clone(), host.parent.clone()?)));
        pairs.collect()
    }

    /// Everybody who is told of any host, in the order of their addresses.
    pub fn everybody(&self) -> Vec<Recipient> {
        everybody(&self.hosts)
    }

    /// Everybody who is told of what concerns the fleet as a whole, and gets digests and signs of life.
    pub fn told_of_the_fleet(&self) -> Vec<Recipient> {
        self.alerter.mail.clone()
    }

    /// By which clock people are told times: the one that is configured, else the server's.
    pub fn zone(&self) -> Zone {
        self.alerter.timezone.unwrap_or_else(server_zone)
    }
}

impl Host {
    /// Its rules.
    pub fn rules(&self) -> Vec<&Rule> {
        self.rules.iter().map(|configured| &configured.rule).collect()
    }

    /// The rule with this key, if it still has it and it is not off.
    pub fn rule(&self, key: &RuleKey) -> Option<&ConfiguredRule> {
        let found = self.rules.iter().find(|configured| configured.rule.key == *key)?;
        (!found.rule.is_off()).then_some(found)
    }
}

/// The time zone that the environment (`TZ`) or else the server names; UTC if neither names one that is known.
pub(crate) fn server_zone() -> Zone {
    let named = std::env::var("TZ").ok().and_then(|name| name.trim_start_matches(':').parse().ok());
    let servers = || iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok());
    named.or_else(servers).unwrap_or(Zone::UTC)
}
