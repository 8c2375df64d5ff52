//! What a check's end and output mean. Source: <https://nagios-plugins.org/doc/guidelines.html>, and the plugin API of
//! Nagios Core for output of several lines.

use std::time::Duration;

use sample::{Check, CheckState};

use super::perfdata;
use crate::measure::linux::programs::{self, Ended, How};

/// Longest first line that is told, in bytes.
const LONGEST_LINE: usize = 1024;

/// What a check found that was given so much time.
pub(super) fn of(name: &str, ended: Ended, limit: Duration) -> Check {
    let text = String::from_utf8_lossy(&ended.output);
    // Where output was cut, the last number may be, too.
    let text = if ended.whole { &text[..] } else { &text[..text.rfind(char::is_whitespace).unwrap_or_default()] };
    let (line, data) = split(text);
    let complaint = String::from_utf8_lossy(&ended.complaint);
    let line = if line.is_empty() { split(&complaint).0 } else { line };
    let (state, output) = match &ended.how {
        How::Exited(0) => (CheckState::Ok, line.to_owned()),
        How::Exited(1) => (CheckState::Warning, line.to_owned()),
        How::Exited(2) => (CheckState::Critical, line.to_owned()),
        How::Exited(3) => (CheckState::Unknown, line.to_owned()),
        How::Exited(status) => (CheckState::Unknown, format!("exit status {status}: {line}")),
        How::Signalled(signal) => (CheckState::Unknown, format!("killed by signal {signal}")),
        How::Overdue => (CheckState::Unknown, format!("no end after {}", duration(limit))),
        How::Hangs(since) => (CheckState::Unknown, format!("not run: still hanging since {since}")),
        How::Failed(error) => (CheckState::Unknown, format!("can't be run: {error}")),
    };
    Check {
        name: name.to_owned(),
        state,
        output: programs::line(&output, LONGEST_LINE),
        duration_ms: u64::try_from(ended.took.as_millis()).expect("a check ends within seconds"),
        values: perfdata::parse(&data),
    }
}

/// The first line up to `|`, and all performance data: what is behind `|` in the first line, and everything behind the
/// first `|` of the lines after it. The lines before that one are a long text, which is not taken home.
fn split(text: &str) -> (&str, String) {
    let (first, more) = text.split_once('\n').unwrap_or((text, ""));
    let (line, data) = first.split_once('|').unwrap_or((first, ""));
    let (_long_text, more_data) = more.split_once('|').unwrap_or_default();
    (line.trim(), format!("{data}\n{more_data}"))
}

/// Such as `10 s` or `0.3 s`. Made of whole numbers: what prints floating-point ones is 13 KB of program.
pub(super) fn duration(duration: Duration) -> String {
    let duration = duration + Duration::from_millis(50);
    match duration.subsec_millis() / 100 {
        0 => format!("{} s", duration.as_secs()),
        tenths => format!("{}.{tenths} s", duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(how: How, output: &[u8], whole: bool) -> Ended {
        let took = Duration::from_millis(12);
        Ended { how, output: output.to_vec(), whole, complaint: b"sh: 1: no\nsuch".to_vec(), took, left: None }
    }

    fn judged(how: How, output: &[u8], whole: bool) -> Check {
        of("disk", ended(how, output, whole), Duration::from_secs(10))
    }

    #[test]
    fn the_exit_status_is_the_state_and_the_first_line_the_output() {
        use CheckState::{Critical, Ok, Unknown, Warning};
        for (status, state) in [(0, Ok), (1, Warning), (2, Critical), (3, Unknown)] {
            let check = judged(How::Exited(status), b" DISK - all is well | /=5MB\nmore\n", true);
            assert_eq!((check.state, check.output.as_str(), check.duration_ms), (state, "DISK - all is well", 12));
            assert_eq!(check.values.len(), 1);
        }
        assert_eq!(judged(How::Exited(127), b"", true).output, "exit status 127: sh: 1: no");
        assert_eq!(judged(How::Exited(2), b"| a=1", true).output, "sh: 1: no", "better than nothing");
        assert_eq!(judged(How::Signalled(11), b"half\n", true).output, "killed by signal 11");
        assert_eq!(judged(How::Overdue, b"half\n", true).output, "no end after 10 s");
        assert_eq!(judged(How::Signalled(11), b"", true).state, Unknown);
        let garbage = judged(How::Exited(0), b"\xff\0\x1b[31m", true);
        assert_eq!(garbage.output, "\u{fffd}\u{fffd}\u{fffd}[31m");
        assert_eq!(judged(How::Exited(0), "é".repeat(1000).as_bytes(), true).output.len(), 1024);
    }

    #[test]
    fn performance_data_may_go_on_behind_a_long_text() {
        let output = b"DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n\
                       / 15272 MB (77%);\n/boot 68 MB (69%);\n/var/log 819 MB (84%); | /boot=68MB;88;93;0;98\n\
                       /home=69357MB;253404;253409;0;253414 \n/var/log=818MB;970;975;0;980\n";
        let check = judged(How::Exited(0), output, true);
        let found: Vec<_> = check.values.iter().map(|value| (value.label.as_str(), value.value)).collect();
        assert_eq!(found, [("/", 2643.0), ("/boot", 68.0), ("/home", 69357.0), ("/var/log", 818.0)]);
        assert_eq!(check.output, "DISK OK - free space: / 3326 MB (56%);");
    }

    #[test]
    fn a_number_that_was_cut_is_not_told() {
        let found = |whole| judged(How::Exited(0), b"x | a=1 b=123", whole).values.len();
        assert_eq!((found(true), found(false)), (2, 1));
        assert_eq!(judged(How::Exited(0), b"abc", false).output, "sh: 1: no");
    }

    #[test]
    fn times_are_told_in_seconds() {
        assert_eq!(duration(Duration::from_secs(10)), "10 s");
        assert_eq!(duration(Duration::from_millis(2540)), "2.5 s");
        assert_eq!(duration(Duration::from_millis(1999)), "2 s");
    }
}
