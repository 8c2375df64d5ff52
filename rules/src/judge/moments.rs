//! What happens in a moment: a host was started anew, or has lost something.

use sample::Metric;

use crate::{Familiar, Instance, Seen};

/// Something that happened between the newest sample before and this one.
pub(super) struct Moment {
    /// One of those that are momentary.
    pub(super) metric: Metric,
    pub(super) instance: Instance,
    pub(super) value: Option<f64>,
}

/// Takes note of what a sample has and returns what happened. One that is older than the newest is no news: what it has
/// was known, or is gone since.
pub(super) fn notice(familiar: &mut Familiar, seen: &Seen<'_>) -> Vec<Moment> {
    let Seen::Sample { taken, boot_id, readings, .. } = *seen else { return vec![] };
    if familiar.taken.is_some_and(|newest| taken <= newest) {
        return vec![];
    }
    familiar.taken = Some(taken);
    let gone = familiar.missing(readings).into_iter();
    let gone = gone.map(|thing| Moment { metric: Metric::Gone, instance: Instance::Named(thing), value: None });
    let rebooted = is_new_boot(familiar, boot_id).then(|| {
        let value = readings.uptime_seconds.map(|seconds| seconds as f64);
        Moment { metric: Metric::Reboot, instance: Instance::Host, value }
    });
    rebooted.into_iter().chain(gone).collect()
}

/// Whether this is another boot than the one that was known. The first one known is none.
fn is_new_boot(familiar: &mut Familiar, boot_id: Option<&str>) -> bool {
    let Some(boot_id) = boot_id.filter(|id| familiar.boot_id.as_deref() != Some(id)) else { return false };
    familiar.boot_id.replace(boot_id.to_owned()).is_some()
}
