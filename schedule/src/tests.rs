use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::run::{after_correction, next};
use crate::waker::Waker;
use crate::{ParseScheduleError, Schedule, run};

const BERLIN: Option<&str> = Some("Europe/Berlin");
const EVERY_SECOND: &str = "* * * * * *";

fn utc(text: &str) -> DateTime<Utc> {
    format!("{}Z", text.replace(' ', "T")).parse().unwrap()
}

fn every_second() -> Schedule {
    Schedule::parse(EVERY_SECOND, Some("UTC")).unwrap()
}

/// The times after `from`, up to and with `to`.
fn times(expression: &str, zone: Option<&str>, from: &str, to: &str) -> Vec<String> {
    let schedule = Schedule::parse(expression, zone).unwrap();
    let mut found = Vec::new();
    let mut moment = utc(from);
    while let Some(next) = schedule.next_after(moment).filter(|next| *next <= utc(to)) {
        assert!(next > moment, "{schedule}: {next} does not come after {moment}");
        found.push(next.format("%F %T").to_string());
        moment = next;
    }
    found
}

#[test]
fn five_fields_are_minutes_and_six_are_seconds() {
    let five = times("*/15 * * * *", None, "2026-11-21 10:00:00", "2026-11-21 10:30:00");
    assert_eq!(five, ["2026-11-21 10:15:00", "2026-11-21 10:30:00"]);
    let six = times("*/15 * * * * *", Some("UTC"), "2026-11-21 10:00:00.9", "2026-11-21 10:00:30");
    assert_eq!(six, ["2026-11-21 10:00:15", "2026-11-21 10:00:30"]);
    assert_eq!(times(" @Daily ", Some("UTC"), "2026-11-21 10:00:00", "2026-11-22 10:00:00"), ["2026-11-22 00:00:00"]);
}

#[test]
fn a_time_itself_is_not_after_itself_but_a_moment_before_is() {
    let schedule = Schedule::parse("0 12 * * *", Some("UTC")).unwrap();
    let noon = utc("2026-11-21 12:00:00");
    assert_eq!(schedule.next_after(noon - TimeDelta::nanoseconds(1)), Some(noon));
    assert_eq!(schedule.next_after(noon), Some(noon + TimeDelta::days(1)));
}

#[test]
fn the_13th_or_a_friday_is_enough_unless_both_are_asked_for() {
    // 13 February 2026 is a Friday, 13 January a Tuesday.
    let either = times("0 3 13 * FRI", Some("UTC"), "2026-01-08 00:00:00", "2026-01-20 00:00:00");
    assert_eq!(either, ["2026-01-09 03:00:00", "2026-01-13 03:00:00", "2026-01-16 03:00:00"]);
    let both = times("0 3 13 * +FRI", Some("UTC"), "2026-01-08 00:00:00", "2026-03-31 00:00:00");
    assert_eq!(both, ["2026-02-13 03:00:00", "2026-03-13 03:00:00"]);
    let neither = times("0 3 13 * *", Some("UTC"), "2026-01-08 00:00:00", "2026-01-31 00:00:00");
    assert_eq!(neither, ["2026-01-13 03:00:00"]);
}

#[test]
fn a_named_zone_moves_with_its_summer_time() {
    let (from, to) = ("2026-03-27 12:00:00", "2026-03-30 12:00:00");
    let berlin = times("0 8 * * *", BERLIN, from, to);
    assert_eq!(berlin, ["2026-03-28 07:00:00", "2026-03-29 06:00:00", "2026-03-30 06:00:00"]);
    let utc = times("0 8 * * *", Some("UTC"), from, to);
    assert_eq!(utc, ["2026-03-28 08:00:00", "2026-03-29 08:00:00", "2026-03-30 08:00:00"]);
}

#[test]
fn a_time_that_the_clock_jumps_over_comes_at_the_jump() {
    // In Berlin, on 29 March 2026, 02:00 is 03:00 (01:00 UTC).
    let daily = times("30 2 * * *", BERLIN, "2026-03-28 12:00:00", "2026-03-30 12:00:00");
    assert_eq!(daily, ["2026-03-29 01:00:00", "2026-03-30 00:30:00"]);
    let dense = times("*/20 2 * * *", BERLIN, "2026-03-28 12:00:00", "2026-03-29 12:00:00");
    assert_eq!(dense, ["2026-03-29 01:00:00"]);
    let two_hourly = times("0 */2 * * *", BERLIN, "2026-03-28 22:59:59", "2026-03-29 21:00:00");
    assert_eq!(two_hourly.len(), 12, "{two_hourly:?}");
    // The whole of 30 December 2011 was missing in Samoa; the 31st began at 10:00 UTC.
    let samoa = times("0 12 * * *", Some("Pacific/Apia"), "2011-12-29 12:00:00", "2012-01-01 00:00:00");
    assert_eq!(samoa, ["2011-12-29 22:00:00", "2011-12-30 10:00:00", "2011-12-30 22:00:00", "2011-12-31 22:00:00"]);
}

#[test]
fn a_time_that_the_clock_shows_twice_comes_the_first_time_alone() {
    // In Berlin, on 25 October 2026, 03:00 is 02:00 again (01:00 UTC).
    let daily = times("30 2 * * *", BERLIN, "2026-10-24 12:00:00", "2026-10-26 12:00:00");
    assert_eq!(daily, ["2026-10-25 00:30:00", "2026-10-26 01:30:00"]);
    let two_hourly = times("0 */2 * * *", BERLIN, "2026-10-24 21:59:59", "2026-10-25 22:00:00");
    assert_eq!(two_hourly.len(), 12, "{two_hourly:?}");
    let schedule = Schedule::parse("30 2 * * *", BERLIN).unwrap();
    assert_eq!(schedule.next_after(utc("2026-10-25 01:15:00")), Some(utc("2026-10-26 01:30:00")));
}

