//! Who may read and write a file, asked of the file that was opened and not of its name.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

const ROOT: u32 = 0;
const WRITABLE_BY_GROUP_OR_OTHERS: u32 = 0o022;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const READABLE_BY_OTHERS: u32 = 0o004;
const STICKY: u32 = 0o1000;

/// Why a file is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A folder, a pipe or a device.
    NotAFile,
    /// It belongs neither to us nor to root, so its owner could change it.
    ForeignOwner {
        /// The owner's user id.
        uid: u32,
    },
    /// Its group or everybody may write it.
    Writable {
        /// The permission bits.
        mode: u32,
    },
    /// It holds a secret, and everybody may read it.
    Readable {
        /// The permission bits.
        mode: u32,
    },
    /// Everybody may replace it: a folder above it is open.
    OpenFolder {
        /// The folder.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotAFile => f.write_str("this is not a regular file"),
            Refusal::ForeignOwner { uid } => {
                write!(f, "it belongs to user {uid}, expected root or the user who runs this")
            }
            Refusal::Writable { mode } => write!(f, "group or others may write it (mode {mode:04o})"),
            Refusal::Readable { mode } => write!(f, "others may read the secret in it (mode {mode:04o})"),
            Refusal::OpenFolder { folder, mode } => {
                write!(f, "others may replace it, since they may write in {} (mode {mode:04o})", folder.display())
            }
        }
    }
}

impl Refusal {
    /// The command that mends it.
    pub fn hint(&self, path: &Path) -> Option<String> {
        match self {
            Refusal::NotAFile => None,
            Refusal::ForeignOwner { .. } => Some(format!("sudo chown \"$(id -u)\" {}", path.display())),
            Refusal::Writable { .. } => Some(format!("chmod go-w {}", path.display())),
            Refusal::Readable { .. } => Some(format!("chmod 600 {}", path.display())),
            Refusal::OpenFolder { folder, .. } => Some(format!("chmod o-w {}", folder.display())),
        }
    }
}

/// A file that was opened for reading.
pub(crate) struct Opened {
    file: File,
    metadata: Metadata,
}

/// Opens a file; a pipe without a writer does not hold us.
pub(crate) fn open(path: &Path) -> io::Result<Opened> {
    let flags = OFlags::NONBLOCK.union(OFlags::NOCTTY);
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    Ok(Opened { file, metadata })
}

/// What tells a file from every other, whatever it is called: device and inode.
pub(crate) type Identity = (u64, u64);

impl Opened {
    pub(crate) fn identity(&self) -> Identity {
        (self.metadata.dev(), self.metadata.ino())
    }

    pub(crate) fn mode(&self) -> u32 {
        self.metadata.mode() & 0o7777
    }

    /// Whether somebody else than root and us decides what it holds.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let trusted = [ROOT, rustix::process::geteuid().as_raw()];
        match self.metadata.is_file() {
            true => distrust(self.metadata.uid(), self.mode(), &trusted),
            false => Some(Refusal::NotAFile),
        }
    }

    pub(crate) fn readable_by_others(&self) -> Option<Refusal> {
        let mode = self.mode();
        (mode & READABLE_BY_OTHERS != 0).then_some(Refusal::Readable { mode })
    }

    /// Reads at most `limit` bytes and one more, which tells that there were too many.
    pub(crate) fn read(self, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        // All at once: a buffer that grows leaves copies of secrets behind.
        let capacity = self.metadata.len().min(limit) as usize + 2;
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        self.file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn distrust(owner: u32, mode: u32, trusted: &[u32]) -> Option<Refusal> {
    if !trusted.contains(&owner) {
        return Some(Refusal::ForeignOwner { uid: owner });
    }
    (mode & WRITABLE_BY_GROUP_OR_OTHERS != 0).then_some(Refusal::Writable { mode })
}

/// Whether everybody may rename or replace the file through a folder above it (a sticky one, as /tmp, is fine).
pub(crate) fn open_folder_above(path: &Path) -> io::Result<Option<Refusal>> {
    let real = path.canonicalize()?;
    for folder in real.ancestors().skip(1) {
        let mode = folder.metadata()?.mode() & 0o7777;
        if mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0 {
            return Ok(Some(Refusal::OpenFolder { folder: folder.to_owned(), mode }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_we_may_decide_what_a_file_holds() {
        let us = [ROOT, 1000];
        assert_eq!(distrust(1000, 0o600, &us), None);
        assert_eq!(distrust(ROOT, 0o644, &us), None);
        assert_eq!(distrust(1001, 0o600, &us), Some(Refusal::ForeignOwner { uid: 1001 }));
        assert_eq!(distrust(1000, 0o620, &us), Some(Refusal::Writable { mode: 0o620 }));
        assert_eq!(distrust(ROOT, 0o602, &us), Some(Refusal::Writable { mode: 0o602 }));
    }
}
