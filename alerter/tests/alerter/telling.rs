//! Who is told what, once: whole runs over days.

use sample::{Fan, Readings};

use crate::fleet::{Seen, disks};
use crate::office::{DAY, HOUR, Office, both, disk, host, used, web1};

const NOBODY: [&str; 0] = [];

#[test]
fn worse_is_told_at_once_better_is_not_and_the_end_once() {
    let office = Office::new(&web1());
    assert_eq!(office.see(0, &[("web1", disk(90))]), ["[WARN] web1: disk / 90% (limit 85%)"]);
    assert_eq!(office.see(5, &[("web1", disk(97))]), ["[CRIT] (worse) web1: disk / 97% (limit 95%)"]);
    assert_eq!(office.see(10, &[("web1", disk(86))]), NOBODY);
    assert_eq!(office.see(15, &[("web1", disk(10))]), ["[OK] web1: disk / back at 10% (limit 85%)"]);
    assert_eq!(office.see(20, &[("web1", disk(10))]), NOBODY);
}

#[test]
fn a_reminder_comes_after_four_hours_if_it_is_critical_and_after_a_day_if_not() {
    for (percent, tag, interval) in [(97, "CRIT", 4 * HOUR), (90, "WARN", DAY)] {
        let office = Office::new(&web1());
        assert_eq!(office.see(0, &[("web1", disk(percent))]).len(), 1);
        assert_eq!(office.see(interval - 1, &[("web1", disk(percent))]), NOBODY);
        let told = office.see(interval, &[("web1", disk(percent))]);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with(&format!("[{tag}] (still) web1: disk /")), "{told:?}");
        assert_eq!(office.told(interval + 1), NOBODY);
        assert_eq!(office.told(2 * interval).len(), 1);
    }
}

#[test]
fn a_clock_that_was_ahead_for_a_while_keeps_no_reminder_back() {
    let office = Office::new(&web1());
    office.fleet.visit(0, &[("web1", disk(97))]);
    assert_eq!(office.told(30 * DAY).len(), 1, "the clock is a month ahead");
    assert_eq!(office.told(5), NOBODY);
    let still = ["[CRIT] (still) web1: disk / 97% (limit 95%)"];
    assert_eq!(office.told(4 * HOUR), still);
    assert_eq!(office.told(4 * HOUR + 5), NOBODY);
    assert_eq!(office.told(8 * HOUR), still);
}

#[test]
fn a_clock_that_was_ahead_while_mail_was_down_keeps_no_mail_back() {
    let office = Office::new(&web1());
    office.mail_is_down(true);
    office.fleet.visit(0, &[("web1", disk(97))]);
    assert_eq!(office.told(30 * DAY), NOBODY);
    office.mail_is_down(false);
    assert_eq!(office.told(5), ["[CRIT] web1: disk / 97% (limit 95%)"]);
}

#[test]
fn a_reminder_is_counted_from_the_mail_that_was_delivered() {
    let office = Office::new(&web1());
    office.mail_is_down(true);
    assert_eq!(office.see(0, &[("web1", disk(97))]), NOBODY);
    office.mail_is_down(false);
    assert_eq!(office.told(3 * HOUR), ["[CRIT] web1: disk / 97% (limit 95%)"]);
    assert_eq!(office.told(5 * HOUR), NOBODY);
    assert_eq!(office.told(7 * HOUR - 1), NOBODY);
    assert_eq!(office.told(7 * HOUR), ["[CRIT] (still) web1: disk / 97% (limit 95%)"]);
}

