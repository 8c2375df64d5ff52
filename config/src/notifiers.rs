//! `<notifier>`: commands that are told of alerts, beside mail.

use std::collections::BTreeMap;
use std::time::Duration;

use rules::Recipient;

use crate::Notifier;
use crate::complaint::{Complaint, Parsed};
use crate::fields::{Fields, no_children};
use crate::quantities::notifier_timeout;
use crate::report::Report;
use crate::value::{advice, line};
use crate::xml::Element;

/// As long as a notifier may take, if it is not said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const MOST_ARGUMENTS: usize = 64;

/// All of them by name, each with its place. Without a value: something is wrong with it, which was reported.
pub(crate) type Notifiers = BTreeMap<String, (Option<Notifier>, usize)>;

/// Adds a `<notifier>`.
pub(crate) fn read(element: &Element<'_>, all: &mut Notifiers, report: &mut Report) {
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    let name = fields.required("name", name);
    let command = fields.required("command", command);
    let timeout = fields.optional("timeout", notifier_timeout).unwrap_or(DEFAULT_TIMEOUT);
    let at = fields.place("name");
    fields.finish();
    let Some(name) = name else { return };
    if let Some((_, first)) = all.get(&name) {
        let line = report.line_for(*first, at);
        return report.problem(at, format!("a notifier \"{name}\" is given in {line} already"));
    }
    all.insert(name, (command.map(|command| Notifier { command, timeout }), at));
}

/// Reports those that are told and not there, and warns of those that nobody names. `named` are those that stand
/// somewhere as a recipient, and where first. `are_all_known`: no file is missing.
pub(crate) fn check(all: &Notifiers, named: &BTreeMap<String, usize>, are_all_known: bool, report: &mut Report) {
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    for (name, at) in named.iter().filter(|(name, _)| are_all_known && !all.contains_key(*name)) {
        let advice = match names.is_empty() {
            true => "there is no <notifier>".to_owned(),
            false => advice(name, &names),
        };
        report.problem(*at, format!("notifier \"exec:{name}\" is unknown, {advice}"));
    }
    for (name, (_, at)) in all.iter().filter(|(name, _)| !named.contains_key(*name)) {
        report.warning(*at, format!("nobody is told by this notifier: no mail names \"exec:{name}\""));
    }
}

fn name(text: &str) -> Parsed<String> {
    if Recipient::is_notifier_name(text) { Ok(text.to_owned()) } else { Err(Complaint::NotANotifier) }
}

/// A program and its arguments, parted by blanks. Nothing in it means anything to a shell, since none reads it.
fn command(text: &str) -> Parsed<Vec<String>> {
    let text = line(text)?;
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let program = words.first().map_or("", String::as_str);
    if !program.starts_with('/') || program.ends_with('/') {
        return Err(Complaint::NotAProgram);
    }
    if text.contains(['"', '\'', '\\']) {
        return Err(Complaint::Quoted);
    }
    if words.len() > MOST_ARGUMENTS + 1 { Err(Complaint::TooManyArguments { most: MOST_ARGUMENTS }) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_program_by_its_whole_path_and_words() {
        let words = command(" /usr/local/bin/notify  --room ops $HOME;x ").unwrap();
        assert_eq!(words, ["/usr/local/bin/notify", "--room", "ops", "$HOME;x"]);
        for text in ["notify", "~/notify", "./notify --x", "/", "/bin/", "sh -c /bin/x"] {
            assert_eq!(command(text), Err(Complaint::NotAProgram), "{text:?}");
        }
        for text in ["/bin/x 'a b'", "/bin/x \"a\"", "/bin/x a\\ b"] {
            assert_eq!(command(text), Err(Complaint::Quoted), "{text:?}");
        }
        assert_eq!([command(""), command("/bin/x\na")], [Err(Complaint::Empty), Err(Complaint::ControlCharacter)]);
        assert!(command(&format!("/bin/x{}", " a".repeat(64))).is_ok());
        assert_eq!(command(&format!("/bin/x{}", " a".repeat(65))), Err(Complaint::TooManyArguments { most: 64 }));
    }
}
