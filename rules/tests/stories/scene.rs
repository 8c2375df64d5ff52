//! A stage for stories. Each row is a time, what happens, and which mails arrive:
//!
//! ```text
//! 08:00  web1 disk fires warning       | ops: problem web1 disk warning
//! 08:05  mail down; web1 disk over     |
//! 08:10  mail up                       | ops: over web1 disk
//! ```
//!
//! After each row the alerter runs. Hours go on beyond 24. Of a mail, what it tells follows in its order, with the reason
//! for telling it just now in brackets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use rules::{
    Ack, AlertKey, Circumstances, Decision, Escalation, Event, EventKind, Held, Incident, Instance, Ledger, Outages,
    Repeats, RuleKey, Selector, Severity, Silence, Telling, Why, Zone, notify, round,
};
use sample::{HostName, Metric, Timestamp};

use crate::post_office::{Mail, PostOffice, State};

pub(crate) struct Scene {
    pub(crate) ledger: Ledger,
    pub(crate) office: PostOffice,
    pub(crate) settled: BTreeMap<i64, Option<Held>>,
    mail: State,
    pub(crate) silences: Vec<Silence>,
    parents: HashMap<HostName, HostName>,
    suspects: BTreeSet<HostName>,
    pub(crate) telling: Telling,
    pub(crate) mails_per_hour: u32,
}

/// Plays the rows, and fails at the first one after which other mails arrive than it says.
pub(crate) fn story(rows: &str) {
    Scene::new().play(rows);
}

impl Scene {
    /// Nothing happened yet; ops is told of everything.
    pub(crate) fn new() -> Scene {
        Scene {
            ledger: Ledger::new(Vec::new()),
            office: PostOffice::default(),
            settled: BTreeMap::new(),
            mail: State::Sent,
            silences: Vec::new(),
            parents: HashMap::new(),
            suspects: BTreeSet::new(),
            telling: Telling { recipients: vec![recipient("ops")], ..Telling::default() },
            mails_per_hour: 20,
        }
    }

