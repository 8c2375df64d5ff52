//! What is to be looked at: one attribute's text to a name or a number.

use std::time::Duration;

use sample::{Scope, most};

use crate::value::{Complaint, Parsed, duration, line, whole_number, within};

/// How long a custom check may take: all of a host's together have 20 seconds.
pub(crate) fn check_timeout(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_millis(100), "100ms"), (Duration::from_secs(20), "20s"))
}

/// How many lines of the log.
pub(crate) fn log_lines(text: &str) -> Parsed<u32> {
    Ok(whole_number(text, 0, most::LOG_LINES as u64)? as u32)
}

/// How many processes of a name there have to be at least.
pub(crate) fn at_least(text: &str) -> Parsed<u32> {
    if whole_number(text, 0, 0).is_ok() {
        return Err(Complaint::NoneAskedFor);
    }
    Ok(whole_number(text, 1, 100_000)? as u32)
}

/// The exact name of a process.
pub(crate) fn process(text: &str) -> Parsed<String> {
    let text = line(text)?;
    let fits = text.len() <= Scope::LONGEST_NAME && !text.contains('/');
    if fits { Ok(text.to_owned()) } else { Err(Complaint::NotAProcess) }
}

/// The name of a systemd unit as systemd.unit(5) allows it, with or without `.service`.
pub(crate) fn unit(text: &str) -> Parsed<String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b":_.\\@-".contains(&b);
    let fits = text.bytes().all(allowed) && !text.starts_with('-');
    if text.is_empty() {
        return Err(Complaint::Empty);
    }
    if fits && full_unit_name(text).len() <= Scope::LONGEST_NAME {
        Ok(text.to_owned())
    } else {
        Err(Complaint::NotAUnit)
    }
}

/// The kinds of units that systemd has.
const UNIT_SUFFIXES: [&str; 11] = [
    ".service",
    ".socket",
    ".device",
    ".mount",
    ".automount",
    ".swap",
    ".target",
    ".path",
    ".timer",
    ".slice",
    ".scope",
];

/// The name of a unit as systemctl(1) completes it: one that says no kind is a service.
pub(crate) fn full_unit_name(name: &str) -> String {
    let is_full = UNIT_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    if is_full { name.to_owned() } else { format!("{name}.service") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_any_name_that_a_file_can_have() {
        for name in ["mysqld", "tmux: server", "(sd-pam)", "a\\b", "\"", "ü", &"x".repeat(255)] {
            assert_eq!(process(name).as_deref(), Ok(name));
        }
        for name in ["/usr/sbin/mysqld", &"x".repeat(256), &"ü".repeat(128)] {
            assert_eq!(process(name), Err(Complaint::NotAProcess), "{name:?}");
        }
        assert_eq!([process(""), process(" ")], [Err(Complaint::Empty), Err(Complaint::Empty)]);
        assert_eq!(process("a\tb"), Err(Complaint::ControlCharacter));
    }

    #[test]
    fn a_unit_has_the_characters_that_systemd_allows_and_never_looks_like_an_option() {
        let longest = format!("{}.timer", "x".repeat(249));
        for name in ["nginx", "nginx.service", "getty@tty1", "-.mount", "dev-disk-by\\x2dlabel.swap", "a:b_c", &longest]
        {
            let expected = if name.starts_with('-') { Err(Complaint::NotAUnit) } else { Ok(name.to_owned()) };
            assert_eq!(unit(name), expected);
        }
        for name in ["--all", "a b", "a/b", "*", "ü", "a;b", "$(id)", &"x".repeat(248)] {
            assert_eq!(unit(name), Err(Complaint::NotAUnit), "{name:?}");
        }
        assert_eq!(unit(""), Err(Complaint::Empty));
    }

    #[test]
    fn a_unit_that_says_no_kind_is_a_service() {
        for (name, full) in
            [("nginx", "nginx.service"), ("a.b", "a.b.service"), ("a.timer", "a.timer"), ("x.service", "x.service")]
        {
            assert_eq!(full_unit_name(name), full);
        }
    }
}
