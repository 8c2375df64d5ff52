//! The rules that every host has without a word in config.xml.

use crate::Rule;

/// The rules of every host, without recipients. An `<alert>` of the same metric takes the place of one.
pub fn builtin() -> Vec<Rule> {
    todo!()
}

/// The rules over the fleet as a whole: that the collector runs. `cycle` is the usual time between two runs.
pub fn builtin_of_the_fleet(_cycle: std::time::Duration) -> Vec<Rule> {
    todo!()
}
