//! The proof that nothing a host chooses gets out of its place in a mail: ten thousand names that try, told in mails
//! that another implementation reads.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails, with the place where it could not")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use alerter::compose::{Letter, Occasion, Stationery, Story, Templates, letter};
use rules::{
    AlertKey, End, EventKind, Incident, Instance, NoticeKind, Recipient, RuleKey, Selector, Severity, Telling, Zone,
    words,
};
use sample::{Metric, Timestamp, TopProcess};

const NAMES: usize = 10_000;

/// What a name can be made of; each of them has broken a mail program somewhere.
const TRAPS: [&str; 32] = [
    "\r\nBcc: thief@example.net",
    "\nSubject: all is well\r\n\r\n",
    "\r\n.\r\nMAIL FROM:<x@example.net>\r\n",
    "\r\n--=_fh",
    "\0",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "\u{2066}\u{2069}",
    "\u{200b}\u{200d}\u{feff}\u{ad}",
    "\u{2028}\u{2029}",
    "\u{e0041}\u{e007f}",
    "</td><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' style='position:fixed",
    "<!--",
    "</style></title></head>",
    "&lt;b&gt;&#60;",
    "{{ 7*7 }}",
    "{% include 'style.css' %}{% raw %}",
    "{#",
    "=?utf-8?q?=0D=0ABcc:_thief=40example.net?=",
    "=?utf-8?b?DQpCY2M6IHg=?=",
    "=0D=0A=3Cscript=3E=",
    "=\r\n",
    "\n.\n",
    "\nFrom thief@example.net Sat Nov 21 2026\n",
    "From ",
    ".",
    "Bücher 日本語 🦀",
    " \t  \t ",
];

/// What such names are names of. A line of a log comes as a remark.
#[derive(Clone, Copy)]
enum Place {
    Mount,
    Process,
    Unit,
    Check,
    LogLine,
}

const PLACES: [Place; 5] = [Place::Mount, Place::Process, Place::Unit, Place::Check, Place::LogLine];

/// One of many: every trap alone, doubled and behind a letter, then mixtures, every hundredth of 4096 bytes.
fn name(number: usize) -> String {
    let trap = |place: usize| TRAPS[place % TRAPS.len()];
    let name = match number / TRAPS.len() {
        0 => trap(number).to_owned(),
        1 => trap(number).repeat(2),
        2 => format!("a{}", trap(number)),
        // Steps without a common factor with 32, so that all traps meet.
        _ => format!("{}{number}{}{}", trap(number), trap(number / 32 * 5), trap(number / 1024 * 11 + number)),
    };
    if number % 100 == 99 { name.chars().cycle().take(4096 / 4).collect() } else { name }
}

fn story(number: usize) -> Story {
    let name = name(number);
    let place = PLACES[number % PLACES.len()];
    let kind = NoticeKind::ALL[number / 7 % NoticeKind::ALL.len()];
    let top = TopProcess { name: name.clone(), arguments: Some(name.clone()), ..TopProcess::default() };
    let end = End { kind: EventKind::Resolved, at: at(10) };
    Story {
        incident: Incident {
            id: i64::try_from(number).unwrap(),
            // One each, or what was missed would be told by alert.
            host: Some(format!("web{number}").parse().unwrap()),
            key: key(place, &name),
            opened: at(0),
            severity: Severity::ALL[number % 3],
            limit: 1.0,
            value: Some(2.0),
            worst: 2.0,
            flapping: false,
            ended: kind.is_last().then_some(end),
            telling: Telling {
                url: number.is_multiple_of(2).then(|| name.clone()),
                text: (!number.is_multiple_of(2)).then(|| name.clone()),
                ..Telling::default()
            },
            ack: None,
            told: Vec::new(),
        },
        kind,
        remarks: vec![name],
        trend: storage::Trend { parts: vec![Some(1.0), None, Some(f64::NAN)], low: Some(1.0), high: Some(1.0) },
        processes: vec![top],
    }
}

