//! Swapping, and processes killed for want of memory: `/proc/vmstat`.

use super::Tree;

/// What is counted there; absent where the kernel does not count it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Vmstat {
    pub(super) swap_in_bytes: Option<u64>,
    pub(super) swap_out_bytes: Option<u64>,
    pub(super) oom_kills: Option<u64>,
}

pub(super) fn read(_tree: &Tree) -> Vmstat {
    Vmstat::default()
}
