//! What is to be looked at: one attribute's text to a name or a number.

use std::time::Duration;

use sample::{Scope, most};

use crate::complaint::{Complaint, Parsed};
use crate::value::{duration, line, whole_number, within};

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
    if text.trim() != text {
        return Err(Complaint::BlanksAround);
    }
    let fits = text.len() <= Scope::LONGEST_NAME && !text.contains('/');
    if fits { Ok(text.to_owned()) } else { Err(Complaint::NotAProcess) }
}

/// The full name of a systemd unit, as systemd writes it, from one as systemd.unit(5) allows it, with or without
/// `.service`. What the probe would leave out, since systemctl takes it for no unit, is refused here.
pub(crate) fn unit(text: &str) -> Parsed<String> {
    if text.is_empty() {
        return Err(Complaint::Empty);
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b":_.\\@-".contains(&b);
    let name = full_unit_name(text);
    if !name.bytes().all(allowed) || name.starts_with(['-', '.', '@']) || name.len() > Scope::LONGEST_NAME {
        return Err(Complaint::NotAUnit);
    }
    if name.contains("@.") { Err(Complaint::Template) } else { Ok(name) }
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
fn full_unit_name(name: &str) -> String {
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
        for name in [" sshd ", " sshd", "sshd ", "\u{a0}sshd"] {
            assert_eq!(process(name), Err(Complaint::BlanksAround), "{name:?}");
        }
    }

    #[test]
    fn a_unit_has_the_characters_that_systemd_allows_and_never_looks_like_an_option() {
        let longest = format!("{}.timer", "x".repeat(249));
        for name in ["nginx.service", "getty@tty1.service", "dev-disk-by\\x2dlabel.swap", "a:b_c.path", &longest] {
            assert_eq!(unit(name).as_deref(), Ok(name));
        }
        let odd = ["--all", "-.mount", ".x", ".service", "@", "@a", "a b", " a", "a/b", "*", "ü", "a;b", "$(id)"];
        for name in odd.into_iter().chain([&*"x".repeat(248)]) {
            assert_eq!(unit(name), Err(Complaint::NotAUnit), "{name:?}");
        }
        assert_eq!(unit(""), Err(Complaint::Empty));
    }

    #[test]
    fn a_template_is_no_unit_that_could_run() {
        for name in ["getty@.service", "getty@", "a@b@.timer"] {
            assert_eq!(unit(name), Err(Complaint::Template), "{name:?}");
        }
    }

    #[test]
    fn a_unit_has_the_name_that_systemd_gives_it_and_one_that_says_no_kind_is_a_service() {
        for (name, full) in [("nginx", "nginx.service"), ("a.b", "a.b.service"), ("a@b", "a@b.service")] {
            assert_eq!(unit(name).as_deref(), Ok(full));
        }
    }
}
