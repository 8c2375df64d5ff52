use rules::{Instance, RuleKey, Selector};
use sample::Metric;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_241_820_000 + minute * 60_000)
}

/// An alert with what happened to it, to be told.
struct Scene {
    host: HostName,
    key: AlertKey,
    event: Event,
    limit: f64,
}

impl Scene {
    fn told(&self) -> Told<'_> {
        let sample = Some(SampleId([7; 16]));
        Told { host: &self.host, key: &self.key, event: &self.event, limit: self.limit, sample }
    }
}

fn scene(host: &str, metric: Metric, mount: Option<&str>, event: Event) -> Scene {
    let instance = mount.map_or(Instance::Host, |mount| Instance::Mount(mount.to_owned()));
    let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    Scene { host: host.parse().unwrap(), key: AlertKey { rule, instance }, event, limit: 85.0 }
}

fn fired(minute: i64, value: f64) -> Event {
    Event { kind: EventKind::Fired, at: at(minute), value: Some(value), since: at(minute), worst: value }
}

fn resolved(since: i64, minute: i64, value: f64) -> Event {
    Event { kind: EventKind::Resolved, at: at(minute), value: Some(value), since: at(since), worst: 97.25 }
}

fn withdrawn(since: i64, minute: i64) -> Event {
    Event { kind: EventKind::Withdrawn, at: at(minute), value: None, since: at(since), worst: 99.0 }
}

fn recipients(addresses: &[&str]) -> Vec<Recipient> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn write_to(addresses: &[&str], scenes: &[Scene]) -> Letter {
    let told: Vec<Told<'_>> = scenes.iter().map(Scene::told).collect();
    let from = "fleet@example.org".parse().unwrap();
    let stationery = Stationery { installation: "0123456789abcdef0123456789abcdef", from: &from };
    letter(&told, &recipients(addresses), stationery, at(12)).unwrap()
}

fn write(scenes: &[Scene]) -> Letter {
    write_to(&["ops@example.org"], scenes)
}

/// Headers as a strict reader finds them: name and value, folded lines joined.
fn headers(content: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(content.to_vec()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ");
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    unfolded.split("\r\n").map(|line| header(line).unwrap_or_else(|| panic!("not a header: {line:?}"))).collect()
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

const HOSTILE_MOUNT: &str = "/mnt/\r\nBcc: thief@example.net\r\n\r\n.\r\n\u{1b}[2J\u{202e}\0ü";

#[test]
fn golden_mails() {
    let golden = |name: &str, letter: &Letter| {
        let path = format!("{}/golden/{name}.eml", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &letter.content).unwrap();
        }
        let expected = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}; set UPDATE_GOLDEN=1"));
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(show(&letter.content), show(&expected), "{name}; if it is meant, set UPDATE_GOLDEN=1");
        assert_travels_anywhere(&letter.content);
    };
    golden("firing", &write(&[scene("web1", Metric::Memory, None, fired(0, 91.2))]));
    golden("resolved", &write(&[scene("db1", Metric::Disk, Some("/srv/Bücher"), resolved(-200, 0, 70.0))]));
    golden("withdrawn", &write(&[scene("web2", Metric::Cpu, None, withdrawn(-3000, 12))]));
    let several = [
        scene("web2", Metric::Cpu, None, withdrawn(-3000, 12)),
        scene("web1", Metric::Memory, None, resolved(-90, 2, 40.0)),
        scene("db1", Metric::Disk, Some("/"), fired(3, 95.5)),
        scene("db1", Metric::Load, None, fired(11, 90.0)),
    ];
    golden("several", &write_to(&["a@example.org", "b@example.org"], &several));
}

#[test]
fn subjects_tell_the_most_severe_first() {
    let subject = |scenes: &[Scene]| write(scenes).subject;
    let memory = |event| scene("web1", Metric::Memory, None, event);
    assert_eq!(subject(&[memory(fired(0, 91.2))]), "[FIRING] web1: memory 91.2 % (limit 85 %)");
    assert_eq!(subject(&[memory(resolved(0, 5, 60.0))]), "[RESOLVED] web1: memory 60 % (limit 85 %)");
    assert_eq!(subject(&[memory(withdrawn(0, 5))]), "[WITHDRAWN] web1: memory is no longer watched");
    let db1 = scene("db1", Metric::Disk, Some("/var"), resolved(0, 5, 60.0));
    let web2 = scene("web2", Metric::Memory, None, fired(1, 99.0));
    assert_eq!(subject(&[db1, web2, memory(fired(0, 91.2))]), "[2 firing, 1 resolved] web1, web2, db1");
}

