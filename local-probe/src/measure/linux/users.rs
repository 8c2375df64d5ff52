//! Users who are logged in: sessions with a terminal or a screen.
//!
//! logind knows them where it runs, otherwise utmp. A visit of ours is a session too, but has neither.

mod terminal;
mod utmp;

use std::fs;

use super::{Tree, processes};

/// Where logind keeps a file for each session. Read as sd-login does it, which has no other way either.
const SESSIONS: &str = "run/systemd/sessions";
/// logind makes this seat when it starts. The folder of sessions may be there without it.
const FIRST_SEAT: &str = "run/systemd/seats/seat0";

/// How many sessions there are; nothing where nobody keeps count, or one can't be judged.
pub(super) fn logged_in(tree: &Tree) -> Option<u32> {
    let sessions = sessions(tree);
    // Where processes are hidden, those that have ended can't be told.
    let hidden = processes::are_others_hidden(tree);
    if sessions.is_empty() && !tree.path(FIRST_SEAT).exists() {
        let logins = utmp::read(tree).filter(|_| !hidden)?;
        let alive = logins.iter().filter(|login| tree.path(format!("proc/{}", login.pid)).exists());
        return u32::try_from(alive.count()).ok();
    }
    let mut count = 0;
    for session in sessions.iter().filter(|session| session.is_open()) {
        if session.has_seat() || session.has_terminal(tree).filter(|_| !hidden)? {
            count += 1;
        }
    }
    Some(count)
}

/// What logind has written about a session: lines of `KEY=value`.
struct Session(String);

fn sessions(tree: &Tree) -> Vec<Session> {
    // Beside each file may be a pipe with the ending `.ref`, which must not be opened.
    let is_file = |path: &String| fs::symlink_metadata(tree.path(path)).is_ok_and(|metadata| metadata.is_file());
    let names = tree.names(SESSIONS).unwrap_or_default();
    let files = names.iter().map(|name| format!("{SESSIONS}/{name}")).filter(is_file);
    files.filter_map(|path| Some(Session(tree.text(path)?))).collect()
}

impl Session {
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(value.trim_matches('"')).filter(|value| !value.is_empty())
    }

    /// Whether it is one of a person, who has not left. `user-early` is one of root's, `user-incomplete` has no
    /// home folder yet; others are greeters, cron jobs and the like.
    fn is_open(&self) -> bool {
        let class = self.get("CLASS").unwrap_or_default();
        let of_user = class == "user" || (class.starts_with("user-") && class != "user-incomplete");
        of_user && self.get("STATE").is_some_and(|state| state != "closing")
    }

    /// Whether logind knows a terminal or a screen of it.
    fn has_seat(&self) -> bool {
        ["TTY", "SEAT", "DISPLAY"].iter().any(|key| self.get(key).is_some())
    }

    /// Whether one of its processes has a terminal; nothing if that can't be known.
    ///
    /// sshd makes the session before the terminal and does not tell logind. What it writes to utmp does not help: for
    /// some users that has the session's first process, for root the shell.
    fn has_terminal(&self, tree: &Tree) -> Option<bool> {
        terminal::is_below(tree, self.get("LEADER")?.parse().ok()?)
    }
}

#[cfg(test)]
mod tests;
