//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use super::error::CommandError;

/// Asks a question; anything but a yes is a no. `without` says what to do where nobody can be asked.
pub(super) fn confirmed(question: &str, without: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        let message = "nobody to ask: standard input is no terminal";
        return Err(CommandError::usage(message, Some(without.to_owned())));
    }
    let stopped = |error: io::Error| CommandError::could_not_run(&error);
    let mut out = io::stdout();
    write!(out, "{question} [y/N] ").and_then(|()| out.flush()).map_err(stopped)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(stopped)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
