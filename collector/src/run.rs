//! One run over the fleet: every selected host gets exactly one outcome, whatever the others do.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use sample::{HostName, Outcome, OutcomeKind, Untrusted};
use storage::{HostId, HostRecord, RunEnd, Store, StoreError, WorkDir as StoredWorkDir};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ssh::dial;
use crate::unseal::{Unsealed, unseal};
use crate::visit::{Brought, Fleet, Visitee, visit};
use crate::work_dir::WorkDir;
use crate::{Failure, clock, recorder};

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
    /// Whether it was interrupted.
    pub cancelled: bool,
}

/// The run could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread of the database is gone.
    #[error("the thread that writes the database panicked; please report this")]
    Recorder,
}

/// Sockets that are dialled or wait for their turn. Silent hosts hold one of these until the dial deadline, never a
/// place among the jobs.
const DIALS: usize = 256;

impl Run {
    /// Visits every host and records every outcome. `told` hears of each host once its outcome is committed.
    ///
    /// After `stop` is cancelled, hosts not done yet get the outcome `cancelled` at once.
    ///
    /// # Errors
    /// The database can't be written. Hosts themselves are never an error.
    pub async fn execute(
        self,
        stop: CancellationToken,
        mut told: impl FnMut(HostReport) + Send + 'static,
    ) -> Result<Summary, RunError> {
        let began = Instant::now();
        let mut store = Store::open(&self.database, clock::now())?;
        let run = store.begin_run(clock::now(), &self.config_sha256)?;
        let names: Vec<HostName> = self.hosts.iter().map(|host| host.name.clone()).collect();
        let records = store.host_records(&names, clock::now())?;
        let hosts = names.len();
        let counter = Arc::new(AtomicUsize::new(0));
        let ok = counter.clone();
        let (inbox, thread) = recorder::start(store, run, move |committed| {
            if committed.outcome.kind == OutcomeKind::Ok {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            let host = names[committed.ticket].clone();
            told(HostReport { host, outcome: committed.outcome, samples: committed.new_samples });
        });
        visit_all(self, records, inbox, &stop).await;
        let store = tokio::task::spawn_blocking(move || thread.join()).await;
        let mut store = store.ok().and_then(Result::ok).ok_or(RunError::Recorder)??;
        let cancelled = stop.is_cancelled();
        store.finish_run(run, clock::now(), if cancelled { RunEnd::Cancelled } else { RunEnd::Done })?;
        Ok(Summary { hosts, ok: ok.load(Ordering::Relaxed), wall: began.elapsed(), cancelled })
    }
}

/// Returns when every host's outcome is on its way to the database, or the database has failed.
async fn visit_all(run: Run, records: Vec<HostRecord>, inbox: recorder::Inbox, stop: &CancellationToken) {
    // Ends the visits when the run is interrupted, and also when the database fails.
    let ending = stop.child_token();
    let turns = Arc::new(Turns::new(run.jobs, run.sockets));
    let mut tasks = JoinSet::new();
    for (ticket, (mut host, record)) in run.hosts.into_iter().zip(records).enumerate() {
        host.acknowledgements = record.acknowledgements;
        host.architecture = record.architecture;
        host.remembered_dir = record.work_dir.as_deref().and_then(|dir| dir.parse().ok());
        let (fleet, turns, ending, inbox) = (run.fleet.clone(), turns.clone(), ending.clone(), inbox.clone());
        tasks.spawn(async move {
            let recorded = isolated(fleet, host, record.id, turns, ending).await;
            // The recorder is gone only after a failed commit, which ends the run below.
            inbox.send((ticket, recorded)).await.is_ok()
        });
    }
    drop(inbox);
    while let Some(done) = tasks.join_next().await {
        if !matches!(done, Ok(true)) {
            ending.cancel();
        }
    }
}

/// Who may do what at once.
struct Turns {
    dials: Semaphore,
    jobs: Semaphore,
    cores: Semaphore,
}

impl Turns {
    fn new(jobs: usize, sockets: usize) -> Turns {
        let cores = available_parallelism().map_or(1, usize::from);
        let jobs = jobs.min(sockets.div_ceil(2));
        let dials = DIALS.min(sockets.saturating_sub(jobs).max(1));
        Turns { dials: Semaphore::new(dials), jobs: Semaphore::new(jobs), cores: Semaphore::new(cores) }
    }

    async fn take(semaphore: &Semaphore) -> SemaphorePermit<'_> {
        semaphore.acquire().await.expect("these semaphores are never closed")
    }
}

