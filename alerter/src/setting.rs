//! What a run works with: the configuration, and the place of the database.

use std::path::{Path, PathBuf};

use config::{Config, ConfigError};

/// A configuration with its paths resolved.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The configuration.
    pub config: Config,
    /// The database.
    pub database: PathBuf,
}

impl Setting {
    /// Reads the configuration.
    ///
    /// # Errors
    /// It is missing, open to others, or holds mistakes.
    pub fn load(config: &Path, state_dir: &Path) -> Result<Setting, ConfigError> {
        let config = config::load(config)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let database = state_dir.join(&config.storage.database);
        Ok(Setting { config, database })
    }
}
