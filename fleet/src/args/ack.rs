//! What `fleet ack` is asked.

use std::time::Duration;

use super::Place;
use super::silence::comment;
use crate::moment::duration;

pub(super) const AFTER: &str = "\
Nobody is reminded of an acknowledged problem, and it is not escalated. That it got worse
is mailed all the same, and that it is over, too. It ends with the problem: one that comes
back has a number of its own.

Examples:
  fleet alerts                                  the numbers
  fleet ack 17 --comment 'disk ordered'
  fleet ack 17 18 --for 4h                      then people are reminded again
  fleet ack --undo 17";

/// Who takes care of what.
#[derive(Debug, clap::Args)]
pub struct AckArgs {
    /// The numbers, as mails and `fleet alerts` show them
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<i64>,
    /// For how long: 4h, 2d. Without it as long as the problem lasts
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, conflicts_with = "undo")]
    pub lasting: Option<Duration>,
    /// What you do about it
    #[arg(long, value_name = "TEXT", value_parser = comment, conflicts_with = "undo")]
    pub comment: Option<String>,
    /// Who you are, if not $SUDO_USER, $USER or $LOGNAME
    #[arg(long, value_name = "NAME", value_parser = comment, conflicts_with = "undo")]
    pub by: Option<String>,
    /// Take it back: people are reminded again
    #[arg(long)]
    pub undo: bool,
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,
}
