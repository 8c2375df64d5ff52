//! The commands that are told of alerts, and whether they can be started.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use config::Notifier;
use rules::words;

pub(super) fn describe(notifiers: &BTreeMap<String, Notifier>) -> String {
    let line = |(name, notifier): (&String, &Notifier)| {
        let timeout = words::duration(notifier.timeout);
        format!("notifier  exec:{name} is {}, at most {timeout}\n", notifier.command.join(" "))
    };
    notifiers.iter().map(line).collect()
}

/// What would keep them from being started.
pub(super) fn mistakes(notifiers: &BTreeMap<String, Notifier>) -> impl Iterator<Item = String> {
    notifiers.iter().filter_map(|(name, notifier)| {
        let program = notifier.command.first()?;
        let why = why_not(Path::new(program))?;
        Some(format!("notifier \"{name}\": {program} {why}"))
    })
}

fn why_not(program: &Path) -> Option<String> {
    match fs::metadata(program) {
        Err(error) => Some(format!("can't be started: {error}")),
        Ok(found) if !found.is_file() => Some("is no file".to_owned()),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            Some("is not executable: chmod +x makes it so".to_owned())
        }
        Ok(_) => None,
    }
}
