//! What is remembered of alerts, and the incidents that their events make.

use std::time::Duration;

use rules::{End, Run};

use super::*;

/// An alert in which everything is remembered that can be.
fn eventful() -> AlertState {
    let against = Some(Run { since: at(60), lasting: Duration::from_secs(300), times: 2, worst: 97.5 });
    AlertState {
        problem: Some(Problem { since: NOON, severity: Severity::Critical, worst: -0.5, flapping: Some(at(30)) }),
        switches: vec![Switch { on: true, against: None }, Switch { on: false, against }],
        seen: Some(at(120)),
        value: Some(0.1),
        changes: vec![NOON, at(60)],
        absent: 1,
    }
}

fn pending() -> AlertState {
    let against = Some(Run { since: at(60), lasting: Duration::ZERO, times: 1, worst: 97.5 });
    AlertState { switches: vec![Switch { on: false, against }], seen: Some(at(60)), ..AlertState::default() }
}

#[test]
fn what_an_alert_remembers_comes_back_with_its_host() {
    let mut fixture = Fixture::new();
    let [web1, db1, idle] = ["web1", "db1", "idle"].map(|name| fixture.host(name));
    let rule = RuleKey { metric: Metric::Disk, selector: Selector::Named("/srv/*".into()), ordinal: 2 };
    let disk = AlertKey { rule, instance: Instance::Named("/srv/a=b".into()) };
    fixture.change(web1, vec![(disk.clone(), eventful())], vec![]);
    fixture.change(db1, vec![(key(Metric::Cpu, Instance::Host), pending())], vec![]);
    let watches = fixture.store.watches(&[web1, idle]).unwrap();
    assert_eq!(watches[&web1].alerts.iter().collect::<Vec<_>>(), [(&disk, &eventful())]);
    assert_eq!((watches.len(), &watches[&idle]), (2, &rules::Watch::default()));
    let live = fixture.store.live_alerts().unwrap().into_iter().map(|alert| (alert.host.unwrap().0, alert.state));
    assert_eq!(live.collect::<Vec<_>>(), [(web1, eventful()), (db1, pending())]);
}

#[test]
fn what_concerns_the_fleet_as_a_whole_has_no_host() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let collector = key(Metric::Collector, Instance::Host);
    let events = vec![new_event(collector.clone(), event(EventKind::Fired), &["ops@example.org"])];
    let changes = HostChanges { host: None, familiar: None, alerts: vec![(collector.clone(), firing())], events };
    for state in [firing(), eventful()] {
        let changes = HostChanges { alerts: vec![(collector.clone(), state)], events: vec![], ..changes.clone() };
        fixture.store.commit_slice(&Slice { hosts: vec![changes], ..Slice::default() }, NOON).unwrap();
    }
    fixture.store.commit_slice(&Slice { hosts: vec![changes], ..Slice::default() }, NOON).unwrap();
    let watch = fixture.store.fleet_watch().unwrap();
    assert_eq!(watch.alerts.into_iter().collect::<Vec<_>>(), [(collector, firing())]);
    assert_eq!((fixture.unsettled().len(), fixture.unsettled().remove(0).host), (1, None));
    assert_eq!(fixture.store.watches(&[host]).unwrap()[&host].alerts.len(), 0);
    assert_eq!(fixture.store.live_alerts().unwrap()[0].host, None);
}

#[test]
fn an_alert_that_never_fired_is_forgotten_and_one_that_did_is_kept_for_its_incidents_alone() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let (cpu, memory) = (key(Metric::Cpu, Instance::Host), key(Metric::Memory, Instance::Host));
    let alerts = |fixture: &Fixture| fixture.store.watches(&[host]).unwrap()[&host].alerts.len();
    fixture.change(host, vec![(cpu.clone(), AlertState::default())], vec![]);
    assert_eq!(alerts(&fixture), 0);
    fixture.change(host, vec![(cpu.clone(), pending())], vec![]);
    assert_eq!(alerts(&fixture), 1);
    fixture.change(host, vec![(cpu, AlertState::default())], vec![]);
    assert_eq!(alerts(&fixture), 0);

    fixture.fire(host, &[Metric::Memory], &[]);
    fixture.resolve(host, Metric::Memory, 60);
    fixture.change(host, vec![(memory, AlertState::default())], vec![]);
    assert_eq!((alerts(&fixture), fixture.store.live_alerts().unwrap().len()), (0, 0), "there is nothing to load");
    assert_eq!(fixture.unsettled().len(), 1);
}

#[test]
fn whatever_an_alert_still_remembers_is_loaded() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let blank = AlertState::default;
    let states = [
        AlertState { absent: 1, ..blank() },
        AlertState { changes: vec![NOON], ..blank() },
        pending(),
        AlertState { switches: vec![Switch { on: true, against: None }], ..blank() },
        firing(),
        eventful(),
    ];
    fixture.fire(host, &[Metric::Cpu], &[]);
    for state in states {
        assert!(!state.is_blank());
        fixture.change(host, vec![(key(Metric::Cpu, Instance::Host), state.clone())], vec![]);
        let watch = fixture.store.watches(&[host]).unwrap().remove(&host).unwrap();
        assert_eq!(watch.alerts.into_values().collect::<Vec<_>>(), [state]);
    }
}

