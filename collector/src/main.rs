//! `fleet-collector`: see [`collector`].

use std::process::ExitCode;

use clap::Parser;
use collector::cli::{Args, main as run};

fn main() -> ExitCode {
    run(Args::parse())
}