fn key(place: Place, name: &str) -> AlertKey {
    let (metric, instance) = match place {
        Place::Mount => (Metric::Disk, name),
        Place::Process => (Metric::Process, name),
        Place::Unit => (Metric::Unit, name),
        Place::Check => (Metric::Check, name),
        Place::LogLine => (Metric::Memory, ""),
    };
    let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    AlertKey { rule, instance: Instance::from_stored(instance) }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_241_820_000 + minute * 60_000)
}

fn stationery() -> Stationery {
    Stationery {
        installation: "0123456789abcdef0123456789abcdef".to_owned(),
        from: "fleet@example.org".parse().unwrap(),
        zone: Zone::UTC,
        late_after: Duration::from_secs(600),
        templates: Templates::default(),
    }
}

fn write_to(recipient: &str, stories: &[Story]) -> Letter {
    let recipients: Vec<Recipient> = vec![recipient.parse().unwrap()];
    letter(stories, &recipients, &stationery(), Occasion::default(), at(12)).unwrap()
}

/// What the text of a mail with this story has to hold: its name escaped, or the beginning of it.
fn escaped(story: &Story) -> Vec<String> {
    let beginning = |text: &str, most: usize| sample::plain(text).chars().take(most).collect::<String>();
    let instance = story.incident.key.instance.as_str();
    let mut expected = vec![beginning(&story.remarks[0], 200)];
    if !instance.is_empty() {
        // Within a headline, which is shorter.
        expected.push(beginning(instance, 80));
        assert!(words::subject(&story.incident.key).contains(&beginning(instance, 80)));
    }
    expected
}

/// Reads mails, each after its length in a line, and for each a line of JSON with what its text has to hold.
const READER: &str = r#"
import email, email.policy, json, re, sys, unicodedata
from html.parser import HTMLParser

class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = set(), set(), []
    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)
        for name, value in attributes:
            assert name != 'href' or value.startswith(('http://', 'https://')), value
    def handle_data(self, data):
        self.text.append(data)
    def handle_comment(self, data):
        raise AssertionError('a comment: ' + data)

ODD = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ('Cc', 'Cf', 'Zl', 'Zp')]
IN_LINE = re.compile('[%s]' % ''.join(map(re.escape, ODD)))
IN_TEXT = re.compile('[%s]' % ''.join(re.escape(c) for c in ODD if c not in '\n\t'))

HEADERS = ['Auto-Submitted', 'Content-Type', 'Date', 'From', 'In-Reply-To', 'List-Id', 'MIME-Version', 'Message-ID',
           'References', 'Subject', 'To', 'X-Fleet-Incident']
TAGS = {'html', 'head', 'meta', 'title', 'style', 'body', 'div', 'h1', 'h2', 'p', 'span', 'b', 'i', 'code'}
ATTRIBUTES = {'lang', 'charset', 'name', 'content', 'class'}
count = 0
stream = sys.stdin.buffer
while line := stream.readline():
    size = int(line)
    raw = stream.read(size)
    expected = json.loads(stream.readline())
    assert all(32 <= byte < 127 or byte in b'\r\n' for byte in raw), 'seven bit'
    assert b'\n' not in raw.replace(b'\r\n', b'') and b'\r' not in raw.replace(b'\r\n', b''), 'bare CR or LF'
    for piece in raw.split(b'\r\n'):
        assert len(piece) <= 998 and not piece.startswith((b'.', b'From ')), piece
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = list(mail.walk())
    assert [part.get_content_type() for part in parts] == ['multipart/alternative', 'text/plain', 'text/html'], parts
    for part in parts:
        assert not part.defects, part.defects
        for name, value in part.items():
            assert not value.defects, (name, value.defects)
            assert not IN_LINE.search(str(value)), (name, value)
    assert sorted(mail.keys()) == HEADERS, mail.keys()
    assert mail['subject'] == expected['subject'], (mail['subject'], expected['subject'])
    assert len(mail['subject']) <= 200 and mail['to'] == 'ops@example.org' and mail['from'] == 'fleet@example.org'
    text, html = [part.get_content().replace('\r\n', '\n') for part in parts[1:]]
    assert not IN_TEXT.search(text) and not IN_TEXT.search(html)
    assert text == expected['text'], (text, expected['text'])
    page = Page()
    page.feed(html)
    page.close()
    assert page.tags <= TAGS and page.attributes <= ATTRIBUTES, (page.tags, page.attributes)
    shown = ''.join(page.text)
    for word in expected['holds']:
        assert word in text and word in shown, (word, text, shown)
    count += 1
