//! When problems are not told: silences that people add, and windows of maintenance that config.xml has.

use std::time::Duration;

use sample::{HostName, Timestamp};

use crate::{AlertKey, Zone, wildcard_match};

/// A silence: problems that match are not told while it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its number, for people.
    pub id: i64,
    /// Which hosts, with wildcards. `*` also means what is about no host.
    pub host: String,
    /// Which metrics, with wildcards; `*` for all.
    pub metric: String,
    /// Which mount point, interface and so on, with wildcards; `*` for all.
    pub instance: String,
    /// From then on.
    pub starts: Timestamp,
    /// Until then, and not then itself. Ending one early moves this.
    pub ends: Timestamp,
    /// Who added it.
    pub author: String,
    /// Why.
    pub comment: String,
}

/// A window of maintenance: it begins at the times of a cron expression, and lasts.
#[derive(Clone, Debug)]
pub struct Maintenance {
    /// The expression as it was written, five fields.
    pub cron: String,
    /// How long it lasts. At most a week.
    pub lasting: Duration,
    /// By which clock.
    pub zone: Zone,
    /// Why.
    pub comment: Option<String>,
}

/// Not a window of maintenance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMaintenance(pub String);

impl Silence {
    /// Whether it is about this alert.
    pub fn is_about(&self, host: Option<&HostName>, key: &AlertKey) -> bool {
        wildcard_match(&self.host, host.map_or("", HostName::as_str))
            && wildcard_match(&self.metric, key.rule.metric.name())
            && wildcard_match(&self.instance, key.instance.as_str())
    }
}

impl Maintenance {
    /// A window that begins at the times of `cron`, five fields as in crontab(5).
    ///
    /// # Errors
    /// The expression can't be read or never comes, or the window lasts longer than a week or not at all.
    pub fn new(
        cron: &str,
        lasting: Duration,
        zone: Zone,
        comment: Option<String>,
    ) -> Result<Maintenance, InvalidMaintenance> {
        Ok(Maintenance { cron: cron.to_owned(), lasting, zone, comment })
    }

    /// The window that `at` lies in: its beginning and its end. Windows that touch are one.
    pub fn around(&self, _at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        todo!()
    }

    /// When the last window that is over by `at` ended.
    pub fn last_end(&self, _at: Timestamp) -> Option<Timestamp> {
        todo!()
    }
}
