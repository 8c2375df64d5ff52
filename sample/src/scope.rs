//! What a probe looks at beside what it always does.

use serde::{Deserialize, Serialize};

/// What a probe looks at beside what it always does. The server sends it with each request; the probe keeps it for
/// the samples it takes between visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Processes to count. At most [`Scope::MOST`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessWish>,
    /// systemd units to tell the state of. At most [`Scope::MOST`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// Whether to run the custom checks that the host has.
    pub checks: bool,
    /// How long each custom check may take, in milliseconds.
    pub check_timeout_ms: u32,
    /// Whether to tell the command lines of the top processes.
    pub process_arguments: bool,
    /// How many error lines of the log to bring home; 0: none. At most [`crate::most::LOG_LINES`].
    pub log_lines: u32,
    /// Whether to list the sockets that listen.
    pub listeners: bool,
    /// Whether to look at network and FUSE filesystems too, which may hang.
    pub network_filesystems: bool,
}

/// A process that somebody wants to be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessWish {
    /// Its exact name.
    pub name: String,
    /// How many there have to be at least.
    pub min: u32,
}

impl Scope {
    /// Most processes, and most units, that can be asked for.
    pub const MOST: usize = 64;
    /// Longest name of a process or unit, in bytes.
    pub const LONGEST_NAME: usize = 255;
}

impl Default for Scope {
    /// Custom checks with ten seconds each, and nothing else.
    fn default() -> Scope {
        Scope {
            processes: Vec::new(),
            units: Vec::new(),
            checks: true,
            check_timeout_ms: 10_000,
            process_arguments: false,
            log_lines: 0,
            listeners: false,
            network_filesystems: false,
        }
    }
}
