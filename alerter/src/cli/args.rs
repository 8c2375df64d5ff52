//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use rules::Recipient;

const AFTER: &str = "\
Files:
  config.xml    --config, else $FLEET_CONFIG, else ~/.config/fleet-health/config.xml
                (not for root), else /etc/fleet-health/config.xml
  state folder  --state-dir, else $FLEET_STATE_DIR, else $STATE_DIRECTORY, else
                /var/lib/fleet-health for root and ~/.local/state/fleet-health for others.
                It holds fleet.db

Exit status:
  0  done, or no database yet        3  some mail is not delivered (yet)
  1  could not run (database, lock)  4  another instance is running
  2  usage or configuration          130, 143  interrupted in mid-run

Without a terminal, a run that ends with 0 prints nothing unless -v is given.

Examples:
  fleet-alerter check                    what config.xml comes to
  fleet-alerter test-mail me@example.org does mail work?
  */5 * * * * /usr/local/bin/fleet-alerter              in a crontab";

const DIGEST: &str = "\
It goes to whoever is told of the fleet as a whole: mail on <alerter>, else on <defaults>, else
everybody who is told of any host. If another run is under way, that one or the next delivers it.

Examples:
  0 7 * * *  /usr/local/bin/fleet-alerter digest               in a crontab: every morning
  0 7 * * 1  /usr/local/bin/fleet-alerter digest --days 7      on Mondays";

/// Compares new measurements with the limits in config.xml and sends mail
///
/// Reads what fleet-collector stored and nobody has treated yet, keeps the states of alerts, and mails what changed.
/// Mails that could not be sent are tried again by later runs, for five days.
#[derive(Debug, Parser)]
#[command(name = "fleet-alerter", version, after_help = AFTER, after_long_help = AFTER)]
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
    /// The state folder
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) state_dir: Option<PathBuf>,
    /// Tell each step on standard error; twice for more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Treat what is new and send what is due, once or at the times of --schedule (the same as no command)
    Run(RunArgs),
    /// Mail a summary of the last day, or of several: what is open, what came and went, what could not be mailed
    #[command(after_help = DIGEST, after_long_help = DIGEST)]
    Digest {
        /// How many days it looks back
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
    /// Check config.xml and print what it comes to; contacts nobody
    Check,
    /// Send a test mail and tell each step
    TestMail {
        /// Who gets it
        #[arg(value_name = "ADDRESS", value_parser = address)]
        to: Recipient,
    },
}

#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
pub(super) struct RunArgs {
    /// Print the mails that would be made, and change nothing
    #[arg(long, conflicts_with = "schedule")]
    pub(super) dry_run: bool,
    /// Stay, and run at these times: five or six fields as in crontab(5), with seconds first if there are six
    #[arg(long, value_name = "CRON")]
    pub(super) schedule: Option<String>,
    /// The time zone of --schedule, such as Europe/Berlin [default: the server's]
    #[arg(long, value_name = "TZ", requires = "schedule")]
    pub(super) timezone: Option<String>,
}

/// A mail address; not the name of a notifier.
fn address(text: &str) -> Result<Recipient, String> {
    let recipient: Recipient = text.parse().map_err(|error: rules::ParseRecipientError| error.to_string())?;
    match recipient.notifier() {
        None => Ok(recipient),
        Some(_) => Err("expected a mail address, not a notifier".to_owned()),
    }
}

impl Args {
    /// Reads the command line. Ends the program if it is wrong, or if only help was asked for.
    pub fn of_this_process() -> Args {
        Args::parse().settled().unwrap_or_else(|error| error.exit())
    }

    /// Brings the options of a run to the command they belong to, from before it too.
    ///
    /// clap's own check for this, `args_conflicts_with_subcommands`, would refuse `--config` there as well.
    fn settled(mut self) -> Result<Args, clap::Error> {
        let before = std::mem::take(&mut self.run);
        let refused = match &mut self.command {
            None => {
                self.run = before;
                return Ok(self);
            }
            _ if before == RunArgs::default() => return Ok(self),
            Some(Command::Run(after)) if *after == RunArgs::default() => {
                *after = before;
                return Ok(self);
            }
            Some(Command::Run(_)) => "give the options of a run either before or after the word run, not both",
            Some(Command::Check | Command::TestMail { .. } | Command::Digest { .. }) => {
                "--dry-run, --schedule and --timezone belong to a run, not to another command"
            }
        };
        Err(Args::command().error(ErrorKind::ArgumentConflict, refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(["fleet-alerter"].into_iter().chain(line.split(' '))).and_then(Args::settled)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_written_below_the_options_breaks_nowhere() {
        for line in [AFTER, DIGEST].iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn run_is_what_happens_without_a_command() {
        assert!(Args::parse_from(["fleet-alerter", "--dry-run", "-v"]).run.dry_run);
        let named = Args::parse_from(["fleet-alerter", "run", "--config", "x.xml", "--dry-run"]);
        assert_eq!(named.place.config, Some("x.xml".into()));
        assert!(matches!(named.command, Some(Command::Run(run)) if run.dry_run));
    }

    #[test]
    fn where_things_are_may_be_said_before_and_after_any_command() {
        for command in ["run", "check", "test-mail a@example.org"] {
            for place in ["--config c.xml", "--state-dir d", "-v"] {
                for line in [format!("{place} {command}"), format!("{command} {place}")] {
                    assert!(read(&line).is_ok(), "{line}");
                }
            }
        }
        assert_eq!(read("--config c.xml check").unwrap().place.config, Some("c.xml".into()));
    }

    #[test]
    fn the_options_of_a_run_beside_another_command_are_a_usage_error() {
        for command in ["check", "test-mail a@example.org"] {
            for option in ["--dry-run", "--schedule @daily", "--schedule @daily --timezone UTC"] {
                for line in [format!("{option} {command}"), format!("{command} {option}")] {
                    assert_eq!(read(&line).map_err(|error| error.exit_code()).unwrap_err(), 2, "{line}");
                }
            }
        }
    }

    #[test]
    fn the_options_of_a_run_may_stand_before_its_name_but_not_on_both_sides() {
        for line in ["--dry-run run", "run --dry-run"] {
            assert!(matches!(read(line).unwrap().command, Some(Command::Run(run)) if run.dry_run), "{line}");
        }
        for line in ["--dry-run run --schedule @daily", "--schedule @daily run --schedule @hourly"] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_test_mail_goes_to_an_address_and_nothing_else() {
        assert!(Args::try_parse_from(["fleet-alerter", "test-mail", "a@example.org"]).is_ok());
        assert!(Args::try_parse_from(["fleet-alerter", "test-mail", "a@example.org\r\nDATA"]).is_err());
        assert!(Args::try_parse_from(["fleet-alerter", "test-mail", "exec:chat"]).is_err());
    }
}