print(count)
"#;

/// Gives mails to Python's mail reader, with the subject, text and words that each has to hold.
fn assert_python_reads(mails: &[(Letter, Vec<String>)]) {
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is needed to read mails with another implementation: apt-get install python3");
    let mut input = Vec::new();
    for (mail, holds) in mails {
        let expected = serde_json::json!({ "subject": mail.subject, "text": mail.text, "holds": holds });
        input.extend_from_slice(format!("{}\n", mail.content.len()).as_bytes());
        input.extend_from_slice(&mail.content);
        input.extend_from_slice(format!("{expected}\n").as_bytes());
    }
    let mut stdin = python.stdin.take().unwrap();
    // A reader that found a fault reads no further; what it found is on its standard error.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = python.wait_with_output().unwrap();
    let was_read = writer.join().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && was_read, "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), mails.len().to_string());
}

#[test]
fn no_hostile_name_gets_out_of_its_place() {
    let stories: Vec<Story> = (0..NAMES).map(story).collect();
    let mails: Vec<(Letter, Vec<String>)> = stories
        // A few to a mail, as many as are told with all their details; and some alone, with their name in the subject.
        .chunks(40)
        .map(|chunk| {
            let holds = chunk.iter().flat_map(escaped).collect();
            (write_to("ops@example.org", chunk), holds)
        })
        .chain(
            stories
                .iter()
                .step_by(101)
                .map(|story| (write_to("ops@example.org", std::slice::from_ref(story)), escaped(story))),
        )
        .collect();
    assert_python_reads(&mails);
}

#[test]
fn no_hostile_name_gets_out_of_its_place_in_what_a_notifier_reads() {
    for number in (0..NAMES).step_by(50) {
        let stories: Vec<Story> = (number..number + 50).map(story).collect();
        let letter = write_to("exec:chat", &stories);
        let (last, document) = letter.content.split_last().unwrap();
        assert_eq!(*last, b'\n');
        assert!(!document.contains(&b'\n'), "one line");
        let document: serde_json::Value = serde_json::from_slice(document).unwrap();
        assert_eq!((&document["version"], &document["message_id"]), (&1.into(), &letter.message_id.into()));
        assert_eq!(document["incidents"].as_array().unwrap().len(), 50);
        assert_plain(&document);
    }
}

fn assert_plain(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            let lines = text.replace(['\n', '\t'], "");
            assert_eq!(sample::plain(&lines), lines);
        }
        serde_json::Value::Array(values) => values.iter().for_each(assert_plain),
        serde_json::Value::Object(fields) => fields.values().for_each(assert_plain),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

#[test]
fn a_fault_would_be_found() {
    let good = write_to("ops@example.org", &[story(0)]);
    let found = |letter: Letter| std::panic::catch_unwind(|| assert_python_reads(&[(letter, Vec::new())])).is_err();
    assert!(!found(good.clone()));
    let with = |from: &str, to: &str| {
        let content = String::from_utf8(good.content.clone()).unwrap().replacen(from, to, 1);
        found(Letter { content: content.into_bytes(), ..good.clone() })
    };
    assert!(with("List-Id:", "Bcc: thief@example.net\r\nList-Id:"));
    assert!(with("<h1>", "<h1><script>"));
    assert!(with("<h1>", "<h1>=1B"));
    assert!(with("<h1>", "<h1>=E2=80=AE"));
    assert!(with("<h1>", "\r\n.\r\n<h1>"));
    assert!(found(Letter { subject: "[OK] all is well".to_owned(), ..good.clone() }));
}
