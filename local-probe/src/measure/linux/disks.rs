//! What block devices did since boot: `/proc/diskstats`.

use sample::DiskCounters;

use super::Tree;

pub(super) fn read(_tree: &Tree) -> Option<Vec<DiskCounters>> {
    None
}
