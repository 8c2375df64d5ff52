//! All processes, in one pass over `/proc`.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::{Errno, read, retry_on_intr};

use super::Tree;
use super::stat::{self, Process};

/// Longer than any stat file: fifty numbers and a name.
const LONGEST_STAT: usize = 2048;
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// The folder with one folder for each process.
pub(super) struct Table {
    /// Files are opened from here.
    folder: OwnedFd,
    ids: Vec<u32>,
}

impl Table {
    /// Lists the processes.
    pub(super) fn list(tree: &Tree) -> Option<Table> {
        let folder = open(tree.path("proc"), FLAGS.union(OFlags::DIRECTORY), Mode::empty()).ok()?;
        let mut ids: Vec<u32> = tree.names("proc")?.iter().filter_map(|name| name.parse().ok()).collect();
        ids.sort_unstable();
        Some(Table { folder, ids })
    }

    /// How many were listed.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Every process, by id; nothing if one may not be read, since then nobody knows how many there are.
    ///
    /// The first process lives as long as the system or container does. Where it is not shown, others are not either.
    pub(super) fn read(&self) -> Option<Vec<Process>> {
        self.ids.first().filter(|first| **first == 1)?;
        let mut processes = Vec::with_capacity(self.ids.len());
        let mut buffer = [0; LONGEST_STAT];
        for pid in &self.ids {
            match self.file(*pid, "stat", &mut buffer) {
                Ok(content) => processes.push(stat::parse(*pid, content)?),
                // It ended since it was listed.
                Err(Errno::NOENT | Errno::SRCH) => {}
                Err(_) => return None,
            }
        }
        Some(processes)
    }

    /// The arguments of a process as far as they fit into the buffer, each ended by NUL; a thread of the kernel has
    /// none. Those of a process that is blocked are not asked for: what it waits for could block this one too.
    pub(super) fn arguments<'a>(&self, process: &Process, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        if process.is_blocked() { None } else { self.file(process.pid, "cmdline", buffer).ok() }
    }

    /// The beginning of a process's file. One read suffices: the kernel writes such files whole.
    fn file<'a>(&self, pid: u32, name: &str, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
        let file = openat(&self.folder, format!("{pid}/{name}"), FLAGS, Mode::empty())?;
        let length = retry_on_intr(|| read(&file, &mut *buffer))?;
        Ok(&buffer[..length])
    }
}
