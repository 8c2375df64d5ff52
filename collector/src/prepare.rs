//! From configuration and state folder to a run: everything that can be wrong before a host is contacted.

mod access;

use std::path::PathBuf;
use std::sync::Arc;

use config::{Config, Host, HostKeyPolicy};

use crate::keys::{self, KeyPairError};
use crate::probe_file::{Places, ProbeFileError, Probes};
use crate::run::{Memory, Run};
use crate::ssh::{KnownHosts, KnownHostsError, Login, Policy, Target, Trust};
use crate::visit::{Access, Fleet, Visitee};
use crate::ways::Ways;
use config::wildcard_match;

pub use access::{Identities, Unusable, access};

/// Where everything is, and what was asked for.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The configuration.
    pub config: Config,
    /// The state folder.
    pub state_dir: PathBuf,
    /// Names, patterns and `@group`s of the hosts to visit; all that are enabled if empty.
    pub patterns: Vec<String>,
    /// How many hosts to work on at once, if not as config.xml has it.
    pub jobs: Option<usize>,
    /// Where probes lie.
    pub places: Places,
}

/// Something has to be mended before a run makes sense. Nothing was contacted or written.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A pattern that selects nothing, most likely a typing error.
    #[error("no client in config.xml is named {0:?}")]
    NoSuchHost(String),
    /// A group that has no clients.
    #[error("no client in config.xml is of the group {0:?}")]
    NoSuchGroup(String),
    /// A pattern that selects only clients that are not to be visited.
    #[error("{0:?} selects only clients with enabled=\"false\"")]
    Disabled(String),
    /// The key pair.
    #[error(transparent)]
    KeyPair(#[from] KeyPairError),
    /// The host keys on file.
    #[error(transparent)]
    KnownHosts(#[from] KnownHostsError),
    /// The probe.
    #[error(transparent)]
    Probe(#[from] ProbeFileError),
}

impl PrepareError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            PrepareError::KeyPair(error) => error.hint(),
            PrepareError::NoSuchHost(_) | PrepareError::NoSuchGroup(_) => {
                Some("fleet-collector check lists the names and groups".to_owned())
            }
            PrepareError::Disabled(_) => Some("set enabled to true in config.xml".to_owned()),
            PrepareError::KnownHosts(error) => error.hint(),
            PrepareError::Probe(_) => None,
        }
    }
}

impl Setting {
    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.state_dir.join(&self.config.storage.database)
    }

    /// The file of known host keys.
    pub fn known_hosts(&self) -> PathBuf {
        self.state_dir.join("known_hosts")
    }

    /// The configured hosts that the patterns select, enabled or not, in the order of config.xml.
    ///
    /// # Errors
    /// A pattern selects nothing.
    pub fn selected(&self) -> Result<Vec<&Host>, PrepareError> {
        for pattern in &self.patterns {
            if !self.config.hosts.iter().any(|host| matches(pattern, host)) {
                return Err(match pattern.strip_prefix('@') {
                    Some(group) => PrepareError::NoSuchGroup(group.to_owned()),
                    None => PrepareError::NoSuchHost(pattern.clone()),
                });
            }
        }
        let all = self.patterns.is_empty();
        let wanted = |host: &&Host| all || self.patterns.iter().any(|pattern| matches(pattern, host));
        Ok(self.config.hosts.iter().filter(wanted).collect())
    }

    /// Those of the selected hosts that are to be visited.
    fn to_visit(&self) -> Result<Vec<&Host>, PrepareError> {
        let enabled: Vec<&Host> = self.selected()?.into_iter().filter(|host| host.enabled).collect();
        match self.patterns.iter().find(|pattern| !enabled.iter().any(|host| matches(pattern, host))) {
            Some(pattern) => Err(PrepareError::Disabled(pattern.clone())),
            None => Ok(enabled),
        }
    }

    /// Who decides about host keys, by these keys on file.
    pub fn trust(&self, known: Arc<KnownHosts>) -> Trust {
        let policy = match self.config.collector.host_keys {
            HostKeyPolicy::Strict => Policy::Strict,
            HostKeyPolicy::AcceptNew => Policy::AcceptNew,
        };
        Trust { known, path: self.known_hosts(), policy }
    }

    /// The ways to the hosts. Private keys that jump hosts need are read into `identities`.
    pub fn ways<'a>(
        &'a self,
        trust: Arc<Trust>,
        identities: &'a mut Identities,
    ) -> Ways<'a, impl FnMut(&Host, &Target) -> Result<Login, String> + 'a> {
        let login = |host: &Host, at: &Target| login_to(host, at, identities).map(|access| access.login);
        Ways::new(&self.config, trust, login)
    }

    /// Everything a run needs, checked.
    ///
    /// # Errors
    /// See [`PrepareError`].
    pub fn prepare(&self) -> Result<Run, PrepareError> {
        let selected = self.to_visit()?;
        let keys = keys::load(&self.state_dir)?;
        let probes = Probes::read(&self.places)?;
        let trust = Arc::new(self.trust(Arc::new(KnownHosts::read(&self.known_hosts())?)));
        // Most fleets share one key: it is read and checked once.
        let mut identities = Identities::default();
        let mut ways = self.ways(trust.clone(), &mut identities);
        let targets: Vec<_> = selected.iter().map(|host| ways.target(host)).collect();
        let bastions: Vec<_> = selected.iter().map(|host| ways.serving(&host.name)).collect();
        drop(ways);
        // Who is asked for by name is visited, due or not.
        let due = |host: &Host| host.every.filter(|_| self.patterns.is_empty());
        let visitee = |((host, target), bastion): ((&&Host, Target), _)| {
            let access = login_to(host, &target, &mut identities);
            Visitee { every: due(host), bastion, ..visitee(host, target, access) }
        };
        let hosts: Vec<_> = selected.iter().zip(targets).zip(bastions).map(visitee).collect();
        let deadlines = self.config.collector.deadlines;
        let fleet = Arc::new(Fleet { trust, keys, probes, deadlines, memory: Memory::new() });
        let jobs = self.jobs.or(self.config.collector.jobs).unwrap_or(USUAL_JOBS);
        let sockets = crate::limits::sockets();
        let (database, config_sha256) = (self.database(), self.config.sha256.clone());
        Ok(Run { fleet, hosts, jobs, sockets, database, config_sha256 })
    }
}

/// Whether the pattern is for this host: a name, a glob of names, or `@` and a glob of groups.
fn matches(pattern: &str, host: &Host) -> bool {
    match pattern.strip_prefix('@') {
        Some(group) => host.group.as_deref().is_some_and(|name| wildcard_match(group, name)),
        None => wildcard_match(pattern, host.name.as_str()),
    }
}

/// Enough to hide the latency of distant hosts; one visit computes for about a millisecond.
const USUAL_JOBS: usize = 64;

fn login_to(host: &Host, target: &Target, identities: &mut Identities) -> Result<Access, String> {
    access(host, target.through.as_deref(), identities).map_err(|found| {
        let hint = found.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{} line {}: {found}{hint}", host.file.display(), host.line)
    })
}

fn visitee(host: &Host, target: Target, access: Result<Access, String>) -> Visitee {
    Visitee {
        name: host.name.clone(),
        formerly: host.formerly.clone(),
        every: host.every,
        target,
        bastion: None,
        access,
        remembered_dir: None,
        architecture: None,
        acknowledgements: Vec::new(),
        known_boot: None,
        scope: host.scope.clone(),
    }
}
