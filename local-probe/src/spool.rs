//! Keeps sealed envelopes until the server says that it has them.
//!
//! Each envelope carries the id of the spool's *life* and a sequence number. The number is on disk before the
//! envelope is made, so no number of a life is used twice, not even after a crash in between. Numbers go on from
//! life to life. Envelopes of older lives stay and are handed out first.
//!
//! # What an acknowledgement deletes
//!
//! An acknowledgement names a life and a number, and means everything up to there. Two rules keep it from deleting
//! what was never handed out:
//!
//! - **A new life** begins where the counter may give numbers again that the server knows already: when it is
//!   lost, when it is older than the envelopes beside it or than what the server has seen, and with every boot of
//!   the host, since a restored snapshot boots. What counts for the old life then can't delete what came after.
//!   A snapshot restored with its memory, or a folder restored under a running system, keeps the boot id. It is
//!   noticed only if the server has seen higher numbers than the counter has reached again by the next visit:
//!   samples taken in between may hide it, and those are lost.
//! - **An envelope that is passed over** lies here and is not handed out while later ones are: it can't be read just
//!   now, or is of a version that another probe must print. The counter notes it, with the last number handed out
//!   so far. From then on only an acknowledgement of the current life beyond that number deletes it: an answer
//!   with such a number had the envelope before it, or passed it over again and noted that. The same note is made
//!   of envelopes whose acknowledgement may mean others of their number. Where it can't be written, nothing behind
//!   the envelope is handed out but the fresh sample.
//!
//! The second rule needs a server whose limits admit a full spool: it acknowledges the current life only when
//! nothing was held back.
//!
//! # Former spools
//!
//! A spool of a key or a name that the server has given up is not fed any more, so no acknowledgement of its own life
//! ever says more than the last one did. What it passes over is confirmed by the current life of the spool that is
//! fed instead: its *witness*. The rest is as above. See [`former`].

mod counter;
mod files;
pub(crate) mod former;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use sample::SpoolId;
use sample::wire::Acknowledgement;

use crate::durable;
use crate::target::Target;
use counter::Counter;
pub(crate) use counter::random_life;
use files::{Files, Kept, file_name};

/// Most envelopes in a spool, and most bytes. Beyond, the oldest go.
const MOST_ENVELOPES: usize = 1000;
const MOST_BYTES: u64 = 8 << 20;
/// How long to wait for another probe that works in the same spool. It needs milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(20);

const LOCK: &str = "lock";
const TARGET: &str = "target.json";
/// It holds what a request may ask for.
const LONGEST_TARGET: u64 = sample::wire::MAX_LINE as u64;

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

/// A spool, held by this process alone.
pub(crate) struct Spool {
    folder: PathBuf,
    counter: Counter,
    /// The last number handed out of the life that confirms what is passed over.
    latest: u64,
    files: Files,
    _lock: File,
}

impl Spool {
    /// Opens the target's spool below `spools`, makes it if there is none, and holds it until dropped.
    ///
    /// `boot` is the id of the host's present boot. Where the host has none to show, the spool's life goes on.
    pub(crate) fn open(spools: &Path, target: &Target, boot: Option<&str>) -> Result<Spool, SpoolError> {
        let folder = spools.join(target.folder());
        durable::create_folder(spools).map_err(|error| SpoolError::Io("make the spool folder", error))?;
        durable::create_folder(&folder).map_err(|error| SpoolError::Io("make its folder", error))?;
        let lock = lock(&folder.join(LOCK), LOCK_PATIENCE)?;
        if !read_target(&folder).is_ok_and(|known| known == *target) {
            let json = serde_json::to_vec(target).expect("a target has no maps and writes to memory");
            durable::write(&folder, TARGET, &json).map_err(|error| SpoolError::Io("write the target", error))?;
        }
        let mut spool = Spool::load(folder, lock, boot)?;
        // It may have been a former one in between.
        spool.counter.be_confirmed_by(None, spool.latest);
        Ok(spool)
    }

