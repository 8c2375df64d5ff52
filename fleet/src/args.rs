//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const AFTER: &str = "\
Files:
  config.xml    --config, else $FLEET_CONFIG, else ~/.config/fleet-health/config.xml
                (not for root), else /etc/fleet-health/config.xml
  state folder  --state-dir, else $FLEET_STATE_DIR, else $STATE_DIRECTORY, else
                /var/lib/fleet-health for root and ~/.local/state/fleet-health for others.
                It holds fleet.db, which fleet-collector makes

Exit status:
  0  answered, whatever the answer is
  1  no database yet, or it can't be read
  2  usage or configuration

Colour is for terminals only; NO_COLOR is obeyed.

Examples:
  fleet status                           how every host is doing
  fleet status --format json | jq -r 'select(.kind != \"ok\") | .host'
                                         hosts whose last visit failed, or that were never visited
  fleet status --format json | jq 'select(.memory_used_percent > 80)'";

const STATUS: &str = "\
Columns:
  STATE        ok, or how the latest visit failed; never: not visited yet
  LAST SEEN    the latest good visit
  CPU, MEMORY  in use, by the newest sample
  FULLEST      the filesystem with the least room
  LOAD         average over one minute
  ALERTS       what is over its limit now

With --format json: one object per host and line, named as the columns of the database.
What is not known is left out. firing lists alerts as {metric, instance, since_ms,
worst_value}. unreadable names what the database holds and this version can't read. Times are UTC milliseconds since 1970.";

/// Answers questions about the fleet
///
/// Reads config.xml and the database that fleet-collector and fleet-alerter write. Contacts no host.
#[derive(Debug, Parser)]
#[command(name = "fleet", version, after_help = AFTER, after_long_help = AFTER)]
pub struct Args {
    /// The question.
    #[command(subcommand)]
    pub command: Command,
}

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the latest known of every host in config.xml
    #[command(after_help = STATUS, after_long_help = STATUS)]
    Status(StatusArgs),
}

/// What `fleet status` is asked.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Also show hosts that are in the database only, after the others
    #[arg(long)]
    pub all: bool,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The state folder
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table
    Text,
    /// One JSON object per host
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
