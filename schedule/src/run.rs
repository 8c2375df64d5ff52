//! The loop: wait for the next time, run the job, and pass over the times that come meanwhile.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_cron_scheduler::JobSchedulerError;
use tokio_util::sync::CancellationToken;

use crate::Schedule;
use crate::waker::Waker;

/// A clock set back by more is believed at once, as cron(8) does it; one set back by less is waited for.
const BELIEVED_STEP_BACK: TimeDelta = TimeDelta::hours(3);

/// How often we look at the clock ourselves: the scheduler sleeps on when the clock is set back.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why a schedule could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The scheduler could not be started or given a time.
    #[error("the scheduler failed")]
    Scheduler(#[from] JobSchedulerError),
    /// All its times are past.
    #[error("the schedule {0} has no more times")]
    Ended(String),
}

/// A time of the schedule that has come.
#[derive(Debug)]
pub(crate) struct Tick {
    pub(crate) due: DateTime<Utc>,
    /// When it was noticed. Every time up to here is done with.
    pub(crate) noticed: DateTime<Utc>,
}

/// Runs `job` at each time of `schedule` until `stop` is cancelled, then waits for the job that runs, if one does.
///
/// A time that comes while the job still runs is passed over, and logged as a warning. To end a job early, give
/// it a clone of `stop`. A run begins up to half a second after its time.
///
/// Cancel `stop` rather than drop the future: a scheduler that is not shut down goes on polling for nothing.
/// It logs each time it is given at `info`, under the target `tokio_cron_scheduler`.
///
/// # Errors
/// When the scheduler fails or the schedule has no more times.
pub async fn run<F, Fut>(schedule: &Schedule, stop: CancellationToken, job: F) -> Result<(), ScheduleError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = ()>,
{
    let mut waker = Waker::start().await?;
    let kept = keep(schedule, &mut waker, &stop, job).await;
    waker.stop().await?;
    kept
}

async fn keep<F, Fut>(
    schedule: &Schedule,
    waker: &mut Waker,
    stop: &CancellationToken,
    mut job: F,
) -> Result<(), ScheduleError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = ()>,
{
    let mut last = Utc::now();
    while let Some(tick) = next_unless(stop, schedule, waker, last).await? {
        last = tick.noticed;
        let mut running = pin!(job());
        loop {
            let passed_over = tokio::select! {
                biased;
                () = &mut running => break,
                tick = next_unless(stop, schedule, waker, last) => tick?,
            };
            let Some(tick) = passed_over else {
                running.await;
                return Ok(());
            };
            last = tick.noticed;
            tracing::warn!(due = %tick.due, %schedule, "run skipped: the one before has not ended");
        }
    }
    Ok(())
}

async fn next_unless(
    stop: &CancellationToken,
    schedule: &Schedule,
    waker: &mut Waker,
    last: DateTime<Utc>,
) -> Result<Option<Tick>, ScheduleError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(None),
        tick = next(schedule, waker, last) => tick.map(Some),
    }
}

/// Waits for the first time after `last`. It has come already if it passed between two calls.
pub(crate) async fn next(
    schedule: &Schedule,
    waker: &mut Waker,
    mut last: DateTime<Utc>,
) -> Result<Tick, ScheduleError> {
    loop {
        let now = Utc::now();
        last = after_correction(last, now);
        let due = schedule.next_after(last).ok_or_else(|| ScheduleError::Ended(schedule.to_string()))?;
        if due <= now {
            return Ok(Tick { due, noticed: now });
        }
        waker.arm(due, now).await?;
        // A wake says only that it is worth looking at the clock again.
        tokio::select! {
            () = waker.woken() => {}
            () = tokio::time::sleep(LONGEST_WAIT) => {}
        }
    }
}

/// The moment after which times count, now that the clock shows `now`.
pub(crate) fn after_correction(last: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    if last - now > BELIEVED_STEP_BACK { now } else { last }
}
