//! The one directory on a host that is ours.

use std::fmt;
use std::str::FromStr;

/// The directory on a host where probe, keys and spool lie: absolute, or `~/…`.
///
/// Its characters are ones that mean the same, unquoted, in every login shell: `A–Z a–z 0–9 / . _ + @ -`. So a
/// path that a hostile host chose can't become a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkDir(String);

/// The text is no such path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an absolute path or ~/… of letters, digits and / . _ + @ -")]
pub struct ParseWorkDirError;

impl WorkDir {
    /// Where the probe is unless told or found otherwise.
    pub fn default_place() -> WorkDir {
        WorkDir("~/.cache/fleet-health".to_owned())
    }

    /// Itself, if it has to be remembered: it is not the default place, which scripts name by the absolute path of
    /// the home.
    pub fn unless_default(self) -> Option<WorkDir> {
        (!self.0.ends_with("/.cache/fleet-health")).then_some(self)
    }

    /// Whether it is one that the place script made in a directory open to all. Others could make it again, were it
    /// gone, so what lies there is looked at before it is run.
    pub fn is_in_a_public_place(&self) -> bool {
        let folder = self.0.rsplit_once('/').map_or("", |(folder, _)| folder);
        ["/tmp", "/var/tmp", "/dev/shm"].contains(&folder)
    }

    /// The path in double quotes for a POSIX shell script, which expands no tilde there.
    pub fn in_script(&self) -> String {
        match self.0.strip_prefix('~') {
            Some(rest) => format!("\"$HOME{rest}\""),
            None => format!("\"{}\"", self.0),
        }
    }
}

impl FromStr for WorkDir {
    type Err = ParseWorkDirError;

    fn from_str(text: &str) -> Result<WorkDir, ParseWorkDirError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '+' | '@' | '-');
        let text = text.trim_end_matches('/');
        let path = text.strip_prefix('~').unwrap_or(text);
        let climbs = path.split('/').any(|part| part == "..");
        if !path.starts_with('/') || path.len() < 2 || path.len() > 1024 || climbs || !path.chars().all(plain) {
            return Err(ParseWorkDirError);
        }
        Ok(WorkDir(text.to_owned()))
    }
}

impl fmt::Display for WorkDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_every_shell_reads_alike_are_taken() {
        for path in ["/var/tmp/fleet-health.a1B2", "~/.cache/fleet-health", "/srv/fh"] {
            assert_eq!(path.parse::<WorkDir>().unwrap().to_string(), path);
        }
        assert_eq!("~/x".parse::<WorkDir>().unwrap().in_script(), "\"$HOME/x\"");
    }

    #[test]
    fn a_directory_that_others_could_make_is_in_a_public_place() {
        for (path, public) in
            [("/var/tmp/fleet-health.a1", true), ("/dev/shm/x", true), ("/tmp/home/x", false), ("~/x", false)]
        {
            assert_eq!(path.parse::<WorkDir>().unwrap().is_in_a_public_place(), public, "{path}");
        }
    }

    #[test]
    fn a_path_that_could_become_a_command_is_refused() {
        for path in [
            "",
            "/",
            "//",
            "~",
            "~/",
            "x",
            "~x/y",
            "/a b",
            "/a;reboot",
            "/$(id)",
            "/a\n",
            "/a/../etc",
            "/ü",
            "/a'b",
            "/a*",
        ] {
            assert!(path.parse::<WorkDir>().is_err(), "{path:?}");
        }
    }
}
