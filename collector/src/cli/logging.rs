//! Logs on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Logs our own crates as verbosely as asked for, and everybody else's warnings at most: at finer levels some
/// libraries write known_hosts lines and commands.
///
/// Cron mails whatever is printed, so where nobody reads at once, and without being asked, only errors are logged.
pub(super) fn start(verbose: u8, to_be_read: bool) {
    let ours = match verbose {
        0 if to_be_read => "warn",
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::new(format!("error,collector={ours},schedule={ours},storage={ours}"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let lines = lines.log_internal_errors(false).with_target(verbose > 1);
    // A second call, from a test, keeps the first subscriber.
    drop(if verbose > 1 { lines.try_init() } else { lines.without_time().try_init() });
}
