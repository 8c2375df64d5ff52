//! Mail that waits or was lost.

use std::borrow::Cow;
use std::io::{self, Write};

use rules::Zone;
use sample::{Timestamp, plain};
use serde::Serialize;
use storage::{DeliveryFilter, DeliveryId, DeliveryRecord, Store};

use crate::age::ago;
use crate::args::{DeliveryArgs, Format, OutboxArgs, OutboxCommand, OutboxListArgs, RetryArgs, Which};
use crate::cut::cut;
use crate::error::FleetError;
use crate::layout::{self, UNKNOWN};
use crate::opened::Opened;
use crate::surroundings::Surroundings;

const COLUMNS: [&str; 8] = ["ID", "STATE", "AGE", "RECIPIENT", "TRIES", "NEXT", "SUBJECT", "REPLY"];
/// The numbers.
const NUMBERS: [usize; 2] = [0, 4];
/// Of a subject and a reply, in a table.
const MOST_TEXT: usize = 60;
/// `retry all` looks at no more at a time: it can be said again.
const MOST_RETRIED: usize = 100_000;

/// Shows mail, or does something about it.
pub(crate) fn answer(args: OutboxArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    match args.command {
        None => list(args.list, surroundings, out),
        Some(OutboxCommand::List(args)) => list(args, surroundings, out),
        Some(OutboxCommand::Retry(args)) => retry(args, surroundings, out),
        Some(OutboxCommand::Drop(args)) => drop_one(args, surroundings, out),
    }
}

fn list(args: OutboxListArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Opened { store, zone, .. } = Opened::at(&args.place, surroundings)?;
    let filter = match (args.all, args.lost) {
        (true, _) => DeliveryFilter::All,
        (false, true) => DeliveryFilter::Lost,
        (false, false) => DeliveryFilter::Waiting,
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let found = store.deliveries(filter, limit)?;
    match args.format {
        Format::Json => write_json(out, &found)?,
        Format::Text if found.is_empty() => writeln!(out, "{}", none(filter))?,
        Format::Text => {
            write_table(out, &found, zone, surroundings.now)?;
            if found.len() == limit {
                writeln!(out, "\nthese are the newest {limit}; --limit shows more")?;
            }
        }
    }
    Ok(())
}

fn none(filter: DeliveryFilter) -> &'static str {
    match filter {
        DeliveryFilter::Waiting => "no mail waits",
        DeliveryFilter::Lost => "no mail was lost",
        DeliveryFilter::All => "no mail yet",
    }
}

fn retry(args: RetryArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Opened { mut store, .. } = Opened::at(&args.place, surroundings)?;
    match args.which {
        Which::One(id) => {
            if !store.retry_delivery(id, surroundings.now)? {
                return Err(no_such(id, "that could be tried again"));
            }
            writeln!(out, "{id}: due now; fleet-alerter tries it at its next run")?;
        }
        Which::All => {
            let count = retry_all(&mut store, surroundings.now)?;
            writeln!(out, "{count} due now; fleet-alerter tries them at its next run")?;
        }
    }
    Ok(())
}

/// Those that are under way, or ended meanwhile, are not counted.
fn retry_all(store: &mut Store, now: Timestamp) -> Result<usize, FleetError> {
    let mut count = 0;
    for delivery in store.deliveries(DeliveryFilter::Waiting, MOST_RETRIED)? {
        count += usize::from(store.retry_delivery(delivery.id, now)?);
    }
    Ok(count)
}

fn drop_one(args: DeliveryArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Opened { mut store, .. } = Opened::at(&args.place, surroundings)?;
    if !store.drop_delivery(args.id, surroundings.now)? {
        return Err(no_such(args.id, "that waits and is not under way"));
    }
    Ok(writeln!(out, "{}: dropped; what it tells counts as told", args.id)?)
}

fn no_such(id: DeliveryId, state: &str) -> FleetError {
    FleetError::NoSuch { what: format!("delivery {id} {state}"), hint: "fleet outbox --all" }
}

fn write_table(out: &mut impl Write, found: &[DeliveryRecord], zone: Zone, now: Timestamp) -> io::Result<()> {
    let cells = |delivery: &DeliveryRecord| {
        let next = delivery.next.map_or_else(|| UNKNOWN.to_owned(), |next| next_text(next, zone, now));
        [
            delivery.id.to_string(),
            cut(&delivery.state, MOST_TEXT),
            ago(delivery.created, now),
            delivery.recipient.to_string(),
            delivery.attempts.to_string(),
            next,
            cut(&delivery.subject, MOST_TEXT),
            cut(delivery.reply.as_deref().unwrap_or_default(), MOST_TEXT),
        ]
    };
    let rows: Vec<_> = found.iter().map(cells).collect();
    layout::lines(COLUMNS, &rows, &NUMBERS).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn next_text(next: Timestamp, zone: Zone, now: Timestamp) -> String {
    if next <= now { "now".to_owned() } else { zone.time(next) }
}

#[derive(Serialize)]
struct Line<'a> {
    delivery: i64,
    state: &'a str,
    recipient: &'a str,
    subject: Cow<'a, str>,
    message_id: &'a str,
    created_ms: i64,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reply: Option<Cow<'a, str>>,
}

fn write_json(out: &mut impl Write, found: &[DeliveryRecord]) -> io::Result<()> {
    for delivery in found {
        let line = Line {
            delivery: delivery.id.as_i64(),
            state: &delivery.state,
            recipient: delivery.recipient.as_str(),
            subject: plain(&delivery.subject),
            message_id: &delivery.message_id,
            created_ms: delivery.created.as_millis(),
            attempts: delivery.attempts,
            next_attempt_ms: delivery.next.map(Timestamp::as_millis),
            last_reply: delivery.reply.as_deref().map(plain),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
