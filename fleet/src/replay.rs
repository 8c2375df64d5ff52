//! Which mails a config.xml would have sent over the history there is. Reads, and changes nothing.

mod fold;
mod mail;
mod rounds;
mod totals;

use std::io::{self, Write};

use config::Config;
use rules::Zone;
use sample::Timestamp;
use storage::Store;

use crate::args::{Format, ReplayArgs};
use crate::error::FleetError;
use crate::opened::Opened;
use crate::surroundings::Surroundings;
use fold::Fold;
use mail::Mail;
use totals::Totals;

/// So many rows are in memory at a time.
const SLICE: usize = 5000;

/// Shows the mails, each as soon as it is known, and how many there are.
pub(crate) fn answer(args: ReplayArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let now = surroundings.now;
    let Opened { config, store, zone } = Opened::at(&args.place, surroundings)?;
    let beyond = || FleetError::usage("--since is beyond the calendar");
    let since = args.since.when(zone, now).filter(|since| *since <= now).ok_or_else(beyond)?;
    let manner = Manner { format: args.format, full: args.full, zone };
    if args.format == Format::Text {
        write_assumptions(out, &config, (since, now), zone)?;
    }
    let mut totals = Totals::default();
    let mut fold = Fold::new(&config, &store, zone)?;
    let mut tell = |mails: Vec<Mail>| -> io::Result<()> {
        mails.iter().try_for_each(|mail| {
            totals.count(mail);
            manner.write(out, mail)
        })
    };
    let rows = go_through(&store, &mut fold, (since, now), &mut tell)?;
    totals.mailed(&store, since)?;
    match args.format {
        Format::Json => totals.write_json(out)?,
        Format::Text => {
            totals.write_text(out, rows)?;
            fold.write_left_out(out)?;
        }
    }
    Ok(())
}

/// How mails are shown.
struct Manner {
    format: Format,
    full: bool,
    zone: Zone,
}

impl Manner {
    fn write(&self, out: &mut impl Write, mail: &Mail) -> io::Result<()> {
        match self.format {
            Format::Json => mail.write_json(out),
            Format::Text => mail.write_text(out, self.zone, self.full),
        }
    }
}

/// Judges all rows, and returns how many there were.
fn go_through(
    store: &Store,
    fold: &mut Fold<'_>,
    (since, now): (Timestamp, Timestamp),
    tell: &mut impl FnMut(Vec<Mail>) -> io::Result<()>,
) -> Result<u64, FleetError> {
    let (mut count, mut after) = (0, None);
    loop {
        let rows = store.history(since, after, SLICE)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.cursor());
        count += rows.len() as u64;
        for index in 0..rows.len() {
            tell(fold.row(&rows[index..])?)?;
        }
    }
    tell(fold.end(now)?)?;
    Ok(count)
}

fn write_assumptions(
    out: &mut impl Write,
    config: &Config,
    (since, now): (Timestamp, Timestamp),
    zone: Zone,
) -> io::Result<()> {
    let path = config.path.display();
    writeln!(out, "{path} over {} to {}", zone.time(since), zone.time(now))?;
    writeln!(
        out,
        "It begins without a memory: what was wrong before is told as new. Silences and acknowledgements of"
    )?;
    writeln!(out, "that time are left out, windows of maintenance are not.\n")
}
