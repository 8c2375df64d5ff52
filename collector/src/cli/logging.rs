//! Logs on standard error.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use super::args::LogFormat;
use super::progress;

/// Logs our own crates as verbosely as asked for, and everybody else's warnings at most: at finer levels some
/// libraries write known_hosts lines and commands.
///
/// Cron mails whatever is printed, so where nobody reads at once, and without being asked, only errors are logged.
pub(super) fn start(verbose: u8, to_be_read: bool, format: LogFormat) {
    let ours = match verbose {
        0 if to_be_read => "warn",
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::new(format!("error,collector={ours},schedule={ours},storage={ours}"));
    let colour = progress::can_redraw() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| AboveProgress).with_ansi(colour);
    let lines = lines.log_internal_errors(false).with_target(verbose > 1);
    // A second call, from a test, keeps the first subscriber.
    drop(match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
        LogFormat::Text if verbose > 1 => lines.try_init(),
        LogFormat::Text => lines.without_time().try_init(),
    });
}

/// Standard error, above the progress line. Each event is written in one piece.
struct AboveProgress;

impl Write for AboveProgress {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        progress::above(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
