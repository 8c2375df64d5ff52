//! The container that the probe runs in, and its limits.

use sample::Container;

use super::Tree;

pub(super) fn read(_tree: &Tree) -> Option<Container> {
    None
}
