//! Samples between visits, from the host's own crontab.

use std::fs;
use std::path::{Path, PathBuf};

use envelope::PublicKey;

use crate::error::ProbeError;
use crate::home::Home;
use crate::measure::{self, Asked, Measurement};
use crate::sealing::Letter;
use crate::spool::{self, Spool, SpoolError};
use crate::target::{self, Target};

/// Takes a measurement for every target on this machine, each with what its server wants to be looked at, and keeps it.
///
/// # Errors
/// There is no target yet, or some targets' samples could not be kept: then the others' are, and each failure is
/// in the list.
pub fn sample(home: &Home) -> Result<(), Vec<ProbeError>> {
    let (targets, mut failures) = targets_here(&home.spools());
    if targets.is_empty() && failures.is_empty() {
        return Err(vec![ProbeError::NoTarget]);
    }
    for target in &targets {
        let measurement = Measurement::take(&Asked {
            scope: &target.scope,
            spot: true,
            notes: &home.notes(),
            target: &target.folder(),
        });
        failures.extend(keep_for(target, &measurement, home).err());
    }
    home.tidy(measure::now());
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// The targets of this machine. Others that share the home folder have theirs beside them.
fn targets_here(spools: &Path) -> (Vec<Target>, Vec<ProbeError>) {
    let here = target::machine_id();
    let (mut targets, mut failures) = (Vec::new(), Vec::new());
    // No folder, no visit yet.
    let mut folders: Vec<PathBuf> =
        fs::read_dir(spools).into_iter().flatten().flatten().map(|dir| dir.path()).collect();
    folders.sort();
    for path in folders {
        match spool::read_target(&path) {
            // A copy of a spool under another name would never be fetched.
            Ok(target) if target.machine_id == here && path.ends_with(target.folder()) => targets.push(target),
            Ok(_) => {}
            // Not a spool, or one whose first visit was cut short.
            Err(SpoolError::Io(_, error)) if error.kind() == std::io::ErrorKind::NotFound || !path.is_dir() => {}
            Err(source) => failures.push(ProbeError::Spool { path, source }),
        }
    }
    (targets, failures)
}

fn keep_for(target: &Target, measurement: &Measurement, home: &Home) -> Result<(), ProbeError> {
    let path = home.spools().join(target.folder());
    let key =
        PublicKey::from_pem(&target.public_key).map_err(|source| ProbeError::NotAKey { path: path.clone(), source })?;
    let sample = measurement.sample_for(target.host.clone(), None).map_err(ProbeError::Random)?;
    let letter = Letter::new(&key, sample);
    let failed = |source| ProbeError::Spool { path: path.clone(), source };
    let opened = Spool::open_to_feed(&home.spools(), target, measurement.boot_id()).map_err(failed)?;
    let Some(mut spool) = opened else { return Ok(()) };
    let (life, sequence) = spool.reserve(letter.size_at_most()).map_err(failed)?;
    spool.keep(sequence, &letter.seal(life, sequence)?).map_err(failed)
}
