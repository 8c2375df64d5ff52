//! Answers people's questions about the fleet, from config.xml and the database, and keeps what they say about alerts.
//! It contacts no host and sends no mail, and cannot: no SSH, no decryption and no SMTP is linked.
//!
//! In reading order: [`execute`] has a module for each question. For `fleet status`, [`status`] brings config.xml and
//! database together, and [`table`] or [`json`] writes the answer; the others do all of it. What decides over mails is
//! in `rules`; `circumstances` gives it what it asks for.

mod ack;
mod age;
mod alerts;
mod args;
mod circumstances;
mod cut;
mod error;
mod explain;
pub mod json;
mod layout;
mod moment;
mod opened;
mod outbox;
mod overdue;
mod replay;
pub mod runs;
mod silence;
pub mod status;
mod surroundings;
pub mod table;
mod trouble;
mod who;

use std::io::{BufWriter, Write};

pub use args::{
    About, AckArgs, AlertsArgs, Args, Command, DeliveryArgs, ExplainArgs, Format, OutboxArgs, OutboxCommand,
    OutboxListArgs, Place, ReplayArgs, RetryArgs, RunsArgs, SilenceAddArgs, SilenceArgs, SilenceCommand,
    SilenceEndArgs, SilenceListArgs, StatusArgs, Which, WhichMetric,
};
pub use error::FleetError;
pub use moment::{Moment, Since};
use opened::Opened;
pub use surroundings::Surroundings;

/// Answers the question in `args` on `out`, or does what it asks for. What is no answer but should be known goes to
/// `aside`.
///
/// # Errors
/// There is no valid configuration; there is no database yet, or it can't be used; what is asked for is not there; the
/// answer can't be written.
pub fn execute(
    args: Args,
    surroundings: &Surroundings,
    out: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), FleetError> {
    let mut out = BufWriter::new(out);
    let answered = match args.command {
        Command::Status(args) => answer_status(args, surroundings, &mut out),
        Command::Runs(args) => answer_runs(args, surroundings, &mut out),
        Command::Alerts(args) => alerts::answer(args, surroundings, &mut out, aside),
        Command::Explain(args) => explain::answer(args, surroundings, &mut out),
        Command::Ack(args) => ack::answer(args, surroundings, &mut out),
        Command::Silence(args) => silence::answer(args, surroundings, &mut out, aside),
        Command::Replay(args) => replay::answer(args, surroundings, &mut out),
        Command::Outbox(args) => outbox::answer(args, surroundings, &mut out),
    };
    // What was done before an error is told, too.
    let flushed = out.flush();
    answered?;
    Ok(flushed?)
}

fn answer_status(args: StatusArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Surroundings { now, colour, .. } = surroundings;
    let Opened { config, store, zone } = Opened::at(&args.place, surroundings)?;
    let configured = config.hosts.iter().map(|host| &host.name);
    let hosts = status::hosts(configured, store.status()?, args.all);
    match args.format {
        Format::Text => {
            table::write(out, &hosts, *now, *colour)?;
            overdue::write(out, &store.runs(1)?, *now, config.collector.interval)?;
            trouble::write(out, &store, zone, *now)?;
        }
        Format::Json => json::write(out, &hosts)?,
    }
    Ok(())
}

fn answer_runs(args: RunsArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Opened { store, .. } = Opened::at(&args.place, surroundings)?;
    let runs = store.runs(args.limit)?;
    match args.format {
        Format::Text => runs::write_table(out, &runs, surroundings.colour)?,
        Format::Json => runs::write_json(out, &runs)?,
    }
    Ok(())
}