#[test]
fn an_alert_that_came_and_went_before_anybody_was_told_is_one_story() {
    let memory = |event| scene("web1", Metric::Memory, None, event);
    let letter = write(&[
        memory(fired(0, 90.0)),
        memory(resolved(0, 3, 9.0)),
        memory(fired(5, 90.0)),
        memory(resolved(5, 8, 9.0)),
    ]);
    assert_eq!(letter.subject, "[RESOLVED] web1: memory 9 % (limit 85 %)");
    assert!(letter.text.contains("it fired 2 times since 2026-11-21 06:17:00 UTC"), "{}", letter.text);
}

#[test]
fn a_long_list_is_cut_and_the_rest_counted() {
    let scenes: Vec<Scene> =
        (0..250).map(|number| scene(&format!("web{number}"), Metric::Memory, None, fired(0, 90.0))).collect();
    let letter = write(&scenes);
    assert_eq!(letter.text.matches("(limit 85 %)").count(), 200);
    assert!(letter.text.contains("and 50 more; to see all: fleet status\n"));
    assert_eq!(letter.subject.chars().count(), 200);
    assert_travels_anywhere(&letter.content);
}

#[test]
fn a_hostile_mount_point_adds_no_header_and_no_control_character() {
    let letter = write(&[scene("web1", Metric::Disk, Some(HOSTILE_MOUNT), fired(0, 91.0))]);
    assert_travels_anywhere(&letter.content);
    let names: Vec<String> = headers(&letter.content).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(names), sorted(expected.map(str::to_owned).to_vec()));
    assert!(!letter.subject.chars().any(char::is_control));
    assert!(!letter.text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", letter.text);
}

#[test]
fn another_mail_reader_reads_back_what_was_written() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let letter = write_to(
        &["a@example.org", "b@example.org"],
        &[scene("web1", Metric::Disk, Some(HOSTILE_MOUNT), fired(0, 91.0))],
    );
    let reader = "
import email, email.policy, sys
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
assert not mail.defects, mail.defects
sys.stdout.buffer.write(('%s\\n%s\\n%s\\n%s' % (mail['to'], mail['bcc'], mail['subject'], mail.get_content().replace('\\r\\n', '\\n'))).encode())
";
    let mut python = Command::new("python3")
        .args(["-c", reader])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to read mails with another implementation: apt install python3");
    python.stdin.take().unwrap().write_all(&letter.content).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let expected = format!("a@example.org, b@example.org\nNone\n{}\n{}", letter.subject, letter.text);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn the_message_id_is_the_same_for_the_same_events_and_different_for_any_others() {
    let of = |address: &str, scene: Scene| write_to(&[address], &[scene]).message_id;
    let memory = |host: &str, event| scene(host, Metric::Memory, None, event);
    let id = of("a@example.org", memory("web1", fired(0, 91.0)));
    assert_eq!(id, of("a@example.org", memory("web1", fired(0, 91.0))));
    let digits = id.strip_prefix("<fh.").unwrap().strip_suffix("@example.org>").unwrap();
    assert!(digits.len() == 26 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    let mut second_rule = memory("web1", fired(0, 91.0));
    second_rule.key.rule.ordinal = 1;
    let others = [
        of("b@example.org", memory("web1", fired(0, 91.0))),
        of("a@example.org", memory("web2", fired(0, 91.0))),
        of("a@example.org", memory("web1", fired(1, 91.0))),
        of("a@example.org", memory("web1", resolved(0, 0, 9.0))),
        of("a@example.org", scene("web1", Metric::Disk, Some("/"), fired(0, 91.0))),
        of("a@example.org", scene("web1", Metric::Disk, Some("/var"), fired(0, 91.0))),
        of("a@example.org", second_rule),
    ];
    let distinct: std::collections::HashSet<&String> = others.iter().chain([&id]).collect();
    assert_eq!(distinct.len(), others.len() + 1);
}
