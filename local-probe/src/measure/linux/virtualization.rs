//! What the host runs in, as systemd-detect-virt(1) names it.

use sample::Container;

use super::Tree;

pub(super) fn read(_tree: &Tree, _container: Option<&Container>) -> Option<String> {
    None
}
