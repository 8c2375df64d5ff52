//! What happens in a moment: a host was started anew, or has lost something.

use std::time::Duration;

use sample::{Metric, Timestamp};

use crate::{Familiar, Instance, Seen};

/// Something that happened between the newest sample before and this one.
pub(super) struct Moment {
    /// One of those that are momentary.
    pub(super) metric: Metric,
    pub(super) instance: Instance,
    pub(super) value: Option<f64>,
    /// When; if that is not known, when it was noticed.
    pub(super) at: Timestamp,
}

/// Takes note of what a sample has and returns what happened. One that is older than the newest is no news: what it has
/// was known, or is gone since.
pub(super) fn notice(familiar: &mut Familiar, seen: &Seen<'_>) -> Vec<Moment> {
    let Seen::Sample { taken, boot_id, readings, .. } = *seen else { return vec![] };
    let before = familiar.taken;
    if before.is_some_and(|newest| taken <= newest) {
        return vec![];
    }
    familiar.taken = Some(taken);
    let gone = familiar.missing(readings).into_iter();
    let of_gone = |thing| Moment { metric: Metric::Gone, instance: Instance::Named(thing), value: None, at: taken };
    let gone = gone.map(of_gone);
    let rebooted = is_new_boot(familiar, boot_id).then(|| {
        let value = readings.uptime_seconds.map(|seconds| seconds as f64);
        let booted = readings.uptime_seconds.map(|seconds| taken - Duration::from_secs(seconds));
        // It ran before in another boot: it can't be older than that, but a clock may have been set.
        let at = booted.filter(|booted| before.is_none_or(|before| before < *booted)).unwrap_or(taken);
        Moment { metric: Metric::Reboot, instance: Instance::Host, value, at }
    });
    rebooted.into_iter().chain(gone).collect()
}

/// Whether this is another boot than the one that was known. The first one known is none.
fn is_new_boot(familiar: &mut Familiar, boot_id: Option<&str>) -> bool {
    let Some(boot_id) = boot_id.filter(|id| familiar.boot_id.as_deref() != Some(id)) else { return false };
    familiar.boot_id.replace(boot_id.to_owned()).is_some()
}
