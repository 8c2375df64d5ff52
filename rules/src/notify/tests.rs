//! Each sentence of what is owed, on its own.

mod mailing;
mod outages;
mod quiet;
mod telling;
mod windows;

use std::time::Duration;

use sample::{HostName, Metric, Timestamp};

use super::{Circumstances, Decision, Outages, notify};
use crate::{
    AlertKey, End, EventKind, Incident, Instance, Maintenance, NoticeKind, Recipient, Repeats, RuleKey, Selector,
    Severity, Silence, Telling, Told, Zone,
};

/// So many minutes after the beginning.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(minutes * 60_000)
}

fn who(name: &str) -> Recipient {
    format!("{name}@example.org").parse().unwrap()
}

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

/// A warning on web1 that began at 0 and goes on; ops is told.
fn incident(metric: Metric) -> Incident {
    let rule = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    Incident {
        id: 1,
        host: Some(host("web1")),
        key: AlertKey { rule, instance: Instance::Host },
        opened: at(0),
        severity: Severity::Warning,
        limit: 90.0,
        value: Some(91.0),
        worst: 91.0,
        flapping: false,
        ended: None,
        telling: Telling { recipients: vec![who("ops")], ..Telling::default() },
        ack: None,
        told: Vec::new(),
    }
}

impl Incident {
    fn told(mut self, name: &str, minutes: i64, kind: NoticeKind) -> Incident {
        self.told.push(Told {
            recipient: who(name),
            at: at(minutes),
            kind,
            severity: self.severity,
            reach: crate::Reach::Delivered,
        });
        self
    }

    fn over(mut self, minutes: i64) -> Incident {
        self.ended = Some(End { kind: EventKind::Resolved, at: at(minutes) });
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Incident)) -> Incident {
        change(&mut self);
        self
    }
}

fn silence(id: i64, from: i64, to: i64) -> Silence {
    let any = || "*".to_owned();
    let (author, comment) = ("ann".to_owned(), String::new());
    Silence { id, host: any(), metric: any(), instance: any(), starts: at(from), ends: at(to), author, comment }
}

/// What is around it: nothing, but for what a test changes.
#[derive(Default)]
struct Around {
    silences: Vec<Silence>,
    maintenance: Vec<Maintenance>,
    outages: Outages,
}

impl Around {
    fn silenced(silences: &[(i64, i64, i64)]) -> Around {
        let silences = silences.iter().map(|(id, from, to)| silence(*id, *from, *to)).collect();
        Around { silences, ..Around::default() }
    }

    fn decide(&self, incident: &Incident, minutes: i64) -> Decision {
        let repeats = Repeats::default();
        let (silences, maintenance, outages) = (&self.silences, &self.maintenance, &self.outages);
        let around = Circumstances { zone: Zone::UTC, repeats, silences, maintenance, outages };
        notify(incident, &around, at(minutes))
    }

    fn kinds(&self, incident: &Incident, minutes: i64) -> Vec<NoticeKind> {
        self.decide(incident, minutes).notices.into_iter().map(|(_, kind)| kind).collect()
    }
}