#[test]
fn what_comes_every_hour_goes_by_time_passed_through_both_nights() {
    for (from, to) in [
        ("2026-03-28 20:00:00", "2026-03-29 20:00:00"),
        ("2026-10-24 20:00:00", "2026-10-25 20:00:00"),
        // A night's change with an offset of half an hour.
        ("2026-04-04 00:00:00", "2026-04-05 00:00:00"),
    ] {
        for zone in ["Europe/Berlin", "Australia/Lord_Howe"] {
            let found = times("*/30 * * * *", Some(zone), from, to);
            assert_eq!(found, times("*/30 * * * *", Some("UTC"), from, to), "{zone}");
        }
    }
    // In Lord Howe, on 5 April 2026, 02:00 is 01:30 again (15:00 UTC): the hour is full half an hour later.
    let full_hours = times("0 * * * *", Some("Australia/Lord_Howe"), "2026-04-04 13:30:00", "2026-04-04 16:30:00");
    assert_eq!(full_hours, ["2026-04-04 14:00:00", "2026-04-04 15:30:00", "2026-04-04 16:30:00"]);
    // From winter, the first full hour of a day in summer.
    let next_day = times("0 * 30 3 *", BERLIN, "2026-03-28 12:00:00", "2026-03-29 23:00:00");
    assert_eq!(next_day, ["2026-03-29 22:00:00", "2026-03-29 23:00:00"]);
    let quarter_past = times("15 * * * *", BERLIN, "2026-10-24 23:30:00", "2026-10-25 02:30:00");
    assert_eq!(quarter_past, ["2026-10-25 00:15:00", "2026-10-25 01:15:00", "2026-10-25 02:15:00"]);
}

#[test]
fn without_a_name_the_zone_is_the_systems() {
    // The environment can be set for a child alone: this test starts itself once more.
    if std::env::var_os("SHOW_NEXT_IN_SYSTEM_ZONE").is_some() {
        let schedule = Schedule::parse("0 8 * * *", None).unwrap();
        println!("next: {:?}", schedule.next_after(utc("2026-03-29 12:00:00")).unwrap());
        return;
    }
    let own_name = "tests::without_a_name_the_zone_is_the_systems";
    for (zone, next) in [("Europe/Berlin", "2026-03-30T06:00:00Z"), ("UTC", "2026-03-30T08:00:00Z")] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", own_name, "--nocapture"])
            .envs([("TZ", zone), ("SHOW_NEXT_IN_SYSTEM_ZONE", "1")])
            .output();
        let told = String::from_utf8(child.unwrap().stdout).unwrap();
        assert!(told.contains(&format!("next: {next}")), "{zone}: {told}");
    }
}

#[test]
fn far_times_are_found_and_impossible_ones_refused() {
    let leap = times("0 12 29 2 *", BERLIN, "2026-01-01 00:00:00", "2033-01-01 00:00:00");
    assert_eq!(leap, ["2028-02-29 11:00:00", "2032-02-29 11:00:00"]);
    let hourly = Schedule::parse("0 * 29 2 *", BERLIN).unwrap();
    assert_eq!(hourly.next_after(utc("2026-01-01 00:00:00")), Some(utc("2028-02-28 23:00:00")));
    let never = Schedule::parse("0 0 30 2 *", None).unwrap_err();
    assert_eq!(never.to_string(), "the schedule \"0 0 30 2 *\" never comes: there is no such day");
    assert_eq!(hourly.next_after(DateTime::<Utc>::MAX_UTC), None);
}

#[test]
fn a_mistake_is_told_with_its_field() {
    for (expression, field, found) in [
        ("61 * * * *", "minute", "61"),
        ("61 * * * * *", "second", "61"),
        ("* 24 * * *", "hour", "24"),
        ("0 MON * * *", "hour", "MON"),
        ("* * 0 * *", "day of month", "0"),
        ("* * * 13 *", "month", "13"),
        ("* * * FOO *", "month", "FOO"),
        ("* * * * 8", "day of week", "8"),
        ("*/0 * * * *", "minute", "*/0"),
        ("30-10 * * * *", "minute", "30-10"),
        ("1,,2 * * * *", "minute", "1,,2"),
    ] {
        let error = Schedule::parse(expression, None).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the {field} {found:?} is not valid, expected ")), "{expression}: {error}");
    }
    for (expression, count) in [("", 0), ("* * * *", 4), ("* * * * * * *", 7)] {
        let error = Schedule::parse(expression, None).unwrap_err();
        assert!(matches!(error, ParseScheduleError::FieldCount { found, .. } if found == count), "{error}");
    }
    assert!(matches!(Schedule::parse("@reboot", None), Err(ParseScheduleError::UnknownNickname(_))));
    let zone = Schedule::parse("* * * * *", Some("Europe/Berlim")).unwrap_err().to_string();
    assert!(zone.starts_with("unknown time zone \"Europe/Berlim\""), "{zone}");
}

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
    let skipped = Skips::default();
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

/// Counts the runs that the log says were skipped.
#[derive(Clone)]
struct Skips(Arc<tokio::sync::Semaphore>);

impl Default for Skips {
    fn default() -> Skips {
        Skips(Arc::new(tokio::sync::Semaphore::new(0)))
    }
}

impl Skips {
    async fn seen(&self, count: u32) {
        self.0.acquire_many(count).await.unwrap().forget();
    }
}

impl Subscriber for Skips {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target().starts_with("schedule")
    }

    fn event(&self, _: &Event<'_>) {
        self.0.add_permits(1);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
