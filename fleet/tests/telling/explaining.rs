//! `fleet explain`.

use sample::{Readings, SystemdUnit};

use crate::place::{Place, client, disks, memory};

const DEFAULTS: &str = r#"<defaults mail="ops@example.org">
<alert type="disk" warn="80%" crit="95%" for="10m" times="3" clear-for="30m"/>
<alert type="memory" limit="90%"/></defaults>"#;
const OWN: &str = r#"
<alert type="disk" mount="/var" limit="85%" and-free-below="20GB" repeat="4h" escalate-after="4h"
       escalate-to="boss@example.org" url="https://wiki/var" text="call us" active="Mon-Sun 06-22"/>
<alert type="disk" mount="/srv/*" off="yes"/>"#;

/// Two runs with full disks, judged.
fn place() -> Place {
    let place = Place::new(&[DEFAULTS.to_owned(), client("web1", OWN), client("db1", "")].concat());
    let full = || disks(&[("/", 97), ("/var", 97), ("/srv/x", 99)]);
    place.measure(0, &[("web1", full()), ("db1", memory(97))]);
    place.measure(5, &[("web1", full())]);
    place.judge(6);
    place
}

/// The answer without the path of the folder.
fn explained(place: &Place, arguments: &[&str]) -> String {
    let text = place.ask(7, &[&["explain"], arguments].concat()).text();
    text.replace(&place.path("").display().to_string(), "")
}

