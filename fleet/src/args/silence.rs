//! What `fleet silence` is asked.

use std::time::Duration;

use clap::Subcommand;
use sample::Metric;

use super::metric::{check_name, unknown_metric};
use super::{Format, Place};
use crate::error::FleetError;
use crate::moment::{Moment, duration};

pub(super) const AFTER: &str = "\
While a silence lasts, problems that match it are not mailed: neither new ones nor
reminders. They are kept, `fleet alerts` shows them, and what is over is mailed to whoever
knew of it. A problem that is still there when the silence ends is mailed then; one that
came and went within it never is. What comes back every week is better told in config.xml:
<maintenance cron=\"...\" lasting=\"...\"/>.

Columns of fleet silence list:
  ID           what `fleet silence end` takes
  STATE        active, to come, or over (with --all)
  MATCHES      host, metric and thing, with wildcards; * is every one
  STARTS, ENDS by the clock of config.xml
  BY           who added it

With --format json: one object per silence and line: silence, state, host, metric,
instance, starts_ms, ends_ms, author, comment.

Examples:
  fleet silence add --host 'web*' --for 2h --comment 'kernel upgrade'
  fleet silence add --host db1 --metric disk --instance /var --until 18:30 --comment 'cleaning up'
  fleet silence add --host '*' --starts '2026-12-24 20:00' --until '2026-12-25 06:00' --comment 'move'
  fleet silence list
  fleet silence end 3";

/// Which silences are added, shown or ended.
#[derive(Debug, clap::Args)]
pub struct SilenceArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SilenceCommand,
}

/// What to do with silences.
#[derive(Debug, Subcommand)]
pub enum SilenceCommand {
    /// Begin one, and say its number
    Add(SilenceAddArgs),
    /// Show those that last or are to come
    List(SilenceListArgs),
    /// End one now
    End(SilenceEndArgs),
}

/// A silence to begin.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("end").required(true).args(["lasting", "until"]))]
pub struct SilenceAddArgs {
    /// The hosts, with * and ? as wildcards. '*' holds what concerns the fleet as a whole, too
    #[arg(long, value_name = "PATTERN", value_parser = host_pattern)]
    pub host: String,
    /// The metrics, as in config.xml, with wildcards; check:backup is short for that check
    #[arg(long, value_name = "PATTERN", default_value = "*", value_parser = metric_pattern)]
    pub metric: String,
    /// The mount points, interfaces, checks and so on, with wildcards
    #[arg(long, value_name = "PATTERN", default_value = "*", value_parser = pattern)]
    pub instance: String,
    /// How long it lasts: 90m, 2h, 1d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub lasting: Option<Duration>,
    /// When it ends: 18:30, '2026-11-21 18:30' or 2026-11-21T18:30:00+01:00
    #[arg(long, value_name = "TIME")]
    pub until: Option<Moment>,
    /// When it begins, if not now
    #[arg(long, value_name = "TIME")]
    pub starts: Option<Moment>,
    /// Why: whoever finds the silence can't ask you
    #[arg(long, value_name = "TEXT", value_parser = comment)]
    pub comment: String,
    /// Who you are, if not $SUDO_USER, $USER or $LOGNAME
    #[arg(long, value_name = "NAME", value_parser = comment)]
    pub author: Option<String>,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// Which silences to show.
#[derive(Debug, clap::Args)]
pub struct SilenceListArgs {
    /// Also show those that are over
    #[arg(long)]
    pub all: bool,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// Which silence to end.
#[derive(Debug, clap::Args)]
pub struct SilenceEndArgs {
    /// Its number, as `fleet silence list` shows it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// A pattern that the name of a host may match.
fn host_pattern(text: &str) -> Result<String, &'static str> {
    if text.starts_with('@') {
        return Err("a silence matches names of hosts, not groups: give a pattern such as 'web*', or one silence each");
    }
    pattern(text)
}

/// A pattern with something in it.
fn pattern(text: &str) -> Result<String, &'static str> {
    match text.len() {
        0 => Err("expected a name, or a pattern such as 'web*'"),
        1..=1024 => Ok(text.to_owned()),
        _ => Err("it is longer than any name"),
    }
}

/// A pattern that some metric has.
fn metric_pattern(text: &str) -> Result<String, String> {
    if let Some(check) = check_name(text) {
        return check.map(|_name| text.to_owned());
    }
    let known = Metric::ALL.iter().any(|metric| rules::wildcard_match(text, metric.name()));
    if known { Ok(text.to_owned()) } else { Err(unknown_metric(text)) }
}

/// What people say. The database keeps it without what would move the cursor.
pub(super) fn comment(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("it is empty"),
        said if said.chars().count() > 500 => Err("it is longer than 500 characters"),
        said => Ok(said.to_owned()),
    }
}

impl SilenceAddArgs {
    /// The patterns of the metric and of the thing.
    ///
    /// # Errors
    /// The check is named twice.
    pub(crate) fn what(&self) -> Result<(String, String), FleetError> {
        let named = self.metric.strip_prefix("check:");
        match named {
            Some(_) if self.instance != "*" => {
                Err(FleetError::usage("the check is named twice, in --metric and in --instance"))
            }
            Some(check) => Ok((Metric::Check.name().to_owned(), check.to_owned())),
            // A pattern of metrics has things of several kinds.
            None => Ok(match self.metric.parse() {
                Ok(metric) => (self.metric.clone(), config::name_of_thing(metric, &self.instance)),
                Err(_pattern) => (self.metric.clone(), self.instance.clone()),
            }),
        }
    }
}
