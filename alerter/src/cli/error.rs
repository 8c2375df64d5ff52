//! How the program ends: which exit status, and what it says.

use std::error::Error;
use std::process::ExitCode;

use config::{ConfigError, SecretError};
use schedule::{ParseScheduleError, ScheduleError};
use storage::LockError;

use crate::deliver::{DeliverError, ServerError};
use crate::run::{Report, RunError};
use crate::test_mail::TestMailError;

/// How a command that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of it is done.
    Done,
    /// It finished, but some mail is not delivered.
    NotAllDelivered,
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
const NOT_ALL_DELIVERED: u8 = 3;
const ALREADY_RUNNING: u8 = 4;
/// A shell reports a program that a signal ended as 128 + the signal's number; cron users know those.
const SIGNALLED: u8 = 128;

impl Ending {
    pub(super) fn of(report: &Report) -> Ending {
        let given_up = report.deliveries.failed + report.deliveries.expired;
        if report.undelivered + given_up == 0 { Ending::Done } else { Ending::NotAllDelivered }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        match ending {
            Ending::Done => ExitCode::SUCCESS,
            Ending::NotAllDelivered => ExitCode::from(NOT_ALL_DELIVERED),
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

    pub(super) fn could_not_run(error: &dyn Error) -> CommandError {
        CommandError { status: COULD_NOT_RUN, message: chain(error), hint: None }
    }

    /// What config.xml names is not as it should be.
    pub(super) fn mistakes(mistakes: &[String]) -> CommandError {
        CommandError { status: USAGE, message: mistakes.join("\nerror: "), hint: None }
    }

    fn usage(error: &dyn Error, hint: Option<String>) -> CommandError {
        CommandError { status: USAGE, message: chain(error), hint }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> CommandError {
        CommandError::usage(&error, error.hint())
    }
}

impl From<ServerError> for CommandError {
    fn from(error: ServerError) -> CommandError {
        let hint = match &error {
            ServerError::Password(cause) => SecretError::hint(cause),
            ServerError::CaFile { .. } | ServerError::NoCertificate { .. } | ServerError::Tls(_) => None,
        };
        CommandError::usage(&error, hint)
    }
}

impl From<ParseScheduleError> for CommandError {
    fn from(error: ParseScheduleError) -> CommandError {
        CommandError::usage(&error, None)
    }
}

impl From<ScheduleError> for CommandError {
    fn from(error: ScheduleError) -> CommandError {
        CommandError::could_not_run(&error)
    }
}

impl From<LockError> for CommandError {
    fn from(error: LockError) -> CommandError {
        let status = match error {
            LockError::Held { .. } => ALREADY_RUNNING,
            LockError::Io { .. } => COULD_NOT_RUN,
        };
        CommandError { status, message: chain(&error), hint: None }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> CommandError {
        match error {
            RunError::Lock(error) => error.into(),
            RunError::Deliver(DeliverError::Server(error)) => error.into(),
            RunError::Store(error) | RunError::Deliver(DeliverError::Store(error)) => {
                CommandError::could_not_run(&error)
            }
            RunError::Compose(error) => CommandError::could_not_run(&error),
            RunError::NoProgress => CommandError::could_not_run(&error),
        }
    }
}

impl From<TestMailError> for CommandError {
    fn from(error: TestMailError) -> CommandError {
        match error {
            TestMailError::Server(error) => error.into(),
            TestMailError::Compose(error) => CommandError::could_not_run(&error),
        }
    }
}

/// The error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
