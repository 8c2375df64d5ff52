//! What is owed of the incidents of a replay, and the mails that would tell it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use config::Config;
use rules::{AlertKey, Event, Incident, Ledger, Mailbox, Outages, Post, Recipient, Rule, Telling, Watch};
use sample::{HostName, Timestamp};
use storage::{Store, StoreError};

use super::mail::Mail;
use crate::circumstances::Around;

const HOUR: Duration = Duration::from_hours(1);

/// Incidents of which something may be owed, and who knows of them.
pub(super) struct Rounds<'c> {
    around: Around<'c>,
    parents: HashMap<HostName, HostName>,
    mails_per_hour: u32,
    ledger: Ledger,
    suspects: BTreeSet<HostName>,
    mailboxes: BTreeMap<Recipient, Mailbox>,
    /// When they got mails of late.
    mailed: BTreeMap<Recipient, VecDeque<Timestamp>>,
}

impl<'c> Rounds<'c> {
    pub(super) fn new(config: &'c Config, store: &Store, around: Around<'c>) -> Result<Rounds<'c>, StoreError> {
        // Who ever got a mail is not introduced to the fleet once more.
        let known = store.mailboxes(Timestamp::from_millis(0))?.into_iter();
        let mailboxes = known.map(|(who, of)| (who, Mailbox { knows_us: of.knows_us, ..Mailbox::default() })).collect();
        Ok(Rounds {
            around,
            parents: config.parents(),
            mails_per_hour: config.alerter.mails_per_hour,
            ledger: Ledger::default(),
            suspects: BTreeSet::new(),
            mailboxes,
            mailed: BTreeMap::new(),
        })
    }

    /// The rules over the fleet as a whole.
    pub(super) fn fleet_rules(&self) -> Vec<&Rule> {
        self.around.book.fleet.iter().collect()
    }

    pub(super) fn record(&mut self, host: Option<&HostName>, key: &AlertKey, event: &Event, telling: &Telling) {
        self.ledger.record(host, key, event, telling);
    }

    /// Gives what is open the newest values.
    pub(super) fn catch_up<'w>(&mut self, watch_of: impl Fn(Option<&HostName>) -> Option<&'w Watch>) {
        self.ledger.catch_up(|host, key| watch_of(host)?.alerts.get(key));
    }

    /// Takes note whether the host's last visit failed and it is not confirmed to be down.
    pub(super) fn suspect(&mut self, host: &HostName, watch: &Watch) {
        let mut visits = watch.alerts.iter().filter(|(key, _)| key.rule.metric.is_visit());
        if visits.any(|(_, state)| state.is_pending()) {
            self.suspects.insert(host.clone());
        } else {
            self.suspects.remove(host);
        }
    }

    /// The mails that go out now. They arrive at once.
    pub(super) fn round(&mut self, now: Timestamp) -> Vec<Mail> {
        if self.ledger.incidents.is_empty() {
            return Vec::new();
        }
        self.count_the_last_hour(now);
        let incidents = &self.ledger.incidents;
        self.around.outages = Outages::of(incidents, self.suspects.clone(), self.parents.clone());
        let of = |incident: &Incident| rules::notify(incident, &self.around.of_host(incident.host.as_ref()), now);
        let decisions: Vec<_> = incidents.iter().map(of).collect();
        let round = rules::round(incidents, &decisions, &self.mailboxes, self.mails_per_hour);
        let mails: Vec<Mail> = round.posts.iter().map(|post| Mail::of(post, incidents, now)).collect();
        round.posts.iter().for_each(|post| self.deliver(post, now));
        self.settle(&round.settled.into_iter().map(|(position, _)| position).collect());
        mails
    }

    fn deliver(&mut self, post: &Post, now: Timestamp) {
        for (position, kind) in &post.notices {
            if let Some(id) = self.ledger.incidents.get(*position).map(|incident| incident.id) {
                self.ledger.told(id, &post.recipient, *kind, now);
            }
        }
        self.mailed.entry(post.recipient.clone()).or_default().push_back(now);
        self.mailboxes.entry(post.recipient.clone()).or_default().knows_us = true;
    }

    fn count_the_last_hour(&mut self, now: Timestamp) {
        for (recipient, times) in &mut self.mailed {
            while times.front().is_some_and(|at| *at + HOUR <= now) {
                times.pop_front();
            }
            let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
            self.mailboxes.entry(recipient.clone()).or_default().of_the_last_hour = count;
        }
    }

    /// Drops what nothing is owed of.
    fn settle(&mut self, positions: &BTreeSet<usize>) {
        let mut position = 0;
        self.ledger.incidents.retain(|_| {
            position += 1;
            !positions.contains(&(position - 1))
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use rules::{EventKind, Instance, NoticeKind, RuleKey, Selector, Severity, Zone};
    use sample::Metric;

    use super::*;
    use crate::status::tests::NOON;

    fn event(kind: EventKind, at: Timestamp) -> Event {
        let (value, severity, limit) = (Some(97.0), Severity::Warning, 90.0);
        Event { kind, at, value, since: at, worst: 97.0, severity, limit }
    }

    #[test]
    fn what_is_over_and_told_is_forgotten_however_long_history_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.xml");
        fs::write(&path, "<config/>").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let config = config::load(&path).unwrap();
        let store = Store::open(&folder.path().join("fleet.db"), NOON).unwrap();
        let mut rounds = Rounds::new(&config, &store, Around::of(&config, Zone::UTC, &store).unwrap()).unwrap();
        let rule = RuleKey { metric: Metric::Memory, selector: Selector::Every, ordinal: 0 };
        let key = AlertKey { rule, instance: Instance::Host };
        let recipients = vec!["ops@example.org".parse().unwrap()];
        let telling = Telling { recipients, ..Telling::default() };
        let host = "web1".parse().unwrap();
        for hour in 0..50 {
            let at = NOON.plus_millis(hour * 3_600_000);
            rounds.record(Some(&host), &key, &event(EventKind::Fired, at), &telling);
            let told = rounds.round(at);
            assert!(told.len() == 1 && told[0].entries[0].kind == NoticeKind::Problem);
            rounds.record(Some(&host), &key, &event(EventKind::Resolved, at), &telling);
            assert_eq!(rounds.round(at).len() + rounds.round(at).len(), 1, "once");
            assert_eq!(rounds.ledger.incidents.len(), 0);
        }
    }
}
