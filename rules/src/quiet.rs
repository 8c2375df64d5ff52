//! When problems are not told: silences that people add, and windows of maintenance that config.xml has.

mod begins;

use std::time::Duration;

use sample::{HostName, Timestamp};

use crate::{AlertKey, Zone, wildcard_match};
use begins::Begins;

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
/// So many windows that touch are joined to one at most.
const MOST_JOINED: usize = 2000;

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
    begins: Begins,
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
    /// The expression can't be read or never comes, the window lasts less than a minute or more than a week, or one
    /// window follows the other without an end.
    pub fn new(
        cron: &str,
        lasting: Duration,
        zone: Zone,
        comment: Option<String>,
    ) -> Result<Maintenance, InvalidMaintenance> {
        let cron = cron.trim();
        if !(SHORTEST..=LONGEST).contains(&lasting) {
            let found = crate::words::span(i64::try_from(lasting.as_secs()).unwrap_or(i64::MAX));
            let text = format!("maintenance lasts from a minute to a week, this one {found}; split longer ones");
            return Err(InvalidMaintenance(text));
        }
        let begins = Begins::parse(cron, zone).map_err(InvalidMaintenance)?;
        let maintenance = Maintenance { cron: cron.to_owned(), lasting, zone, comment, begins };
        let never = || InvalidMaintenance(format!("the maintenance {cron:?} never comes: there is no such day"));
        let first = maintenance.begins.at_or_after(Timestamp::from_millis(0)).ok_or_else(never)?;
        if maintenance.joined_after(first).is_none() {
            let span = crate::words::span(i64::try_from(lasting.as_secs()).unwrap_or(i64::MAX));
            let text =
                format!("the maintenance {cron:?} has no end: the next one begins within the {span} that it lasts");
            return Err(InvalidMaintenance(text + ", again and again; write longer ones that begin less often"));
        }
        Ok(maintenance)
    }

    /// The window that `at` lies in: its beginning and its end, which is not part of it. Windows that touch are one.
    pub fn around(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let begin = self.begins.at_or_before(at).filter(|begin| at < *begin + self.lasting)?;
        let last = self.joined_after(begin).unwrap_or(begin);
        Some((self.joined_before(begin), last + self.lasting))
    }

    /// When the last window that is over by `at` ended.
    pub fn last_end(&self, at: Timestamp) -> Option<Timestamp> {
        let begin = self.begins.at_or_before(at - self.lasting)?;
        let goes_on = self.begins.at_or_before(begin + self.lasting).is_some_and(|next| next > begin);
        if !goes_on {
            return Some(begin + self.lasting);
        }
        // The one that is joined to it lasts beyond `at`: so it is not over, and the one before them is the last.
        let before = self.joined_before(begin) - self.lasting;
        Some(self.begins.at_or_before(before.plus_millis(-1))? + self.lasting)
    }

    /// The beginning of the first of the windows that are joined to the one that begins then.
    fn joined_before(&self, begin: Timestamp) -> Timestamp {
        let mut first = begin;
        for _ in 0..MOST_JOINED {
            match self.begins.at_or_after(first - self.lasting) {
                Some(earlier) if earlier < first => first = earlier,
                Some(_) | None => break,
            }
        }
        first
    }

    /// The beginning of the last of them; nothing if they are too many.
    fn joined_after(&self, begin: Timestamp) -> Option<Timestamp> {
        let mut last = begin;
        for _ in 0..MOST_JOINED {
            match self.begins.at_or_before(last + self.lasting) {
                Some(later) if later > last => last = later,
                Some(_) | None => return Some(last),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