#[test]
fn an_alert_is_explained_from_its_value_to_the_next_mail() {
    let place = place();
    place.ask(6, &["silence", "add", "--host", "web*", "--for", "2h", "--comment", "up\u{1b}grade"]).text();
    let expected = "\
web1: disk /var
value       97%, 3 B available at 2026-11-21 07:22:00 +01:00, 2m ago
rule        disk mount=/var, config.xml:5
  limits    warning from 85% on, over at 80.75%
  counts    an alert at once, over at once
  only if   less than 20 GB are available
  tells     ops@example.org
  repeats   every 4 h
  escalates to boss@example.org, 4 h after the first word
  hours     Mon-Sun 06-22
  see       https://wiki/var
  says      call us
not         disk, config.xml:2: another rule names this more exactly
not         disk mount=/srv/* (off), config.xml:7: it is about other things
state       firing: warning since 2026-11-21 07:17:00 +01:00, worst 97%
alert       1: warning, disk /var 97% (limit 85%), since 2026-11-21 07:17:00 +01:00, 7m ago
told        nobody yet
held        silenced by 1 until 2026-11-21 09:23:00 +01:00, by ada: up\\u{1b}grade
next        nothing before 2026-11-21 09:23:00 +01:00, unless something changes
";
    assert_eq!(explained(&place, &["web1", "disk", "/var"]), expected);
    place.ask(7, &["silence", "end", "1"]).text();
    let next = "next        ops@example.org is told problem";
    assert!(explained(&place, &["web1", "disk", "/var"]).contains(next));
    place.mail(7, "ops@example.org", &[1]);
    place.sent(7);
    let told = explained(&place, &["web1", "disk", "/var"]);
    assert!(told.contains("told        ops@example.org was told problem 0s ago"), "{told}");
    place.ask(7, &["ack", "1", "--comment", "on it"]).text();
    assert!(explained(&place, &["web1", "disk", "/var"]).contains("taken       ada takes care: on it"));
}

#[test]
fn what_is_no_alert_yet_says_what_is_missing() {
    let told = explained(&place(), &["web1", "disk", "/"]);
    let run = "reached 2 of 3 times since 2026-11-21 07:17:00 +01:00, for 5 min of 10 min";
    assert!(told.contains("counts    an alert after 10 min and 3 in a row, over after 30 min\n"), "{told}");
    assert!(told.contains(&format!("state       pending: not an alert yet\n            warning {run}")), "{told}");
    assert!(
        told.contains(&format!("            critical {run}\n")) && told.contains("alert       none is open"),
        "{told}"
    );
    assert!(told.contains("rule        disk, config.xml:2, also of another host"), "{told}");
    assert!(told.contains("repeats   warning every 1 d, critical every 4 h"), "{told}");
}

#[test]
fn a_thing_that_is_switched_off_names_the_line_that_does_it() {
    let told = explained(&place(), &["web1", "disk", "/srv/x"]);
    assert!(told.contains("rule        none: config.xml:7 switches it off\n"), "{told}");
    assert!(told.contains("not         disk, config.xml:2: another rule names this more exactly"), "{told}");
}

#[test]
fn all_things_of_a_metric_are_explained_unless_one_is_named() {
    let told = explained(&place(), &["web1", "disk"]);
    let titles: Vec<&str> = told.lines().filter(|line| line.starts_with("web1: ")).collect();
    assert_eq!(titles, ["web1: disk /", "web1: disk /srv/x", "web1: disk /var"]);
}

#[test]
fn a_metric_without_a_rule_says_how_to_add_one() {
    let place = place();
    let told = explained(&place, &["web1", "cpu"]);
    assert!(told.contains("rule        none. <alert type=\"cpu\" limit=\"90%\"/> in <client>"), "{told}");
    let told = explained(&place, &["web1", "inodes", "/a\"<b\u{1b}"]);
    assert!(told.contains("<alert type=\"inodes\" mount=\"/a&quot;&lt;b\\u{1b}\" limit=\"90%\"/>"), "{told}");
}

#[test]
fn built_in_rules_and_the_collector_are_explained() {
    let place = place();
    let told = explained(&place, &["web1", "unreachable"]);
    assert!(told.contains("value       reachable at 2026-11-21 07:22:00 +01:00"), "{told}");
    assert!(
        told.contains("rule        unreachable, built in") && told.contains("critical when it is unreachable"),
        "{told}"
    );
    assert!(told.contains("state       quiet"), "{told}");
    let told = explained(&place, &["-", "collector"]);
    assert!(told.starts_with("the fleet: collector\nvalue       2 min at "), "{told}");
    assert!(told.contains("critical after 15 min without a finished run"), "three intervals: {told}");
}

#[test]
fn json_has_an_object_for_each_thing() {
    let place = place();
    let found = place.ask(7, &["explain", "web1", "disk", "--format", "json"]).json();
    let of = |name: &str| found.iter().find(|one| one["instance"] == name).unwrap();
    assert_eq!((&of("/")["state"], &of("/var")["state"]), (&"pending".into(), &"firing".into()));
    assert_eq!(of("/srv/x")["rule"]["is_off"], true);
    let rule = &of("/")["rule"];
    assert_eq!((&rule["levels"][1]["limit"], &rule["rise"]["times"]), (&95.0.into(), &3.into()));
    assert_eq!(of("/var")["incident"]["incident"], 1);
    assert_eq!(of("/var")["other_rules"][0]["reason"], "less_specific");
    let unknown = place.ask(7, &["explain", "web1", "cpu", "--format", "json"]).json();
    assert_eq!((unknown[0].get("value"), unknown[0].get("rule")), (None, None));
}

#[test]
fn what_is_not_there_is_named() {
    let place = place();
    for (arguments, named) in [
        (["web9", "disk"], "no client named web9"),
        (["web1", "dsik"], "no such metric, did you mean disk? Known are collector"),
        (["web1", "check:"], "the name of a check is missing"),
        (["web1", "collector"], "write - for the host"),
        (["-", "disk"], "disk is about a host"),
        (["we b1", "disk"], "a host name begins with"),
    ] {
        let answer = place.ask(7, &[&["explain"], &arguments[..]].concat());
        assert!(answer.status == 2 && answer.told.contains(named), "{answer:?}");
    }
}

#[test]
fn a_thing_is_found_under_the_name_that_config_xml_gives_it() {
    let wanted = r#"<unit name="cron"/>"#;
    let place = Place::new(&[DEFAULTS.to_owned(), client("web1", wanted)].concat());
    let state = SystemdUnit {
        name: "cron.service".to_owned(),
        load_state: "loaded".to_owned(),
        active_state: "failed".to_owned(),
        wanted: true,
    };
    place.measure(0, &[("web1", Readings { units: Some(vec![state]), ..Readings::default() })]);
    place.judge(1);
    let told = explained(&place, &["web1", "unit", "cron"]);
    assert!(
        told.starts_with("web1: unit cron.service\nvalue       not active at ") && told.contains("firing: "),
        "{told}"
    );
    assert!(told.contains("limits    critical when it is not active\n"), "{told}");
    let check = explained(&place, &["web1", "check:backup"]);
    assert!(check.starts_with("web1: check backup\nvalue       nothing of that name is known\n"), "{check}");
    let twice = place.ask(7, &["explain", "web1", "check:backup", "raid"]);
    assert!(twice.status == 2 && twice.told.contains("named twice"), "{twice:?}");
}

#[test]
fn a_disk_that_only_the_free_space_keeps_quiet_says_so() {
    let alert = r#"<alert type="disk" limit="85%" and-free-below="2B"/>"#;
    let place = Place::new(&client("web1", alert));
    place.measure(0, &[("web1", disks(&[("/", 97)]))]);
    place.judge(1);
    let told = explained(&place, &["web1", "disk", "/"]);
    let quiet = "state       quiet: 97% is over the limit, but 3 B available are not less than 2 B\n";
    assert!(told.contains(quiet), "{told}");
}
