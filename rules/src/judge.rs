//! From rows to events: the fold over everything that was seen of one host.

use std::collections::BTreeMap;
use std::time::Duration;

use sample::Timestamp;

use crate::{AlertKey, AlertState, Event, Familiar, FreeSpace, Rule, Seen};

/// All that is remembered of a host between two rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// What it had in the samples before.
    pub familiar: Familiar,
    /// Where its alerts stand; one that is not here is as if never seen.
    pub alerts: BTreeMap<AlertKey, AlertState>,
}

/// An alert that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub key: AlertKey,
    /// The event, if people may want to know. The state is in the [`Watch`].
    pub event: Option<Event>,
}

/// Takes a row into account and returns what changed. Rows come in the order they were stored.
///
/// `rules` are those of the host, `cycle` the usual time between two visits. `free_space` is asked for the history of
/// a filesystem, up to and including that time, oldest first, where a forecast is wanted.
///
/// Of several rules of one metric the one with the most specific selector watches a thing, and no other.
pub fn judge(
    _rules: &[&Rule],
    _watch: &mut Watch,
    _seen: &Seen<'_>,
    _cycle: Duration,
    _free_space: &mut dyn FnMut(&str, Timestamp) -> Vec<FreeSpace>,
) -> Vec<Change> {
    todo!()
}
