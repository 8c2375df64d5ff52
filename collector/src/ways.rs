//! The ways to hosts: where each is, by what name it is known, and which jump hosts lie between.

use std::collections::HashMap;
use std::sync::Arc;

use config::{Config, Host};
use sample::HostName;

use crate::ssh::{Bastion, Login, Target, Trust};

/// Makes the targets of one run, in which hosts behind the same jump host share that one.
pub struct Ways<'a, L> {
    config: &'a Config,
    trust: Arc<Trust>,
    /// How to log in to a host that is found there, or what is wrong with that in config.xml.
    login: L,
    bastions: HashMap<HostName, Arc<Bastion>>,
}

impl<'a, L: FnMut(&Host, &Target) -> Result<Login, String>> Ways<'a, L> {
    /// The ways of this configuration. `login` is asked once for each jump host that is needed.
    pub fn new(config: &'a Config, trust: Arc<Trust>, login: L) -> Ways<'a, L> {
        Ways { config, trust, login, bastions: HashMap::new() }
    }

    /// The way to one host.
    pub fn target(&mut self, host: &Host) -> Target {
        let mut target = Target::at(&host.address, host.port);
        target.fingerprints.clone_from(&host.fingerprints);
        target.legacy = host.legacy_algorithms;
        if let Some(jump) = &host.jump {
            target.through = Some(self.bastion(jump));
            // Private addresses repeat behind different jump hosts; names don't.
            target.lookup = host.name.as_str().to_lowercase();
            let former = host.formerly.as_ref().map(|name| name.as_str().to_lowercase());
            if let Some(former) = former.filter(|former| self.is_known_by(&target.lookup, former)) {
                target.renamed = Some(std::mem::replace(&mut target.lookup, former));
            }
        }
        target
    }

    /// Whether nothing but the former name says what the host's key is.
    fn is_known_by(&self, name: &str, former: &str) -> bool {
        !self.trust.knows_name(name) && self.trust.knows_name(former)
    }

    /// The jump host that this host is to those whose targets were made so far.
    pub fn serving(&self, name: &HostName) -> Option<Arc<Bastion>> {
        self.bastions.get(name).cloned()
    }

    /// The jump host with this name, which may have one before it: config.xml has been checked for circles.
    fn bastion(&mut self, name: &HostName) -> Arc<Bastion> {
        if let Some(bastion) = self.bastions.get(name) {
            return bastion.clone();
        }
        let host = self.config.hosts.iter().find(|host| host.name == *name);
        let host = host.expect("the configuration was checked: a jump host is one of its clients");
        let target = Target { serves_others: true, ..self.target(host) };
        let login = (self.login)(host, &target);
        let deadlines = self.config.collector.deadlines;
        let bastion = Arc::new(Bastion::new(name.clone(), target, login, self.trust.clone(), deadlines));
        self.bastions.insert(name.clone(), bastion.clone());
        bastion
    }
}
