//! What `fleet explain` is asked.

use sample::HostName;

use super::{Format, Place, WhichMetric};
use crate::error::FleetError;

pub(super) const AFTER: &str = "\
Says the newest value, the rule that watches it with all its settings and the line it
stands in, which other rules do not apply and why, where the alert stands, who was told,
what holds the next mail and when it is due.

Of metrics that are about several things (mounts, interfaces, checks ...) all are explained
unless INSTANCE names one. The metric collector concerns the fleet: HOST is - there.

With --format json: one object per thing and line: host, metric, instance, value, taken_ms,
rule as {origin, selector, levels, ...} if one watches it, other_rules, state (quiet,
pending, firing, flapping), since_ms, and incident as `fleet alerts` has it. What is not
known is left out.

Examples:
  fleet explain web1 disk /var
  fleet explain web1 unreachable
  fleet explain web1 check:backup
  fleet explain - collector";

/// What to explain.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The host's name in config.xml, or - for the fleet as a whole
    #[arg(value_name = "HOST", value_parser = about)]
    pub about: About,
    /// What is measured, as in config.xml: cpu, memory, disk, check:NAME ...
    #[arg(value_name = "METRIC")]
    pub metric: WhichMetric,
    /// On what: a mount point, an interface, a check ...
    #[arg(value_name = "INSTANCE")]
    pub instance: Option<String>,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A host.
    Host(HostName),
    /// The fleet as a whole.
    Fleet,
}

fn about(text: &str) -> Result<About, String> {
    if text == "-" { Ok(About::Fleet) } else { text.parse().map(About::Host).map_err(|error| format!("{error}")) }
}

impl ExplainArgs {
    /// The thing that is meant, under the name that it has in the database; none: all.
    ///
    /// # Errors
    /// It is named twice.
    pub(crate) fn thing(&self) -> Result<Option<String>, FleetError> {
        let named = match (&self.metric.check, &self.instance) {
            (Some(_), Some(_)) => {
                return Err(FleetError::usage("the check is named twice, in the metric and after it"));
            }
            (check, instance) => check.as_ref().or(instance.as_ref()),
        };
        Ok(named.map(|name| config::name_of_thing(self.metric.metric, name)))
    }
}
