//! What `fleet alerts` is asked.

use super::{Format, Place};
use crate::moment::Since;

pub(super) const AFTER: &str = "\
Columns:
  ID        what `fleet ack` takes
  SEVERITY  how bad it is now; with --history how bad it was at last
  PROBLEM   what was found, and the limit
  SINCE     when it began, and how long ago
  WORST     the worst value since
  NOTES     who was told and when; who takes care; why somebody is not told: a silence, a
            window of maintenance, a host that is down, hours that the rule says

With --history also what is over, the newest first:
  BEGAN, LASTED  nothing stands for what has no duration
  END            over; gone: the thing itself is; withdrawn: no rule watches it any more;
                 happened: it has no duration; open

With --format json: one object per incident and line: incident, host, metric, selector,
instance, severity, headline, opened_ms, limit_value, value, worst_value, is_flapping,
ended_ms, end_kind, recipients, acked as {by, at_ms, until_ms, comment}, told as
[{recipient, at_ms, kind, severity}], and of what is open held, held_by and next_ms: when
it is looked at again. Times are UTC milliseconds since 1970; what is not known is left
out. host is missing where the fleet as a whole is meant.

Examples:
  fleet alerts                              what is wrong now
  fleet alerts --host 'web*' --since 2h     what came up in the last two hours
  fleet alerts --history --since 7d         the week
  fleet alerts --format json | jq 'select(.told == [])'";

/// Which alerts to show.
#[derive(Debug, clap::Args)]
pub struct AlertsArgs {
    /// Also show what is over, the newest first
    #[arg(long)]
    pub history: bool,
    /// Only hosts with such a name, with * and ? as wildcards
    #[arg(long, value_name = "PATTERN")]
    pub host: Option<String>,
    /// Only what began or ended since then: 2h, 7d, 2026-11-21, '2026-11-21 18:30'
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}
