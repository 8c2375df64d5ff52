//! `fleet alerts`.

use sample::OutcomeKind;
use storage::AttemptEnd;

use crate::place::{Place, at, client, disks, memory};

fn place() -> Place {
    let alerts = r#"<alert type="memory" limit="90%"/><alert type="disk" limit="90%"/>"#;
    let place = Place::new(&[client("web1", alerts), client("db1", alerts)].concat());
    place.measure(0, &[("web1", memory(97)), ("db1", memory(50))]);
    place.judge(1);
    place
}

#[test]
fn what_is_wrong_now_is_a_line_with_who_was_told() {
    let place = place();
    assert!(place.ask(2, &["alerts"]).text().ends_with("97%    nobody was told\n"));
    place.mail(2, "ops@example.org", &[1]);
    place.sent(3);
    let expected = "\
ID  SEVERITY  HOST  PROBLEM                 SINCE                               WORST  NOTES
 1  warning   web1  memory 97% (limit 90%)  2026-11-21 07:17:00 +01:00, 2h ago  97%    ops@example.org was told problem 2h ago
";
    assert_eq!(place.ask(150, &["alerts"]).text(), expected);
    assert_eq!(place.ask(150, &["alerts", "--host", "db*"]).text(), "none that match\n");
    assert_eq!(place.ask(150, &["alerts", "--since", "1h"]).text(), "none that match\n");
    let mistyped = place.ask(150, &["alerts", "--host", "wbe*"]);
    assert_eq!((mistyped.status, mistyped.shown.as_str()), (0, "none that match\n"));
    assert_eq!(mistyped.told, "warning: config.xml has no host that \"wbe*\" is the name of\n");
    assert_eq!(place.ask(150, &["alerts", "--since", "2026-11-21"]).text(), expected);
}

#[test]
fn who_was_not_reached_was_not_told_and_why_is_said() {
    let reply = String::new;
    for (end, expected, name) in [
        (AttemptEnd::Failed { reply: reply() }, "was not told problem: refused by the server 1m ago", "refused"),
        (AttemptEnd::Unknown { next: at(9), reply: reply() }, "may have been told problem 1m ago", "maybe"),
    ] {
        let place = place();
        place.mail(2, "ops@example.org", &[1]);
        place.deliver(3, &end);
        let shown = place.ask(4, &["alerts"]).text();
        assert!(shown.contains(&format!("ops@example.org {expected}\n")), "{shown}");
        assert_eq!(place.ask(4, &["alerts", "--format", "json"]).json()[0]["told"][0]["reach"], name);
    }
    let place = place();
    place.mail(2, "ops@example.org", &[1]);
    place.ask(3, &["outbox", "drop", "1"]).text();
    let shown = place.ask(4, &["alerts"]).text();
    assert!(shown.contains("ops@example.org was not told problem: dropped by hand 1m ago\n"), "{shown}");
}

#[test]
fn what_is_over_is_history() {
    let place = place();
    place.measure(5, &[("web1", memory(50))]);
    place.measure(10, &[("web1", disks(&[("/\u{1b}[2J", 95)]))]);
    place.judge(11);
    assert_eq!(place.ask(12, &["alerts"]).text().lines().count(), 2);
    let shown = place.ask(12, &["alerts", "--history"]).text();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].contains("BEGAN") && lines.len() == 3, "{shown}");
    assert!(lines[1].contains("disk /\\u{1b}[2J 95%") && lines[1].contains(" open "), "{shown}");
    assert!(lines[2].contains("2026-11-21 07:17:00 +01:00  5 min") && lines[2].contains(" over "), "{shown}");
    let limited = place.ask(12, &["alerts", "--history", "--limit", "1"]).text();
    assert!(limited.contains("these are the newest 1") && !limited.contains(" over "), "{limited}");
}

#[test]
fn json_has_everything_that_is_known_and_nothing_else() {
    let place = place();
    place.mail(2, "ops@example.org", &[1]);
    place.sent(3);
    place.ask(4, &["ack", "1", "--comment", "on it"]).text();
    let shown = place.ask(5, &["alerts", "--format", "json"]).json();
    let alert = &shown[0];
    let known = serde_json::json!({
        "incident": 1,
        "host": "web1",
        "metric": "memory",
        "instance": "",
        "severity": "warning",
        "headline": "memory 97% (limit 90%)",
        "opened_ms": at(0).as_millis(),
        "limit_value": 90.0,
        "worst_value": 97.0,
        "recipients": ["ops@example.org"],
    });
    for (name, value) in known.as_object().unwrap() {
        assert_eq!(alert[name], *value, "{name}");
    }
    assert_eq!((&alert["acked"]["by"], &alert["acked"]["comment"]), (&"ada".into(), &"on it".into()));
    let told = &alert["told"][0];
    assert_eq!((&told["at_ms"], &told["kind"]), (&at(3).as_millis().into(), &"problem".into()));
    assert_eq!((alert.get("ended_ms"), alert.get("end_kind")), (None, None));
}

#[test]
fn a_host_that_is_down_holds_its_other_problems_and_the_table_says_so() {
    let place = place();
    place.fail(5, "web1", OutcomeKind::ConnectTimeout);
    place.fail(10, "web1", OutcomeKind::ConnectTimeout);
    place.judge(11);
    let shown = place.ask(12, &["alerts"]).text();
    let memory = shown.lines().find(|line| line.contains("memory")).unwrap();
    assert!(memory.contains("not told: the host can't be visited"), "{shown}");
    assert!(shown.contains("critical  web1  host is unreachable"), "{shown}");
}

#[test]
fn what_config_xml_says_now_decides_not_what_it_said_then() {
    let place = place();
    let alert = r#"<alert type="memory" limit="90%" mail="dev@example.org" active="Mon-Fri 08-18"/>"#;
    place.configure("config.xml", &[client("web1", alert), client("db1", "")].concat());
    let shown = place.ask(2, &["alerts", "--format", "json"]).json();
    assert_eq!(shown[0]["recipients"], serde_json::json!(["dev@example.org"]));
    assert_eq!(shown[0]["held"], "outside_hours", "it is Saturday");
}
