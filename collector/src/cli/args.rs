//! The command line.

use std::path::PathBuf;
use std::time::Duration;

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
  0  every host was visited          3  the run finished; some or all hosts failed, or mail is stuck
  1  could not run (database, lock)  4  another instance is running
  2  usage, configuration or keys    130, 143  interrupted in mid-run

Without a terminal, a run that ends with 0 prints nothing unless -v or --format is given. At a terminal it shows how
far it is, and of many hosts that fail alike it tells the first five and names the others; -v tells all.
What standard output does not take is lost, not the run: it goes on and the database has it all. But with
--format json the run then ends with 1. (An output closed beforehand, by >&-, is one thrown away, as /dev/null.)

Examples:
  fleet-collector keygen                 once, on the server
  fleet-collector import                 what ~/.ssh/config knows, as elements for config.xml
  fleet-collector trust 'web*'           look at host keys and pin them
  */5 * * * * /usr/local/bin/fleet-collector            in a crontab";

const IMPORT: &str = "\
Every name of a Host line that has no wildcards becomes a <client>, with what `ssh -G NAME` says of it: so Include,
Match, Host * and defaults mean what they mean to ssh, and a Match exec runs its command. Jump hosts that are no
client yet are added with enabled=\"false\". What has no place in config.xml is told as an XML comment before the
client; names that are no host names here are left out and told on standard error. Needs OpenSSH's ssh.

Example:
  fleet-collector import > clients.xml   then move them into config.xml, and run: fleet-collector check";

const CLEAN: &str = "\
Removes the places that visits take: work-dir, the place of the last visit, ~/.cache/fleet-health, ~/.fleet-health, \
$XDG_RUNTIME_DIR/fleet-health, and fleet-health.* of the account in /var/tmp and /dev/shm; also ~/.cache if it is \
empty then. A host is left as it is, and counts as failed, if a file that is not ours lies in one of them, or if \
measurements wait there that no run has taken home; the next run takes them, or --force gives them up. Spools of \
another server, or of another host that has the same home, always stay, and with them the probe and the keys. \
The history in the database stays. A host that stays in config.xml gets everything again in the next run. A crontab \
line on the host is not removed.

Exit status: 0 all hosts are clean, 3 some are not, 4 a run is under way; else as for a run.";

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

#[derive(Clone, Debug, Default, clap::Args)]
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
    /// How logs and errors are written to standard error
    #[arg(long, value_enum, value_name = "FORMAT", global = true, default_value_t)]
    pub(super) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object for each event: timestamp, level, message, and fields such as host
    Json,
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
    /// Print the hosts of an ssh_config(5) file as elements for config.xml
    #[command(after_help = IMPORT, after_long_help = IMPORT)]
    Import(ImportArgs),
    /// Remove everything of ours from hosts: probe, keys, spool and their directory
    #[command(after_help = CLEAN, after_long_help = CLEAN)]
    Clean(CleanArgs),
}

#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
pub(super) struct RunArgs {
    /// Visit only the hosts with this name or pattern (* and ?), or of a group: @PATTERN; may be repeated
    #[arg(long = "host", value_name = "PATTERN")]
    pub(super) hosts: Vec<String>,
    /// Work on so many hosts at once [default: jobs in config.xml, else 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Wait first for a random part of this time (30s, 5m), so that many servers don't begin at the same second
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) splay: Option<Duration>,
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
    /// Names or patterns of hosts in config.xml, or @PATTERN for groups
    #[arg(required = true, value_name = "PATTERN")]
    pub(super) hosts: Vec<String>,
    /// Pin without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Let a changed key take the place of the one on file
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The file [default: ~/.ssh/config, with what /etc/ssh/ssh_config adds to it]
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CleanArgs {
    /// Names or patterns of hosts in config.xml, or @PATTERN for groups
    #[arg(required = true, value_name = "PATTERN")]
    pub(super) hosts: Vec<String>,
    /// Remove without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Also where measurements wait that no run has taken home yet: they are lost
    #[arg(long)]
    pub(super) force: bool,
}

/// A number and a unit, as config.xml has them.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "expected a time such as 30s, 5m or 1h";
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(EXPECTED)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(EXPECTED),
    };
    let number: u32 = number.parse().map_err(|_not_a_number| EXPECTED)?;
    let most = Duration::from_secs(24 * 3600);
    let given = Duration::from_secs(seconds * u64::from(number));
    if given <= most { Ok(given) } else { Err("expected at most 24h") }
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
    fn logs_are_text_unless_asked_for_as_json_with_any_command() {
        let bare = Args::parse_from(["fleet-collector"]);
        assert_eq!(bare.place.log_format, LogFormat::Text);
        let named = Args::parse_from(["fleet-collector", "check", "--log-format", "json"]);
        assert_eq!(named.place.log_format, LogFormat::Json);
    }

    #[test]
    fn nothing_is_removed_from_hosts_that_are_not_named() {
        assert!(Args::try_parse_from(["fleet-collector", "clean"]).is_err());
        let named = Args::parse_from(["fleet-collector", "clean", "web*", "--force"]);
        let Some(Command::Clean(clean)) = named.command else { panic!("{named:?}") };
        assert_eq!((clean.hosts, clean.yes, clean.force), (vec!["web*".to_owned()], false, true));
    }

    #[test]
    fn a_splay_has_a_unit_and_is_at_most_a_day() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("5m", 300), ("24h", 86_400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "30", "s", "-1s", "1d", "25h", "4294967296s", "1.5m", "30S"] {
            assert!(duration(text).is_err(), "{text}");
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
