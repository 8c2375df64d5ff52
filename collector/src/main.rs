//! `fleet-collector`: see [`collector`].

use std::process::ExitCode;

use clap::Parser;
use collector::cli::{Args, execute};

#[expect(clippy::print_stderr, reason = "the one place that tells a person why the program could not do its work")]
fn main() -> ExitCode {
    match execute(Args::parse()) {
        Ok(ending) => ending.into(),
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(error.status())
        }
    }
}
