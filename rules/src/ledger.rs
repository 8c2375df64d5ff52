//! The incidents, kept up to date by events. The database does the same in SQL; this is for what changes nothing:
//! a dry run, and the replay of history.

use sample::{HostName, Timestamp};

use crate::{AlertKey, AlertState, End, Event, EventKind, Incident, NoticeKind, Reach, Recipient, Telling, Told};

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

    /// Gives every open incident the newest and the worst value of its alert: events come only when something changes,
    /// values with every sample. An alert that `state_of` does not know leaves its incident as it is.
    pub fn catch_up<'s>(&mut self, state_of: impl Fn(Option<&HostName>, &AlertKey) -> Option<&'s AlertState>) {
        for incident in self.incidents.iter_mut().filter(|incident| incident.is_open()) {
            let Some(state) = state_of(incident.host.as_ref(), &incident.key) else { continue };
            incident.value = state.value.or(incident.value);
            incident.worst = state.problem.map_or(incident.worst, |problem| problem.worst);
        }
    }

    /// Takes note that somebody was told, and got to know it.
    pub fn told(&mut self, incident: i64, recipient: &Recipient, kind: NoticeKind, at: Timestamp) {
        if let Some(incident) = self.incidents.iter_mut().find(|known| known.id == incident) {
            let severity = incident.severity;
            incident.told.push(Told { recipient: recipient.clone(), at, kind, severity, reach: Reach::Delivered });
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

#[cfg(test)]
mod tests {
    use sample::Metric;

    use super::*;
    use crate::{Instance, Problem, RuleKey, Selector, Severity};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    fn key(instance: &str) -> AlertKey {
        let rule = RuleKey { metric: Metric::Disk, selector: Selector::Every, ordinal: 0 };
        AlertKey { rule, instance: Instance::from_stored(instance) }
    }

    fn telling(name: &str) -> Telling {
        Telling { recipients: vec![format!("{name}@example.org").parse().unwrap()], ..Telling::default() }
    }

    /// Records these kinds, a minute apart, about one alert that began at minute 1.
    fn record(ledger: &mut Ledger, events: &[(EventKind, Severity, Option<f64>)]) {
        for ((kind, severity, value), minute) in events.iter().copied().zip(1..) {
            let (worst, limit) = (90.0 + f64::from(minute), 80.0 + f64::from(minute));
            let event = Event { kind, at: at(minute.into()), value, since: at(1), worst, severity, limit };
            ledger.record(None, &key("/"), &event, &telling("ops"));
        }
    }

    use EventKind::*;
    use Severity::{Critical, Warning};

    #[test]
    fn an_incident_follows_the_events_of_its_alert() {
        let mut ledger = Ledger::new(Vec::new());
        record(&mut ledger, &[(Fired, Warning, Some(91.0)), (Worse, Critical, Some(97.0)), (Better, Warning, None)]);
        let [incident] = &ledger.incidents[..] else { panic!("one incident") };
        assert_eq!((incident.opened, incident.severity, incident.limit), (at(1), Warning, 83.0));
        assert_eq!((incident.value, incident.worst, incident.flapping), (Some(97.0), 93.0, false), "the newest known");
        record(&mut ledger, &[(Flapping, Warning, None)]);
        assert!(ledger.incidents[0].flapping && ledger.incidents.len() == 1);
        record(&mut ledger, &[(Steady, Warning, None)]);
        assert!(!ledger.incidents[0].flapping && ledger.incidents[0].is_open());
    }

    #[test]
    fn what_ends_an_incident_does_not_end_it_before_it_began() {
        for kind in [Resolved, Gone, Withdrawn] {
            let mut ledger = Ledger::new(Vec::new());
            record(&mut ledger, &[(Fired, Critical, None), (kind, Critical, None)]);
            assert_eq!(ledger.incidents[0].ended, Some(End { kind, at: at(2) }));
            record(&mut ledger, &[(Fired, Critical, None)]);
            assert_eq!(ledger.incidents.len(), 2, "a new one");
            let early =
                Event { kind, at: at(-9), since: at(1), value: None, worst: 1.0, severity: Critical, limit: 1.0 };
            ledger.record(None, &key("/"), &early, &telling("ops"));
            assert_eq!(ledger.incidents[1].ended.map(|end| end.at), Some(at(1)));
        }
    }

    #[test]
    fn an_event_of_a_moment_is_an_incident_of_its_own_and_one_without_an_incident_is_about_nothing() {
        let mut ledger = Ledger::new(Vec::new());
        record(&mut ledger, &[(Worse, Critical, None), (Resolved, Critical, None), (Steady, Warning, None)]);
        assert_eq!(ledger.incidents, []);
        record(&mut ledger, &[(Fired, Critical, None), (Happened, Critical, None)]);
        let ended: Vec<_> = ledger.incidents.iter().map(|incident| incident.ended.map(|end| end.kind)).collect();
        assert_eq!(ended, [None, Some(Happened)]);
    }

    #[test]
    fn alerts_of_other_hosts_and_things_are_not_mixed_up() {
        let mut ledger = Ledger::new(Vec::new());
        let web1: HostName = "web1".parse().unwrap();
        let event =
            |kind| Event { kind, at: at(1), since: at(1), value: None, worst: 1.0, severity: Warning, limit: 1.0 };
        for (host, thing) in [(None, "/"), (Some(&web1), "/"), (Some(&web1), "/srv")] {
            ledger.record(host, &key(thing), &event(Fired), &telling("ops"));
        }
        ledger.record(Some(&web1), &key("/"), &event(Resolved), &telling("ops"));
        let open: Vec<bool> = ledger.incidents.iter().map(Incident::is_open).collect();
        assert_eq!(open, [true, false, true]);
    }

    #[test]
    fn who_is_told_is_as_the_rule_last_had_it() {
        let mut ledger = Ledger::new(Vec::new());
        record(&mut ledger, &[(Fired, Critical, None)]);
        let event =
            |kind| Event { kind, at: at(2), since: at(1), value: None, worst: 1.0, severity: Warning, limit: 1.0 };
        ledger.record(None, &key("/"), &event(Worse), &telling("ann"));
        ledger.record(None, &key("/"), &event(Withdrawn), &Telling::default());
        assert_eq!(ledger.incidents[0].telling, telling("ann"));
    }

    #[test]
    fn an_open_incident_has_the_newest_and_the_worst_value_of_its_alert_and_one_that_is_over_keeps_its_own() {
        let mut ledger = Ledger::default();
        record(&mut ledger, &[(Fired, Warning, Some(91.0)), (Resolved, Warning, Some(50.0)), (Fired, Warning, None)]);
        let problem = Problem { since: at(1), severity: Warning, worst: 99.0, flapping: None };
        let state = AlertState { problem: Some(problem), value: Some(95.0), ..AlertState::default() };
        let values = |ledger: &Ledger| -> Vec<_> {
            ledger.incidents.iter().map(|incident| (incident.value, incident.worst)).collect()
        };
        let before = values(&ledger);
        ledger.catch_up(|_, _| None);
        assert_eq!(values(&ledger), before);
        ledger.catch_up(|host, alert| (host.is_none() && *alert == key("/")).then_some(&state));
        assert_eq!(values(&ledger), [(Some(50.0), 92.0), (Some(95.0), 99.0)]);
    }

    #[test]
    fn a_ledger_goes_on_with_new_numbers_and_takes_note_of_what_was_told() {
        let mut ledger = Ledger::new(Vec::new());
        record(&mut ledger, &[(Fired, Critical, None), (Resolved, Critical, None)]);
        ledger.incidents[0].id = 41;
        let mut ledger = Ledger::new(ledger.incidents);
        record(&mut ledger, &[(Fired, Warning, None)]);
        let ops: Recipient = "ops@example.org".parse().unwrap();
        ledger.told(42, &ops, NoticeKind::Problem, at(5));
        ledger.told(43, &ops, NoticeKind::Problem, at(5));
        let reach = Reach::Delivered;
        let told = Told { recipient: ops, at: at(5), kind: NoticeKind::Problem, severity: Warning, reach };
        assert_eq!((ledger.incidents[1].id, &ledger.incidents[1].told), (42, &vec![told]));
    }
}
