//! The incidents, kept up to date by events. The database does the same in SQL; this is for what changes nothing:
//! a dry run, and the replay of history.

use sample::{HostName, Timestamp};

use crate::{AlertKey, End, Event, EventKind, Incident, NoticeKind, Recipient, Telling, Told};

/// Incidents in memory.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// In the order they were opened.
    pub incidents: Vec<Incident>,
    next_id: i64,
}

impl Ledger {
    /// One that goes on from these.
    pub fn new(incidents: Vec<Incident>) -> Ledger {
        let last = incidents.iter().map(|incident| incident.id).max().unwrap_or(0);
        Ledger { incidents, next_id: last.saturating_add(1) }
    }

    /// Takes an event into account: the open incident of its alert changes or ends. If there is none, an event that opens
    /// makes one, and any other is about nothing.
    ///
    /// Who is told is as `telling` has it from now on; but of a rule that was withdrawn, which names nobody any more, it
    /// stays as it was.
    pub fn record(&mut self, host: Option<&HostName>, key: &AlertKey, event: &Event, telling: &Telling) {
        let is_it =
            |incident: &&mut Incident| incident.is_open() && incident.key == *key && incident.host.as_ref() == host;
        // What happens in a moment is an incident of its own, whatever is open.
        let open = self.incidents.iter_mut().rev().find(is_it).filter(|_| event.kind != EventKind::Happened);
        match open {
            Some(incident) => {
                if event.kind != EventKind::Withdrawn {
                    incident.telling = telling.clone();
                }
                incident.record(event);
            }
            None if event.kind.opens() => {
                let mut incident = opened(self.next_id, host, key, event, telling);
                self.next_id = self.next_id.saturating_add(1);
                incident.record(event);
                self.incidents.push(incident);
            }
            None => {}
        }
    }

    /// Takes note that somebody was told.
    pub fn told(&mut self, incident: i64, recipient: &Recipient, kind: NoticeKind, at: Timestamp) {
        if let Some(incident) = self.incidents.iter_mut().find(|known| known.id == incident) {
            let severity = incident.severity;
            incident.told.push(Told { recipient: recipient.clone(), at, kind, severity });
        }
    }
}

impl Incident {
    fn record(&mut self, event: &Event) {
        self.severity = event.severity;
        self.limit = event.limit;
        self.worst = event.worst;
        self.value = event.value.or(self.value);
        match event.kind {
            EventKind::Flapping => self.flapping = true,
            EventKind::Steady => self.flapping = false,
            EventKind::Fired | EventKind::Worse | EventKind::Better => {}
            EventKind::Resolved | EventKind::Gone | EventKind::Withdrawn | EventKind::Happened => {
                self.ended = Some(End { kind: event.kind, at: event.at.max(self.opened) });
            }
        }
    }
}

fn opened(id: i64, host: Option<&HostName>, key: &AlertKey, event: &Event, telling: &Telling) -> Incident {
    Incident {
        id,
        host: host.cloned(),
        key: key.clone(),
        opened: event.since,
        severity: event.severity,
        limit: event.limit,
        value: event.value,
        worst: event.worst,
        flapping: false,
        ended: None,
        telling: telling.clone(),
        ack: None,
        told: Vec::new(),
    }
}
