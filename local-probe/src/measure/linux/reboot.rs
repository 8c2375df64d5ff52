//! Whether the host waits for a reboot.

use sample::RebootRequired;

use super::Tree;

pub(super) fn required(_tree: &Tree, _kernel: Option<&str>) -> Option<RebootRequired> {
    None
}
