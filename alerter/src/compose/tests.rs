mod advice;
mod golden;
mod ids;
mod notifiers;
mod order;
mod own_templates;
mod size;
mod subjects;
mod summaries;

use std::process::{Command, Stdio};

use rules::{AlertKey, End, EventKind, Instance, RuleKey, Selector, Severity, Telling, Told};
use sample::Metric;

use super::*;

/// Minutes after 2026-11-21 06:17:00 UTC.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_241_820_000 + minute * 60_000)
}

/// When all mails here are made.
fn now() -> Timestamp {
    at(12)
}

fn incident(host: &str, metric: Metric, instance: &str, severity: Severity, minute: i64) -> Incident {
    let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    Incident {
        id: 12,
        host: (!host.is_empty()).then(|| host.parse().unwrap()),
        key: AlertKey { rule, instance: Instance::from_stored(instance) },
        opened: at(minute),
        severity,
        limit: 85.0,
        value: Some(91.2),
        worst: 97.25,
        flapping: false,
        ended: None,
        telling: Telling::default(),
        ack: None,
        told: Vec::new(),
    }
}

fn story(incident: Incident, kind: NoticeKind) -> Story {
    let ended = kind.is_last().then_some(End { kind: EventKind::Resolved, at: at(5) });
    let incident = Incident { ended: incident.ended.or(ended), ..incident };
    Story { incident, kind, remarks: Vec::new(), trend: storage::Trend::default(), processes: Vec::new() }
}

/// A story of a host's memory that began at 06:17.
fn memory(host: &str, severity: Severity, kind: NoticeKind) -> Story {
    story(incident(host, Metric::Memory, "", severity, 0), kind)
}

fn recipients(addresses: &[&str]) -> Vec<Recipient> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn stationery() -> Stationery {
    Stationery {
        installation: "0123456789abcdef0123456789abcdef".to_owned(),
        from: "fleet@example.org".parse().unwrap(),
        zone: "Europe/Berlin".parse().unwrap(),
        late_after: Duration::from_secs(1800),
        templates: Templates::default(),
    }
}

fn write(stories: &[Story]) -> Letter {
    write_on(&stationery(), stories, Occasion::default())
}

fn write_on(stationery: &Stationery, stories: &[Story], occasion: Occasion) -> Letter {
    letter(stories, &recipients(&["ops@example.org"]), stationery, occasion, now()).unwrap()
}

/// What Python's mail reader finds in a mail.
struct Read {
    headers: Vec<(String, String)>,
    text: String,
    html: String,
}

impl Read {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a mail with another implementation, which finds no fault with it.
fn read(content: &[u8]) -> Read {
    use std::io::Write;
    let reader = "
import email, email.policy, json, sys
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = list(mail.iter_parts())
assert mail.get_content_type() == 'multipart/alternative', mail.get_content_type()
assert [part.get_content_type() for part in parts] == ['text/plain', 'text/html']
assert not any(part.defects for part in [mail] + parts)
text, html = [part.get_content().replace('\\r\\n', '\\n') for part in parts]
print(json.dumps({'headers': [[name, str(value)] for name, value in mail.items()], 'text': text, 'html': html}))
";
    let mut python = Command::new("python3")
        .args(["-c", reader])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to read mails with another implementation: apt-get install python3");
    python.stdin.take().unwrap().write_all(content).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let mut found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let headers = serde_json::from_value(found["headers"].take()).unwrap();
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    Read { headers, text: text("text"), html: text("html") }
}

fn assert_travels_anywhere(content: &[u8]) {
    assert!(content.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' '..=b'~')), "7 bit, no control characters");
    let text = String::from_utf8(content.to_vec()).unwrap();
    assert!(text.ends_with("\r\n"));
    let without_line_breaks = text.replace("\r\n", "");
    assert!(!without_line_breaks.contains(['\r', '\n']), "no bare CR or LF");
    // RFC 5321, 4.5.3.1.6.
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
}
