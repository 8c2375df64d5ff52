//! How a run begins: with its row in the database, which may have to be waited for or looked through before.

use std::path::PathBuf;
use std::time::Duration;

use storage::{RunId, Store, StoreError};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::RunError;
use crate::clock;

/// How long a signal waits for the database. Whoever waits for another program's transaction has none of his own, so
/// nothing is lost if the program ends then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the database and begins the run.
///
/// # Errors
/// [`RunError::Interrupted`] if `stop` came first; then there is no row. Or the database can't be written.
pub(super) async fn begin(
    database: PathBuf,
    config_sha256: String,
    stop: &CancellationToken,
) -> Result<(Store, RunId), RunError> {
    let stopping = stop.clone();
    let mut beginning = spawn_blocking(move || {
        let mut store = Store::open(&database, clock::now())?;
        let stopped = move || stopping.is_cancelled();
        let run = store.begin_run_unless(clock::now(), &config_sha256, stopped)?;
        Ok::<_, StoreError>(run.map(|run| (store, run)))
    });
    let enough = async {
        stop.cancelled().await;
        sleep(PATIENCE).await;
    };
    let begun = tokio::select! {
        biased;
        begun = &mut beginning => begun,
        () = enough => return Err(RunError::Interrupted),
    };
    begun.map_err(|_panicked| RunError::Recorder)??.ok_or(RunError::Interrupted)
}
