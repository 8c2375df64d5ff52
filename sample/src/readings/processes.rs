//! Processes.

use serde::{Deserialize, Serialize};

use super::most;
use crate::range::{self, OutOfRange, count, finite, name, texts, within};

/// The processes of a host. Kernel threads count, threads of processes don't.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processes {
    /// All of them, also the probe.
    pub total: u32,
    /// Those that ended and whose parent has not noticed. One whose first thread alone has ended is none.
    pub zombies: u32,
    /// Those in uninterruptible sleep (state D), most often for a disk or a network filesystem.
    pub blocked: u32,
    /// The time that `cpu_percent` of the top processes is the mean of: since the probe ran before for the same server,
    /// or a spot window. Absent if that is less than half a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u64>,
    /// The five with the most CPU time in the window and the five with the most memory; one may be both. The probe and
    /// what it started are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopProcess>,
}

/// A process that uses much. Name and arguments are chosen by the host: show them through [`crate::Untrusted`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TopProcess {
    /// Its id.
    pub pid: u32,
    /// Its name (`comm` of proc_pid_stat(5)): at most 15 bytes, or 63 for a thread of the kernel.
    pub name: String,
    /// CPU time over the window, in percent of one CPU: 200 is two of them. One that started within it has all of its
    /// time in it; absent for one that was there before and not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Resident memory, shared pages included, as exactly as the kernel keeps count of it.
    pub memory_bytes: u64,
    /// The first 512 bytes of its command line; absent unless asked for, since it may hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
}

impl Processes {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        count(self.window_ms, "processes")?;
        range::most(Some(&self.top), most::TOP_PROCESSES, TopProcess::check, "top processes")
    }
}

impl TopProcess {
    fn check(&self) -> Result<(), OutOfRange> {
        name(&self.name)?;
        texts(&self.arguments)?;
        finite(self.cpu_percent, "a process")?;
        within(self.cpu_percent.is_none_or(|percent| percent >= 0.0), "a process")?;
        count([self.memory_bytes], "a process")
    }
}
