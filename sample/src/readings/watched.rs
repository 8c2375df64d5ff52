//! What somebody asked to be looked at: processes, units, and checks of the host's own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::most;
use crate::range::{self, OutOfRange, count, finite, name, texts};

/// How many processes of a wanted name there are. Those that have ended don't count, though their parent may not have
/// noticed; on a host that hides processes of others from us, nothing is counted at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WantedProcess {
    /// The exact name: that of the program's file, or of the script's that is started by its own path (`#!`). A script
    /// that is handed to its interpreter, also by `#!/usr/bin/env`, has the interpreter's name.
    ///
    /// The kernel keeps 15 bytes (`comm` of proc_pid_stat(5)). Of a longer name these have to agree, and where arguments
    /// can be read, one of the first three has to end in it as a path, or to have it before `: ` as a title.
    pub name: String,
    /// How many there have to be at least.
    pub min: u32,
    /// How many there are.
    pub count: u32,
}

impl WantedProcess {
    /// Whether there are as many as there have to be.
    pub fn is_present(&self) -> bool {
        self.count >= self.min
    }

    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.name)
    }
}

/// A systemd unit, in the words of `systemctl show`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemdUnit {
    /// Its name, such as `nginx.service`.
    pub name: String,
    /// `loaded`, `not-found`, `masked` …
    pub load_state: String,
    /// `active`, `inactive`, `failed` …
    pub active_state: String,
    /// Whether it was asked for by name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wanted: bool,
}

impl SystemdUnit {
    /// Whether systemd gave up on it.
    pub fn has_failed(&self) -> bool {
        self.active_state == "failed"
    }

    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.name)?;
        texts([&self.load_state, &self.active_state])
    }
}

/// What a custom check found, by the convention of Nagios plugins.
/// Source: <https://nagios-plugins.org/doc/guidelines.html>.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The name of its file.
    pub name: String,
    /// Its exit status.
    pub state: CheckState,
    /// The first line of its output up to `|`. Chosen by the host: show it through [`crate::Untrusted`].
    pub output: String,
    /// How long it ran.
    pub duration_ms: u64,
    /// Its performance data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<CheckValue>,
}

/// How a custom check judges what it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// Exit status 0.
    Ok,
    /// Exit status 1.
    Warning,
    /// Exit status 2.
    Critical,
    /// Exit status 3, any other, a signal, or no end in time.
    Unknown,
}

/// The text is no state of a check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown state of a check {0:?}")]
pub struct ParseCheckStateError(String);

impl CheckState {
    /// Every state, the best first.
    pub const ALL: [CheckState; 4] = [CheckState::Ok, CheckState::Warning, CheckState::Critical, CheckState::Unknown];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            CheckState::Ok => "ok",
            CheckState::Warning => "warning",
            CheckState::Critical => "critical",
            CheckState::Unknown => "unknown",
        }
    }
}

impl FromStr for CheckState {
    type Err = ParseCheckStateError;

    fn from_str(text: &str) -> Result<CheckState, ParseCheckStateError> {
        let found = CheckState::ALL.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| ParseCheckStateError(text.to_owned()))
    }
}

impl fmt::Display for CheckState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Check {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.name)?;
        texts([&self.output])?;
        count([self.duration_ms], "a check")?;
        range::most(Some(&self.values), most::VALUES, CheckValue::check, "values of a check")
    }
}

/// One value of a check's performance data: `label=value[unit];[warning];[critical];[minimum];[maximum]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckValue {
    /// Its label.
    pub label: String,
    /// The value, in its unit.
    pub value: f64,
    /// `s`, `us`, `ms`, `%`, `B`, `KB`, `MB`, `TB`, `c` (a counter), whatever else the check wrote, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The range that the check takes for a warning, as it wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The range that the check takes for critical, as it wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<String>,
    /// The lowest the value can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The highest the value can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
}

impl CheckValue {
    fn check(&self) -> Result<(), OutOfRange> {
        name(&self.label)?;
        texts([Some(&self.unit), self.warning.as_ref(), self.critical.as_ref()].into_iter().flatten())?;
        finite([Some(self.value), self.minimum, self.maximum].into_iter().flatten(), "a value of a check")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_by_its_name() {
        for state in CheckState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
        assert!("OK".parse::<CheckState>().is_err());
    }
}
