use super::*;
use chrono::{DateTime, Utc};
use proptest::prelude::*;

const BERLIN: &str = "Europe/Berlin";

fn at(utc: &str) -> Timestamp {
    Timestamp::from_millis(utc.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn hours(text: &str) -> Hours {
    text.parse().unwrap()
}

fn next(text: &str, zone_name: &str, after: &str) -> Option<String> {
    hours(text).next(at(after), zone(zone_name)).map(|next| next.to_string())
}

#[test]
fn hours_have_days_and_an_end_that_is_not_part_of_them() {
    // 2026-11-16 is a Monday.
    for (text, inside, outside) in [
        ("Mon-Fri 08-18", "2026-11-16T08:00 2026-11-20T17:59", "2026-11-16T07:59 2026-11-20T18:00 2026-11-21T12:00"),
        ("Sat,Sun 09:30-12", "2026-11-21T09:30 2026-11-22T11:59", "2026-11-20T10:00 2026-11-21T12:00"),
        ("22-06", "2026-11-16T22:00 2026-11-17T05:59 2026-11-16T00:00", "2026-11-16T06:00 2026-11-16T21:59"),
        ("sun 22-6:15", "2026-11-22T23:00 2026-11-16T06:14", "2026-11-16T06:15 2026-11-21T23:00"),
        ("Fri-Mon 00-24", "2026-11-20T00:00 2026-11-16T23:59", "2026-11-17T00:00 2026-11-19T23:59"),
        ("Mon-Fri 08-12, 13-18, Sat 09-10", "2026-11-16T13:00 2026-11-21T09:00", "2026-11-16T12:00 2026-11-21T14:00"),
        ("Mon,Wed-Thu 8-9", "2026-11-16T08:30 2026-11-19T08:30", "2026-11-17T08:30"),
    ] {
        let contain = |time: &str| hours(text).contain(at(&format!("{time}:30Z")), Zone::UTC);
        inside.split(' ').for_each(|time| assert!(contain(time), "{text} {time}"));
        outside.split(' ').for_each(|time| assert!(!contain(time), "{text} {time}"));
    }
    assert_eq!(hours(" Mon-Fri 08-18 ").to_string(), "Mon-Fri 08-18");
}

#[test]
fn what_is_not_hours_is_named() {
    for (text, named) in [
        ("", "nothing"),
        ("Mon-Fri", "days without hours"),
        ("Mon-Fri 08", "\"08\""),
        ("Mo-Fr 08-18", "\"Mo\""),
        ("Mon-Fri 08-25", "\"08-25\""),
        ("Mon-Fri 08:60-09", "\"08:60-09\""),
        ("Mon-Fri 08-08", "no time at all"),
        ("24-06", "no time at all"),
        ("Mon-Fri 08 - 18", "\"Mon-Fri 08 - 18\""),
        ("Mon 08-18,", "is not days"),
        ("08-18-20", "\"08-18-20\""),
        ("+8-18", "\"+8\""),
        ("-", "\"\""),
    ] {
        let error = text.parse::<Hours>().unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("Mon-Fri 08-18"), "{text}: {error}");
    }
    assert!("Mon 08-09,".repeat(100).parse::<Hours>().unwrap_err().to_string().contains("500"));
}

#[test]
fn the_next_beginning_is_after_the_moment_and_by_the_clock_of_the_place() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(next("Mon-Fri 08-18", BERLIN, "2026-11-16T06:59:59Z"), some("2026-11-16T07:00:00Z"));
    assert_eq!(next("Mon-Fri 08-18", BERLIN, "2026-11-16T07:00:00Z"), some("2026-11-17T07:00:00Z"));
    assert_eq!(next("Mon-Fri 08-18", BERLIN, "2026-11-20T07:00:00Z"), some("2026-11-23T07:00:00Z"));
    assert_eq!(next("Sun 22-06", "UTC", "2026-11-22T23:00:00Z"), some("2026-11-29T22:00:00Z"), "not at midnight");
    for always in ["00-24", "Mon-Sun 00-12, 12-24", "22-06, 06-22"] {
        assert_eq!(next(always, BERLIN, "2026-03-28T12:00:00Z"), None, "{always}");
    }
}

