//! A fleet on file: a configuration, a database, and measurements as a collector would have stored them.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use alerter::deliver::Timeouts;
use alerter::{Report, RunError, Setting, Surroundings};
use sample::{Boot, Facts, Filesystem, HostName, Memory, Outcome, OutcomeKind, Readings, Sample, SampleId, Timestamp};
use storage::{DueDelivery, ReceivedSample, RunEnd, Settled, Store, Visit, Way, WorkDir};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) struct Fleet {
    dir: TempDir,
    samples: Cell<u64>,
}

/// What a visit came to.
#[derive(Clone)]
pub(crate) enum Seen {
    /// These readings.
    Well(Readings),
    /// These readings, in the boot with that id.
    Booted(&'static str, Readings),
    /// These readings, which the host itself took at these minutes, since nobody came.
    Kept(Vec<(i64, Readings)>),
    /// Nothing.
    Failed(OutcomeKind),
}

impl Fleet {
    /// A fleet whose mail goes to this port; `rest` stands in `<config>` beside `<smtp>`.
    pub(crate) fn new(port: u16, rest: &str) -> Fleet {
        Fleet::with_smtp(&format!(r#"host="127.0.0.1" port="{port}""#), rest)
    }

    pub(crate) fn with_smtp(attributes: &str, rest: &str) -> Fleet {
        let fleet = Fleet { dir: tempfile::tempdir().unwrap(), samples: Cell::new(0) };
        Store::open(&fleet.database(), at(0)).unwrap();
        fleet.configure(attributes, rest);
        fleet
    }

    pub(crate) fn configure(&self, smtp: &str, rest: &str) {
        // These measurements are old, and nobody visits anybody: that the collector is silent is told elsewhere.
        let watched =
            if rest.contains("<alerter") { "" } else { r#"<alerter><alert type="collector" off="yes"/></alerter>"# };
        let xml = format!(r#"<config><smtp from="fleet@example.org" {smtp}/>{watched}{rest}</config>"#);
        fs::write(self.config(), xml).unwrap();
        fs::set_permissions(self.config(), Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("config.xml")
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("fleet.db")
    }

    pub(crate) fn setting(&self) -> Setting {
        Setting::load(&self.config(), self.dir.path()).unwrap()
    }

    pub(crate) fn store(&self) -> Store {
        Store::open_existing(&self.database(), at(0)).unwrap()
    }

    /// One run of the collector that brought these readings home, all taken at that minute.
    pub(crate) fn measure(&self, minute: i64, hosts: &[(&str, Readings)]) {
        let seen: Vec<_> = hosts.iter().map(|(name, readings)| (*name, Seen::Well(readings.clone()))).collect();
        self.visit(minute, &seen);
    }

    /// One run of the collector at that minute, in which each visit came to that.
    pub(crate) fn visit(&self, minute: i64, hosts: &[(&str, Seen)]) {
        let mut store = self.store();
        let run = store.begin_run(at(minute), "config").unwrap();
        let names: Vec<_> = hosts.iter().map(|(name, _)| name.parse().unwrap()).collect();
        let records = store.host_records(&names, at(minute)).unwrap();
        let visits: Vec<Visit> = records
            .into_iter()
            .zip(hosts)
            .map(|(record, (_, seen))| Visit {
                host: record.id,
                outcome: outcome(seen, minute),
                work_dir: WorkDir::Unchanged,
                settled: Settled::Unchanged,
                facts: None,
                samples: self.samples(&record.name, minute, seen),
                spools: vec![],
                rejected: vec![],
            })
            .collect();
        store.record_visits(run, &visits).unwrap();
        store.finish_run(run, at(minute), RunEnd::Done).unwrap();
    }

    fn samples(&self, host: &HostName, minute: i64, seen: &Seen) -> Vec<ReceivedSample> {
        let (boot, readings) = match seen {
            Seen::Well(readings) => (None, vec![(minute, readings.clone())]),
            Seen::Booted(id, readings) => (Some((*id).to_owned()), vec![(minute, readings.clone())]),
            Seen::Kept(readings) => (None, readings.clone()),
            Seen::Failed(_) => (None, vec![]),
        };
        let boot = boot.map(|id| Boot { id, elapsed_ms: 60_000 });
        let received = |(taken, readings): (i64, Readings)| ReceivedSample {
            taken: at(taken),
            received: at(minute),
            clock_skew_ms: None,
            sample: self.sample(host.clone(), taken, readings, boot.clone()),
        };
        readings.into_iter().map(received).collect()
    }

    fn sample(&self, host: HostName, minute: i64, readings: Readings, boot: Option<Boot>) -> Sample {
        self.samples.set(self.samples.get() + 1);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.samples.get().to_be_bytes());
        Sample {
            id: SampleId(id),
            host,
            nonce: None,
            host_time_ms: at(minute),
            boot,
            facts: Facts::default(),
            readings,
            counters: sample::Counters::default(),
        }
    }

    /// One run of the alerter at that minute.
    pub(crate) fn alert(&self, minute: i64) -> Report {
        self.try_alert(minute, quick()).unwrap()
    }

    pub(crate) fn try_alert(&self, minute: i64, timeouts: Timeouts) -> Result<Report, RunError> {
        let (now, stop) = (|| at(minute), CancellationToken::new());
        self.run(&Surroundings { timeouts, ..Surroundings::new(&now, &stop) })
    }

    pub(crate) fn run(&self, around: &Surroundings<'_>) -> Result<Report, RunError> {
        alerter::run(&self.setting(), around)
    }

    /// Puts other bytes of the same number where these stand in the database, as a failing disk would.
    pub(crate) fn damage(&self, found: &str, put: &str) {
        let mut bytes = fs::read(self.database()).unwrap();
        let places: Vec<usize> = bytes
            .windows(found.len())
            .enumerate()
            .filter(|(_, at)| *at == found.as_bytes())
            .map(|(place, _)| place)
            .collect();
        assert!(!places.is_empty(), "{found} is not in the database");
        for place in places {
            bytes[place..place + put.len()].copy_from_slice(put.as_bytes());
        }
        fs::write(self.database(), bytes).unwrap();
    }

    /// What waits to be sent, whenever.
    pub(crate) fn waiting(&self) -> Vec<DueDelivery> {
        self.store().due_deliveries(Way::Mail, at(1_000_000), 1000).unwrap()
    }

    /// Whom the deliveries that may be tried at that minute go to.
    pub(crate) fn due(&self, minute: i64) -> Vec<String> {
        let due = self.store().due_deliveries(Way::Mail, at(minute), 1000).unwrap();
        due.into_iter().map(|delivery| delivery.recipient.to_string()).collect()
    }
}

fn outcome(seen: &Seen, minute: i64) -> Outcome {
    let kind = match seen {
        Seen::Failed(kind) => *kind,
        Seen::Well(_) | Seen::Booted(..) | Seen::Kept(_) => OutcomeKind::Ok,
    };
    Outcome { kind, detail: None, at: at(minute), duration: Duration::from_secs(1) }
}

pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_241_820_000 + minute * 60_000)
}

/// Long enough for a loaded machine, for servers that answer.
pub(crate) fn quick() -> Timeouts {
    let long = Duration::from_secs(20);
    Timeouts {
        connect: long,
        command: long,
        final_answer: long,
        goodbye: long,
        attempt: Duration::from_secs(40),
        ..Timeouts::default()
    }
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

/// A `<client>` with these alerts.
pub(crate) fn client(name: &str, mail: &str, alerts: &str) -> String {
    format!(
        r#"<client name="{name}" ip="192.0.2.1" port="22" username="m" password="p" mail="{mail}">{alerts}</client>"#
    )
}
