//! `fleet`: see [`fleet`].

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use fleet::{Args, Surroundings, execute};

fn main() -> ExitCode {
    let stdout = io::stdout();
    let surroundings = Surroundings::of_this_process(stdout.is_terminal());
    match execute(Args::parse(), &surroundings, &mut stdout.lock(), &mut io::stderr()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the answer, such as head(1), has had enough of it.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Where this can't be written either, the exit status is all there is to tell.
            drop(writeln!(io::stderr(), "error: {error}"));
            if let Some(hint) = error.hint() {
                drop(writeln!(io::stderr(), "hint: {hint}"));
            }
            ExitCode::from(error.status())
        }
    }
}
