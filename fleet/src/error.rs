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
    /// There is no database, or it can't be read or written.
    #[error("{}", with_causes(.0))]
    Store(#[from] StoreError),
    /// The answer could not be written.
    #[error("can't write the answer: {0}")]
    Output(#[from] io::Error),
    /// What was typed makes no sense.
    #[error("{message}")]
    Usage {
        /// What, and what was found.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Nothing was done for there is no such thing.
    #[error("there is no {what}")]
    NoSuch {
        /// Which one, such as `silence 3 that lasts or is to come`.
        what: String,
        /// The command that shows those there are.
        hint: &'static str,
    },
}

impl FleetError {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            FleetError::Config(_) | FleetError::Usage { .. } => 2,
            FleetError::Store(_) | FleetError::Output(_) | FleetError::NoSuch { .. } => 1,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            FleetError::Config(error) => error.hint(),
            FleetError::Usage { hint, .. } => hint.clone(),
            FleetError::NoSuch { hint, .. } => Some((*hint).to_owned()),
            FleetError::Store(_) | FleetError::Output(_) => None,
        }
    }

    /// Whether the reader of the answer has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, FleetError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn usage(message: impl Into<String>) -> FleetError {
        FleetError::Usage { message: message.into(), hint: None }
    }
}

/// An error with its causes, all in one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
