//! What lies in a spool's folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use envelope::{Header, OpenError};
use sample::SpoolId;

use super::SpoolError;
use crate::durable;
use crate::sealing::FRAME;

const LONGEST_ENVELOPE: u64 = envelope::MAX_PLAINTEXT as u64 + FRAME;

/// An envelope in a spool.
pub(super) struct Kept {
    /// The life it was sealed in.
    pub(super) spool: SpoolId,
    pub(super) sequence: u64,
    pub(super) bytes: Vec<u8>,
}

/// The envelopes in a spool's folder. Files with other names are not ours and not touched.
#[derive(Default)]
pub(super) struct Files {
    /// Oldest first.
    pub(super) kept: Vec<Kept>,
    /// The numbers of those that can't be read, or not by this version. Neither handed out nor deleted.
    pub(super) unread: Vec<u64>,
    /// Those with the name of an envelope that are none.
    pub(super) damaged: Vec<PathBuf>,
    /// The highest sequence number of an envelope.
    pub(super) highest: u64,
}

impl Files {
    pub(super) fn list(folder: &Path) -> Result<Files, SpoolError> {
        let failed = |error| SpoolError::Io("list its folder", error);
        let mut files = Files::default();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(sequence) = entry.file_name().to_str().and_then(sequence_in) else { continue };
            if entry.file_type().map_err(failed)?.is_file() {
                files.add(entry.path(), sequence);
            }
        }
        files.kept.sort_by_key(|envelope| envelope.sequence);
        let sequences = files.kept.iter().map(|envelope| envelope.sequence);
        files.highest = sequences.chain(files.unread.iter().copied()).max().unwrap_or(0);
        Ok(files)
    }

    fn add(&mut self, path: PathBuf, sequence: u64) {
        let bytes = match durable::read(&path, LONGEST_ENVELOPE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return if is_of_another_version(&path) { self.unread.push(sequence) } else { self.damaged.push(path) };
            }
            // A bad sector may be readable next time.
            Err(_) => return self.unread.push(sequence),
        };
        match Header::parse(&bytes) {
            Ok(header) if header.sequence == sequence => {
                self.kept.push(Kept { spool: SpoolId(header.spool), sequence, bytes });
            }
            // Sealed by a newer probe, which may come back.
            Err(OpenError::UnsupportedVersion(_) | OpenError::UnsupportedSuite(_)) => self.unread.push(sequence),
            Ok(_) | Err(_) => self.damaged.push(path),
        }
    }
}

/// Whether the file begins as an envelope whose version or suite is not ours: those may be longer than ours are.
fn is_of_another_version(path: &Path) -> bool {
    let mut start = [0; 5];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    let found = read.map(|()| Header::parse_prefix(&start));
    matches!(found, Ok(Err(OpenError::UnsupportedVersion(_) | OpenError::UnsupportedSuite(_))))
}

pub(super) fn file_name(sequence: u64) -> String {
    format!("{sequence:020}.fhe")
}

fn sequence_in(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".fhe")?;
    (digits.len() == 20 && digits.bytes().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok())?
}
