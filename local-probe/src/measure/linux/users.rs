//! Users who are logged in.

use super::Tree;

pub(super) fn logged_in(_tree: &Tree) -> Option<u32> {
    None
}
