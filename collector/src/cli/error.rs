//! How the program ends: which exit status, and what it says.

use std::io::{self, Write};
use std::process::ExitCode;

use config::ConfigError;
use schedule::{ParseScheduleError, ScheduleError};
use storage::{LockError, StoreError};

use super::args::{LogFormat, Place};
use super::hint::as_called;
use crate::failure::with_causes;
use crate::import::ImportError;
use crate::keys::KeyPairError;
use crate::prepare::PrepareError;
use crate::run::{RunError, Summary};
use crate::ssh::KnownHostsError;

/// How a command that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of it is done.
    Done,
    /// It finished, but some or all hosts failed, or nobody hears of it: mail is stuck.
    SomeFailed,
    /// A signal with this number interrupted it.
    Interrupted(u8),
}

/// A command could not do its work.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    status: u8,
    message: String,
    hint: Option<String>,
}

const COULD_NOT_RUN: u8 = 1;
const USAGE: u8 = 2;
const SOME_FAILED: u8 = 3;
const ALREADY_RUNNING: u8 = 4;
/// A shell reports a program that a signal ended as 128 + the signal's number; cron users know those.
const SIGNALLED: u8 = 128;

impl Ending {
    pub(super) fn of(summary: &Summary) -> Ending {
        let is_well = summary.ok == summary.hosts && summary.stuck_mail.is_none();
        if is_well { Ending::Done } else { Ending::SomeFailed }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        match ending {
            Ending::Done => ExitCode::SUCCESS,
            Ending::SomeFailed => ExitCode::from(SOME_FAILED),
            Ending::Interrupted(signal) => ExitCode::from(SIGNALLED + signal),
        }
    }
}

impl CommandError {
    /// The exit status.
    pub fn status(&self) -> u8 {
        self.status
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(super) fn usage(message: impl Into<String>, hint: Option<String>) -> CommandError {
        CommandError { status: USAGE, message: message.into(), hint }
    }

    /// Its hint, as it can be typed by whoever called this program so.
    pub(super) fn repeating(mut self, place: &Place) -> CommandError {
        self.hint = self.hint.map(|hint| as_called(&hint, place));
        self
    }

    /// Tells it on standard error. One that can't be written (a full disk) changes nothing about the exit status.
    pub(super) fn tell(&self, format: LogFormat) {
        match format {
            LogFormat::Json => tracing::error!(hint = self.hint(), "{self}"),
            LogFormat::Text => {
                let hint = self.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
                drop(writeln!(io::stderr(), "error: {self}{hint}"));
            }
        }
    }

    pub(super) fn results_lost() -> CommandError {
        let message = "not all results could be written to standard output".to_owned();
        let hint = Some("the run itself was done and the database has its results; see: fleet status".to_owned());
        CommandError { status: COULD_NOT_RUN, message, hint }
    }

    pub(super) fn no_output(error: &io::Error) -> CommandError {
        let message = format!("cannot write to standard output: {error}");
        CommandError { status: COULD_NOT_RUN, message, hint: None }
    }

    pub(super) fn could_not_run(error: &dyn std::error::Error) -> CommandError {
        CommandError { status: COULD_NOT_RUN, message: with_causes(error), hint: None }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> CommandError {
        let hint = error.hint();
        CommandError::usage(with_causes(&error), hint)
    }
}

impl From<PrepareError> for CommandError {
    fn from(error: PrepareError) -> CommandError {
        let hint = error.hint();
        CommandError::usage(with_causes(&error), hint)
    }
}

impl From<KeyPairError> for CommandError {
    fn from(error: KeyPairError) -> CommandError {
        let hint = error.hint();
        CommandError::usage(with_causes(&error), hint)
    }
}

impl From<KnownHostsError> for CommandError {
    fn from(error: KnownHostsError) -> CommandError {
        let hint = error.hint();
        CommandError::usage(with_causes(&error), hint)
    }
}

impl From<ImportError> for CommandError {
    fn from(error: ImportError) -> CommandError {
        let hint = error.hint();
        CommandError::usage(with_causes(&error), hint)
    }
}

impl From<ParseScheduleError> for CommandError {
    fn from(error: ParseScheduleError) -> CommandError {
        CommandError::usage(with_causes(&error), None)
    }
}

impl From<ScheduleError> for CommandError {
    fn from(error: ScheduleError) -> CommandError {
        CommandError::could_not_run(&error)
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> CommandError {
        CommandError::could_not_run(&error)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> CommandError {
        CommandError::could_not_run(&error)
    }
}

impl From<LockError> for CommandError {
    fn from(error: LockError) -> CommandError {
        let status = match error {
            LockError::Held { .. } => ALREADY_RUNNING,
            LockError::Io { .. } => COULD_NOT_RUN,
        };
        CommandError { status, message: with_causes(&error), hint: None }
    }
}
