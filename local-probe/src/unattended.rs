//! Samples between visits, from the host's own crontab.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use envelope::PublicKey;

use crate::error::ProbeError;
use crate::home::Home;
use crate::measure::{self, Asked, Measurement};
use crate::sealing::Letter;
use crate::spool::{self, Spool, SpoolError};
use crate::target::{self, Target};

/// Most targets that are measured for at the same time. More servers than this hardly visit one host.
const AT_ONCE: usize = 8;

/// Takes a measurement for every target on this machine, each with what its server wants to be looked at, and keeps it.
///
/// They are taken side by side: with checks that take all their time, one after the other would not come to the last
/// target before the deadline, at any run.
///
/// # Errors
/// There is no target yet, or some targets' samples could not be kept: then the others' are, and each failure is
/// in the list.
pub fn sample(home: &Home) -> Result<(), Vec<ProbeError>> {
    let (targets, mut failures) = targets_here(&home.spools());
    if targets.is_empty() && failures.is_empty() {
        return Err(vec![ProbeError::NoTarget]);
    }
    failures.extend(side_by_side(&targets, |target| {
        let notes = home.notes();
        let measurement =
            Measurement::take(&Asked { scope: &target.scope, spot: true, notes: &notes, target: &target.folder() });
        // At once, so that it is there whatever becomes of the others.
        let kept = keep_for(target, &measurement, home);
        if kept.is_ok() {
            notes.settle();
        }
        kept.err()
    }));
    home.tidy(measure::now());
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// What comes of the work for each of them. Where the host gives no more threads it takes longer.
fn side_by_side<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> Option<R> + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take_turns = || -> Vec<R> {
        let turns = std::iter::from_fn(|| all.get(next.fetch_add(1, Ordering::Relaxed)));
        turns.filter_map(&work).collect()
    };
    thread::scope(|scope| {
        let helpers =
            (1..AT_ONCE.min(all.len())).map_while(|_| thread::Builder::new().spawn_scoped(scope, take_turns).ok());
        let helpers: Vec<_> = helpers.collect();
        let mut results = take_turns();
        for helper in helpers {
            results.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    })
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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn all_are_worked_for_once_and_as_many_as_may_at_the_same_time() {
        let meeting = Barrier::new(AT_ONCE);
        let numbers: Vec<usize> = (0..2 * AT_ONCE).collect();
        let mut odd = side_by_side(&numbers, |number| {
            // Nobody gets past this until so many are there.
            meeting.wait();
            (number % 2 == 1).then_some(*number)
        });
        odd.sort_unstable();
        assert_eq!(odd, numbers.into_iter().filter(|number| number % 2 == 1).collect::<Vec<_>>());
        assert_eq!(side_by_side(&[], |(): &()| Some(())), []);
    }
}