    /// Opens the target's spool for one more sample, if it still is to be fed.
    pub(crate) fn open_to_feed(
        spools: &Path,
        target: &Target,
        boot: Option<&str>,
    ) -> Result<Option<Spool>, SpoolError> {
        let folder = spools.join(target.folder());
        let lock = lock(&folder.join(LOCK), LOCK_PATIENCE);
        match read_target(&folder) {
            Ok(known) if known.is_of(target) => Spool::load(folder, lock?, boot).map(Some),
            // A visit has made it a former one meanwhile, or has emptied and removed it.
            Ok(_) => Ok(None),
            Err(SpoolError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn load(folder: PathBuf, lock: File, boot: Option<&str>) -> Result<Spool, SpoolError> {
        let files = Files::list(&folder)?;
        let counter = match Counter::load(&folder)? {
            Some(counter) if counter.last >= files.highest => counter.in_boot(boot)?,
            // Lost, or older than the envelopes beside it: which of them were passed over is not known any more.
            Some(_) | None => {
                let mut counter = Counter::begin(files.highest, boot.map(str::to_owned))?;
                counter.pass_over(files.kept.iter().map(|envelope| envelope.sequence), files.highest);
                counter
            }
        };
        Ok(Spool { latest: counter.last, folder, counter, files, _lock: lock })
    }

    /// Deletes what the server has committed.
    ///
    /// Each acknowledgement counts for envelopes of the life it names. One for a number that this life has not
    /// handed out yet shows that the counter went back, by a restored disk say: a new life begins, and the envelopes
    /// of this one may be others than those the server has seen.
    pub(crate) fn acknowledge(&mut self, acknowledgements: &[Acknowledgement]) -> Result<(), SpoolError> {
        let current = self.counter.spool;
        if acknowledgements.iter().any(|ack| ack.spool == current && ack.through > self.counter.last) {
            self.counter = self.counter.next_life()?;
            let doubtful = self.files.kept.iter().filter(|envelope| envelope.spool == current);
            self.counter.pass_over(doubtful.map(|envelope| envelope.sequence), self.latest);
        }
        let reached = |life, sequence| acknowledgements.iter().any(|ack| ack.spool == life && ack.through >= sequence);
        if reached(self.counter.spool, self.counter.dropped_by) {
            self.counter.told = self.counter.dropped;
        }
        let witness = self.counter.witness.unwrap_or(self.counter.spool);
        let delivered = |envelope: &Kept| match self.counter.passed_over.get(&envelope.sequence) {
            Some(&last) => last.checked_add(1).is_some_and(|later| reached(witness, later)),
            None => reached(envelope.spool, envelope.sequence),
        };
        let folder = &self.folder;
        // One that can't be deleted is handed out again; the server knows a sample by its id.
        self.files.kept.retain(|envelope| {
            !delivered(envelope) || fs::remove_file(folder.join(file_name(envelope.sequence))).is_err()
        });
        Ok(())
    }

    /// The life and the sequence number for the next envelope, of at most `size` bytes.
    ///
    /// Makes room for it: the oldest envelopes go, and damaged files. Both are counted before they are deleted.
    /// What can't be read now is noted as passed over.
    pub(crate) fn reserve(&mut self, size: u64) -> Result<(SpoolId, u64), SpoolError> {
        let sequence = self.counter.last.checked_add(1).ok_or(SpoolError::Exhausted)?;
        let too_many = self.too_many(size);
        let mut advanced = Counter { last: sequence, ..self.counter.clone() };
        advanced.count_dropped(too_many + self.files.damaged.len());
        let left: BTreeSet<u64> = self.files.kept[too_many..].iter().map(|envelope| envelope.sequence).collect();
        advanced.passed_over.retain(|sequence, _| left.contains(sequence));
        advanced.pass_over(self.files.unread.iter().copied(), sequence);
        advanced.store(&self.folder)?;
        (self.counter, self.latest) = (advanced, sequence);
        let oldest = self.files.kept.drain(..too_many).map(|envelope| self.folder.join(file_name(envelope.sequence)));
        for path in oldest.chain(self.files.damaged.drain(..)) {
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
    ///
    /// Those behind an envelope that is passed over stay out if that could not be noted.
    pub(crate) fn into_waiting(self) -> Vec<Vec<u8>> {
        let noted = |sequence: &u64| self.counter.passed_over.get(sequence).is_some_and(|last| *last >= self.latest);
        let end = self.files.unread.iter().copied().filter(|sequence| !noted(sequence)).min();
        let before_it = |envelope: &Kept| end.is_none_or(|end| envelope.sequence < end);
        self.files.kept.into_iter().take_while(before_it).map(|envelope| envelope.bytes).collect()
    }

    /// Takes over the losses of a spool that is about to go. Where that can't be written, they are told of once.
    pub(crate) fn add_losses(&mut self, lost: u64) {
        self.counter.count_dropped(usize::try_from(lost).unwrap_or(usize::MAX));
        drop(self.counter.store(&self.folder));
    }

    /// The life and the last number handed out: what the server acknowledges once it has the answer.
    pub(crate) fn position(&self) -> (SpoolId, u64) {
        (self.counter.spool, self.counter.last)
    }

    /// Envelopes lost for ever, but for those of which the server is known to have heard from an earlier life.
    pub(crate) fn dropped(&self) -> u64 {
        self.counter.dropped
    }

    fn too_many(&self, size: u64) -> usize {
        let mut bytes = self.files.kept.iter().map(|envelope| envelope.bytes.len() as u64).sum::<u64>() + size;
        let mut left = self.files.kept.len() + 1;
        let surplus = self.files.kept.iter().take_while(|oldest| {
            let over = left > MOST_ENVELOPES || bytes > MOST_BYTES;
            left -= 1;
            bytes -= oldest.bytes.len() as u64;
            over
        });
        surplus.count()
    }
}

/// The target of the spool in `folder`, if it is fed.
pub(crate) fn read_target(folder: &Path) -> Result<Target, SpoolError> {
    read_target_in(folder, TARGET)
}

fn read_target_in(folder: &Path, name: &str) -> Result<Target, SpoolError> {
    let json =
        durable::read(&folder.join(name), LONGEST_TARGET).map_err(|error| SpoolError::Io("read the target", error))?;
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

#[cfg(test)]
mod tests;
