//! `fleet silence`.

use std::process::Command;

use crate::place::{Place, at, client, memory};

fn place() -> Place {
    Place::new(&[client("web1", ""), client("web2", ""), client("db1", "")].concat())
}

#[test]
fn a_silence_is_added_shown_and_ended() {
    let place = place();
    let added = place.ask(0, &["silence", "add", "--host", "web*", "--for", "2h", "--comment", "kernel upgrade"]);
    assert_eq!(added.text(), "silence 1: web* until 2026-11-21 09:17:00 +01:00 (2 hosts of config.xml)\n");
    let rest = ["--metric", "disk", "--instance", "/var", "--until", "18:30", "--starts", "18:00", "--comment", "x"];
    place.ask(1, &[&["silence", "add", "--host", "db1", "--author", "bob"], &rest[..]].concat()).text();
    let expected = "\
ID  STATE    MATCHES        STARTS                      ENDS                        BY   COMMENT
 1  active   web*           2026-11-21 07:17:00 +01:00  2026-11-21 09:17:00 +01:00  ada  kernel upgrade
 2  to come  db1 disk /var  2026-11-21 18:00:00 +01:00  2026-11-21 18:30:00 +01:00  bob  x
";
    assert_eq!(place.ask(2, &["silence", "list"]).text(), expected);
    assert_eq!(place.ask(3, &["silence", "end", "1"]).text(), "silence 1 is over\n");
    assert_eq!(place.ask(4, &["silence", "list"]).text().lines().count(), 2);
    let all = place.ask(4, &["silence", "list", "--all", "--format", "json"]).json();
    assert_eq!((all.len(), &all[0]["state"], &all[1]["state"]), (2, &"over".into(), &"to come".into()));
    assert_eq!(all[0]["ends_ms"], at(3).as_millis());
    let again = place.ask(5, &["silence", "end", "1"]);
    assert_eq!((again.status, again.told.as_str()), (1, "error: there is no silence 1 that lasts or is to come"));
}

