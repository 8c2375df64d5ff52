//! Incidents: what is still owed of them, and what people say and ask about them.

mod told;

use std::collections::HashMap;

use rules::{Ack, End, EventKind, Incident, Outages, Telling, Told, wildcard_match};
use rusqlite::{Row, params};
use sample::{HostName, Metric, Timestamp};

use crate::error::readable;
use crate::{Store, StoreError, row};
#[cfg(test)]
pub(crate) use told::TOLD_OF_ONE;
pub(crate) use told::TOLD_OF_UNSETTLED;
use told::{told, told_of};

/// Which incidents to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Only those that go on.
    pub open: bool,
    /// Only those of hosts with such a name, with wildcards.
    pub host: Option<String>,
    /// Only those that began, or ended, then or later.
    pub since: Option<Timestamp>,
    /// Only the one with this number.
    pub id: Option<i64>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

impl Store {
    /// Returns the incidents of which something may still be owed, oldest first. Of what each recipient was told of them there
    /// is the first word, the last, and that it is over; [`Store::told_of`] has all. What config.xml says of their rules now
    /// is not known here: repeat, escalation and hours are the defaults. One with a value this version does not know is
    /// left out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn unsettled_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(UNSETTLED)?;
            let found = select.query_map([], incident)?.filter_map(|found| readable(found).transpose());
            let mut incidents = found.collect::<Result<Vec<_>, _>>()?;
            let places: HashMap<i64, usize> =
                incidents.iter().enumerate().map(|(place, incident)| (incident.id, place)).collect();
            let mut select = db.prepare_cached(TOLD_OF_UNSETTLED)?;
            let mut rows = select.query([])?;
            while let Some(found) = rows.next()? {
                if let Some((told, place)) = readable(told(found))?.zip(places.get(&found.get(4)?)) {
                    incidents[*place].told.push(told);
                }
            }
            Ok(incidents)
        })
    }

    /// Returns all that people were told of an incident, in the order in which the mails were made.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn told_of(&self, incident: i64) -> Result<Vec<Told>, StoreError> {
        self.read(|db| told_of(db, incident))
    }

    /// Returns the incidents about visits that were settled since then: what was behind these hosts is judged by them.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn visits_settled_since(&self, since: Timestamp) -> Result<Vec<Incident>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(SETTLED_SINCE)?;
            let found =
                select.query_map([since.as_millis()], incident)?.filter_map(|found| readable(found).transpose());
            let visits = found.filter(|found| found.as_ref().map_or(true, |one| one.key.rule.metric.is_visit()));
            visits.collect()
        })
    }

    /// Returns the incidents that fit, the newest first. One with a value this version does not know is left out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn incidents(&self, filter: &IncidentFilter) -> Result<Vec<Incident>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(match (filter.id, filter.open) {
                (Some(_), _) => ONE,
                (None, true) => OPEN,
                (None, false) => SINCE,
            })?;
            let mut rows = select.query(params![filter.id, filter.since.map(Timestamp::as_millis)])?;
            let mut found = Vec::new();
            while found.len() < filter.limit.unwrap_or(usize::MAX) {
                let Some(row) = rows.next()? else { break };
                if let Some(incident) = readable(incident(row))?.filter(|incident| fits(incident, filter)) {
                    found.push(Incident { told: told_of(db, incident.id)?, ..incident });
                }
            }
            Ok(found)
        })
    }

    /// Takes note that somebody takes care of an open incident, in the place of who did before. Returns false if there is
    /// no such one.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn acknowledge(
        &mut self,
        incident: i64,
        by: &str,
        comment: &str,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE incident SET acked_ms = ?2, acked_until_ms = ?3, acked_by = ?4, acked_comment = ?5
                 WHERE id = ?1 AND ended_ms IS NULL",
            )?;
            let (by, comment) = (sample::plain(by), sample::plain(comment));
            let until = until.map(Timestamp::as_millis);
            Ok(update.execute(params![incident, now.as_millis(), until, by, comment])? == 1)
        })
    }

    /// Takes an acknowledgement back. Returns false if there is none.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn unacknowledge(&mut self, incident: i64) -> Result<bool, StoreError> {
        self.write(|db| {
            let mut update = db.prepare_cached(
                "UPDATE incident SET acked_ms = NULL, acked_until_ms = NULL, acked_by = NULL, acked_comment = NULL
                 WHERE id = ?1 AND acked_ms IS NOT NULL",
            )?;
            Ok(update.execute([incident])? == 1)
        })
    }

    /// Returns the hosts that could not be visited at last and are not confirmed to be down yet, in the order of their
    /// names: an alert about reaching them or logging in is pending.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn suspects(&self) -> Result<Vec<HostName>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(SUSPECTS)?;
            let found = select.query_map([], |row| Ok((row::parsed::<Metric>(row, 0)?, row::parsed(row, 1)?)))?;
            let found = found.filter_map(|found| readable(found).transpose()).collect::<Result<Vec<_>, _>>()?;
            let visits =
                found.into_iter().filter(|(metric, _)| Outages::are_foretold_by(*metric)).map(|(_, host)| host);
            let mut hosts: Vec<HostName> = visits.collect();
            hosts.dedup();
            Ok(hosts)
        })
    }
}