#[test]
fn clocks_that_change_begin_hours_when_people_see_them_begin() {
    let some = |text: &str| Some(text.to_owned());
    // Ahead from 02:00 to 03:00 at 01:00 UTC, back from 03:00 to 02:00 at 01:00 UTC.
    assert_eq!(next("02:30-05", BERLIN, "2026-03-29T00:00:00Z"), some("2026-03-29T01:00:00Z"));
    assert_eq!(next("02:15-02:45", BERLIN, "2026-03-28T12:00:00Z"), some("2026-03-30T00:15:00Z"), "not that day");
    assert_eq!(next("02:30-05", BERLIN, "2026-10-25T00:30:00Z"), some("2026-10-25T01:30:00Z"), "once more");
    assert_eq!(next("01-02:30", BERLIN, "2026-10-25T00:00:00Z"), some("2026-10-25T01:00:00Z"), "back into them");
    assert_eq!(next("Fri 08-18", "Pacific/Apia", "2011-12-29T12:00:00Z"), some("2012-01-05T18:00:00Z"), "no Friday");
}

#[test]
fn a_time_touches_hours_with_either_end_or_with_what_is_between() {
    let touch = |from: &str, to: &str| hours("Mon-Fri 08-18").touch(at(from), at(to), Zone::UTC);
    assert!(touch("2026-11-16T17:00:00Z", "2026-11-16T20:00:00Z"));
    assert!(touch("2026-11-16T07:00:00Z", "2026-11-16T08:00:00Z"));
    assert!(touch("2026-11-20T19:00:00Z", "2026-11-23T19:00:00Z"));
    assert!(touch("2000-01-01T00:00:00Z", "2030-01-01T00:00:00Z"));
    assert!(!touch("2026-11-20T18:00:00Z", "2026-11-23T07:59:59Z"));
    assert!(!touch("2026-11-16T12:00:00Z", "2026-11-16T11:00:00Z"), "that is no time at all");
}

#[test]
fn times_outside_the_calendar_are_outside_all_hours() {
    for ms in [i64::MIN, i64::MAX] {
        let (hours, at) = (hours("00-24"), Timestamp::from_millis(ms));
        assert!(!hours.contain(at, Zone::UTC) && hours.next(at, Zone::UTC).is_none());
        assert!(!hours.touch(at, at, Zone::UTC));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_next_beginning_is_the_first_minute_that_is_inside_after_one_that_is_not(
        start in 0..96_u32, length in 1..96_u32, day in 0..7_usize, minute in 0..60 * 24 * 20_i64, spring in any::<bool>(),
    ) {
        let clock = |quarter: u32| format!("{:02}:{:02}", quarter % 96 / 4, quarter % 4 * 15);
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let text = format!("{}-{} {}-{}", days[day], days[(day + 3) % 7], clock(start), clock(start + length));
        let (hours, zone) = (hours(&text), zone(BERLIN));
        let from = at(if spring { "2026-03-16T00:00:00Z" } else { "2026-10-12T00:00:00Z" }).plus_millis(minute * 60_000);
        let mut minutes = (1..60 * 24 * 9).map(|n| from.plus_millis(n * 60_000));
        let expected = minutes.find(|at| hours.contain(*at, zone) && !hours.contain(at.plus_millis(-60_000), zone));
        prop_assert_eq!(hours.next(from, zone), expected, "{} after {}", text, from);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[MonTueFri0-9:, \\-]{0,30}", other in ".{0,40}") {
        for text in [text, other] {
            if let Ok(hours) = text.parse::<Hours>() {
                hours.next(at("2026-11-20T19:00:00Z"), Zone::UTC);
            }
        }
    }
}
