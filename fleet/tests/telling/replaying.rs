//! `fleet replay`.

use std::fs;

use sample::OutcomeKind;
use storage::MailKind;

use crate::place::{Place, at, client, disks, memory};

const MEMORY: &str = r#"<alert type="memory" limit="90%"/>"#;

/// The mails, without what is said before and after them.
fn mails(place: &Place, minute: i64, arguments: &[&str]) -> Vec<String> {
    let text = place.ask(minute, &[&["replay", "--since", "12h"], arguments].concat()).text();
    let is_mail = |line: &&str| line.starts_with("2026-") && line.contains('@');
    text.lines().filter(is_mail).map(str::to_owned).collect()
}

/// An hour of memory, five minutes apart.
fn hour(place: &Place, percents: [u64; 12]) {
    for (run, percent) in (0..).zip(percents) {
        place.measure(run * 5, &[("web1", memory(percent))]);
    }
}

#[test]
fn the_mails_of_other_limits_are_shown_with_totals_and_what_was_really_mailed() {
    let place = Place::new(&client("web1", MEMORY));
    hour(&place, [50, 85, 85, 85, 97, 97, 50, 50, 50, 50, 50, 50]);
    place.judge(60);
    place.mail(60, "ops@example.org", &[1]);
    place.sent(60);
    let shown = place.ask(60, &["replay", "--since", "2h"]).text();
    let config = place.path("config.xml").display().to_string();
    let expected = "\
CONFIG over 2026-11-21 06:17:00 +01:00 to 2026-11-21 08:17:00 +01:00
It begins without a memory: what was wrong before is told as new. Silences and acknowledgements of
that time are left out, windows of maintenance are not.

2026-11-21 07:37:00 +01:00  ops@example.org  [WARN] web1: memory 97% (limit 90%)
2026-11-21 07:47:00 +01:00  ops@example.org  [OK] web1: memory back at 50% (limit 90%)

ops@example.org: 2 mails with 1 warning, 0 reminders, 1 recovery; really mailed: 1
";
    assert_eq!(shown.replace(&config, "CONFIG"), expected);
    place.configure("new.xml", &client("web1", r#"<alert type="memory" warn="80%" crit="95%"/>"#));
    let new = place.path("new.xml").display().to_string();
    let other = mails(&place, 60, &["--config", &new]);
    let tags: Vec<&str> = other.iter().map(|line| line.split(['[', ']']).nth(1).unwrap()).collect();
    assert_eq!(tags, ["WARN", "CRIT", "OK"], "{other:?}");
    assert!(other[0].starts_with("2026-11-21 07:22:00"), "{other:?}");
    place.configure("calm.xml", &client("web1", r#"<alert type="memory" limit="90%" for="10m"/>"#));
    let calm = place.path("calm.xml").display().to_string();
    let calm = place.ask(60, &["replay", "--since", "2h", "--config", &calm]).text();
    assert!(calm.contains("no mail would have been sent\n") && calm.contains("0 mails with"), "{calm}");
}

#[test]
fn summaries_and_signs_of_life_are_not_among_what_was_really_mailed() {
    let place = Place::new(&client("web1", MEMORY));
    hour(&place, [97; 12]);
    for kind in [MailKind::Heartbeat, MailKind::Digest] {
        place.mail_of(kind, 30, "ops@example.org", &[]);
    }
    place.sent(30);
    let shown = place.ask(60, &["replay", "--since", "2h"]).text();
    assert!(shown.contains("; really mailed: 0\n"), "{shown}");
}

#[test]
fn a_mail_says_the_newest_value_though_nothing_changed_with_it() {
    let place = Place::new(&client("web1", MEMORY));
    place.bring_home(10, &[("web1", vec![(0, memory(91)), (5, memory(99)), (10, memory(97))])]);
    let told = mails(&place, 11, &[]);
    assert!(told.len() == 1 && told[0].ends_with("web1: memory 97% (limit 90%)"), "{told:?}");
}

#[test]
fn nothing_is_changed() {
    let place = Place::new(&client("web1", MEMORY));
    hour(&place, [97; 12]);
    place.judge(30);
    let dump = || {
        let store = place.store();
        let rows = store.history(at(-1), None, 1000).unwrap();
        format!(
            "{:?}{:?}{:?}",
            place.incidents(),
            store.mailboxes(at(60)).unwrap(),
            (rows.len(), store.untreated(None, 9).unwrap())
        )
    };
    let (before, bytes) = (dump(), fs::read(place.path("fleet.db")).unwrap());
    assert!(!mails(&place, 60, &[]).is_empty());
    assert_eq!(dump(), before);
    assert!(fs::read(place.path("fleet.db")).unwrap() == bytes, "not a byte");
}

#[test]
fn what_came_home_late_is_judged_in_its_own_time_and_told_when_it_came() {
    let place = Place::new(&client("web1", r#"<alert type="memory" limit="90%" for="20m"/>"#));
    place.measure(0, &[("web1", memory(50))]);
    let backlog = [5, 10, 15, 20, 25, 30].map(|minute| (minute, memory(97)));
    place.bring_home(180, &[("web1", [&backlog[..], &[(180, memory(50))]].concat())]);
    let told: Vec<String> = mails(&place, 185, &[]).into_iter().filter(|line| line.contains("memory")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("2026-11-21 10:17:00") && told[0].contains("web1: memory back at 50%"), "{told:?}");
    let json = place.ask(185, &["replay", "--since", "12h", "--format", "json"]).json();
    let entries: Vec<_> = json.iter().filter_map(|line| line["entries"].as_array()).flatten().collect();
    let memory: Vec<_> = entries.iter().filter(|entry| entry["metric"] == "memory").collect();
    assert!(memory.len() == 1 && memory[0]["kind"] == "missed", "{json:?}");
}

#[test]
fn a_run_is_told_of_as_a_whole_and_full_has_a_line_for_each() {
    let place = Place::new(&[client("web1", MEMORY), client("db1", MEMORY)].concat());
    place.measure(0, &[("web1", memory(97)), ("db1", memory(98))]);
    place.measure(5, &[("web1", memory(50)), ("db1", memory(98))]);
    let told = mails(&place, 6, &[]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("[2 WARN]") && told[0].contains("web1: memory 97% (limit 90%)"), "{told:?}");
    assert!(told[0].contains("; db1: ") || told[0].contains("; web1: "), "{told:?}");
    let full = place.ask(6, &["replay", "--since", "1h", "-v"]).text();
    assert!(full.contains("    problem   WARN web1: memory 97% (limit 90%)\n"), "{full}");
    assert!(full.contains("    over      OK   web1: memory back at 50%"), "{full}");
}

#[test]
fn the_collector_that_did_not_run_is_told_in_the_gap() {
    let place = Place::new(&client("web1", MEMORY));
    place.measure(0, &[("web1", memory(50))]);
    place.measure(240, &[("web1", memory(50))]);
    let told = mails(&place, 241, &[]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("2026-11-21 07:32:00 +01:00  ops@example.org  [CRIT] "), "{told:?}");
    assert!(told[1].starts_with("2026-11-21 11:17:00 +01:00  ops@example.org  [OK] "), "{told:?}");
}

#[test]
fn a_host_behind_another_one_that_is_down_is_not_told() {
    let clients = |parent: &str| {
        let inner = client("inner", MEMORY).replacen("<client ", &format!("<client {parent} "), 1);
        [client("gate", ""), inner].concat()
    };
    let place = Place::new(&clients(""));
    place.measure(0, &[("gate", memory(10)), ("inner", memory(10))]);
    for minute in [5, 10, 15] {
        place.fail_all(minute, &["gate", "inner"], OutcomeKind::ConnectTimeout);
    }
    assert!(mails(&place, 16, &[]).iter().any(|line| line.contains("inner: ")));
    place.configure("new.xml", &clients(r#"parent="gate""#));
    let new = place.path("new.xml").display().to_string();
    let told = mails(&place, 16, &["--config", &new]);
    assert!(told.len() == 1 && told[0].contains("gate: ") && !told[0].contains("inner"), "{told:?}");
}

#[test]
fn hosts_that_the_configuration_does_not_visit_are_named_and_former_names_found() {
    let place = Place::new(&client("web1", MEMORY));
    place.measure(0, &[("web1", memory(97)), ("old", memory(97)), ("gone", disks(&[("/", 99)]))]);
    place.configure("new.xml", &client("new", MEMORY).replacen("<client ", "<client formerly=\"old\" ", 1));
    let new = place.path("new.xml").display().to_string();
    let shown = place.ask(1, &["replay", "--since", "1h", "--config", &new]).text();
    assert!(shown.contains("[WARN] new: memory 97%") && !shown.contains("web1: "), "{shown}");
    assert!(shown.ends_with("\nleft out, for this configuration does not visit them: gone, web1\n"), "{shown}");
}

#[test]
fn no_history_is_an_answer_and_what_makes_no_sense_is_not() {
    let place = Place::new(&client("web1", MEMORY));
    assert!(place.ask(0, &["replay"]).text().contains("there is no history of that time"));
    for wrong in [vec!["replay", "--since", "x"], vec!["replay", "--since", "2099-01-01"]] {
        assert_eq!(place.ask(0, &wrong).status, 2, "{wrong:?}");
    }
    let json = place.ask(0, &["replay", "--format", "json"]).json();
    assert_eq!(json, [serde_json::json!({"totals": []})]);
}

#[test]
fn windows_of_maintenance_of_the_configuration_hold() {
    let place = Place::new(&client("web1", MEMORY));
    hour(&place, [50, 97, 97, 97, 50, 50, 50, 50, 50, 50, 50, 50]);
    assert_eq!(mails(&place, 60, &[]).len(), 2);
    let window = r#"<maintenance cron="0 7 * * *" lasting="2h" timezone="Europe/Berlin"/>"#;
    place.configure("new.xml", &client("web1", &[MEMORY, window].concat()));
    let new = place.path("new.xml").display().to_string();
    assert_eq!(mails(&place, 60, &["--config", &new]), [""; 0]);
}

#[test]
fn no_recipient_gets_more_mails_than_an_hour_allows() {
    let place = Place::new(&client("web1", MEMORY));
    hour(&place, [97, 50, 97, 50, 97, 50, 97, 50, 50, 50, 50, 50]);
    let all = mails(&place, 60, &[]);
    let config = fs::read_to_string(place.path("config.xml")).unwrap();
    fs::write(place.path("config.xml"), config.replace("<alerter ", "<alerter mails-per-hour=\"2\" ")).unwrap();
    let capped = mails(&place, 60, &[]);
    assert!(all.len() > 3, "{all:?}");
    assert_eq!(capped.len(), 2, "{capped:?}");
    assert!(capped[1].contains("last mail of the hour"), "{capped:?}");
}

#[test]
fn a_host_is_held_back_while_the_one_before_it_is_only_suspected() {
    let inner = client("inner", r#"<alert type="unreachable" times="1"/>"#);
    let place = Place::new(&[client("gate", ""), inner.replacen("<client ", "<client parent=\"gate\" ", 1)].concat());
    place.measure(0, &[("gate", memory(10)), ("inner", memory(10))]);
    place.fail_all(5, &["gate", "inner"], OutcomeKind::ConnectTimeout);
    assert_eq!(mails(&place, 6, &[]), [""; 0]);
}
