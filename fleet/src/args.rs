//! The command line.

mod ack;
mod alerts;
mod explain;
mod metric;
mod outbox;
mod replay;
mod silence;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub use ack::AckArgs;
pub use alerts::AlertsArgs;
pub use explain::{About, ExplainArgs};
pub use metric::WhichMetric;
pub use outbox::{DeliveryArgs, OutboxArgs, OutboxCommand, OutboxListArgs, RetryArgs, Which};
pub use replay::ReplayArgs;
pub use silence::{SilenceAddArgs, SilenceArgs, SilenceCommand, SilenceEndArgs, SilenceListArgs};

const AFTER: &str = "\
Files:
  config.xml    --config, else $FLEET_CONFIG, else ~/.config/fleet-health/config.xml
                (not for root), else /etc/fleet-health/config.xml
  state folder  --state-dir, else $FLEET_STATE_DIR, else $STATE_DIRECTORY, else
                /var/lib/fleet-health for root and ~/.local/state/fleet-health for others.
                It holds fleet.db, which fleet-collector makes

Exit status:
  0  answered, whatever the answer is; done, where something was to be done
  1  no database yet, or it can't be used; there is no silence, incident or
     delivery with that number
  2  usage or configuration

Colour is for terminals only; NO_COLOR is obeyed. Times are read and told by the clock of
config.xml's <alerter timezone=\"...\">, else of this machine.

Examples:
  fleet status                           how every host is doing
  fleet status --format json | jq -r 'select(.kind != \"ok\") | .host'
                                         hosts whose last visit failed, or that were never visited
  fleet status --format json | jq 'select(.memory_used_percent > 80)'
  fleet runs --limit 5                   how the latest runs of fleet-collector went
  fleet runs --format json | jq 'select(.state == \"aborted\")'
                                         runs that were killed
  fleet alerts                           what is wrong now, and who was told
  fleet explain web1 disk /var           why there is a mail about it, or none
  fleet ack 17 --comment 'disk ordered'  no more reminders of that one
  fleet silence add --host 'web*' --for 2h --comment 'upgrade'
  fleet replay --config new.xml --since 7d
                                         which mails other limits would have sent
  fleet outbox                           mail that waits";

const STATUS: &str = "\
Columns:
  STATE        ok, or how the latest visit failed; never: not visited yet
  LAST SEEN    the latest good visit
  CPU, MEMORY  in use, by the newest sample
  FULLEST      the filesystem with the least room
  LOAD         average over one minute
  ALERTS       what is over its limit now

Below the table: how many problems are open, and what needs a hand: hosts that failed, a
collector that does not run, mail that waits for more than an hour.

With --format json: one object per host and line, named as the columns of the database.
What is not known is left out. firing lists alerts as {metric, instance, since_ms,
worst_value}. unreadable names what the database holds and this version can't read. Times are UTC milliseconds since 1970.";

const RUNS: &str = "\
Columns:
  STARTED (UTC)      when the run began
  TOOK               until its last host was done; nothing for a run that did not end
  STATE              done; running; cancelled: interrupted by a signal;
                     aborted: killed, as the run after it found
  HOSTS, OK, FAILED  hosts with an outcome, and what it was. Hosts that an interrupted
                     run did not come to count as neither ok nor failed
  FAILURES           the most frequent kinds first

With --format json: one object per run and line: run, started_ms, finished_ms, state,
hosts, ok, failed, cancelled, failures as {kind: hosts}. Times are UTC milliseconds since
1970; what is not known is left out.";

/// Answers questions about the fleet
///
/// Reads config.xml and the database that fleet-collector and fleet-alerter write, and keeps there what people say
/// about alerts: silences, acknowledgements. Contacts no host and sends no mail.
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
    /// Show the latest runs of fleet-collector, the newest first
    #[command(after_help = RUNS, after_long_help = RUNS)]
    Runs(RunsArgs),
    /// Show what is wrong now, or was, and who was told
    #[command(after_help = alerts::AFTER, after_long_help = alerts::AFTER)]
    Alerts(AlertsArgs),
    /// Say why something is an alert, or is none, and what comes next
    #[command(after_help = explain::AFTER, after_long_help = explain::AFTER)]
    Explain(ExplainArgs),
    /// Say that somebody takes care of a problem: nobody is reminded of it any more
    #[command(after_help = ack::AFTER, after_long_help = ack::AFTER)]
    Ack(AckArgs),
    /// Keep problems from being mailed for a while
    #[command(after_help = silence::AFTER, after_long_help = silence::AFTER)]
    Silence(SilenceArgs),
    /// Show which mails a config.xml would have sent over the history there is
    #[command(after_help = replay::AFTER, after_long_help = replay::AFTER)]
    Replay(ReplayArgs),
    /// Show mail that waits or was lost, and do something about it
    #[command(after_help = outbox::AFTER, after_long_help = outbox::AFTER)]
    Outbox(OutboxArgs),
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
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// What `fleet runs` is asked.
#[derive(Debug, clap::Args)]
pub struct RunsArgs {
    /// How many runs at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// Where everything is.
#[derive(Debug, clap::Args)]
pub struct Place {
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
    /// JSON, one object per line
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