macro_rules! selecting {
    ($rest:literal) => {
        concat!(
            "SELECT metric, selector, ordinal, instance, incident.id, host_id IS NULL, name, opened_ms, incident.severity,
                    incident.limit_value,
                    iif(ended_ms IS NULL, coalesce(alert.value, incident.value), incident.value),
                    iif(ended_ms IS NULL AND alert.state = 'firing', coalesce(alert.worst_value, incident.worst_value),
                        incident.worst_value), is_flapping, ended_ms, end_kind,
                    recipients, url, note, acked_ms, acked_until_ms, acked_by, acked_comment
             FROM incident ", $rest
        )
    };
}

/// Of years of incidents, only those that are not settled are read.
pub(crate) const UNSETTLED: &str = selecting!(
    "INDEXED BY incident_unsettled CROSS JOIN alert ON alert.id = alert_id LEFT JOIN host ON host.id = host_id
     WHERE settled_ms IS NULL ORDER BY incident.id"
);
pub(crate) const SETTLED_SINCE: &str = selecting!(
    "INDEXED BY incident_settled CROSS JOIN alert ON alert.id = alert_id LEFT JOIN host ON host.id = host_id
     WHERE settled_ms >= ?1 ORDER BY incident.id"
);
pub(crate) const ONE: &str = selecting!(
    "CROSS JOIN alert ON alert.id = alert_id LEFT JOIN host ON host.id = host_id
     WHERE incident.id = ?1 AND (?2 IS NULL OR opened_ms >= ?2 OR ended_ms >= ?2)"
);
pub(crate) const OPEN: &str = selecting!(
    "INDEXED BY incident_open CROSS JOIN alert ON alert.id = alert_id LEFT JOIN host ON host.id = host_id
     WHERE ended_ms IS NULL AND ?1 IS NULL AND (?2 IS NULL OR opened_ms >= ?2) ORDER BY incident.id DESC"
);
/// Read by people, and only as far as they want.
pub(crate) const SINCE: &str = selecting!(
    "CROSS JOIN alert ON alert.id = alert_id LEFT JOIN host ON host.id = host_id
     WHERE ?1 IS NULL AND (?2 IS NULL OR opened_ms >= ?2 OR ended_ms >= ?2) ORDER BY incident.id DESC"
);

pub(crate) const SUSPECTS: &str = "
    SELECT metric, name FROM alert INDEXED BY alert_pending CROSS JOIN host ON host.id = host_id
    WHERE state = 'pending' ORDER BY name";

fn incident(found: &Row<'_>) -> rusqlite::Result<Incident> {
    let is_of_the_fleet: bool = found.get(5)?;
    Ok(Incident {
        id: found.get(4)?,
        host: if is_of_the_fleet { None } else { Some(row::parsed(found, 6)?) },
        key: row::alert_key(found)?,
        opened: row::time(found, 7)?,
        severity: row::parsed(found, 8)?,
        limit: found.get(9)?,
        value: found.get(10)?,
        worst: found.get(11)?,
        flapping: found.get(12)?,
        ended: end(found)?,
        telling: Telling {
            recipients: row::recipients(found, 15)?,
            url: found.get(16)?,
            text: found.get(17)?,
            ..Telling::default()
        },
        ack: ack(found)?,
        told: Vec::new(),
    })
}

fn end(found: &Row<'_>) -> rusqlite::Result<Option<End>> {
    let Some(at) = row::time_if_known(found, 13)? else { return Ok(None) };
    Ok(Some(End { kind: row::named(found, 14, &EventKind::ALL, EventKind::name)?, at }))
}

fn ack(found: &Row<'_>) -> rusqlite::Result<Option<Ack>> {
    let Some(at) = row::time_if_known(found, 18)? else { return Ok(None) };
    let (by, comment): (Option<String>, Option<String>) = (found.get(20)?, found.get(21)?);
    let until = row::time_if_known(found, 19)?;
    Ok(Some(Ack { at, until, by: by.unwrap_or_default(), comment: comment.unwrap_or_default() }))
}

fn fits(incident: &Incident, filter: &IncidentFilter) -> bool {
    let name = incident.host.as_ref().map_or("", HostName::as_str);
    let is_wanted = filter.host.as_ref().is_none_or(|pattern| wildcard_match(pattern, name));
    is_wanted && (!filter.open || incident.is_open())
}
