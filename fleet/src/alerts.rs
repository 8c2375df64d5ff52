//! What is wrong now, or was, and who was told.

mod json;
mod notes;
mod table;

use std::io::Write;

use rules::{Decision, Incident};
use storage::IncidentFilter;

use crate::args::{AlertsArgs, Format};
use crate::circumstances::Around;
use crate::error::FleetError;
use crate::opened::Opened;
use crate::surroundings::Surroundings;

pub(crate) use json::Line;
pub(crate) use notes::{acked_text, held_text, told_texts};

/// An incident, and what is to become of it.
pub(crate) struct Shown {
    pub(crate) incident: Incident,
    /// Nothing of what is over.
    pub(crate) decision: Option<Decision>,
}

/// Shows alerts. What is no answer but should be known goes to `aside`.
pub(crate) fn answer(
    args: AlertsArgs,
    surroundings: &Surroundings,
    out: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), FleetError> {
    let now = surroundings.now;
    let Opened { config, store, zone } = Opened::at(&args.place, surroundings)?;
    let beyond = || FleetError::usage("--since is beyond the calendar");
    let since = args.since.map(|since| since.when(zone, now).ok_or_else(beyond)).transpose()?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    if let Some(pattern) = &args.host {
        crate::silence::warn_of_no_host(&config, pattern, aside)?;
    }
    let nothing = nothing(&args);
    let filter = IncidentFilter { open: !args.history, host: args.host, since, id: None, limit: Some(limit) };
    let around = Around::now(&config, zone, &store, now)?;
    let shown: Vec<Shown> = store.incidents(&filter)?.into_iter().map(|found| decided(found, &around, now)).collect();
    match args.format {
        Format::Json => json::write(out, &shown)?,
        Format::Text if shown.is_empty() => writeln!(out, "{nothing}")?,
        Format::Text => {
            let kind = if args.history { table::Kind::History } else { table::Kind::Open };
            table::write(out, &shown, kind, &table::Clock { zone, now }, surroundings.colour)?;
            if shown.len() == limit {
                writeln!(out, "\nthese are the newest {limit}; --limit shows more")?;
            }
        }
    }
    Ok(())
}

/// What is said where there is nothing to show: that a filter lets nothing through does not make all well.
fn nothing(args: &AlertsArgs) -> &'static str {
    match () {
        () if args.host.is_some() || args.since.is_some() => "none that match",
        () if args.history => "no alerts",
        () => "all is well",
    }
}

/// What is to become of the incident, by what config.xml says now.
pub(crate) fn decided(mut incident: Incident, around: &Around<'_>, now: sample::Timestamp) -> Shown {
    around.book.refresh(&mut incident);
    let decide = || rules::notify(&incident, &around.of_host(incident.host.as_ref()), now);
    let decision = incident.is_open().then(decide);
    Shown { incident, decision }
}
