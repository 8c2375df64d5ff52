//! How long each part of a visit takes, in the log.

use std::time::Instant;

use sample::HostName;

/// Does `work`, and logs at debug level how long it took.
pub(crate) async fn timed<T>(host: &HostName, phase: &'static str, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%host, phase, ms, "phase ended");
    done
}
