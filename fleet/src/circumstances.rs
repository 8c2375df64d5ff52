//! What decides over an incident beside itself: what config.xml says now, silences, and which hosts are down. The same as
//! the alerter goes by, so that what is said here is what it will do.

use std::time::Duration;

use config::{Config, Rulebook};
use rules::{Circumstances, Outages, Repeats, Silence, Zone};
use sample::{HostName, Timestamp};
use storage::{Store, StoreError};

/// A silence that ended longer ago holds nothing any more.
const SILENCES_BACK: Duration = Duration::from_hours(90 * 24);

/// What decides beside the incidents themselves.
pub(crate) struct Around<'c> {
    /// What config.xml says.
    pub(crate) book: Rulebook<'c>,
    /// Those that last, will come, or ended of late.
    pub(crate) silences: Vec<Silence>,
    /// Which hosts can't be visited.
    pub(crate) outages: Outages,
    /// How often people are reminded where the rule does not say.
    pub(crate) repeats: Repeats,
    zone: Zone,
}

impl<'c> Around<'c> {
    /// What config.xml says, and of the database only how often the collector runs.
    pub(crate) fn of(config: &'c Config, zone: Zone, store: &Store) -> Result<Around<'c>, StoreError> {
        Ok(Around {
            book: Rulebook::new(config, store.usual_interval()?),
            silences: Vec::new(),
            outages: Outages::default(),
            zone,
            repeats: config.alerter.repeats,
        })
    }

    /// What config.xml and the database say now.
    pub(crate) fn now(config: &'c Config, zone: Zone, store: &Store, now: Timestamp) -> Result<Around<'c>, StoreError> {
        let suspects = store.suspects()?.into_iter().collect();
        let outages = Outages::of(&store.unsettled_incidents()?, suspects, config.parents());
        Ok(Around { silences: store.silences(now - SILENCES_BACK)?, outages, ..Around::of(config, zone, store)? })
    }

    /// The circumstances of what concerns this host; none: the fleet as a whole.
    pub(crate) fn of_host(&self, host: Option<&HostName>) -> Circumstances<'_> {
        let maintenance = self.book.maintenance(host);
        let Around { zone, repeats, silences, outages, .. } = self;
        Circumstances { zone: *zone, repeats: *repeats, silences, maintenance, outages }
    }
}
