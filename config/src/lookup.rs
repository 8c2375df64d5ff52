//! Questions to a configuration that more than one program asks.

use std::collections::HashMap;

use rules::{Recipient, Rule, RuleKey};
use sample::HostName;

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

    /// Who is told of what concerns the fleet as a whole.
    pub fn told_of_the_fleet(&self) -> Vec<Recipient> {
        if self.alerter.mail.is_empty() { self.everybody() } else { self.alerter.mail.clone() }
    }

    /// Everybody who is told of any host, in the order of their addresses.
    pub fn everybody(&self) -> Vec<Recipient> {
        let rules = self.hosts.iter().flat_map(|host| &host.rules);
        let mut all: Vec<_> = rules.flat_map(|configured| configured.rule.telling.recipients.iter().cloned()).collect();
        all.sort();
        all.dedup();
        all
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
