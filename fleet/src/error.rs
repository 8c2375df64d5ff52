//! Why there is no answer, as a person is told.

use std::error::Error;
use std::io;

use config::ConfigError;
use storage::StoreError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// There is no valid configuration.
    #[error("{}", with_causes(.0))]
    Config(#[from] ConfigError),
    /// There is no database, or it can't be read.
    #[error("{}", with_causes(.0))]
    Store(#[from] StoreError),
    /// The answer could not be written.
    #[error("can't write the answer: {0}")]
    Output(#[from] io::Error),
}

impl FleetError {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            FleetError::Config(_) => 2,
            FleetError::Store(_) | FleetError::Output(_) => 1,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            FleetError::Config(error) => error.hint(),
            FleetError::Store(_) | FleetError::Output(_) => None,
        }
    }

    /// Whether the reader of the answer has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, FleetError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// An error with its causes, all in one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
