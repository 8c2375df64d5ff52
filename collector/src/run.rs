//! One run over the fleet: every selected host gets exactly one outcome, whatever the others do.

mod begin;
mod crew;
mod due;
mod memory;
mod row;
mod turns;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sample::{HostName, Outcome, OutcomeKind};
use storage::{HostRecord, RenameOutcome, RunEnd, Store, StoreError, StuckMail};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::recorder::{self, Committed};
use crate::visit::{Fleet, Visitee};
use begin::begin;
use crew::{Crew, Waiting};
use due::is_due;
pub use memory::{Memory, Reserved};
use turns::Turns;

/// A run that was prepared: nothing in it can be wrong any more but the hosts and the database.
pub struct Run {
    /// What all visits share.
    pub fleet: Arc<Fleet>,
    /// Whom to visit.
    pub hosts: Vec<Visitee>,
    /// How many hosts are worked on at once.
    pub jobs: usize,
    /// How many sockets may be open at once.
    pub sockets: usize,
    /// The database file.
    pub database: PathBuf,
    /// Says which configuration the run had.
    pub config_sha256: String,
}

/// One host's visit, as it is told to people.
#[derive(Debug, Clone)]
pub struct HostReport {
    /// The host.
    pub host: HostName,
    /// How the visit ended.
    pub outcome: Outcome,
    /// How many new samples it brought.
    pub samples: usize,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Hosts selected.
    pub hosts: usize,
    /// Hosts whose outcome is ok.
    pub ok: usize,
    /// How long it took.
    pub wall: Duration,
    /// Hosts that were not visited, or not to the end: the run was interrupted, or took too long.
    pub cancelled: usize,
    /// Mail that does not leave. Whoever is to be told that it does not can't be told by mail, but by this program.
    pub stuck_mail: Option<StuckMail>,
}

/// Mail that waits longer is stuck: greylisting takes minutes.
const MAIL_PATIENCE: Duration = Duration::from_hours(1);

/// The run could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system starts no thread for the database.
    #[error("can't start the thread that writes the database")]
    NoRecorder(#[source] io::Error),
    /// It was interrupted before anything was written.
    #[error("the run was interrupted before it began")]
    Interrupted,
    /// The thread of the database is gone.
    #[error("the thread that writes the database panicked; please report this")]
    Recorder,
}

/// Who is told how a run goes. Called from several threads.
pub trait Observer: Send + Sync {
    /// So many hosts will be visited.
    fn selected(&self, hosts: usize);
    /// A host is dialled.
    fn started(&self, host: &HostName);
    /// A host's outcome is committed.
    fn finished(&self, report: &HostReport);
}

/// Who wants to hear of the outcomes alone.
impl<F: Fn(&HostReport) + Send + Sync> Observer for F {
    fn selected(&self, _hosts: usize) {}

    fn started(&self, _host: &HostName) {}

    fn finished(&self, report: &HostReport) {
        self(report);
    }
}

impl Run {
    /// Visits every host that is due and records every outcome.
    ///
    /// After `stop` is cancelled, hosts not done yet get the outcome `cancelled` at once.
    ///
    /// # Errors
    /// The database can't be written, or `stop` came before the run began. Hosts themselves are never an error.
    pub async fn execute(self, stop: CancellationToken, observer: Arc<dyn Observer>) -> Result<Summary, RunError> {
        let began = Instant::now();
        let (mut store, run) = begin(self.database, self.config_sha256, &stop).await?;
        let hosts = waiting(&mut store, self.hosts)?;
        let selected = hosts.len();
        observer.selected(selected);
        let names: Arc<[HostName]> = hosts.iter().map(|waiting| waiting.host.name.clone()).collect();
        let tally = Arc::new(Tally::default());
        let (inbox, thread) = recorder::start(store, run, report(names.clone(), tally.clone(), observer.clone()))
            .map_err(RunError::NoRecorder)?;
        let turns = Turns::new(self.jobs, self.sockets);
        let mut started = |host: usize| observer.started(&names[host]);
        Crew::new(self.fleet, turns, inbox, &stop, &mut started).visit_in_time(hosts).await;
        let store = tokio::task::spawn_blocking(move || thread.join()).await;
        let mut store = store.ok().and_then(Result::ok).ok_or(RunError::Recorder)??;
        // A signal that came when all hosts were done has interrupted nothing.
        let [ok, cancelled] = [&tally.ok, &tally.cancelled].map(|count| count.load(Ordering::Relaxed));
        let end = if stop.is_cancelled() && cancelled > 0 { RunEnd::Cancelled } else { RunEnd::Done };
        store.finish_run(run, clock::now(), end)?;
        let stuck_mail = store.stuck_mail(MAIL_PATIENCE, clock::now())?;
        Ok(Summary { hosts: selected, ok, cancelled, wall: began.elapsed(), stuck_mail })
    }
}

/// The hosts that are due, with what is on file about them.
fn waiting(store: &mut Store, hosts: Vec<Visitee>) -> Result<Vec<Waiting>, StoreError> {
    rename(store, &hosts)?;
    let now = clock::now();
    let names: Vec<HostName> = hosts.iter().map(|host| host.name.clone()).collect();
    let records = store.host_records(&names, now)?;
    let due = |(host, record): &(Visitee, HostRecord)| is_due(host.every, record.visited, now);
    let known = |(index, (mut host, record)): (usize, (Visitee, HostRecord))| {
        host.acknowledgements = record.acknowledgements;
        host.known_boot = record.known_boot;
        host.architecture = record.architecture;
        host.remembered_dir = record.work_dir.as_deref().and_then(|dir| dir.parse().ok());
        Waiting { index, id: record.id, host }
    };
    Ok(hosts.into_iter().zip(records).filter(due).enumerate().map(known).collect())
}

/// Lets the history of hosts that have a new name go on under it.
fn rename(store: &mut Store, hosts: &[Visitee]) -> Result<(), StoreError> {
    let pair = |host: &Visitee| Some((host.formerly.clone()?, host.name.clone()));
    let pairs: Vec<(HostName, HostName)> = hosts.iter().filter_map(pair).collect();
    if pairs.is_empty() {
        return Ok(());
    }
    for ((former, new), outcome) in pairs.iter().zip(store.rename_hosts(&pairs)?) {
        match outcome {
            RenameOutcome::Renamed => tracing::info!(%former, %new, "history goes on under the new name"),
            RenameOutcome::BothOnFile => {
                tracing::warn!(%former, %new, "both names have a history, which stay apart; formerly has no effect");
            }
            RenameOutcome::NotOnFile => {}
        }
    }
    Ok(())
}

/// How many hosts ended how, of those the run itself asks for.
#[derive(Default)]
struct Tally {
    ok: AtomicUsize,
    cancelled: AtomicUsize,
}

impl Tally {
    fn count(&self, kind: OutcomeKind) {
        for (counted, counter) in [(OutcomeKind::Ok, &self.ok), (OutcomeKind::Cancelled, &self.cancelled)] {
            if kind == counted {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// What is done with each commit.
fn report(names: Arc<[HostName]>, tally: Arc<Tally>, observer: Arc<dyn Observer>) -> impl FnMut(Committed) + Send {
    move |committed| {
        tally.count(committed.outcome.kind);
        let (host, samples) = (names[committed.host].clone(), committed.new_samples);
        observer.finished(&HostReport { host, outcome: committed.outcome, samples });
    }
}