    pub(crate) fn play(&mut self, rows: &str) {
        for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let (happens, expected) = row.split_once('|').unwrap_or((row, ""));
            let (at, happens) = happens.trim().split_once(' ').unwrap_or((happens.trim(), ""));
            let at = time(at);
            happens.split(';').map(str::trim).filter(|part| !part.is_empty()).for_each(|part| self.happen(part, at));
            self.tell(at);
            let outcome = self.mail;
            let arrived = self.office.deliver(|_| outcome, at);
            let arrived: Vec<String> = arrived.iter().map(|mail| self.words(mail)).collect();
            assert_eq!(arrived.join(" + "), expected.trim(), "after {row:?}");
        }
    }

    /// Whether every incident is settled.
    pub(crate) fn is_done(&self) -> bool {
        self.ledger.incidents.iter().all(|incident| self.settled.contains_key(&incident.id))
    }

    /// The open incident of this alert.
    pub(crate) fn open(&self, host: &str, metric: &str) -> Option<&Incident> {
        let (host, key) = (host_of(host), key(metric));
        let mut open = self.ledger.incidents.iter().filter(|incident| incident.is_open());
        open.find(|incident| incident.key == key && incident.host == host)
    }

    /// Makes the mails that are owed, and returns what was decided.
    pub(crate) fn tell(&mut self, now: Timestamp) -> Vec<(Incident, Decision)> {
        let incidents = self.unsettled();
        let decisions = self.decide(&incidents, now);
        let round = round(&incidents, &decisions, &self.office.mailboxes(now), self.mails_per_hour);
        for (at, held) in &round.settled {
            self.settled.insert(incidents[*at].id, held.clone());
        }
        self.office.take(&round.posts, &incidents, now);
        incidents.into_iter().zip(decisions).collect()
    }

    /// What would be decided then, if nothing happened.
    pub(crate) fn decide(&self, incidents: &[Incident], now: Timestamp) -> Vec<Decision> {
        let outages = Outages::of(&self.ledger.incidents, self.suspects.clone(), self.parents.clone());
        let around = Circumstances {
            zone: Zone::UTC,
            repeats: Repeats::default(),
            silences: &self.silences,
            maintenance: &[],
            outages: &outages,
        };
        incidents.iter().map(|incident| notify(incident, &around, now)).collect()
    }

    /// As the database has them: with what people were told, and what the rules say now.
    pub(crate) fn unsettled(&self) -> Vec<Incident> {
        let unsettled = self.ledger.incidents.iter().filter(|incident| !self.settled.contains_key(&incident.id));
        let loaded = |incident: &Incident| Incident {
            told: self.office.told(incident.id),
            telling: self.telling.clone(),
            ..incident.clone()
        };
        unsettled.map(loaded).collect()
    }

    pub(crate) fn happen(&mut self, what: &str, now: Timestamp) {
        let words: Vec<&str> = what.split_whitespace().collect();
        match words.as_slice() {
            ["look"] => {}
            ["mail", "up"] => self.mail = State::Sent,
            ["mail", "down"] => self.mail = State::Waiting,
            ["mail", "refuses"] => self.mail = State::Failed,
            ["mail", "unclear"] => self.mail = State::Unknown,
            ["mail", "given", "up"] => self.mail = State::Expired,
            ["rule", "tells", names @ ..] => {
                self.telling.recipients = names.iter().map(|name| recipient(name)).collect()
            }
            ["escalates", "after", after, "to", name] => {
                let after = Duration::from_millis(time(after).as_millis().unsigned_abs());
                self.telling.escalation = Some(Escalation { after, to: vec![recipient(name)] });
            }
            ["at", "most", mails, "an", "hour"] => self.mails_per_hour = mails.parse().unwrap(),
            ["silence", id, host, metric, from, to] => self.silences.push(silence(id, host, metric, from, to)),
            ["silence", id, "ends"] => {
                let id: i64 = id.parse().unwrap();
                self.silences.iter_mut().filter(|silence| silence.id == id).for_each(|silence| silence.ends = now);
            }
            [host, "is", "behind", parent] => drop(self.parents.insert(name(host), name(parent))),
            [host, "is", "suspect"] => drop(self.suspects.insert(name(host))),
            [host, "is", "confirmed"] => drop(self.suspects.remove(&name(host))),
            ["ack", host, metric, "until", until] => self.ack(host, metric, Some(time(until)), now),
            ["ack", host, metric] => self.ack(host, metric, None, now),
            [host, metric, kind, severity @ ..] => self.event(host, metric, kind, severity.first().copied(), now),
            _ => panic!("nobody knows how to play {what:?}"),
        }
    }

    fn event(&mut self, host: &str, metric: &str, kind: &str, severity: Option<&str>, at: Timestamp) {
        let kind = match kind {
            "fires" => EventKind::Fired,
            "over" => EventKind::Resolved,
            "flaps" => EventKind::Flapping,
            name => *EventKind::ALL.iter().find(|kind| kind.name() == name).unwrap(),
        };
        let open = self.open(host, metric);
        let known = open.map_or(Severity::Warning, |incident| incident.severity);
        let severity = severity.map_or(known, |name| name.parse().unwrap());
        let since = open.map_or(at, |incident| incident.opened);
        let (host, key) = (host_of(host), key(metric));
        let event = Event { kind, at, value: Some(1.0), since, worst: 1.0, severity, limit: 1.0 };
        self.ledger.record(host.as_ref(), &key, &event, &self.telling);
    }

    fn ack(&mut self, host: &str, metric: &str, until: Option<Timestamp>, at: Timestamp) {
        let (host, key) = (name(host), key(metric));
        let open = self.ledger.incidents.iter_mut().filter(|incident| incident.is_open());
        let its = open.filter(|incident| incident.host.as_ref() == Some(&host) && incident.key == key);
        its.for_each(|incident| {
            incident.ack = Some(Ack { at, until, by: "ann".to_owned(), comment: String::new() });
        });
    }

    fn words(&self, mail: &Mail) -> String {
        let notice = |(id, kind, severity, why): &(i64, rules::NoticeKind, Severity, Option<Why>)| {
            let incident = self.ledger.incidents.iter().find(|incident| incident.id == *id).unwrap();
            let host = incident.host.as_ref().map_or("fleet", HostName::as_str);
            let severity = if kind.is_last() { String::new() } else { format!(" {severity}") };
            let why = match why {
                None | Some(Why::Repeat) => String::new(),
                Some(Why::SilenceEnded(id)) => format!(" [silence {id} ended]"),
                Some(Why::MaintenanceEnded) => " [maintenance ended]".to_owned(),
                Some(Why::AckEnded) => " [ack ended]".to_owned(),
                Some(Why::HoursBegan) => " [hours began]".to_owned(),
                Some(Why::Escalated) => " [escalated]".to_owned(),
                Some(Why::Steadied) => " [stays now]".to_owned(),
            };
            let thing = match incident.key.instance.as_str() {
                "" => String::new(),
                thing => format!(":{thing}"),
            };
            format!("{} {host} {}{thing}{severity}{why}", kind.name(), incident.key.rule.metric)
        };
        let to = mail.to.as_str().trim_end_matches("@x");
        let initial = if mail.is_initial { " initial state," } else { "" };
        format!("{to}:{initial} {}", mail.notices.iter().map(notice).collect::<Vec<_>>().join(", "))
    }
}

/// `08:05`, `26:00`.
fn time(text: &str) -> Timestamp {
    let (hours, minutes) = text.split_once(':').unwrap();
    Timestamp::from_millis((hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()) * 60_000)
}

fn recipient(name: &str) -> rules::Recipient {
    format!("{name}@x").parse().unwrap()
}

fn name(host: &str) -> HostName {
    host.parse().unwrap()
}

/// `fleet` is what concerns no host.
fn host_of(host: &str) -> Option<HostName> {
    (host != "fleet").then(|| name(host))
}

/// `disk`, `disk:/var`.
fn key(metric: &str) -> AlertKey {
    let (metric, thing) = metric.split_once(':').unwrap_or((metric, ""));
    let metric: Metric = metric.parse().unwrap();
    let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    AlertKey { rule, instance: Instance::from_stored(thing) }
}

fn silence(id: &str, host: &str, metric: &str, from: &str, to: &str) -> Silence {
    let (metric, instance) = metric.split_once(':').unwrap_or((metric, "*"));
    Silence {
        id: id.parse().unwrap(),
        host: host.to_owned(),
        metric: metric.to_owned(),
        instance: instance.to_owned(),
        starts: time(from),
        ends: time(to),
        author: "ann".to_owned(),
        comment: String::new(),
    }
}
