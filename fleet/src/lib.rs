//! Answers people's questions about the fleet, from config.xml and the database. It contacts no host and sends no
//! mail, and cannot: no SSH, no decryption and no SMTP is linked.
//!
//! In reading order: [`execute`] loads both. For `fleet status`, [`status`] brings them together, and [`table`] or
//! [`json`] writes the answer; for `fleet runs`, [`runs`] does.

mod age;
mod args;
mod error;
pub mod json;
mod layout;
pub mod runs;
pub mod silence;
pub mod status;
mod surroundings;
pub mod table;

use std::io::{BufWriter, Write};

pub use args::{Args, Command, Format, Place, RunsArgs, StatusArgs};
use config::Config;
pub use error::FleetError;
use storage::Store;
pub use surroundings::Surroundings;

/// Answers the question in `args` on `out`.
///
/// # Errors
/// There is no valid configuration, no database yet, the database can't be read, or the answer can't be written.
pub fn execute(args: Args, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let mut out = BufWriter::new(out);
    match args.command {
        Command::Status(args) => answer_status(args, surroundings, &mut out)?,
        Command::Runs(args) => answer_runs(args, surroundings, &mut out)?,
    }
    Ok(out.flush()?)
}

fn answer_status(args: StatusArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Surroundings { now, colour, .. } = surroundings;
    let (config, store) = load(args.place, surroundings)?;
    let configured = config.hosts.iter().map(|host| &host.name);
    let hosts = status::hosts(configured, store.status()?, args.all);
    match args.format {
        Format::Text => {
            table::write(out, &hosts, *now, *colour)?;
            silence::write(out, &store.runs(1)?, *now, config.collector.interval)?;
        }
        Format::Json => json::write(out, &hosts)?,
    }
    Ok(())
}

fn answer_runs(args: RunsArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let (_, store) = load(args.place, surroundings)?;
    let runs = store.runs(args.limit)?;
    match args.format {
        Format::Text => runs::write_table(out, &runs, surroundings.colour)?,
        Format::Json => runs::write_json(out, &runs)?,
    }
    Ok(())
}

fn load(place: Place, surroundings: &Surroundings) -> Result<(Config, Store), FleetError> {
    let Surroundings { environment, now, .. } = surroundings;
    let config = config::load(&config::locate(place.config, environment, |path| path.exists()))?;
    let database = config::state_dir(place.state_dir, environment).join(&config.storage.database);
    let store = Store::open_existing(&database, *now)?;
    Ok((config, store))
}
