//! What wakes us: tokio-cron-scheduler, used for that and nothing else.
//!
//! It polls every half second and rounds to seconds. Its own cron jobs keep the offset of the day they were made,
//! its repeated jobs can stop or come in bursts, and nothing in it stops a job from running twice at once. A job
//! that fires once and does nothing but send a message has none of these troubles.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// The scheduler cuts fractions of a second off, twice. With a second added what is left is never early.
const LOST_BY_ROUNDING: Duration = Duration::from_secs(1);

pub(crate) struct Waker {
    scheduler: JobScheduler,
    armed: Option<DateTime<Utc>>,
    sender: mpsc::Sender<DateTime<Utc>>,
    receiver: mpsc::Receiver<DateTime<Utc>>,
}

impl Waker {
    pub(crate) async fn start() -> Result<Waker, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        scheduler.start().await?;
        let (sender, receiver) = mpsc::channel(1);
        Ok(Waker { scheduler, armed: None, sender, receiver })
    }

    /// Sees to it that [`Waker::woken`] returns at `due`, more or less.
    pub(crate) async fn arm(&mut self, due: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), JobSchedulerError> {
        if self.armed == Some(due) {
            return Ok(());
        }
        let wait = (due - now).to_std().unwrap_or(Duration::ZERO);
        let sender = self.sender.clone();
        let job = Job::new_one_shot_at_instant(Instant::now() + wait + LOST_BY_ROUNDING, move |_, _| {
            // Full means that a message lies there already, and one is enough.
            sender.try_send(due).ok();
        })?;
        self.armed = Some(due);
        self.scheduler.add(job).await?;
        Ok(())
    }

    /// Waits for what was armed. It may return early or for an older time: compare with the clock.
    pub(crate) async fn woken(&mut self) {
        let due = self.receiver.recv().await;
        if due == self.armed {
            self.armed = None;
        }
    }

    /// Makes it seem that the scheduler fired for `due`.
    #[cfg(test)]
    pub(crate) fn wake_for(&self, due: DateTime<Utc>) {
        self.sender.try_send(due).unwrap();
    }

    pub(crate) async fn stop(mut self) -> Result<(), JobSchedulerError> {
        self.scheduler.shutdown().await
    }
}
