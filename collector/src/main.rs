//! `fleet-collector`: see [`collector`].

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use collector::cli::{Args, execute};

fn main() -> ExitCode {
    match execute(Args::parse()) {
        Ok(ending) => ending.into(),
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            // A standard error that can't be written (a full disk) changes nothing about the exit status.
            drop(writeln!(io::stderr(), "error: {error}{hint}"));
            ExitCode::from(error.status())
        }
    }
}
