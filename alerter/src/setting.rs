//! Everything a run is configured with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Config, ConfigError};
use rules::Zone;

use crate::compose::{Stationery, TemplateMistake, Templates};

/// A configuration with its paths resolved.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The configuration.
    pub config: Config,
    /// The database.
    pub database: PathBuf,
    /// By which clock people are told times.
    pub zone: Zone,
    /// The templates of mails.
    pub templates: Templates,
    /// Those of config.xml in whose place the built-in ones are used.
    pub template_mistakes: Vec<TemplateMistake>,
}

/// What happened more than so many intervals ago is told late.
const LATE_AFTER_INTERVALS: u32 = 2;

impl Setting {
    /// Reads the configuration, and the templates it names. A template with a mistake keeps no mail back: the built-in
    /// one takes its place.
    ///
    /// # Errors
    /// It is missing, open to others, or holds mistakes.
    pub fn load(config: &Path, state_dir: &Path) -> Result<Setting, ConfigError> {
        let config = config::load(config)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let database = state_dir.join(&config.storage.database);
        let zone = config.zone();
        let (text, html) = (config.alerter.text_template.as_deref(), config.alerter.html_template.as_deref());
        let (templates, template_mistakes) = Templates::load(text, html);
        Ok(Setting { config, database, zone, templates, template_mistakes })
    }

    /// What every mail has in common. `cycle` is the usual time between two runs of the collector.
    pub(crate) fn stationery(&self, installation: String, cycle: Duration) -> Stationery {
        let late_after = self.config.alerter.late_after.unwrap_or(cycle * LATE_AFTER_INTERVALS);
        let (from, zone, templates) = (self.config.smtp.from.clone(), self.zone, self.templates.clone());
        Stationery { installation, from, zone, late_after, templates }
    }
}
