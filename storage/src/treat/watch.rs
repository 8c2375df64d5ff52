//! What is remembered of hosts and their alerts between two rows.

use std::collections::HashMap;

use rules::{AlertKey, AlertState, Familiar, Problem, Watch};
use rusqlite::{Connection, Row};

use super::LiveAlert;
use crate::error::{Failure, readable};
use crate::{HostId, row};

/// Stands for the fleet as a whole, as in the index of alerts. No host has it.
pub(super) const FLEET: HostId = HostId(0);

/// The columns that [`state`] reads.
macro_rules! with_state {
    ($rest:literal) => {
        concat!(
            "SELECT metric, selector, ordinal, instance, state, since_ms, severity, worst_value, flapping_ms, seen_ms,
                    value, absent, switches, changes_ms, ",
            $rest
        )
    };
}

/// The index is on these very expressions: alerts of the fleet as a whole have no host, and one that is blank is as if never
/// seen. A host may have left thousands of those behind.
pub(crate) const ALERTS_OF: &str = with_state!(
    "coalesce(host_id, 0) FROM alert INDEXED BY alert_remembered
     WHERE coalesce(host_id, 0) IN (SELECT value FROM json_each(?1))
     AND (state <> 'resolved' OR absent <> 0 OR switches <> '' OR changes_ms <> '')"
);

pub(crate) const FAMILIAR_OF: &str = "
    SELECT host_id, boot_id, taken_ms, things FROM familiar WHERE host_id IN (SELECT value FROM json_each(?1))";

/// Of those that ever fired, only the few that do or may soon are read.
pub(crate) const LIVE: &str = concat!(
    with_state!(
        "host.id, host.name, limit_value FROM alert INDEXED BY alert_firing LEFT JOIN host ON host.id = host_id WHERE state = 'firing'"
    ),
    " UNION ALL ",
    with_state!(
        "host.id, host.name, limit_value FROM alert INDEXED BY alert_pending LEFT JOIN host ON host.id = host_id WHERE state = 'pending'"
    ),
);

pub(super) fn of(db: &Connection, hosts: &[HostId]) -> Result<HashMap<HostId, Watch>, Failure> {
    let mut watches: HashMap<HostId, Watch> = hosts.iter().map(|host| (*host, Watch::default())).collect();
    let hosts = row::json(hosts.iter().map(|host| host.as_i64()));
    let mut alerts = db.prepare_cached(ALERTS_OF)?;
    let mut rows = alerts.query([&hosts])?;
    while let Some(found) = rows.next()? {
        let host: HostId = found.get(14)?;
        if let (Some(alert), Some(watch)) = (readable(alert(found))?, watches.get_mut(&host)) {
            watch.alerts.extend([alert]);
        }
    }
    let mut familiars = db.prepare_cached(FAMILIAR_OF)?;
    let mut rows = familiars.query([&hosts])?;
    while let Some(found) = rows.next()? {
        let host: HostId = found.get(0)?;
        if let (Some(familiar), Some(watch)) = (readable(familiar(found))?, watches.get_mut(&host)) {
            watch.familiar = familiar;
        }
    }
    Ok(watches)
}

pub(super) fn live(db: &Connection) -> Result<Vec<LiveAlert>, Failure> {
    let mut select = db.prepare_cached(LIVE)?;
    let found = select.query_map([], |found| {
        let host = found.get::<_, Option<HostId>>(14)?;
        let host = host.map(|host| Ok::<_, rusqlite::Error>((host, row::parsed(found, 15)?))).transpose()?;
        let (key, state) = alert(found)?;
        Ok(LiveAlert { host, key, state, limit: found.get(16)? })
    })?;
    found.filter_map(|found| readable(found).transpose()).collect()
}

fn alert(found: &Row<'_>) -> rusqlite::Result<(AlertKey, AlertState)> {
    Ok((row::alert_key(found)?, state(found)?))
}

fn state(found: &Row<'_>) -> rusqlite::Result<AlertState> {
    let is_firing = row::named(found, 4, &["pending", "firing", "resolved"], |state| state)? == "firing";
    let problem = is_firing.then(|| {
        let flapping = row::time_if_known(found, 8)?;
        Ok::<_, rusqlite::Error>(Problem {
            since: row::time(found, 5)?,
            severity: row::parsed(found, 6)?,
            worst: found.get(7)?,
            flapping,
        })
    });
    Ok(AlertState {
        problem: problem.transpose()?,
        switches: row::with(found, 12, AlertState::switches_from_stored)?,
        seen: row::time_if_known(found, 9)?,
        value: found.get(10)?,
        changes: row::with(found, 13, AlertState::changes_from_stored)?,
        absent: row::unsigned(found, 11)?,
    })
}

fn familiar(found: &Row<'_>) -> rusqlite::Result<Familiar> {
    Ok(Familiar {
        boot_id: found.get(1)?,
        taken: row::time_if_known(found, 2)?,
        things: row::with(found, 3, Familiar::things_from_stored)?,
    })
}
