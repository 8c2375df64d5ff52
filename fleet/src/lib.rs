//! Answers people's questions about the fleet, from config.xml and the database. It contacts no host and sends no
//! mail, and cannot: no SSH, no decryption and no SMTP is linked.
//!
//! `fleet status` in reading order: [`execute`] loads both, [`status`] brings them together, [`table`] or [`json`]
//! writes the answer.

mod age;
mod args;
mod error;
pub mod json;
pub mod silence;
pub mod status;
mod surroundings;
pub mod table;

use std::io::{BufWriter, Write};

pub use args::{Args, Command, Format, StatusArgs};
pub use error::FleetError;
use storage::Store;
pub use surroundings::Surroundings;

/// Answers the question in `args` on `out`.
///
/// # Errors
/// There is no valid configuration, no database yet, the database can't be read, or the answer can't be written.
pub fn execute(args: Args, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    match args.command {
        Command::Status(args) => answer_status(args, surroundings, out),
    }
}

fn answer_status(args: StatusArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Surroundings { environment, now, colour } = surroundings;
    let config = config::load(&config::locate(args.config, environment, |path| path.exists()))?;
    let database = config::state_dir(args.state_dir, environment).join(&config.storage.database);
    let known = Store::open_existing(&database, *now)?.status()?;
    let configured = config.hosts.iter().map(|host| &host.name);
    let hosts = status::hosts(configured, known, args.all);
    let mut out = BufWriter::new(out);
    match args.format {
        Format::Text => {
            table::write(&mut out, &hosts, *now, *colour)?;
            silence::write(&mut out, &hosts, *now, config.collector.interval)?;
        }
        Format::Json => json::write(&mut out, &hosts)?,
    }
    Ok(out.flush()?)
}
