//! Which hosts can't be visited, and who stands behind whom.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use sample::{HostName, Metric, Timestamp};

use crate::Incident;

/// Which hosts can't be visited, and who stands behind whom.
#[derive(Clone, Debug, Default)]
pub struct Outages {
    /// Times in which a host could not be reached or refused us, by its incidents; an open one has no end.
    pub down: BTreeMap<HostName, Vec<(Timestamp, Option<Timestamp>)>>,
    /// Hosts that can be reached, and where the probe gives nothing usable now. Others may be reached through them all
    /// the same: many a jump host lets nobody run anything.
    pub mute: BTreeSet<HostName>,
    /// Hosts whose last visit failed, and that are not confirmed to be down yet.
    pub suspects: BTreeSet<HostName>,
    /// The host that another one is reached through, or depends on.
    pub parents: HashMap<HostName, HostName>,
    /// The collector does not run: no host was looked at of late.
    pub collector_is_silent: bool,
}

/// A host behind another one may be seen down a little earlier, and up a little later: visits of a run are minutes apart,
/// and a parent that fails amid a run is seen to fail only in the next one.
const SLACK: Duration = Duration::from_secs(15 * 60);

impl Outages {
    /// Whether a host is suspected while a problem of this metric is pending. One that is reached and only gives nothing
    /// usable is not.
    pub fn are_foretold_by(metric: Metric) -> bool {
        metric.is_visit() && metric != Metric::Probe
    }

    /// Those that these incidents are. Ended ones count too: what was behind them is judged by them.
    pub fn of<'i>(
        incidents: impl IntoIterator<Item = &'i Incident>,
        suspects: BTreeSet<HostName>,
        parents: HashMap<HostName, HostName>,
    ) -> Outages {
        let mut outages = Outages { suspects, parents, ..Outages::default() };
        for incident in incidents {
            outages.collector_is_silent |= incident.key.rule.metric == Metric::Collector && incident.is_open();
            let Some(host) = incident.host.as_ref().filter(|_| incident.key.rule.metric.is_visit()) else { continue };
            match incident.key.rule.metric == Metric::Probe {
                true if incident.is_open() => drop(outages.mute.insert(host.clone())),
                true => {}
                false => {
                    let time = (incident.opened, incident.ended.map(|end| end.at));
                    outages.down.entry(host.clone()).or_default().push(time);
                }
            }
        }
        outages
    }

    /// Whether nothing new can be known of this host.
    pub(super) fn is_silent(&self, host: &HostName) -> bool {
        self.is_down(host) || self.mute.contains(host)
    }

    /// The host above this one that is down, or may be. Of several the one at the top: it is the one that is told.
    pub(super) fn above<'o>(&'o self, host: &'o HostName) -> Option<&'o HostName> {
        let trouble = |above: &&HostName| self.is_down(above) || self.suspects.contains(*above);
        self.ancestors(host).into_iter().rev().find(trouble)
    }

    /// Which host above this one was down at that time, and until when; none: it still is.
    pub(super) fn above_at<'o>(
        &'o self,
        host: &'o HostName,
        at: Timestamp,
    ) -> Option<(&'o HostName, Option<Timestamp>)> {
        let cover = |above| {
            let times = self.down.get(above)?.iter().filter(|(from, _)| *from - SLACK <= at);
            let ends = times.map(|(_, to)| to.map(|to| to + SLACK)).filter(|to| to.is_none_or(|to| at < to));
            // None, which has no end, is the last one.
            ends.max_by_key(|to| (to.is_none(), *to)).map(|to| (above, to))
        };
        self.ancestors(host).into_iter().rev().find_map(cover)
    }

    fn is_down(&self, host: &HostName) -> bool {
        self.down.get(host).is_some_and(|times| times.iter().any(|(_, to)| to.is_none()))
    }

    /// The hosts above this one, the nearest first. Nobody stands above a host of a circle: they would hold each other's
    /// mails for ever.
    fn ancestors<'o>(&'o self, host: &'o HostName) -> Vec<&'o HostName> {
        let (mut chain, mut seen, mut at) = (Vec::new(), HashSet::new(), host);
        while let Some(parent) = self.parents.get(at) {
            if parent == host {
                return Vec::new();
            }
            if !seen.insert(parent) {
                break;
            }
            chain.push(parent);
            at = parent;
        }
        chain
    }
}
