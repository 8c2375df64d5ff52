//! A config.xml, and a database as collector and alerter would have written it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use config::Environment;
use fleet::{Args, Surroundings, execute};
use rules::{Incident, NoticeKind, judge};
use sample::{Facts, Filesystem, Memory, Outcome, OutcomeKind, Readings, Sample, SampleId, Timestamp};
use storage::{
    AttemptEnd, DeliveryFilter, HostChanges, HostId, IncidentFilter, MailKind, NewEvent, NewMail, ReceivedSample,
    RunEnd, Settled, Slice, Store, Untreated, Visit, WorkDir,
};
use tempfile::TempDir;

pub(crate) struct Place {
    folder: TempDir,
    samples: Cell<u16>,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u8,
    pub(crate) shown: String,
    /// Warnings, and why there is no answer.
    pub(crate) told: String,
}

/// 2026-11-21 06:17:00 UTC, and so many minutes.
pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_241_820_000 + minute * 60_000)
}

/// A client with these elements in it.
pub(crate) fn client(name: &str, elements: &str) -> String {
    format!(
        r#"<client name="{name}" ip="192.0.2.1" port="22" username="m" identity-file="id" mail="ops@example.org">
             {elements}</client>"#
    )
}

pub(crate) fn memory(percent: u64) -> Readings {
    let memory = Memory { total_bytes: 100, available_bytes: 100 - percent, ..Memory::default() };
    Readings { memory: Some(memory), ..Readings::default() }
}

pub(crate) fn disks(used: &[(&str, u64)]) -> Readings {
    let filesystem = |(mount, used): &(&str, u64)| Filesystem {
        mount: (*mount).to_owned(),
        fs_type: "ext4".to_owned(),
        size_bytes: 100,
        used_bytes: *used,
        avail_bytes: 100 - used,
        ..Filesystem::default()
    };
    Readings { filesystems: Some(used.iter().map(filesystem).collect()), ..Readings::default() }
}

