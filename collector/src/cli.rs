//! What a person sees: arguments, commands, what they print, how they end.

mod args;
mod commands;
mod error;
mod key_report;
mod logging;
mod report;
mod trust;

pub use args::Args;
pub use commands::execute;
pub use error::{CommandError, Ending};
