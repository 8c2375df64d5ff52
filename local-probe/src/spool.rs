//! Keeps sealed envelopes until the server says that it has them.
//!
//! Each envelope carries the id of the spool's *life* and a sequence number. The number is on disk before the
//! envelope is made, so no number of a life is used twice, not even after a crash in between. A spool whose
//! counter is lost, or turns out to be older than what the server has seen, begins a new life: acknowledgements
//! of the old one then can't delete what came after. Envelopes of older lives stay and are handed out first.

mod counter;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use envelope::{Header, OpenError};
use sample::SpoolId;
use sample::wire::Acknowledgement;

use crate::durable;
use crate::sealing::FRAME;
use crate::target::Target;
use counter::Counter;
pub(crate) use counter::random_life;

/// Most envelopes in a spool, and most bytes. Beyond, the oldest go.
const MOST_ENVELOPES: usize = 1000;
const MOST_BYTES: u64 = 8 << 20;
const LONGEST_ENVELOPE: u64 = envelope::MAX_PLAINTEXT as u64 + FRAME;
/// How long to wait for another probe that works in the same spool. It needs milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(20);

const TARGET: &str = "target.json";
const LONGEST_TARGET: u64 = 32 * 1024;

/// Why a spool can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Reading or writing in its folder failed.
    #[error("can't {0}")]
    Io(&'static str, #[source] io::Error),
    /// Another probe holds it.
    #[error("another probe holds it for more than {} s", LOCK_PATIENCE.as_secs())]
    Locked,
    /// The system has no random numbers for its id.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// Its numbers are used up.
    #[error("its counter has reached the last number")]
    Exhausted,
    /// Its target is not one.
    #[error("{TARGET} is damaged")]
    Target(#[source] serde_json::Error),
}

/// An envelope in a spool.
struct Kept {
    /// The life it was sealed in.
    spool: SpoolId,
    sequence: u64,
    bytes: Vec<u8>,
}

/// A spool, held by this process alone.
pub(crate) struct Spool {
    folder: PathBuf,
    counter: Counter,
    kept: Vec<Kept>,
    /// Files with the name of an envelope that are none.
    damaged: Vec<PathBuf>,
    _lock: File,
}

impl Spool {
    /// Opens the target's spool below `spools`, makes it if there is none, and holds it until dropped.
    pub(crate) fn open(spools: &Path, target: &Target) -> Result<Spool, SpoolError> {
        let folder = spools.join(target.folder());
        durable::create_folder(spools).map_err(|error| SpoolError::Io("make the spool folder", error))?;
        durable::create_folder(&folder).map_err(|error| SpoolError::Io("make its folder", error))?;
        let lock = lock(&folder.join("lock"), LOCK_PATIENCE)?;
        if !read_target(&folder).is_ok_and(|known| known == *target) {
            let json = serde_json::to_vec(target).expect("a target has no maps and writes to memory");
            durable::write(&folder, TARGET, &json).map_err(|error| SpoolError::Io("write the target", error))?;
        }
        let Files { kept, damaged, highest } = Files::list(&folder)?;
        let counter = match Counter::load(&folder)? {
            Some(counter) if counter.last >= highest => counter,
            // Lost, or older than the envelopes beside it.
            Some(_) | None => Counter::begin(highest)?,
        };
        Ok(Spool { folder, counter, kept, damaged, _lock: lock })
    }

    /// Deletes what the server has committed.
    ///
    /// Each acknowledgement counts for envelopes of the life it names. One for a number that this life has not
    /// handed out yet shows that the counter went back, by a restored disk say: it is void and a new life begins.
    pub(crate) fn acknowledge(&mut self, acknowledgements: &[Acknowledgement]) -> Result<(), SpoolError> {
        let current = self.counter.spool;
        let went_back = acknowledgements.iter().any(|ack| ack.spool == current && ack.through > self.counter.last);
        if went_back {
            self.counter = Counter::begin(self.counter.last)?;
        }
        let delivered = |envelope: &Kept| {
            let covers = |ack: &Acknowledgement| ack.spool == envelope.spool && envelope.sequence <= ack.through;
            !(went_back && envelope.spool == current) && acknowledgements.iter().any(covers)
        };
        let folder = &self.folder;
        // One that can't be deleted is handed out again; the server knows a sample by its id.
        self.kept.retain(|envelope| {
            !delivered(envelope) || fs::remove_file(folder.join(file_name(envelope.sequence))).is_err()
        });
        Ok(())
    }

    /// The life and the sequence number for the next envelope, of at most `size` bytes.
    ///
    /// Makes room for it: the oldest envelopes go, and damaged files. Both are counted before they are deleted.
    pub(crate) fn reserve(&mut self, size: u64) -> Result<(SpoolId, u64), SpoolError> {
        let sequence = self.counter.last.checked_add(1).ok_or(SpoolError::Exhausted)?;
        let too_many = self.too_many(size);
        let lost = (too_many + self.damaged.len()) as u64;
        let advanced =
            Counter { last: sequence, dropped: self.counter.dropped.saturating_add(lost), ..self.counter.clone() };
        advanced.store(&self.folder)?;
        self.counter = advanced;
        let oldest = self.kept.drain(..too_many).map(|envelope| self.folder.join(file_name(envelope.sequence)));
        for path in oldest.chain(self.damaged.drain(..)) {
            fs::remove_file(path).map_err(|error| SpoolError::Io("delete a lost envelope", error))?;
        }
        Ok((self.counter.spool, sequence))
    }

    /// Keeps the envelope sealed for the reserved sequence number. It is on disk when this returns.
    pub(crate) fn keep(&self, sequence: u64, envelope: &[u8]) -> Result<(), SpoolError> {
        durable::write(&self.folder, &file_name(sequence), envelope)
            .map_err(|error| SpoolError::Io("write the envelope", error))
    }

    /// The envelopes that were here before this run and are not delivered, oldest first. Lets go of the spool.
    pub(crate) fn into_waiting(self) -> Vec<Vec<u8>> {
        self.kept.into_iter().map(|envelope| envelope.bytes).collect()
    }

    /// Envelopes this life has lost for ever.
    pub(crate) fn dropped(&self) -> u64 {
        self.counter.dropped
    }

    fn too_many(&self, size: u64) -> usize {
        let mut bytes = self.kept.iter().map(|envelope| envelope.bytes.len() as u64).sum::<u64>() + size;
        let mut left = self.kept.len() + 1;
        let surplus = self.kept.iter().take_while(|oldest| {
            let over = left > MOST_ENVELOPES || bytes > MOST_BYTES;
            left -= 1;
            bytes -= oldest.bytes.len() as u64;
            over
        });
        surplus.count()
    }
}

/// The target of the spool in `folder`.
pub(crate) fn read_target(folder: &Path) -> Result<Target, SpoolError> {
    let json = durable::read(&folder.join(TARGET), LONGEST_TARGET)
        .map_err(|error| SpoolError::Io("read the target", error))?;
    serde_json::from_slice(&json).map_err(SpoolError::Target)
}

/// Waits for the lock a few seconds: a probe that is stopped must not make others wait for ever.
fn lock(path: &Path, patience: Duration) -> Result<File, SpoolError> {
    let failed = |error| SpoolError::Io("open its lock", error);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = match open {
        // A filesystem that went read-only still has envelopes to hand out.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(path).map_err(failed)?,
        other => other.map_err(failed)?,
    };
    let deadline = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOCK_POLL),
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Locked),
            Err(TryLockError::Error(error)) => return Err(SpoolError::Io("take its lock", error)),
        }
    }
}

