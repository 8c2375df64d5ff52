//! One run: evaluate, compose, deliver.

use std::collections::BTreeSet;
use std::error::Error;

use config::{Config, Rulebook};
use storage::{HostId, LockError, RunLock, Slice, Store, StoreError, Untreated};

use crate::beside::free_space;
use crate::collector_watch::watch_collector;
use crate::compose::{ComposeError, Stationery};
use crate::deliver::{self, DeliverError, Deliveries};
use crate::digest::heartbeat;
use crate::evaluate::{History, Judges};
use crate::setting::Setting;
use crate::surroundings::Surroundings;
use crate::tell::{TellError, make_mails};

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// There is a database. Without one there is nothing to do yet.
    pub has_database: bool,
    /// Rows that were treated.
    pub rows: usize,
    /// Changes of alerts among them.
    pub events: usize,
    /// Mails that were made.
    pub mails: usize,
    /// Deliveries that were tried.
    pub deliveries: Deliveries,
    /// Deliveries that have not ended, also those of earlier runs.
    pub undelivered: usize,
    /// It was told to stop, and left rows untreated or deliveries untried.
    pub cut_short: bool,
}

/// A run could not do its work. What it had committed stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Another instance is running, or nobody can say.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mail can't be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The outbox.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// Rows were committed as treated, and are not.
    #[error("rows that were committed as treated are untreated again")]
    NoProgress,
}

/// Treats every row, makes the mails that are owed, and tries the deliveries that are due. Ends early, between two
/// pieces of work, when it is told to stop.
///
/// Where one of the three can't be done, the others are: a row that can't be read keeps no mail from being sent.
///
/// # Errors
/// The lock, the database, a template, or a password or certificate of the SMTP settings. Of several, the first; the
/// others are logged.
pub fn run(setting: &Setting, around: &Surroundings<'_>) -> Result<Report, RunError> {
    let mut store = match Store::open_existing(&setting.database, (around.now)()) {
        Err(StoreError::NoDatabase { .. } | StoreError::NoFolder { .. }) => return Ok(Report::default()),
        opened => opened?,
    };
    let _lock = RunLock::take(&setting.database, "alerter")?;
    let mut report = Report { has_database: true, ..Report::default() };
    let mut first = None;
    let desk = Desk::new(&store, setting)?;
    or_later(treat(&mut store, &desk, around, &mut report), &mut first);
    let mails = make_mails(&mut store, &desk, (around.now)());
    report.mails = or_later(mails, &mut first);
    report.mails += or_later(heartbeat(&mut store, &desk, (around.now)()), &mut first);
    let deliveries = deliver::deliver(&mut store, &setting.config, around);
    report.deliveries = or_later(deliveries, &mut first);
    if let Some(error) = first {
        return Err(error);
    }
    report.undelivered = store.undelivered()?;
    report.cut_short |= around.stop.is_cancelled() && report.undelivered > 0;
    Ok(report)
}

impl From<TellError> for RunError {
    fn from(error: TellError) -> RunError {
        match error {
            TellError::Store(error) => RunError::Store(error),
            TellError::Compose(error) => RunError::Compose(error),
        }
    }
}

/// What was done, or nothing: then the error is kept if it is the first, and otherwise told at once.
fn or_later<T: Default, E: Into<RunError>>(result: Result<T, E>, first: &mut Option<RunError>) -> T {
    result.unwrap_or_else(|error| {
        let error = error.into();
        match first {
            None => *first = Some(error),
            Some(_) => tracing::error!(error = &error as &dyn Error, "this could not be done either"),
        }
        T::default()
    })
}

/// What a run needs beside the database, made once.
pub(crate) struct Desk<'c> {
    pub(crate) config: &'c Config,
    pub(crate) book: Rulebook<'c>,
    pub(crate) judges: Judges<'c>,
    pub(crate) stationery: Stationery,
}

impl<'c> Desk<'c> {
    /// # Errors
    /// The database, or a template.
    pub(crate) fn new(store: &Store, setting: &'c Setting) -> Result<Desk<'c>, RunError> {
        let config = &setting.config;
        let book = Rulebook::new(config, store.usual_interval()?);
        let stationery = setting.stationery(store.installation_id()?, book.cycle);
        let mut judges = Judges::new(config, book.cycle);
        for host in &config.hosts {
            if let Some(former) = &host.formerly
                && store.host_id(&host.name)?.is_none()
            {
                judges.await_rename(former, &host.name);
            }
        }
        Ok(Desk { config, judges, book, stationery })
    }
}

fn treat(store: &mut Store, desk: &Desk<'_>, around: &Surroundings<'_>, report: &mut Report) -> Result<(), RunError> {
    let mut last: Option<Slice> = None;
    loop {
        let backlog = store.untreated(None, around.slice)?;
        if backlog.is_empty() {
            break;
        }
        if around.stop.is_cancelled() {
            report.cut_short = true;
            return Ok(());
        }
        if !backlog.unreadable.is_empty() {
            let rows = backlog.unreadable.len();
            tracing::error!(
                rows,
                "rows that this version can't read are passed over: were they written by a newer one?"
            );
        }
        let slice = Slice { unreadable: backlog.unreadable, ..judged(store, desk, &backlog.rows)? };
        let same_rows = |last: &Slice| {
            last.treated_samples == slice.treated_samples
                && last.treated_outcomes == slice.treated_outcomes
                && last.unreadable == slice.unreadable
        };
        if last.as_ref().is_some_and(same_rows) {
            return Err(RunError::NoProgress);
        }
        store.commit_slice(&slice, (around.now)())?;
        report.rows += backlog.rows.len();
        report.events += events(&slice);
        last = Some(slice);
    }
    let now = (around.now)();
    let withdrawn = desk.judges.withdrawn(store.live_alerts()?, &desk.book.fleet(), now);
    let mut watch = store.fleet_watch()?;
    let ourselves = watch_collector(store.last_finished_run()?, &mut watch, &desk.book.fleet(), desk.book.cycle, now);
    for slice in [withdrawn, ourselves].into_iter().filter(|slice| !slice.hosts.is_empty()) {
        store.commit_slice(&slice, now)?;
        report.events += events(&slice);
    }
    Ok(())
}

/// What the rows come to, by what is remembered of their hosts.
fn judged(store: &Store, desk: &Desk<'_>, rows: &[Untreated]) -> Result<Slice, RunError> {
    let hosts: BTreeSet<HostId> = rows.iter().map(|row| row.host().0).collect();
    let mut watches = store.watches(&hosts.into_iter().collect::<Vec<_>>())?;
    with_history(store, |history| desk.judges.slice(rows, &mut watches, history))
}

/// Lets `work` ask for the history of filesystems. An error of the database there is one of the whole.
pub(crate) fn with_history<T>(store: &Store, work: impl FnOnce(&mut History<'_>) -> T) -> Result<T, RunError> {
    let mut failed = None;
    let done = work(&mut |host, mount, until| {
        free_space(store, host, mount, until).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Vec::new()
        })
    });
    failed.map_or(Ok(done), |error| Err(error.into()))
}

pub(crate) fn events(slice: &Slice) -> usize {
    slice.hosts.iter().map(|host| host.events.len()).sum()
}
