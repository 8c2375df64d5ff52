//! Why there is no configuration.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Problem, Refusal};

/// There is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file holds mistakes: all of them, or the first hundred. Shown as a summary, and a line for each that begins
    /// with its place: editors and terminals make a link of that.
    #[error("{}", AsLines { path, problems, omitted: *omitted })]
    Invalid {
        /// The file.
        path: PathBuf,
        /// In the order of the file. Never empty.
        problems: Vec<Problem>,
        /// How many more there are.
        omitted: usize,
        /// The command that mends one of them.
        command: Option<String>,
    },
    /// The file is missing or can't be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could change the file.
    #[error("{}: {refusal}", path.display())]
    Permissions {
        /// The file.
        path: PathBuf,
        /// How.
        refusal: Refusal,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ConfigError::Invalid { command, .. } => command.clone(),
            ConfigError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("copy config/example/config.xml there, or give --config FILE".to_owned())
            }
            ConfigError::Unreadable { .. } => None,
            ConfigError::Permissions { path, refusal } => refusal.hint(path),
        }
    }
}

struct AsLines<'a> {
    path: &'a Path,
    problems: &'a [Problem],
    omitted: usize,
}

impl fmt::Display for AsLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AsLines { path, problems, omitted } = self;
        match problems.len() + omitted {
            1 => write!(f, "{} has 1 mistake:", path.display())?,
            count => write!(f, "{} has {count} mistakes:", path.display())?,
        }
        problems.iter().try_for_each(|problem| write!(f, "\n{problem}"))?;
        if *omitted > 0 { write!(f, "\nand {omitted} more") } else { Ok(()) }
    }
}