#[test]
fn an_incident_is_all_that_happened_from_the_first_event_to_the_last() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu], &["a@example.org", "b@example.org"]);
    let cpu = key(Metric::Cpu, Instance::Host);
    let severity = Severity::Critical;
    let worse = Event { at: at(60), value: Some(99.0), worst: 99.0, severity, limit: 95.0, ..event(EventKind::Worse) };
    let telling = Telling {
        recipients: recipients(&["c@example.org"]),
        url: Some("https://wiki/cpu".into()),
        text: Some("call".into()),
        ..Telling::default()
    };
    let worse = NewEvent { telling: Some(telling.clone()), ..new_event(cpu.clone(), worse, &[]) };
    // The event had 99; the newest value, of a sample that made no event, is 98.
    let problem = Some(Problem { since: NOON, severity, worst: 99.0, flapping: None });
    let state = AlertState { problem, value: Some(98.0), seen: Some(at(65)), ..AlertState::default() };
    fixture.change(host, vec![(cpu.clone(), state)], vec![worse]);
    let incident = fixture.unsettled().remove(0);
    assert_eq!((incident.host.clone(), &incident.key, incident.opened), (Some(host_name("web1")), &cpu, NOON));
    assert_eq!((incident.severity, incident.limit), (Severity::Critical, 95.0));
    assert_eq!((incident.value, incident.worst, &incident.telling), (Some(98.0), 99.0, &telling));
    assert!(incident.is_open() && !incident.flapping && incident.ack.is_none() && incident.told.is_empty());

    let flapping = |kind, seconds| new_event(cpu.clone(), Event { at: at(seconds), ..event(kind) }, &["c@x"]);
    fixture.change(host, vec![], vec![flapping(EventKind::Flapping, 70)]);
    assert!(fixture.unsettled()[0].flapping);
    fixture.change(host, vec![], vec![flapping(EventKind::Steady, 80)]);
    assert!(!fixture.unsettled()[0].flapping);
    fixture.resolve(host, Metric::Cpu, 90);
    let over = fixture.unsettled().remove(0);
    assert_eq!((over.id, over.ended), (incident.id, Some(End { kind: EventKind::Resolved, at: at(90) })));
    assert_eq!(over.telling.recipients, recipients(&["c@x"]), "a rule that is not there says nothing new");
}

#[test]
fn firing_again_is_another_incident_and_what_happens_in_a_moment_is_over_at_once() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    for round in 0..2 {
        fixture.fire(host, &[Metric::Cpu], &[]);
        fixture.resolve(host, Metric::Cpu, 60 + round);
    }
    let reboot = new_event(key(Metric::Reboot, Instance::Host), event(EventKind::Happened), &["a@x"]);
    fixture.change(host, vec![], vec![reboot]);
    let ends: Vec<_> = fixture.unsettled().into_iter().map(|incident| incident.ended.unwrap()).collect();
    let end = |kind, seconds| End { kind, at: at(seconds) };
    let expected = [end(EventKind::Resolved, 60), end(EventKind::Resolved, 61), end(EventKind::Happened, 0)];
    assert_eq!(ends, expected);
}

#[test]
fn an_event_whose_incident_is_missing_is_told_all_the_same() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu], &["a@x"]);
    fixture.fire(host, &[Metric::Cpu], &["a@x"]);
    assert_eq!(fixture.unsettled().len(), 1, "one that is open goes on");
    let over = Event { at: at(-60), since: at(60), ..event(EventKind::Resolved) };
    fixture.change(host, vec![], vec![new_event(key(Metric::Load, Instance::Host), over, &["a@x"])]);
    let incident = fixture.unsettled().remove(1);
    assert_eq!((incident.opened, incident.ended.map(|end| end.at)), (at(60), Some(at(60))), "never before it began");
}

#[test]
fn news_of_an_incident_that_was_settled_is_owed_again() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Cpu], &["a@x"]);
    let incident = fixture.unsettled()[0].id;
    fixture.store.create_mails(&[], &[(incident, Some(rules::Held::Maintenance))], NOON).unwrap();
    assert_eq!(fixture.unsettled(), []);
    fixture.resolve(host, Metric::Cpu, 60);
    assert_eq!(fixture.unsettled().len(), 1);
}

#[test]
fn what_a_host_was_seen_with_comes_back_and_what_can_not_be_read_is_as_if_never_seen() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let mut familiar = rules::Familiar { boot_id: Some("b1".into()), taken: Some(NOON), ..Default::default() };
    familiar.things.extend([("mount /".to_owned(), 0), ("interface eth0".to_owned(), 1)]);
    let commit = |fixture: &mut Fixture, familiar| {
        let changes = HostChanges { host: Some(host), familiar, ..HostChanges::default() };
        fixture.store.commit_slice(&Slice { hosts: vec![changes], ..Slice::default() }, NOON).unwrap();
        fixture.store.watches(&[host]).unwrap().remove(&host).unwrap().familiar
    };
    assert_eq!(commit(&mut fixture, Some(familiar.clone())), familiar);
    familiar.things.remove("mount /");
    assert_eq!(commit(&mut fixture, Some(familiar.clone())), familiar);
    assert_eq!(commit(&mut fixture, None), familiar, "nothing changed");
    fixture.spoil("PRAGMA foreign_keys = OFF; UPDATE familiar SET things = 'x' || char(9) || 'mount /'");
    assert_eq!(fixture.store.watches(&[host]).unwrap()[&host].familiar, rules::Familiar::default());
}

#[test]
fn what_is_no_number_holds_nothing_up() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let cpu = key(Metric::Cpu, Instance::Host);
    let fired = Event { value: Some(f64::NAN), worst: f64::NAN, ..event(EventKind::Fired) };
    let problem = firing().problem.map(|problem| Problem { worst: f64::NAN, ..problem });
    let state = AlertState { problem, value: Some(f64::NAN), ..firing() };
    fixture.change(host, vec![(cpu.clone(), state)], vec![new_event(cpu, fired, &["a@x"])]);
    let incident = fixture.unsettled().remove(0);
    assert_eq!((incident.value, incident.worst), (None, 90.0));
    assert_eq!(fixture.store.live_alerts().unwrap().len(), 0, "it begins anew");
}