impl Place {
    /// `rest` stands in `<config>`.
    pub(crate) fn new(rest: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap(), samples: Cell::new(0) };
        place.configure("config.xml", rest);
        Store::open(&place.path("fleet.db"), at(0)).unwrap();
        place
    }

    pub(crate) fn configure(&self, file: &str, rest: &str) {
        let usual = r#"<collector interval="5m"/><alerter timezone="Europe/Berlin"/>"#;
        fs::write(self.path(file), format!("<config>{usual}{rest}</config>")).unwrap();
        fs::set_permissions(self.path(file), Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn store(&self) -> Store {
        Store::open_existing(&self.path("fleet.db"), at(0)).unwrap()
    }

    /// A run in which these hosts had such readings.
    pub(crate) fn measure(&self, minute: i64, hosts: &[(&str, Readings)]) {
        let visits: Vec<_> = hosts.iter().map(|(name, readings)| (*name, vec![(minute, readings.clone())])).collect();
        self.bring_home(minute, &visits);
    }

    /// A run in which these hosts brought readings home that were taken at those minutes.
    pub(crate) fn bring_home(&self, minute: i64, hosts: &[(&str, Vec<(i64, Readings)>)]) {
        let visits = hosts.iter().map(|(name, taken)| {
            let sample = |(minute, readings): &(i64, Readings)| self.sample(name, *minute, readings.clone());
            (*name, OutcomeKind::Ok, taken.iter().map(sample).collect())
        });
        self.run(minute, visits.collect());
    }

    /// A run in which the visit of this host ended so.
    pub(crate) fn fail(&self, minute: i64, host: &str, kind: OutcomeKind) {
        self.fail_all(minute, &[host], kind);
    }

    /// A run in which the visits of these hosts ended so.
    pub(crate) fn fail_all(&self, minute: i64, hosts: &[&str], kind: OutcomeKind) {
        self.run(minute, hosts.iter().map(|host| (*host, kind, Vec::new())).collect());
    }

    fn run(&self, minute: i64, visits: Vec<(&str, OutcomeKind, Vec<ReceivedSample>)>) {
        let mut store = self.store();
        let run = store.begin_run(at(minute), "config").unwrap();
        let names: Vec<_> = visits.iter().map(|(name, ..)| name.parse().unwrap()).collect();
        let records = store.host_records(&names, at(minute)).unwrap();
        let visit = |(host, (_, kind, samples)): (HostId, (&str, OutcomeKind, Vec<ReceivedSample>))| {
            let outcome = Outcome { kind, detail: None, at: at(minute), duration: Duration::from_secs(1) };
            let (spools, rejected, facts) = (vec![], vec![], None);
            let (work_dir, settled) = (WorkDir::Unchanged, Settled::Unchanged);
            Visit { host, outcome, work_dir, settled, facts, samples, spools, rejected }
        };
        let visits: Vec<Visit> = records.iter().map(|record| record.id).zip(visits).map(visit).collect();
        store.record_visits(run, &visits).unwrap();
        store.finish_run(run, at(minute), RunEnd::Done).unwrap();
    }

    fn sample(&self, host: &str, minute: i64, readings: Readings) -> ReceivedSample {
        self.samples.set(self.samples.get() + 1);
        let [high, low] = self.samples.get().to_be_bytes();
        let mut id = [high; 16];
        id[0] = low;
        let (host, facts, counters) = (host.parse().unwrap(), Facts::default(), sample::Counters::default());
        let taken = at(minute);
        let (nonce, boot, id) = (None, None, SampleId(id));
        let sample = Sample { id, host, nonce, host_time_ms: taken, boot, facts, readings, counters };
        ReceivedSample { taken, received: taken, clock_skew_ms: None, sample }
    }

    /// Judges what nobody judged yet, as the alerter does.
    pub(crate) fn judge(&self, minute: i64) {
        let config = config::load(&self.path("config.xml")).unwrap();
        let (hosts, mut store) = (config.by_name(), self.store());
        let rows = store.untreated(None, 10_000).unwrap().rows;
        let ids: BTreeSet<HostId> = rows.iter().map(|row| row.host().0).collect();
        let mut watches = store.watches(&ids.into_iter().collect::<Vec<_>>()).unwrap();
        let mut slice = Slice::default();
        for row in &rows {
            let (host, name) = row.host();
            match row {
                Untreated::Sample { row, .. } => slice.treated_samples.push(*row),
                Untreated::Outcome { run, host, .. } => slice.treated_outcomes.push((*run, *host)),
            }
            let (rules, watch) = (hosts[name].rules(), watches.get_mut(&host).unwrap());
            let changes = judge(&rules, watch, &row.seen(), Duration::from_mins(5), &mut |_, _| vec![]);
            let event = |change: &rules::Change| {
                let telling = rules.iter().find(|rule| rule.key == change.key.rule)?.telling.clone();
                Some(NewEvent { key: change.key.clone(), event: change.event?, sample: None, telling: Some(telling) })
            };
            let events = changes.iter().filter_map(event).collect();
            let state = |key: &rules::AlertKey| watch.alerts.get(key).cloned().unwrap_or_default();
            let alerts = changes.iter().map(|change| (change.key.clone(), state(&change.key))).collect();
            slice.hosts.push(HostChanges { host: Some(host), familiar: Some(watch.familiar.clone()), alerts, events });
        }
        store.commit_slice(&slice, at(minute)).unwrap();
    }

    pub(crate) fn incidents(&self) -> Vec<Incident> {
        self.store().incidents(&IncidentFilter::default()).unwrap()
    }

    /// A mail about these incidents that nobody took yet.
    pub(crate) fn mail(&self, minute: i64, recipient: &str, incidents: &[i64]) {
        self.mail_of(MailKind::Alerts, minute, recipient, incidents);
    }

    pub(crate) fn mail_of(&self, kind: MailKind, minute: i64, recipient: &str, incidents: &[i64]) {
        let mut store = self.store();
        let severity = |id: &i64| self.incidents().iter().find(|incident| incident.id == *id).unwrap().severity;
        let mail = NewMail {
            kind,
            message_id: format!("<{}.{minute}.{recipient}>", kind.name()),
            subject: "[CRIT] web1".to_owned(),
            content: b"Subject: x\r\n\r\n".to_vec(),
            notices: incidents.iter().map(|id| (*id, NoticeKind::Problem, severity(id))).collect(),
            recipients: vec![(recipient.parse().unwrap(), false)],
        };
        store.create_mails(&[mail], &[], at(minute)).unwrap();
    }

    /// Ends the attempts at whatever waits.
    pub(crate) fn deliver(&self, minute: i64, end: &AttemptEnd) {
        let mut store = self.store();
        for delivery in store.deliveries(DeliveryFilter::Waiting, 100).unwrap() {
            assert!(store.begin_attempt(delivery.id, at(minute)).unwrap());
            store.end_attempt(delivery.id, end).unwrap();
        }
    }

    pub(crate) fn sent(&self, minute: i64) {
        self.deliver(minute, &AttemptEnd::Sent { at: at(minute), reply: "250 ok".to_owned() });
    }

    /// Asks at that minute, as ada.
    pub(crate) fn ask(&self, minute: i64, arguments: &[&str]) -> Answer {
        self.ask_as(Some("ada"), minute, arguments)
    }

    pub(crate) fn ask_as(&self, user: Option<&str>, minute: i64, arguments: &[&str]) -> Answer {
        let environment = Environment {
            fleet_config: Some(self.path("config.xml").into()),
            fleet_state_dir: Some(self.folder.path().into()),
            ..Environment::default()
        };
        let user = user.map(str::to_owned);
        let surroundings = Surroundings { environment, now: at(minute), colour: false, user };
        let args = match Args::try_parse_from(["fleet"].iter().chain(arguments)) {
            Ok(args) => args,
            Err(error) => return Answer { status: 2, shown: String::new(), told: error.to_string() },
        };
        let (mut shown, mut told) = (Vec::new(), Vec::new());
        let done = execute(args, &surroundings, &mut shown, &mut told);
        let [shown, mut told] = [shown, told].map(|bytes| String::from_utf8(bytes).unwrap());
        let status = done.map_or_else(
            |error| {
                told += &format!("error: {error}");
                error.status()
            },
            |()| 0,
        );
        Answer { status, shown, told }
    }
}

impl Answer {
    /// The answer, of a question that has one and nothing else to say.
    pub(crate) fn text(self) -> String {
        assert!(self.status == 0 && self.told.is_empty(), "{self:?}");
        self.shown
    }

    /// The objects of an answer in JSON.
    pub(crate) fn json(self) -> Vec<serde_json::Value> {
        let text = self.text();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
