//! What was read in many places and can be judged only when all of it is known.

use std::collections::BTreeMap;
use std::time::Duration;

use rules::Recipient;

use crate::report::Report;

/// What is left to judge.
#[derive(Default)]
pub(crate) struct Later {
    notifiers: BTreeMap<String, usize>,
    holds: Vec<(Duration, usize)>,
}

impl Later {
    /// These are told, and stand here.
    pub(crate) fn told(&mut self, recipients: &[Recipient], at: usize) {
        for name in recipients.iter().filter_map(Recipient::notifier) {
            self.notifiers.entry(name.to_owned()).or_insert(at);
        }
    }

    /// An alert fires after so long.
    pub(crate) fn hold(&mut self, lasting: Duration, at: usize) {
        self.holds.push((lasting, at));
    }

    /// Every notifier that is told, with where it is named first.
    pub(crate) fn notifiers(&self) -> &BTreeMap<String, usize> {
        &self.notifiers
    }

    /// Warns of times that no two samples are within.
    pub(crate) fn warn_of_short_holds(&self, interval: Option<Duration>, report: &mut Report) {
        let Some(interval) = interval else { return };
        for (_, at) in self.holds.iter().filter(|(lasting, _)| *lasting < interval) {
            let seconds = interval.as_secs();
            let message = format!(
                "this is shorter than the interval of <collector> ({seconds}s): two samples in a row are enough"
            );
            report.warning(*at, message);
        }
    }
}
