//! Config and database, opened to be asked.

use config::Config;
use rules::Zone;
use storage::Store;

use crate::args::Place;
use crate::error::FleetError;
use crate::surroundings::Surroundings;

/// What questions are asked of.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) store: Store,
    /// By which people are told times.
    pub(crate) zone: Zone,
}

impl Opened {
    pub(crate) fn at(place: &Place, surroundings: &Surroundings) -> Result<Opened, FleetError> {
        let Surroundings { environment, now, .. } = surroundings;
        let path = config::locate(place.config.clone(), environment, |path| path.exists());
        let config = config::load(&path)?;
        let database = config::state_dir(place.state_dir.clone(), environment).join(&config.storage.database);
        let store = Store::open_existing(&database, *now)?;
        let zone = config.zone();
        Ok(Opened { config, store, zone })
    }
}
