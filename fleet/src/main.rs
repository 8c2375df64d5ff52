//! `fleet`: see [`fleet`].

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use fleet::{Args, Surroundings, execute};

#[expect(clippy::print_stderr, reason = "the one place that tells a person why there is no answer")]
fn main() -> ExitCode {
    let stdout = io::stdout();
    let surroundings = Surroundings::of_this_process(stdout.is_terminal());
    match execute(Args::parse(), &surroundings, &mut stdout.lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the answer, such as head(1), has had enough of it.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(error.status())
        }
    }
}
