//! What `fleet replay` is asked.

use super::{Format, Place};
use crate::moment::Since;

pub(super) const AFTER: &str = "\
Judges the rows of the database once more, by the rules of --config, and prints the mails
that would have come of it, and how many really went out. Nothing is changed or sent.

What it takes for granted:
  - it begins without a memory: what was wrong before --since is told as new;
  - the alerter runs after every run of the collector, and every mail arrives at once;
  - silences and acknowledgements of that time are left out: they are not part of a
    configuration. Its windows of maintenance count;
  - hosts that the configuration does not have, or does not visit, are left out.

A mail is a line: when, to whom, how bad, what it tells. With --full each thing it tells
has a line of its own.

With --format json: one object per mail and line: at_ms, recipient, tag, is_initial and
entries as [{host, metric, instance, kind, severity, headline}]; then one with totals, as
[{recipient, mails, mailed, problems as {severity: count}, reminders, recoveries}].

Examples:
  fleet replay --config new.xml --since 7d
  fleet replay --since 2026-11-01 --full | less
  fleet replay --config new.xml --since 7d --format json | jq -r 'select(.tag == \"CRIT\")'";

/// What to judge once more.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// From when on: 12h, 7d, 2026-11-21
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub since: Since,
    /// Show each thing that a mail tells in a line of its own
    #[arg(long, short = 'v')]
    pub full: bool,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}
