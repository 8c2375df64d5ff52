//! systemd's journal, by journalctl: the files' own format is its library's affair.

use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use sample::{LogLine, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::{FIRST_LOOK_SECONDS, Found, LONGEST_LINE, LONGEST_SOURCE, Miss};
use crate::measure::linux::programs::{self, How, Keeper, Pending, line};
use crate::measure::now;

/// How long journalctl may take. It walks through all files of the journal, which may lie on a slow disk.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most lines that are counted; of a storm of more, only so many.
const MOST_LINES: &str = "1000";
/// Most that is read of them. Lines beyond it are told by the next run.
const MOST_BYTES: usize = 4 << 20;

/// The fields of an entry that are looked at. Each may be a text, the bytes of one, a list of either where the field
/// came more than once, or null where it is longer than 4096 bytes. Source: systemd's "Journal JSON Format".
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "__CURSOR")]
    cursor: String,
    #[serde(rename = "__REALTIME_TIMESTAMP", default)]
    at_us: Value,
    #[serde(rename = "MESSAGE", default = "nothing")]
    message: Value,
    #[serde(rename = "SYSLOG_IDENTIFIER", default)]
    identifier: Value,
    #[serde(rename = "_COMM", default)]
    program: Value,
}

/// Asks for what came behind a note of the run before; without one, for the last hour.
pub(super) fn ask(journalctl: &Path, since: Option<&str>, keeper: Keeper) -> Pending<Result<Found, Miss>> {
    let since = since.filter(|note| is_note(note));
    let seconds = now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut command = programs::command(journalctl);
    // No --output-fields: before version 236 that is an error.
    command.args(["--quiet", "--no-pager", "--priority=3", "--output=json", "-n", MOST_LINES]);
    command.arg(match since {
        Some(note) if note.starts_with('@') => format!("--since={note}"),
        Some(cursor) => format!("--after-cursor={cursor}"),
        None => format!("--since=@{}", seconds.saturating_sub(FIRST_LOOK_SECONDS)),
    });
    let nothing_new = since.map_or_else(|| format!("@{seconds}"), str::to_owned);
    let until = Instant::now() + PATIENCE;
    Pending::begin(until, move || {
        let ended = keeper.run("journalctl", &mut command, until, MOST_BYTES);
        match ended.how {
            How::Exited(0) => Ok(parse(&ended.output, nothing_new)),
            How::Exited(_) => Err(Miss::Refused),
            How::Signalled(_) | How::Overdue | How::Hangs(_) | How::Failed(_) => Err(Miss::Late),
        }
    })
}

/// Whether this is a place in the journal, as we note it: a time such as `@1795283575`, or a cursor.
fn is_note(note: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"=;-_".contains(&c);
    !note.is_empty() && note.strip_prefix('@').unwrap_or(note).bytes().all(plain)
}

/// The lines of a journal as JSON, one to a line, and the cursor of the last one. A line that was cut off is left for
/// the next time.
fn parse(json: &[u8], nothing_new: String) -> Found {
    let whole = json.iter().rposition(|byte| *byte == b'\n').map_or(&json[..0], |end| &json[..end]);
    let entries = whole.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Entry>(line).ok());
    let mut found = Found { lines: Vec::new(), next: nothing_new };
    for entry in entries {
        found.lines.push(entry.told());
        if is_note(&entry.cursor) {
            found.next = entry.cursor;
        }
    }
    found
}

impl Entry {
    fn told(&self) -> LogLine {
        let at_us = text(&self.at_us).and_then(|us| us.parse::<i64>().ok());
        let message = match &self.message {
            message if message.is_null() => "(longer than 4096 bytes)".to_owned(),
            message => text(message).unwrap_or_default(),
        };
        let source = [&self.identifier, &self.program].into_iter().find_map(text);
        LogLine {
            at_ms: at_us.map(|us| Timestamp::from_millis(us / 1000)),
            source: source.map(|source| line(&source, LONGEST_SOURCE)).filter(|source| !source.is_empty()),
            message: line(&message, LONGEST_LINE),
        }
    }
}

/// In place of a field that is not there, which is another thing than null.
fn nothing() -> Value {
    Value::String(String::new())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let byte = |value: &Value| value.as_u64().and_then(|byte| u8::try_from(byte).ok());
            let bytes: Option<Vec<u8>> = list.iter().map(byte).collect();
            bytes.map_or_else(
                || list.first().filter(|first| !first.is_object()).and_then(text),
                |bytes| Some(String::from_utf8_lossy(&bytes).into_owned()),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By journalctl 252, shortened to the fields that are read.
    const JOURNAL: &str = include_str!("../../../../testdata/journal.json");
    const LAST: &str = "s=f186f8b0f9274684981c36b817680cb3;i=c;b=eedaaeeeeb244ed79701166aaf83b3c3;m=34914011f;t=660cd07d017ec;x=11394cb0c31f3710";

    fn entry(at_ms: i64, source: &str, message: &str) -> LogLine {
        LogLine { at_ms: Some(Timestamp::from_millis(at_ms)), source: Some(source.into()), message: message.into() }
    }

    #[test]
    fn entries_are_read_with_their_time_and_writer() {
        let found = parse(JOURNAL.as_bytes(), "@1".into());
        let expected = [
            entry(1_795_283_575_868, "root", "hello error"),
            entry(1_795_283_575_872, "nginx", "crit"),
            entry(1_795_283_575_887, "binary", "bin\u{fffd}\u{fffd}ary"),
            entry(1_795_283_575_895, "sh", "first of two"),
            entry(1_795_283_575_904, "long", "(longer than 4096 bytes)"),
            LogLine { at_ms: Some(Timestamp::from_millis(1_795_283_575_904)), source: None, message: String::new() },
        ];
        assert_eq!((found.lines, found.next.as_str()), (expected.to_vec(), LAST));
    }

    #[test]
    fn garbage_is_left_out_and_what_is_cut_off_is_left_for_the_next_time() {
        let second = JOURNAL.lines().nth(1).unwrap();
        let cut_off =
            format!("nonsense\n{{}}\n[]\n{}\n{}", JOURNAL.lines().next().unwrap(), &second[..second.len() - 1]);
        let found = parse(cut_off.as_bytes(), "@1".into());
        assert_eq!((found.lines.len(), found.next.contains(";i=5;")), (1, true));
        assert_eq!(parse(b"", "@1".into()), Found { lines: Vec::new(), next: "@1".into() });
        let odd = br#"{"__CURSOR":"a b --file=x","MESSAGE":[[[[1]]]],"_COMM":{"a":1},"__REALTIME_TIMESTAMP":7}"#;
        let found = parse(&[&odd[..], b"\n"].concat(), "@1".into());
        assert_eq!(
            (found.next.as_str(), &found.lines),
            ("@1", &vec![LogLine { message: "\u{fffd}".into(), ..LogLine::default() }])
        );
    }

    #[test]
    fn only_a_note_of_ours_reaches_journalctl() {
        assert!(is_note(LAST) && is_note("@1795283575"));
        assert!(["", "a b", "a\n", "@1 --file=/x", "\u{e9}"].iter().all(|note| !is_note(note)));
    }
}
