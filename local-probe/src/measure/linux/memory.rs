//! Memory and swap: `/proc/meminfo`, ZFS's cache, and the container's limit.

use sample::{Container, Memory, Swap};

use super::{Tree, system};

pub(super) fn read(_tree: &Tree, _container: Option<&Container>) -> (Option<Memory>, Option<Swap>) {
    system::memory_and_swap()
}
