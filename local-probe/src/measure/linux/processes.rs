//! Processes: how many, the biggest, and those that are wanted.

use sample::{Processes, WantedProcess};

use super::{Asked, Tree};

/// A first look at the processes.
pub(super) struct Begun;

impl Begun {
    pub(super) fn begin(_asked: &Asked<'_>, _tree: &Tree) -> Begun {
        Begun
    }

    pub(super) fn finish(self, _asked: &Asked<'_>, _tree: &Tree) -> (Option<Processes>, Option<Vec<WantedProcess>>) {
        (None, None)
    }
}
