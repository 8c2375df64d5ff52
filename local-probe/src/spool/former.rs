//! Spools that are not fed any more: of an earlier key of the server, or of its earlier name for this host.
//!
//! A visit that names a spool as a former one first takes its target away, by one rename, so that
//! `fleet-probe sample` does not feed it. What waits in it is handed out, and deleted once it is acknowledged, until
//! the folder can go.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use sample::wire::Acknowledgement;
use sample::{KeyId, SpoolId};

use super::{LOCK, Spool, SpoolError, TARGET, counter, lock, read_target, read_target_in};
use crate::durable;

/// The target of a former spool.
const FORMER_TARGET: &str = "former.json";
/// How long to wait for another probe that works in it. There may be many, and the fresh sample waits for them all.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

impl Spool {
    /// Opens the spool in `folder` and ends its feeding. It must exist.
    pub(crate) fn open_former(folder: &Path) -> Result<Spool, SpoolError> {
        let lock = lock(&folder.join(LOCK), LOCK_PATIENCE)?;
        match fs::rename(folder.join(TARGET), folder.join(FORMER_TARGET)) {
            Ok(()) => durable::sync(folder).map_err(|error| SpoolError::Io("give up its target", error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It can still be emptied where nothing can be written.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
            Err(error) => return Err(SpoolError::Io("give up its target", error)),
        }
        // No number is given here any more, so another boot needs no life of its own.
        Spool::load(folder.to_owned(), lock, None)
    }

    /// Deletes what the server has committed, and notes what is passed over now.
    ///
    /// `witness` is the life of the spool that is fed instead, and its last number: that of this visit's fresh
    /// envelope. Without one, or where nothing can be written, nothing can be noted, and so nothing behind an
    /// envelope that is passed over is handed out.
    pub(crate) fn settle(
        &mut self,
        acknowledgements: &[Acknowledgement],
        witness: Option<(SpoolId, u64)>,
    ) -> Result<(), SpoolError> {
        let Some((life, latest)) = witness else {
            self.latest = u64::MAX;
            return self.acknowledge(acknowledgements);
        };
        self.latest = latest;
        self.counter.be_confirmed_by(Some(life), latest);
        self.acknowledge(acknowledgements)?;
        let mut noted = self.counter.clone();
        // Only the fresh envelope may acknowledge that life. One that names it here could wait for ever.
        let claims = self.files.kept.iter().filter(|envelope| envelope.spool == life).map(|claim| claim.sequence);
        let unknown: Vec<u64> = claims.filter(|sequence| !noted.passed_over.contains_key(sequence)).collect();
        noted.pass_over(unknown.into_iter(), latest);
        noted.pass_over(self.files.unread.iter().copied(), latest);
        noted.count_dropped(self.files.damaged.len());
        if noted.dropped > noted.told {
            // Answers tell of another spool's losses now: those of this one are told of when it goes.
            noted.dropped_by = u64::MAX;
        }
        if noted.store(&self.folder).is_ok() {
            self.counter = noted;
            for path in self.files.damaged.drain(..) {
                fs::remove_file(path).map_err(|error| SpoolError::Io("delete a lost envelope", error))?;
            }
        }
        Ok(())
    }

    /// Whether an envelope is left in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.kept.is_empty() && self.files.unread.is_empty() && self.files.damaged.is_empty()
    }

    /// Envelopes lost here of which the server may not have heard.
    pub(crate) fn untold(&self) -> u64 {
        self.counter.dropped.saturating_sub(self.counter.told)
    }

    /// Removes its folder. What is not ours in it stays, and the folder with it.
    ///
    /// After a crash in between, what is left is an empty former spool again.
    pub(crate) fn remove(self) {
        for name in [counter::FILE, FORMER_TARGET, durable::UNFINISHED, LOCK] {
            drop(fs::remove_file(self.folder.join(name)));
        }
        drop(fs::remove_dir(&self.folder));
    }
}

/// Whether a spool of this key, fed or former, lies below `spools`. One that can't be read may be.
pub(crate) fn any_of(key: KeyId, spools: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(spools)? {
        let folder = entry?.path();
        for target in [read_target(&folder), read_target_in(&folder, FORMER_TARGET)] {
            match target {
                Ok(target) if target.key != key => {}
                // Not a spool; or only one of the two names is there, as should be.
                Err(SpoolError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound || !folder.is_dir() => {}
                Ok(_) | Err(_) => return Ok(true),
            }
        }
    }
    Ok(false)
}