/// One host's turn as a row to record, whatever happens in it: a panic is this host's failure alone.
async fn isolated(
    fleet: Arc<Fleet>,
    host: Visitee,
    id: HostId,
    turns: Arc<Turns>,
    ending: CancellationToken,
) -> storage::Visit {
    let known_dir = host.remembered_dir.clone();
    let began = Arc::new(OnceLock::new());
    let beginning = began.clone();
    let task = tokio::spawn(async move {
        tokio::select! {
            biased;
            () = ending.cancelled() => Err(Failure::Cancelled),
            result = turn(fleet, host, &turns, &beginning) => result,
        }
    });
    let result = match task.await {
        Ok(result) => result,
        Err(error) => Err(Failure::Internal(format!("the visit's task failed: {error}"))),
    };
    let duration = began.get().map_or(Duration::ZERO, Instant::elapsed);
    row(id, known_dir.as_ref(), result, duration)
}

/// The row of a visit that is over.
fn row(
    host: HostId,
    known_dir: Option<&WorkDir>,
    result: Result<(Brought, Unsealed), Failure>,
    duration: Duration,
) -> storage::Visit {
    let (kind, detail) = match &result {
        Ok((brought, unsealed)) => judge(brought, unsealed),
        Err(failure) => (failure.kind(), Some(failure.to_string())),
    };
    let outcome = Outcome { kind, detail, at: clock::now(), duration };
    let (work_dir, facts) = (StoredWorkDir::Unchanged, None);
    let (samples, spools, rejected) = (Vec::new(), Vec::new(), Vec::new());
    let mut row = storage::Visit { host, outcome, work_dir, facts, samples, spools, rejected };
    if let Ok((brought, unsealed)) = result {
        if brought.work_dir.as_ref() != known_dir {
            row.work_dir = brought.work_dir.map_or(StoredWorkDir::Default, |dir| StoredWorkDir::At(dir.to_string()));
        }
        let version = Untrusted(&brought.answer.header.probe).to_string();
        row.facts = unsealed.samples.last().map(|newest| (newest.sample.facts.clone(), version));
        row.samples = unsealed.samples;
        row.spools = unsealed.spools;
        row.rejected = unsealed.rejected.into_iter().collect();
    }
    row
}

/// A connection that waited so long for its turn is opened anew: sshd soon gives up on one that says nothing.
const STALE: Duration = Duration::from_secs(5);

async fn turn(
    fleet: Arc<Fleet>,
    host: Visitee,
    turns: &Turns,
    began: &OnceLock<Instant>,
) -> Result<(Brought, Unsealed), Failure> {
    host.access.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
    let dialling = Turns::take(&turns.dials).await;
    began.get_or_init(Instant::now);
    let mut stream = dial(&host.target, fleet.deadlines.dial).await?;
    let dialled = Instant::now();
    // Held until the envelopes are opened: it bounds how many answers lie in memory.
    let _working = Turns::take(&turns.jobs).await;
    drop(dialling);
    if dialled.elapsed() > STALE {
        stream = dial(&host.target, fleet.deadlines.dial).await?;
    }
    let mut nonce = sample::Nonce([0; 16]);
    getrandom::fill(&mut nonce.0).map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
    let brought = visit(&fleet, &host, stream, nonce).await?;
    // Opening is pure computation: as many at a time as there are cores, away from the threads that serve sockets.
    let _core = Turns::take(&turns.cores).await;
    let opened = tokio::task::spawn_blocking(move || {
        let unsealed = unseal(&fleet.keys.private, &host.name, (brought.nonce, brought.received), &brought.answer);
        (brought, unsealed)
    });
    opened.await.map_err(|error| Failure::Internal(format!("opening the envelopes failed: {error}")))
}

/// `ok` needs a sample that was taken for this visit.
fn judge(brought: &Brought, unsealed: &Unsealed) -> (OutcomeKind, Option<String>) {
    let mut found: Vec<String> = unsealed.rejected.iter().map(|(class, count)| format!("{count} {class}")).collect();
    if !found.is_empty() {
        found = vec![format!("envelopes rejected: {}", found.join(", "))];
    }
    if let Some(reason) = &brought.answer.header.unspooled {
        found.push(format!("the probe cannot keep measurements: {}", Untrusted(reason)));
    }
    if unsealed.fresh {
        return (OutcomeKind::Ok, (!found.is_empty()).then(|| found.join("; ")));
    }
    found.push("no sample of this visit among the envelopes".to_owned());
    (OutcomeKind::EnvelopeRejected, Some(found.join("; ")))
}
