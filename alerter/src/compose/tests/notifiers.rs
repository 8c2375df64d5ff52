use super::*;
use NoticeKind::{Over, Problem};
use Severity::{Critical, Warning};

fn document(stories: &[Story]) -> (Letter, serde_json::Value) {
    let letter = letter(stories, &recipients(&["exec:chat"]), &stationery(), Occasion::default(), now()).unwrap();
    let document = serde_json::from_slice(&letter.content).unwrap();
    (letter, document)
}

#[test]
fn a_notifier_gets_one_json_document_in_one_line() {
    let mut problem = story(incident("db1", Metric::Disk, "/va\u{1b}r", Critical, 0), Problem);
    problem.incident.telling.url = Some("https://wiki/".to_owned());
    problem.incident.worst = f64::NAN;
    let mut over = memory("", Warning, Over);
    over.incident.id = 13;
    let (letter, document) = document(&[over, problem]);
    assert_eq!(letter.content.iter().filter(|byte| **byte == b'\n').count(), 1);
    let expected = serde_json::json!({
        "version": 1,
        "message_id": letter.message_id,
        "subject": letter.subject,
        "created": "2026-11-21T06:29:00Z",
        "text": letter.text,
        "incidents": [
            {
                "id": 12, "host": "db1", "metric": "disk", "instance": "/va\\u{1b}r", "kind": "problem",
                "severity": "critical", "value": 91.2, "limit": 85.0, "worst": null,
                "since": "2026-11-21T06:17:00Z", "ended": null, "url": "https://wiki/", "text": null,
                "headline": "disk /va\\u{1b}r 91.2% (limit 85%)",
            },
            {
                "id": 13, "host": null, "metric": "memory", "instance": "", "kind": "over",
                "severity": "warning", "value": 91.2, "limit": 85.0, "worst": 97.25,
                "since": "2026-11-21T06:17:00Z", "ended": "2026-11-21T06:22:00Z", "url": null, "text": null,
                "headline": "memory back at 91.2% (limit 85%)",
            },
        ],
    });
    assert_eq!(document, expected);
}

#[test]
fn a_notifier_gets_at_most_two_hundred_incidents() {
    let stories: Vec<Story> = (0..250).map(|number| memory(&format!("web{number}"), Warning, Problem)).collect();
    let (letter, document) = document(&stories);
    assert_eq!(document["incidents"].as_array().unwrap().len(), 200);
    assert!(letter.text.contains("and 50 more") && letter.content.len() <= 200_000, "{}", letter.content.len());
}

#[test]
fn summaries_go_to_notifiers_too() {
    let beat = Heartbeat { hosts: 2, problems: 0, last_run: None };
    let letter = heartbeat(&beat, &recipients(&["exec:chat"]), &stationery(), now()).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&letter.content).unwrap();
    assert_eq!(document["subject"], "[OK] Fleet Health is alive: 2 hosts, 0 problems");
    assert_eq!(document["incidents"], serde_json::json!([]));
}
