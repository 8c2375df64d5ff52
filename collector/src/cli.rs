//! What a person sees: arguments, commands, what they print, how they end.

mod args;
mod ask;
mod check;
mod clean;
mod commands;
mod error;
mod hint;
mod import;
mod key_report;
mod logging;
mod outlet;
mod progress;
mod report;
mod trust;
mod under_way;

pub use args::Args;
pub use commands::{execute, main};
pub use error::{CommandError, Ending};
