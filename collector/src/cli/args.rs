//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const AFTER: &str = "\
Files:
  config.xml   --config, else $FLEET_CONFIG, else ~/.config/fleet-health/config.xml (not for root),
               else /etc/fleet-health/config.xml
  state folder --state-dir, else $FLEET_STATE_DIR, else $STATE_DIRECTORY, else /var/lib/fleet-health for root
               and ~/.local/state/fleet-health for others. It holds fleet.db, known_hosts and keys/
  probes       $FLEET_PROBE_DIR/ARCH/fleet-probe, else probes/ARCH/fleet-probe beside this program,
               else ../libexec/fleet-health/probes/ARCH/fleet-probe, else fleet-probe beside this program

Exit status:
  0  every host was visited          3  the run finished, some or all hosts failed
  1  could not run (database, lock)  4  another instance is running
  2  usage, configuration or keys    130, 143  interrupted in mid-run

Without a terminal, a run that ends with 0 prints nothing unless -v or --format is given.

Examples:
  fleet-collector keygen                 once, on the server
  fleet-collector trust 'web*'           look at host keys and pin them
  */5 * * * * /usr/local/bin/fleet-collector            in a crontab";

/// Visits every host of config.xml by SSH and stores what its probe measures
///
/// Logs in to each host, puts a small static probe there if it is missing, runs it, and takes its sealed
/// measurements home into a SQLite database. Nothing has to be installed on the hosts.
#[derive(Debug, Parser)]
#[command(name = "fleet-collector", version, after_help = AFTER, after_long_help = AFTER)]
pub struct Args {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// The state folder; made with mode 0700 if it is missing
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) state_dir: Option<PathBuf>,
    /// Tell also of hosts that are ok; twice for logs
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Visit the hosts once, or at the times of --schedule (the same as no command)
    Run(RunArgs),
    /// Check config.xml, keys and probe, and print what they come to; contacts nobody
    Check,
    /// Make the key pair that measurements are sealed with
    Keygen(KeygenArgs),
    /// Show the host keys of hosts and pin them in known_hosts
    Trust(TrustArgs),
}

#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
pub(super) struct RunArgs {
    /// Visit only the hosts with this name or pattern (* and ?); may be repeated
    #[arg(long = "host", value_name = "PATTERN")]
    pub(super) hosts: Vec<String>,
    /// Work on so many hosts at once [default: jobs in config.xml, else 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Stay, and run at these times: five or six fields as in crontab(5), with seconds first if there are six
    #[arg(long, value_name = "CRON")]
    pub(super) schedule: Option<String>,
    /// The time zone of --schedule, such as Europe/Berlin [default: the server's]
    #[arg(long, value_name = "TZ", requires = "schedule")]
    pub(super) timezone: Option<String>,
    /// How results are printed
    #[arg(long, value_enum)]
    pub(super) format: Option<Format>,
}

#[derive(Debug, clap::Args)]
pub(super) struct KeygenArgs {
    /// Make a new pair and keep the old private key in keys/former: hosts change over with their next visit, what
    /// waits there for the old key is still opened, and `check` tells when no host needs it any more
    #[arg(long)]
    pub(super) rotate: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One line for each failed host, and a summary
    Text,
    /// One JSON object for each host, and one for the summary
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct TrustArgs {
    /// Names or patterns of hosts in config.xml
    #[arg(required = true, value_name = "PATTERN")]
    pub(super) hosts: Vec<String>,
    /// Pin without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Let a changed key take the place of the one on file
    #[arg(long)]
    pub(super) replace: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_concerns_every_command_may_stand_before_and_behind_it() {
        for arguments in
            [["fleet-collector", "--config", "x.xml", "check"], ["fleet-collector", "check", "--config", "x.xml"]]
        {
            let args = Args::try_parse_from(arguments).unwrap();
            assert_eq!(args.place.config, Some("x.xml".into()));
            assert!(matches!(args.command, Some(Command::Check)));
        }
    }

    #[test]
    fn run_is_what_happens_without_a_command() {
        let bare = Args::parse_from(["fleet-collector", "--host", "web*", "--format", "json"]);
        assert_eq!((bare.run.hosts, bare.run.format), (vec!["web*".to_owned()], Some(Format::Json)));
        let named = Args::parse_from(["fleet-collector", "run", "--config", "x.xml", "--host", "web*"]);
        assert_eq!(named.place.config, Some("x.xml".into()));
        assert!(matches!(named.command, Some(Command::Run(run)) if run.hosts == ["web*"]));
    }
}
