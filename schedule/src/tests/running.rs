//! What is run when a time has come, and what is not.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Warnings, every_second, utc};
use crate::run::{after_correction, next};
use crate::waker::Waker;
use crate::{Schedule, run};

#[test]
fn a_clock_set_back_a_little_brings_no_time_twice_and_one_set_back_far_is_believed() {
    let last = utc("2026-11-21 12:00:00");
    let hours = |hours| last - TimeDelta::hours(hours);
    assert_eq!(after_correction(last, hours(1)), last);
    assert_eq!(after_correction(last, hours(3)), last);
    assert_eq!(after_correction(last, hours(4)), hours(4));
    assert_eq!(after_correction(last, hours(-4)), last);
}

#[tokio::test]
async fn a_wake_before_its_time_starts_nothing() {
    let schedule = every_second();
    let mut waker = Waker::start().await.unwrap();
    let last = Utc::now();
    let due = schedule.next_after(last + TimeDelta::seconds(1)).unwrap();
    waker.wake_for(due);
    let tick = next(&schedule, &mut waker, due - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(tick.due, due);
    assert!(tick.noticed >= due, "noticed {} for {due}", tick.noticed);
}

#[tokio::test]
async fn times_missed_while_asleep_are_made_up_for_by_one_run() {
    let schedule = every_second();
    let mut waker = Waker::start().await.unwrap();
    let awake_since = Utc::now();
    let asleep_since = awake_since - TimeDelta::hours(1);
    let first = next(&schedule, &mut waker, asleep_since).await.unwrap();
    assert!(first.due < asleep_since + TimeDelta::seconds(2), "{first:?}");
    let second = next(&schedule, &mut waker, first.noticed).await.unwrap();
    assert!(second.due > awake_since, "{second:?}");
}

#[tokio::test]
async fn a_time_that_comes_while_the_job_runs_is_passed_over_and_logged() {
    let skipped = Warnings::default();
    let _guard = tracing::subscriber::set_default(skipped.clone());
    let (started, mut starts) = mpsc::unbounded_channel();
    let (release, released) = oneshot::channel::<()>();
    let released = Arc::new(Mutex::new(Some(released)));
    let stop = CancellationToken::new();
    let job = || {
        let (started, released) = (started.clone(), released.clone());
        async move {
            started.send(()).unwrap();
            if let Some(released) = released.lock().await.take() {
                released.await.unwrap();
            }
        }
    };
    let schedule = every_second();
    let keeping = run(&schedule, stop.clone(), job);
    let watching = async {
        starts.recv().await.unwrap();
        skipped.seen(2).await;
        assert!(starts.try_recv().is_err(), "a second run began beside the first");
        release.send(()).unwrap();
        starts.recv().await.unwrap();
        stop.cancel();
    };
    let (kept, ()) = soon(async { tokio::join!(keeping, watching) }).await;
    kept.unwrap();
}

#[tokio::test]
async fn stop_waits_for_the_running_job_and_starts_no_other() {
    let stop = CancellationToken::new();
    let (started, mut starts) = mpsc::unbounded_channel();
    let (release, released) = oneshot::channel::<()>();
    let mut released = Some(released);
    let finished = Arc::new(AtomicUsize::new(0));
    let job = || {
        started.send(()).unwrap();
        let (released, finished) = (released.take().unwrap(), finished.clone());
        async move {
            released.await.unwrap();
            finished.fetch_add(1, Ordering::SeqCst);
        }
    };
    let schedule = every_second();
    let mut keeping = pin!(run(&schedule, stop.clone(), job));
    tokio::select! {
        _ = &mut keeping => panic!("ended by itself"),
        start = starts.recv() => start.unwrap(),
    }
    stop.cancel();
    tokio::select! {
        _ = &mut keeping => panic!("did not wait for the job"),
        () = two_times_of(&schedule) => {}
    }
    release.send(()).unwrap();
    soon(keeping).await.unwrap();
    assert_eq!(finished.load(Ordering::SeqCst), 1);
    assert!(starts.try_recv().is_err(), "started another");
}

/// What takes seconds; a minute without an end is a failure.
async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("an end within a minute")
}

async fn two_times_of(schedule: &Schedule) {
    let mut waker = Waker::start().await.unwrap();
    let first = next(schedule, &mut waker, Utc::now()).await.unwrap();
    next(schedule, &mut waker, first.noticed).await.unwrap();
}

#[tokio::test]
async fn a_job_that_listens_to_stop_ends_early() {
    let stop = CancellationToken::new();
    let job = || {
        let stop = stop.clone();
        async move {
            stop.cancel();
            stop.cancelled().await;
        }
    };
    soon(run(&every_second(), stop.clone(), job)).await.unwrap();
}

#[tokio::test]
async fn nothing_is_run_when_stop_came_first() {
    let stop = CancellationToken::new();
    stop.cancel();
    soon(run(&every_second(), stop, || async { panic!("ran") })).await.unwrap();
}
