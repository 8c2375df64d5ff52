//! What network interfaces did since boot: `/proc/net/dev` and `/sys/class/net`.

use sample::InterfaceCounters;

use super::Tree;

pub(super) fn read(_tree: &Tree) -> Option<Vec<InterfaceCounters>> {
    None
}
