//! What `fleet outbox` is asked.

use std::str::FromStr;

use clap::Subcommand;
use storage::DeliveryId;

use super::{Format, Place};

pub(super) const AFTER: &str = "\
Columns:
  ID      what retry and drop take
  STATE   pending: not tried yet; sending: under way; retry: it failed and is tried again;
          unknown: the server took the message and did not answer, so it is sent again;
          sent; failed: the server refused it for good; expired: given up after days;
          suppressed: dropped by hand; superseded: a newer mail says more
  AGE     since the mail was made
  TRIES   so far
  NEXT    when it is tried again
  REPLY   the server's last answer, or what went wrong

fleet-alerter delivers, at its next run. What was dropped counts as told: nobody gets
another mail about it before there is news.

With --format json: one object per delivery and line: delivery, state, recipient, subject,
message_id, created_ms, attempts, next_attempt_ms, last_reply.

Examples:
  fleet outbox                 what waits
  fleet outbox --lost          what was refused or given up
  fleet outbox retry all       try everything that waits at the next run
  fleet outbox retry 41        also one that was refused, given up or dropped
  fleet outbox drop 41         never send it";

/// Which mail to show, or what to do with it.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct OutboxArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<OutboxCommand>,
    /// Which mail to show.
    #[command(flatten)]
    pub list: OutboxListArgs,
}

/// What to do with mail.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// Show mail that waits
    List(OutboxListArgs),
    /// Make it due now
    Retry(RetryArgs),
    /// Never send it
    Drop(DeliveryArgs),
}

/// Which mail to show.
#[derive(Debug, clap::Args)]
pub struct OutboxListArgs {
    /// Show all there is, not only what waits
    #[arg(long)]
    pub all: bool,
    /// Show what was refused or given up
    #[arg(long, conflicts_with = "all")]
    pub lost: bool,
    /// How many at most, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// Which mail to try again.
#[derive(Debug, clap::Args)]
pub struct RetryArgs {
    /// The number of the delivery, or all that wait
    #[arg(value_name = "ID|all")]
    pub which: Which,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// Which mail is meant.
#[derive(Debug, clap::Args)]
pub struct DeliveryArgs {
    /// The number of the delivery
    #[arg(value_name = "ID")]
    pub id: DeliveryId,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}

/// One delivery, or all that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this number.
    One(DeliveryId),
    /// All that wait.
    All,
}

impl FromStr for Which {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Which, &'static str> {
        let one = || text.parse().map(Which::One).or(Err("expected the number of a delivery, or all"));
        if text == "all" { Ok(Which::All) } else { one() }
    }
}