fn file_name(sequence: u64) -> String {
    format!("{sequence:020}.fhe")
}

fn sequence_in(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".fhe")?;
    (digits.len() == 20 && digits.bytes().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The envelopes in a spool's folder. Files with other names are not ours and not touched.
#[derive(Default)]
struct Files {
    /// Oldest first.
    kept: Vec<Kept>,
    /// Those with the name of an envelope that are none.
    damaged: Vec<PathBuf>,
    /// The highest sequence number of an envelope.
    highest: u64,
}

impl Files {
    fn list(folder: &Path) -> Result<Files, SpoolError> {
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
        Ok(files)
    }

    fn add(&mut self, path: PathBuf, sequence: u64) {
        let bytes = match durable::read(&path, LONGEST_ENVELOPE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return self.damaged.push(path),
            // A bad sector may be readable next time: neither handed out nor deleted.
            Err(_) => return self.raise(sequence),
        };
        match Header::parse(&bytes) {
            Ok(header) if header.sequence == sequence => {
                self.raise(sequence);
                self.kept.push(Kept { spool: SpoolId(header.spool), sequence, bytes });
            }
            // Sealed by a newer probe, which may come back.
            Err(OpenError::UnsupportedVersion(_) | OpenError::UnsupportedSuite(_)) => self.raise(sequence),
            Ok(_) | Err(_) => self.damaged.push(path),
        }
    }

    fn raise(&mut self, sequence: u64) {
        self.highest = self.highest.max(sequence);
    }
}

#[cfg(test)]
mod tests;
