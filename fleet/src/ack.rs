//! Somebody takes care of a problem.

use std::io::Write;

use crate::args::AckArgs;
use crate::error::FleetError;
use crate::opened::Opened;
use crate::surroundings::Surroundings;

/// Acknowledges, or takes it back. What can be done is done, whatever other numbers come to.
pub(crate) fn answer(args: AckArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let now = surroundings.now;
    let by = if args.undo { String::new() } else { crate::who::who(args.by.as_deref(), surroundings)? };
    let Opened { mut store, zone, .. } = Opened::at(&args.place, surroundings)?;
    let until = args.lasting.map(|lasting| now + lasting);
    let mut unknown = Vec::new();
    for id in args.ids {
        let done = match args.undo {
            true => store.unacknowledge(id)?,
            false => store.acknowledge(id, &by, args.comment.as_deref().unwrap_or_default(), until, now)?,
        };
        match (done, args.undo, until) {
            (false, ..) => unknown.push(id.to_string()),
            (true, true, _) => writeln!(out, "{id}: nobody takes care of it any more")?,
            (true, false, None) => writeln!(out, "{id}: acknowledged until it is over")?,
            (true, false, Some(until)) => writeln!(out, "{id}: acknowledged until {}", zone.time(until))?,
        }
    }
    match unknown.is_empty() {
        true => Ok(()),
        false => {
            let state = if args.undo { "that is acknowledged" } else { "that is open" };
            Err(FleetError::NoSuch { what: format!("problem {} {state}", unknown.join(", ")), hint: "fleet alerts" })
        }
    }
}
