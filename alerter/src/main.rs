//! `fleet-alerter`: see [`alerter`].

use std::io::{self, Write};
use std::process::ExitCode;

use alerter::cli::{Args, execute};

fn main() -> ExitCode {
    match execute(Args::of_this_process()) {
        Ok(ending) => ending.into(),
        Err(error) => {
            tell(&format!("error: {error}"));
            if let Some(hint) = error.hint() {
                tell(&format!("hint: {hint}"));
            }
            ExitCode::from(error.status())
        }
    }
}

/// The exit status says it too, so a standard error that is closed or full changes nothing.
fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
