//! The subject of a mail: what a phone shows of it says how bad it is and where.

use rules::{NoticeKind, Severity};

use super::chapters::{Chapters, Missed};
use super::entry::{at_its_worst, headline, host, mark, tag};
use super::{Occasion, Story};

/// What a mail client shows in a list; longer ones are cut by some.
const MOST_CHARS: usize = 200;

/// `[CRIT] web1: disk / 97% (limit 95%)`; for several stories `[2 CRIT, 1 WARN, 3 OK] web1, db1`. It begins with what
/// is worst, so that subjects which are sorted stand in the order of their importance.
pub(super) fn subject(chapters: &Chapters<'_>, occasion: Occasion) -> String {
    if occasion.is_initial {
        return clean(&format!("[INITIAL {}] {}", counts(chapters).join(", "), hosts(chapters)));
    }
    match (chapters.problems.as_slice(), chapters.over.as_slice(), chapters.missed.as_slice()) {
        ([problem], [], []) => clean(&of_problem(problem)),
        ([], [over], []) => clean(&format!("[{}] {}: {}", tag(over), host(&over.incident), headline(&over.incident))),
        ([], [], [missed]) => clean(&of_missed(missed)),
        (problems, over, missed) => {
            let is_still = over.is_empty() && missed.is_empty() && are_all_reminders(problems);
            let still = if is_still { "(still) " } else { "" };
            clean(&format!("[{}] {still}{}", counts(chapters).join(", "), hosts(chapters)))
        }
    }
}

fn of_problem(story: &Story) -> String {
    let incident = &story.incident;
    let mark = mark(story.kind).map_or_else(String::new, |mark| format!("({mark}) "));
    format!("[{}] {mark}{}: {}", incident.severity.tag(), host(incident), headline(incident))
}

fn of_missed(missed: &Missed<'_>) -> String {
    let Some(last) = missed.times.last() else { return "[MISSED]".to_owned() };
    let often = if missed.times.len() > 1 { format!(" ({} times)", missed.times.len()) } else { String::new() };
    format!("[MISSED] {}: {}{often}, over", host(&last.incident), at_its_worst(&last.incident, missed.worst()))
}

fn are_all_reminders(problems: &[&Story]) -> bool {
    !problems.is_empty() && problems.iter().all(|story| story.kind == NoticeKind::Reminder)
}

fn counts(chapters: &Chapters<'_>) -> Vec<String> {
    let of = |severity: Severity| chapters.problems.iter().filter(|story| story.incident.severity == severity).count();
    let over = |name: &str| chapters.over.iter().filter(|story| tag(story) == name).count();
    let severities = Severity::ALL.into_iter().rev().map(|severity| (of(severity), severity.tag()));
    let rest = [(over("OK"), "OK"), (over("END"), "END"), (chapters.missed.len(), "MISSED")];
    severities.chain(rest).filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect()
}

/// Every host once, as many as there is room for.
fn hosts(chapters: &Chapters<'_>) -> String {
    let mut seen = std::collections::HashSet::new();
    let stories = chapters.told(usize::MAX);
    let hosts: Vec<&str> =
        stories.iter().map(|story| host(&story.incident)).filter(|host| seen.insert(*host)).collect();
    let mut text = String::new();
    for (place, host) in hosts.iter().enumerate() {
        // The tags before it and the words after it take less than 80.
        if place > 0 && text.len() + host.len() > MOST_CHARS - 80 {
            return format!("{text} and {} more", hosts.len() - place);
        }
        text.push_str(if place > 0 { ", " } else { "" });
        text.push_str(host);
    }
    text
}

/// A subject that no header can be hidden in, whatever the words above are made of: no control characters, no runs of
/// white space that a fold could fall into, and no `=?`, which a reader would take for an encoded word.
pub(super) fn clean(subject: &str) -> String {
    let words: Vec<&str> = subject.split_whitespace().collect();
    super::shown::line(&words.join(" ").replace("=?", "=\\u{3f}"), MOST_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_subject_is_taken_for_an_encoded_word_or_a_fold() {
        assert_eq!(clean("a =?utf-8?q?=0D=0ABcc:_x?= b"), "a =\\u{3f}utf-8?q?=0D=0ABcc:_x?= b");
        assert_eq!(clean(" a  \t b\r\n c "), "a b c");
        assert_eq!(clean("a\u{1b}\u{202e}b"), "a\\u{1b}\\u{202e}b");
        assert_eq!(clean(&"ü".repeat(300)).chars().count(), MOST_CHARS);
    }
}
