//! What stands below the table of hosts: problems that are open, and mail that does not leave or did not arrive.

use std::io::Write;
use std::time::Duration;

use rules::{Severity, Zone};
use sample::Timestamp;
use storage::{IncidentFilter, LostDeliveries, Store};

use crate::error::FleetError;

/// Mail that waits longer is told: greylisting takes minutes.
const PATIENCE: Duration = Duration::from_hours(1);
/// Mail that was lost longer ago is history.
const LATELY: Duration = Duration::from_hours(7 * 24);
/// Nobody counts more.
const MOST: usize = 10_000;

/// Writes a line of how many problems are open, one of mail that waits for more than an hour and one of mail that was
/// lost, where there are any.
pub(crate) fn write(out: &mut impl Write, store: &Store, zone: Zone, now: Timestamp) -> Result<(), FleetError> {
    let filter = IncidentFilter { open: true, limit: Some(MOST), ..IncidentFilter::default() };
    let open: Vec<Severity> = store.incidents(&filter)?.iter().map(|incident| incident.severity).collect();
    let of = |severity: Severity| (severity, open.iter().filter(|found| **found == severity).count());
    let counts = Severity::ALL.into_iter().rev().map(of).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(severity, count)| format!("{count} {severity}")).collect();
    if !counts.is_empty() {
        writeln!(out, "\nopen problems: {} (fleet alerts)", counts.join(", "))?;
    }
    if let Some(stuck) = store.stuck_mail(PATIENCE, now)? {
        let (deliveries, since) = (stuck.deliveries, zone.time(stuck.since));
        let wait = if deliveries == 1 { "delivery waits" } else { "deliveries wait" };
        writeln!(out, "\nmail: {deliveries} {wait} since {since}: fleet outbox")?;
    }
    if let Some(lost) = lost_text(store.lost_since(now - LATELY)?) {
        writeln!(out, "\nmail: {lost} in the last 7 days: fleet outbox --lost")?;
    }
    Ok(())
}

/// `2 deliveries refused by the server, 1 given up`, if there are any.
fn lost_text(LostDeliveries { refused, given_up }: LostDeliveries) -> Option<String> {
    let counts = [(refused, "refused by the server"), (given_up, "given up")];
    let counts: Vec<_> = counts.into_iter().filter(|(count, _)| *count > 0).collect();
    let (first, how) = counts.first()?;
    let what = if *first == 1 { "delivery" } else { "deliveries" };
    let rest = counts.iter().skip(1).map(|(count, how)| format!(", {count} {how}"));
    Some(format!("{first} {what} {how}{}", rest.collect::<String>()))
}