#[test]
fn a_pattern_that_is_for_no_host_is_kept_and_warned_of() {
    let place = place();
    let added = place.ask(0, &["silence", "add", "--host", "wbe*", "--for", "2h", "--comment", "x"]);
    assert_eq!((added.status, added.shown.contains("(0 hosts of config.xml)")), (0, true), "{added:?}");
    assert_eq!(added.told, "warning: config.xml has no host that \"wbe*\" is the name of\n");
    assert_eq!(place.store().silences(at(0)).unwrap().len(), 1);
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_kept() {
    let place = place();
    let host: &[&str] = &["--host", "web1"];
    let comment: &[&str] = &["--comment", "x"];
    for (arguments, named) in [
        (vec![host, comment], "--for"),
        (vec![host, &["--for", "2h"]], "--comment"),
        (vec![comment, &["--for", "2h"]], "--host"),
        (vec![host, comment, &["--for", "2h", "--until", "18:30"]], "--until"),
        (vec![host, comment, &["--for", "0h"]], "at least 1s"),
        (vec![host, comment, &["--for", "soon"]], "90m, 2h or 1d"),
        (vec![host, comment, &["--until", "2026-11-20 12:00"]], "before it begins"),
        (vec![host, comment, &["--starts", "2026-11-20 12:00", "--for", "1h"]], "before it begins"),
        (
            vec![host, comment, &["--for", "2h", "--metric", "dsik"]],
            "no such metric, did you mean disk? Known are collector, unreachable",
        ),
        (vec![host, &["--comment", " "], &["--for", "2h"]], "empty"),
        (vec![&["--host", "@web"], comment, &["--for", "2h"]], "names of hosts, not groups"),
        (vec![host, comment, &["--for", "2h", "--metric", "check:"]], "the name of a check is missing"),
        (vec![host, comment, &["--for", "2h", "--metric", "check:a", "--instance", "b"]], "named twice"),
        (vec![&["--host", ""], comment, &["--for", "2h"]], "expected a name"),
    ] {
        let answer = place.ask(0, &[vec!["silence", "add"], arguments.concat()].concat());
        assert!(answer.status == 2 && answer.told.contains(named), "{named}: {answer:?}");
    }
    let nobody = place.ask_as(None, 0, &[&["silence", "add", "--for", "2h"], host, comment].concat());
    assert!(nobody.status == 2 && nobody.told.contains("who you are"), "{nobody:?}");
    assert_eq!(place.store().silences(at(0)).unwrap(), []);
}

#[test]
fn what_people_type_neither_paints_the_terminal_nor_spoils_the_table() {
    let place = place();
    let hostile = "\u{1b}[2J\u{202e}x\n".repeat(20);
    let host = "\u{1b}*";
    let comment = ["silence", "add", "--host", host, "--for", "2h", "--comment", &hostile, "--author", "\u{7}eve"];
    let added = place.ask(0, &comment);
    assert!(!added.shown.contains(['\u{1b}', '\u{202e}']) && !added.told.contains('\u{1b}'), "{added:?}");
    let shown = place.ask(0, &["silence", "list"]).text();
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']) && shown.lines().count() == 2, "{shown:?}");
    assert!(shown.lines().all(|line| line.chars().count() < 250), "{shown}");
    let json = place.ask(0, &["silence", "list", "--format", "json"]).text();
    assert!(!json.contains(['\u{1b}', '\u{202e}']) && json.lines().count() == 1, "{json:?}");
}

#[test]
fn a_silence_holds_what_it_matches_and_fleet_alerts_says_so() {
    let alert = r#"<alert type="memory" limit="90%"/>"#;
    let place = Place::new(&[client("web1", alert), client("db1", alert)].concat());
    place.measure(0, &[("web1", memory(97)), ("db1", memory(97))]);
    place.judge(1);
    place.ask(1, &["silence", "add", "--host", "web*", "--for", "2h", "--comment", "x"]).text();
    let shown = place.ask(2, &["alerts", "--format", "json"]).json();
    let held = |host: &str| shown.iter().find(|alert| alert["host"] == host).unwrap();
    assert_eq!((&held("web1")["held"], &held("web1")["held_by"]), (&"silenced".into(), &"1".into()));
    assert_eq!(held("db1").get("held"), None);
    let next = held("web1")["next_ms"].as_i64().unwrap();
    assert_eq!(next, at(121).as_millis(), "it is looked at again when the silence ends");
}

#[test]
fn one_check_or_unit_is_silenced_by_the_name_that_config_xml_has() {
    let place = place();
    let what = ["--host", "db1", "--metric", "check:backup", "--for", "2h", "--comment", "x"];
    let added = place.ask(0, &[&["silence", "add"], &what[..]].concat());
    assert_eq!(added.text(), "silence 1: db1 check backup until 2026-11-21 09:17:00 +01:00 (1 host of config.xml)\n");
    let kept = &place.store().silences(at(0)).unwrap()[0];
    assert_eq!((kept.metric.as_str(), kept.instance.as_str()), ("check", "backup"));
    let what = ["--host", "db1", "--metric", "unit", "--instance", "cron", "--for", "2h", "--comment", "x"];
    place.ask(0, &[&["silence", "add"], &what[..]].concat()).text();
    assert_eq!(place.store().silences(at(0)).unwrap()[1].instance, "cron.service", "as the database has it");
}

#[test]
fn whoever_is_logged_in_bears_the_silence_under_cron_too() {
    let place = place();
    let mut program = Command::new(env!("CARGO_BIN_EXE_fleet"));
    program.env_clear().env("LOGNAME", "carol").env("TZ", "UTC");
    program.args(["silence", "add", "--host", "web1", "--for", "2h", "--comment", "x", "--config"]);
    program.arg(place.path("config.xml")).arg("--state-dir").arg(place.path(""));
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.store().silences(at(0)).unwrap()[0].author, "carol");
}
