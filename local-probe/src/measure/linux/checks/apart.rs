//! The side that may hang: it follows links, and becomes a check in the end.
//!
//! A process of its own, so that it can be killed, or left behind: the same program, called with a word that is not in its
//! help.

use std::env;
use std::fs::{self, DirEntry};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sample::most;

use super::trust;

/// The word that makes this program the one that looks at checks.
pub const CHECKS: &str = "checks";

/// The folder of checks, below the home.
pub(super) const FOLDER: &str = ".config/fleet-health/checks.d";
/// Most entries of the folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// Exit status: there is no folder of checks.
const NO_FOLDER: u8 = 1;
/// Exit status of a check that comes to no judgement.
const UNKNOWN: u8 = 3;

/// Lists the names of the checks on `output`, or becomes the one with this name. If it can't, it says why, as a check that
/// comes to no judgement. Returns the exit status; may never return.
pub fn answer_for_checks(name: Option<&str>, mut output: impl Write) -> u8 {
    let Some(home) = home() else { return NO_FOLDER };
    let (status, told) = match name {
        None => match names(&home) {
            Some(names) => (0, names.join("\n")),
            None => return NO_FOLDER,
        },
        Some(name) => match trusted(&home, name) {
            Ok(path) => (UNKNOWN, format!("can't be run: {}", Command::new(path).exec())),
            Err(objection) => (UNKNOWN, objection),
        },
    };
    // Whoever asked may be gone.
    output.write_all(told.as_bytes()).and_then(|()| output.flush()).unwrap_or_default();
    status
}

/// The account's home, as sshd and cron set it from passwd(5).
pub(super) fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// The names of checks, sorted; the first ones if there are more than a sample holds. What an editor or a package manager
/// leaves behind (`disk~`, `.disk.swp`, `disk,v`) is none. Links in the folder are not followed: one that hangs hides no
/// other.
pub(super) fn names(home: &Path) -> Option<Vec<String>> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let name = |entry: DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_one = entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink());
        (is_one && name.bytes().all(plain) && !name.starts_with('.')).then_some(name)
    };
    let entries = fs::read_dir(home.join(FOLDER)).ok()?;
    let mut names: Vec<String> = entries.flatten().take(MOST_ENTRIES).filter_map(name).collect();
    names.sort();
    names.truncate(most::WATCHED);
    Some(names)
}

/// Where a check is, if it may be run.
pub(super) fn trusted(home: &Path, name: &str) -> Result<PathBuf, String> {
    let path = home.join(FOLDER).join(name);
    trust::objection(&path, home).map_or(Ok(path), |objection| Err(format!("not run: {objection}")))
}
