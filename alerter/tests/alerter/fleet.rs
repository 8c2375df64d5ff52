//! A fleet on file: a configuration, a database, and measurements as a collector would have stored them.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use alerter::deliver::Timeouts;
use alerter::{Report, RunError, Setting, Surroundings};
use sample::{Facts, Filesystem, Memory, Outcome, OutcomeKind, Readings, Sample, SampleId, Timestamp};
use storage::{DueDelivery, ReceivedSample, RunEnd, Settled, Store, Visit, Way, WorkDir};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) struct Fleet {
    dir: TempDir,
    samples: Cell<u8>,
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
        let mut store = self.store();
        let run = store.begin_run(at(minute), "config").unwrap();
        let names: Vec<_> = hosts.iter().map(|(name, _)| name.parse().unwrap()).collect();
        let records = store.host_records(&names, at(minute)).unwrap();
        let visits: Vec<Visit> = records
            .into_iter()
            .zip(hosts)
            .map(|(record, (_, readings))| {
                let sample = self.sample(record.name, minute, readings.clone());
                let outcome =
                    Outcome { kind: OutcomeKind::Ok, detail: None, at: at(minute), duration: Duration::from_secs(1) };
                Visit {
                    host: record.id,
                    outcome,
                    work_dir: WorkDir::Unchanged,
                    settled: Settled::Unchanged,
                    facts: None,
                    samples: vec![ReceivedSample {
                        taken: at(minute),
                        received: at(minute),
                        clock_skew_ms: None,
                        sample,
                    }],
                    spools: vec![],
                    rejected: vec![],
                }
            })
            .collect();
        store.record_visits(run, &visits).unwrap();
        store.finish_run(run, at(minute), RunEnd::Done).unwrap();
    }

    fn sample(&self, host: sample::HostName, minute: i64, readings: Readings) -> Sample {
        self.samples.set(self.samples.get() + 1);
        let (id, facts) = (SampleId([self.samples.get(); 16]), Facts::default());
        Sample {
            id,
            host,
            nonce: None,
            host_time_ms: at(minute),
            boot: None,
            facts,
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
