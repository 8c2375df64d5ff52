//! Pressure stall information: `/proc/pressure`.

use sample::PressureCounters;

use super::Tree;

pub(super) fn read(_tree: &Tree) -> Option<PressureCounters> {
    None
}
