//! Security updates that wait, from the package manager's own lists.

use super::Tree;
use crate::notes::Notes;

pub(super) fn security(_tree: &Tree, _notes: &Notes) -> Option<u32> {
    None
}
