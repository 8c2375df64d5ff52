//! When a schedule comes.

use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};

use super::{BERLIN, utc};
use crate::{ParseScheduleError, Schedule};

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
    let own_name = "tests::times::without_a_name_the_zone_is_the_systems";
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
