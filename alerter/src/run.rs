//! One run: evaluate, compose, deliver.

use std::error::Error;

use sample::Timestamp;
use storage::{LockError, RunLock, Store, StoreError};

use crate::compose::ComposeError;
use crate::deliver::{self, DeliverError, Deliveries};
use crate::setting::Setting;
use crate::surroundings::Surroundings;

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
    or_later(treat(&mut store, setting, around, &mut report), &mut first);
    let mails = make_mails(&mut store, setting, (around.now)());
    report.mails = or_later(mails, &mut first);
    let deliveries = deliver::deliver(&mut store, &setting.config.smtp, around);
    report.deliveries = or_later(deliveries, &mut first);
    if let Some(error) = first {
        return Err(error);
    }
    report.undelivered = store.undelivered()?;
    report.cut_short |= around.stop.is_cancelled() && report.undelivered > 0;
    Ok(report)
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

fn treat(
    _store: &mut Store,
    _setting: &Setting,
    _around: &Surroundings<'_>,
    _report: &mut Report,
) -> Result<(), RunError> {
    todo!()
}

/// Also for incidents of a run that was killed before it came to this.
fn make_mails(_store: &mut Store, _setting: &Setting, _now: Timestamp) -> Result<usize, RunError> {
    todo!()
}