#[test]
fn another_recipient_is_told_the_problem_and_the_one_before_its_end() {
    let office = Office::new(&host("web1", "", "ann@example.org", r#"<alert type="memory" limit="85"/>"#));
    assert_eq!(office.see_sent(0, &[("web1", used(90))]), ["ann: [WARN] web1: memory 90% (limit 85%)"]);
    office.configure(&host("web1", "", "bob@example.org", r#"<alert type="memory" limit="85"/>"#));
    assert_eq!(office.sent(5), ["bob: [WARN] web1: memory 90% (limit 85%)"]);
    assert_eq!(office.sent(2 * DAY), ["bob: [WARN] (still) web1: memory 90% (limit 85%)"]);
    let told = office.see_sent(3 * DAY, &[("web1", used(10))]);
    let over = "[OK] web1: memory back at 10% (limit 85%)";
    assert_eq!(told, [format!("ann: {over}"), format!("bob: {over}")]);
    assert_eq!((office.told(4 * DAY), office.unsettled()), (vec![], 0));
}

#[test]
fn what_is_no_longer_watched_is_told_once() {
    let others = host("web2", "", "ops@example.org", "");
    let disabled = web1().replace("<client ", r#"<client enabled="no" "#);
    let without_rule = host("web1", "", "ops@example.org", "");
    for after in [without_rule, others.clone(), format!("{disabled}{others}")] {
        let office = Office::new(&web1());
        office.see(0, &[("web1", used(90))]);
        office.configure(&after);
        assert_eq!(office.told(5), ["[END] web1: memory is no longer watched"], "{after}");
        assert_eq!((office.told(10), office.unsettled()), (vec![], 0));
    }
}

#[test]
fn what_comes_and_goes_is_told_to_flap_then_nothing_then_its_end() {
    let office = Office::new(&web1());
    let mut told = Vec::new();
    for round in 0..20 {
        let percent = if round % 2 == 0 { 90 } else { 10 };
        told.extend(office.see(round * 5, &[("web1", used(percent))]));
    }
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(told[5].contains("comes and goes"), "{told:?}");
    let mut after = Vec::new();
    for round in 20..40 {
        after.extend(office.see(round * 5, &[("web1", used(10))]));
    }
    assert_eq!(after, ["[OK] web1: memory back at 10% (limit 85%)"]);
    assert_eq!(office.unsettled(), 0);
}

#[test]
fn what_flaps_and_stays_bad_is_said_to_stay_once_and_to_end_when_it_ends() {
    let office = Office::new(&web1());
    for round in 0..7 {
        office.see(round * 5, &[("web1", used(if round % 2 == 0 { 90 } else { 10 }))]);
    }
    let mut told = Vec::new();
    for round in 7..30 {
        told.extend(office.see(round * 5, &[("web1", used(90))]));
    }
    assert_eq!(told, ["[WARN] (still) web1: memory 90% (limit 85%)"], "after an hour without a change");
    assert_eq!(office.see(150, &[("web1", used(10))]).len(), 1);
}

#[test]
fn nobody_gets_more_mails_in_an_hour_than_allowed_and_later_one_tells_the_rest() {
    let hosts: String = (1..=6).map(|n| host(&format!("web{n}"), "", "ops@example.org", ALERT)).collect();
    const ALERT: &str = r#"<alert type="memory" limit="85"/>"#;
    let office = Office::with(r#"mails-per-hour="3""#, &hosts);
    let names = ["web1", "web2", "web3", "web4", "web5", "web6"];
    let mut mails = Vec::new();
    for (minute, name) in (0..).zip(names) {
        office.fleet.visit(minute, &[(name, used(90))]);
        mails.extend(office.run(minute));
    }
    assert_eq!(mails.len(), 3);
    let says_so = |mail: &crate::office::Mail| mail.text.contains("the last mail that this hour allows");
    assert_eq!(mails.iter().map(says_so).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(office.told(59), NOBODY);
    assert_eq!(office.told(60), ["[3 WARN] web4, web5, web6"]);
    assert_eq!(office.told(61), NOBODY);
}

#[test]
fn the_first_mail_of_a_fleet_with_problems_says_that_they_are_not_news() {
    let office = Office::new(&web1());
    office.fleet.visit(0, &[("web1", both(90, 97))]);
    let mails = office.run(0);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "[INITIAL 1 CRIT, 1 WARN] web1");
    assert!(mails[0].text.contains("all that it found so far"), "{}", mails[0].text);
    assert_eq!(office.see(5, &[("web1", both(10, 10))]), ["[2 OK] web1"]);
    assert_eq!(office.see(10, &[("web1", both(90, 97))]), ["[1 CRIT, 1 WARN] web1"]);
}

#[test]
fn a_mail_tells_everything_of_a_run_the_most_severe_first() {
    let second = host("web2", "", "ops@example.org", crate::office::ALERTS);
    let office = Office::new(&format!("{}{second}", web1()));
    office.see(0, &[("web1", used(90)), ("web2", used(10))]);
    office.fleet.visit(5, &[("web1", both(10, 90)), ("web2", both(90, 97))]);
    let mails = office.run(5);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "[1 CRIT, 2 WARN, 1 OK] web2, web1");
    let text = &mails[0].text;
    let places = ["web2: disk / 97%", "web1: disk / 90%", "web2: memory 90%", "web1: memory back"]
        .map(|line| text.find(line).unwrap_or_else(|| panic!("{line} is not in {text}")));
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn people_who_are_told_the_same_share_one_mail() {
    let office = Office::new(&host("web1", "", "ann@example.org,bob@example.org", crate::office::ALERTS));
    office.fleet.visit(0, &[("web1", used(90))]);
    let report = office.fleet.alert(0);
    assert_eq!((report.mails, report.deliveries.sent), (1, 2));
    let mails = office.mails();
    assert_eq!((mails.len(), &mails[0].bytes), (2, &mails[1].bytes));
}

#[test]
fn a_reboot_and_what_is_gone_are_told_once_and_have_no_end() {
    let readings = |mounts: &[(&str, u64)]| Readings { stuck_mounts: Some(vec![]), ..disks(mounts) };
    let seen = |boot, mounts: &[(&str, u64)]| [("web1", Seen::Booted(boot, readings(mounts)))];
    let office = Office::new(&web1());
    let (whole, less) = ([("/", 10), ("/data", 10)], [("/", 10)]);
    assert_eq!(office.see(0, &seen("first", &whole)), NOBODY);
    assert_eq!(office.see(5, &seen("second", &whole)), ["[INFO] web1: was rebooted"]);
    assert_eq!(office.see(10, &seen("second", &less)), NOBODY);
    assert_eq!(office.see(15, &seen("second", &less)), ["[INFO] web1: mount /data is gone"]);
    assert_eq!(office.see(20, &seen("second", &less)), NOBODY);
    assert_eq!((office.told(DAY), office.unsettled()), (vec![], 0));
}

#[test]
fn a_dead_collector_is_silent_since_its_last_run_until_the_next_and_was_not_told_late() {
    let alerter = r#"<alerter mail="boss@example.org"/><collector interval="5m"/>"#;
    let office = Office::start(&format!("{alerter}{}", web1()), |_| crate::smtp_server::Answer::Usual);
    office.see_sent(0, &[("web1", used(10))]);
    let told = office.run(15).remove(0).text;
    assert!(told.contains("since 2026-11-21 06:17:00 +00:00 (15 min)\n"), "{told}");
    assert!(!told.contains("told late"), "{told}");
    office.fleet.visit(150, &[("web1", used(10))]);
    let over = office.run(154).remove(0).text;
    assert!(over.contains("from 2026-11-21 06:17:00 +00:00 to 2026-11-21 08:47:00 +00:00 (2 h 30 min)\n"), "{over}");
}

#[test]
fn a_collector_that_is_dead_is_one_alert_and_none_of_any_host() {
    let alerter = r#"<alerter mail="boss@example.org"/><collector interval="5m"/>"#;
    let office = Office::start(&format!("{alerter}{}", web1()), |_| crate::smtp_server::Answer::Usual);
    assert_eq!(office.see_sent(0, &[("web1", used(10))]), NOBODY);
    assert_eq!(office.sent(14), NOBODY);
    let told = office.sent(15);
    assert_eq!(told, ["boss: [CRIT] fleet: the collector finished no run for 15 min (limit 15 min)"]);
    assert_eq!(office.sent(60), NOBODY);
    assert_eq!(office.sent(15 + 4 * HOUR).len(), 1, "a reminder");
    let back = office.see_sent(5 * HOUR, &[("web1", used(10))]);
    assert_eq!(back, ["boss: [OK] fleet: the collector runs again"]);
    assert_eq!(office.sent(5 * HOUR + 5), NOBODY);
}

#[test]
fn times_are_those_of_the_configured_zone_with_their_offset() {
    let office = Office::with(r#"timezone="Europe/Berlin""#, &web1());
    office.fleet.visit(0, &[("web1", used(90))]);
    let winter = office.run(0).remove(0).text;
    assert!(winter.contains("07:17") && winter.contains("+01:00"), "{winter}");
    // 2027-06-19, half a year and a half hour later.
    let summer = 210 * DAY;
    office.fleet.visit(summer, &[("web1", both(10, 97))]);
    let text = office.run(summer).remove(0).text;
    assert!(text.contains("08:17") && text.contains("+02:00"), "{text}");
    assert!(text.contains("+01:00"), "the beginning in winter has the offset of winter: {text}");
}

#[test]
fn a_disk_that_left_the_host_with_its_problem_ends_it_as_gone() {
    let office = Office::new(&web1());
    let seen =
        |mounts: &[(&str, u64)]| [("web1", Seen::Well(Readings { stuck_mounts: Some(vec![]), ..disks(mounts) }))];
    office.see(0, &seen(&[("/", 10), ("/data", 97)]));
    assert_eq!(office.see(5, &seen(&[("/", 10)])), NOBODY);
    assert_eq!(office.see(10, &seen(&[("/", 10)])), ["[1 INFO, 1 END] web1"]);
    assert_eq!((office.told(15), office.unsettled()), (vec![], 0));
}

#[test]
fn a_recipient_who_joins_is_told_the_problem_and_the_others_nothing_new() {
    let office = Office::new(&host("web1", "", "ann@example.org", crate::office::ALERTS));
    office.see_sent(0, &[("web1", used(90))]);
    office.configure(&host("web1", "", "ann@example.org,bob@example.org", crate::office::ALERTS));
    assert_eq!(office.sent(5), ["bob: [WARN] web1: memory 90% (limit 85%)"]);
    let over = "[OK] web1: memory back at 10% (limit 85%)";
    assert_eq!(office.see_sent(10, &[("web1", used(10))]), [format!("ann: {over}"), format!("bob: {over}")]);
}

#[test]
fn the_bars_of_a_value_that_should_not_be_low_show_how_low_it_was() {
    let office = Office::new(&host("web1", "", "ops@example.org", r#"<alert type="fan" below="500"/>"#));
    let fan = |rpm| {
        let fans = Some(vec![Fan { sensor: "fan1".to_owned(), rpm }]);
        Seen::Well(Readings { fans, ..Readings::default() })
    };
    office.fleet.visit(-2, &[("web1", fan(1500))]);
    office.fleet.visit(-1, &[("web1", fan(400))]);
    let mail = office.run(0).remove(0);
    let bars = mail.text.lines().find(|line| line.contains("24 h ")).unwrap();
    assert!(bars.contains("▃ 400 rpm to 1500 rpm") && !bars.contains('█'), "{}", mail.text);
}
