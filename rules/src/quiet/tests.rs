use super::*;
use crate::{Instance, RuleKey, Selector};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use sample::Metric;

fn at(utc: &str) -> Timestamp {
    Timestamp::from_millis(utc.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn maintenance(cron: &str, lasting: u64, zone_name: &str) -> Maintenance {
    Maintenance::new(cron, minutes(lasting), zone(zone_name), None).unwrap()
}

fn around(window: &Maintenance, moment: &str) -> Option<[String; 2]> {
    window.around(at(moment)).map(|(begin, end)| [begin.to_string(), end.to_string()])
}

fn some(begin: &str, end: &str) -> Option<[String; 2]> {
    Some([begin.to_owned(), end.to_owned()])
}

#[test]
fn a_window_begins_at_the_times_of_its_cron_expression_and_ends_when_it_has_lasted() {
    let sundays = maintenance("0 2 * * 0", 120, "Europe/Berlin");
    let window = some("2026-11-22T01:00:00Z", "2026-11-22T03:00:00Z");
    assert_eq!(around(&sundays, "2026-11-22T01:00:00Z"), window);
    assert_eq!(around(&sundays, "2026-11-22T02:59:59Z"), window);
    for outside in ["2026-11-22T00:59:59Z", "2026-11-22T03:00:00Z", "2026-11-25T02:00:00Z"] {
        assert_eq!(around(&sundays, outside), None, "{outside}");
    }
    let last_end = |moment: &str| sundays.last_end(at(moment)).map(|end| end.to_string());
    assert_eq!(last_end("2026-11-22T02:59:59Z"), Some("2026-11-15T03:00:00Z".to_owned()));
    assert_eq!(last_end("2026-11-22T03:00:00Z"), Some("2026-11-22T03:00:00Z".to_owned()));
}

#[test]
fn windows_that_touch_are_one() {
    let nights = maintenance("0,30 22-23 * * *", 30, "UTC");
    let window = some("2026-11-22T22:00:00Z", "2026-11-23T00:00:00Z");
    for moment in ["2026-11-22T22:00:00Z", "2026-11-22T22:31:00Z", "2026-11-22T23:59:00Z"] {
        assert_eq!(around(&nights, moment), window, "{moment}");
    }
    assert_eq!(nights.last_end(at("2026-11-22T23:10:00Z")), Some(at("2026-11-22T00:00:00Z")), "the one before them");
    let all_week = maintenance("*/10 * * * 1-5", 10, "UTC");
    assert_eq!(around(&all_week, "2026-11-18T12:00:00Z"), some("2026-11-16T00:00:00Z", "2026-11-21T00:00:00Z"));
    assert_eq!(nights.last_end(at("2026-11-23T00:00:00Z")), Some(at("2026-11-23T00:00:00Z")));
}

#[test]
fn clocks_that_change_move_no_window_out_of_the_night() {
    // Ahead from 02:00 to 03:00 at 01:00 UTC, back from 03:00 to 02:00 at 01:00 UTC.
    let nightly = maintenance("30 2 * * *", 60, "Europe/Berlin");
    let jump = some("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
    assert_eq!(around(&nightly, "2026-03-29T01:00:00Z"), jump);
    assert_eq!(around(&nightly, "2026-03-29T00:59:59Z"), None);
    let first = some("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
    assert_eq!(around(&nightly, "2026-10-25T01:10:00Z"), first);
    assert_eq!(around(&nightly, "2026-10-25T01:40:00Z"), None, "it has been");
    let hourly = maintenance("30 * * * *", 10, "Europe/Berlin");
    for hour in 0..4 {
        let begin = format!("2026-10-25T0{hour}:30:00Z");
        assert_eq!(hourly.around(at(&begin).plus_millis(60_000)).map(|(begin, _)| begin), Some(at(&begin)));
    }
    let samoa = maintenance("0 12 * * *", 60, "Pacific/Apia");
    assert_eq!(around(&samoa, "2011-12-30T10:30:00Z"), some("2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z"));
}

#[test]
fn what_is_no_window_is_named() {
    for (cron, lasting, named) in [
        ("0 2 * *", 60, "has 4 fields, expected five"),
        ("0 2 * * 0 0", 60, "has 6 fields"),
        ("60 2 * * 0", 60, "minute \"60\""),
        ("0 MON * * 0", 60, "hour \"MON\""),
        ("0 2 * * FRY", 60, "day of week \"FRY\""),
        ("0 2,,3 * * *", 60, "hour \"2,,3\""),
        ("0 2 30 2 *", 60, "never comes"),
        ("0 2 * * 0", 0, "this one 0 s"),
        ("0 2 * * 0", 7 * 1440 + 1, "this one 7 d"),
        ("* * * * *", 1, "has no end"),
        ("0 2 * * *", 1440, "has no end"),
        ("0 2 * * *", 7 * 1440, "has no end"),
    ] {
        let error = Maintenance::new(cron, minutes(lasting), Zone::UTC, None).unwrap_err().to_string();
        assert!(error.contains(named), "{cron} {lasting}: {error}");
    }
    assert!(Maintenance::new(&"1,".repeat(500), minutes(1), Zone::UTC, None).is_err());
}

#[test]
fn a_time_outside_the_calendar_lies_in_no_window() {
    let daily = maintenance("0 2 * * *", 60, "Asia/Tokyo");
    for ms in [i64::MIN, i64::MAX, 0, 8_210_266_876_799_999, -8_334_601_228_800_000, 95_617_584_000_000] {
        assert_eq!(daily.around(Timestamp::from_millis(ms)), None, "{ms}");
        daily.last_end(Timestamp::from_millis(ms));
    }
    assert!(format!("{daily:?}").len() < 300);
}

#[test]
fn a_silence_is_about_what_its_patterns_match() {
    let silence = Silence {
        id: 1,
        host: "web*".into(),
        metric: "disk*".into(),
        instance: "/srv/*".into(),
        starts: at("2026-11-22T00:00:00Z"),
        ends: at("2026-11-23T00:00:00Z"),
        author: "ops".into(),
        comment: String::new(),
    };
    let is_about = |silence: &Silence, host: Option<&str>, metric, mount: &str| {
        let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
        let key = AlertKey { rule, instance: Instance::from_stored(mount) };
        silence.is_about(host.map(|host| host.parse().unwrap()).as_ref(), &key)
    };
    assert!(is_about(&silence, Some("web1"), Metric::DiskFull, "/srv/data"));
    assert!(!is_about(&silence, Some("db1"), Metric::Disk, "/srv/data"));
    assert!(!is_about(&silence, Some("web1"), Metric::Inodes, "/srv/data"));
    assert!(!is_about(&silence, Some("web1"), Metric::Disk, "/"));
    let all = Silence { host: "*".into(), metric: "*".into(), instance: "*".into(), ..silence.clone() };
    assert!(is_about(&all, None, Metric::Collector, "") && !is_about(&silence, None, Metric::Disk, "/srv/data"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_are_those_that_a_minute_by_minute_walk_finds(
        minute in 0..60_u32, hour in 0..24_u32, lasting in 1..2000_u64, from in 0..60 * 24 * 14_i64,
        ms in 0..60_000_i64, spring in any::<bool>(),
    ) {
        // Twice a week, so that long ones touch nothing.
        let window = maintenance(&format!("{minute} {hour} * * 0,3"), lasting, "Europe/Berlin");
        let midnight = at(if spring { "2026-03-22T00:00:00Z" } else { "2026-10-18T00:00:00Z" });
        let moment = midnight.plus_millis(from * 60_000 + ms);
        let is_inside = |at: Timestamp| window.around(at).is_some();
        match window.around(moment) {
            Some((begin, end)) => {
                prop_assert!(begin <= moment && moment < end && end == begin + minutes(lasting));
                prop_assert!(is_inside(begin) && !is_inside(begin.plus_millis(-1)) && !is_inside(end));
            }
            None => {
                let end = window.last_end(moment).unwrap();
                prop_assert!(end <= moment && is_inside(end.plus_millis(-1)));
                let mut between = (0..moment.millis_since(end) / 60_000).map(|n| end.plus_millis(n * 60_000));
                prop_assert!(!between.any(is_inside), "between {} and {}", end, moment);
            }
        }
    }
}
