//! What people ask and say about incidents.

use rules::{Ack, Run};

use super::*;
use crate::IncidentFilter;

/// Two hosts: of the first one an incident is over after a minute and one is open; the second has an open one.
fn with_incidents() -> Fixture {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    fixture.fire(web1, &[Metric::Cpu, Metric::Load], &["a@x"]);
    fixture.fire(db1, &[Metric::Cpu], &["a@x"]);
    fixture.resolve(web1, Metric::Cpu, 60);
    fixture
}

fn shown(fixture: &Fixture, filter: &IncidentFilter) -> Vec<String> {
    let line = |incident: Incident| {
        let end = if incident.is_open() { "open" } else { "over" };
        format!("{} {} {end}", incident.host.unwrap(), incident.key.rule.metric)
    };
    fixture.store.incidents(filter).unwrap().into_iter().map(line).collect()
}

#[test]
fn incidents_are_shown_the_newest_first_and_only_those_that_were_asked_for() {
    let fixture = with_incidents();
    let all = ["db1 cpu open", "web1 load open", "web1 cpu over"];
    let any = IncidentFilter::default();
    assert_eq!(shown(&fixture, &any), all);
    assert_eq!(shown(&fixture, &IncidentFilter { open: true, ..any.clone() }), all[..2]);
    assert_eq!(shown(&fixture, &IncidentFilter { limit: Some(1), ..any.clone() }), all[..1]);
    assert_eq!(shown(&fixture, &IncidentFilter { host: Some("web*".into()), ..any.clone() }), all[1..]);
    let host = Some("web?".to_owned());
    assert_eq!(shown(&fixture, &IncidentFilter { host, limit: Some(1), ..any.clone() }), all[1..2]);
    assert_eq!(shown(&fixture, &IncidentFilter { since: Some(NOON), ..any.clone() }), all);
    assert_eq!(shown(&fixture, &IncidentFilter { since: Some(at(60)), ..any.clone() }), all[2..], "it ended then");
    let first = fixture.unsettled()[0].id;
    assert_eq!(shown(&fixture, &IncidentFilter { id: Some(first), ..any.clone() }), all[2..]);
    assert_eq!(shown(&fixture, &IncidentFilter { id: Some(first), open: true, ..any.clone() }), [""; 0]);
    assert_eq!(shown(&fixture, &IncidentFilter { id: Some(99), ..any }), [""; 0]);
}

#[test]
fn an_open_incident_is_acknowledged_and_one_that_is_over_is_not() {
    let mut fixture = with_incidents();
    let [over, open, _] = &fixture.unsettled()[..] else { panic!("three") };
    let (until, comment) = (Some(at(600)), "on my way\u{7}");
    assert!(!fixture.store.acknowledge(over.id, "ann", comment, until, at(90)).unwrap());
    assert!(!fixture.store.acknowledge(99, "ann", comment, until, at(90)).unwrap());
    assert!(fixture.store.acknowledge(open.id, "ann", comment, until, at(90)).unwrap());
    let ack = Ack { at: at(90), until, by: "ann".into(), comment: sample::plain(comment).into_owned() };
    assert_eq!(fixture.unsettled()[1].ack.as_ref(), Some(&ack));
    assert!(fixture.store.acknowledge(open.id, "bob", "", None, at(95)).unwrap());
    let ack = Ack { at: at(95), until: None, by: "bob".into(), comment: String::new() };
    assert_eq!(fixture.unsettled()[1].ack.as_ref(), Some(&ack));
    assert!(fixture.store.unacknowledge(open.id).unwrap());
    assert_eq!(fixture.unsettled()[1].ack, None);
    assert!(!fixture.store.unacknowledge(open.id).unwrap());
}

#[test]
fn a_host_is_suspected_as_long_as_an_alert_about_reaching_it_is_pending() {
    let mut fixture = Fixture::new();
    let hosts = ["web1", "db1", "app1"].map(|name| fixture.host(name));
    let against = Some(Run { since: NOON, lasting: Duration::ZERO, times: 1, worst: 97.5 });
    let pending = AlertState { switches: vec![Switch { on: false, against }], ..AlertState::default() };
    let change = |fixture: &mut Fixture, host, metric, state: &AlertState| {
        fixture.change(host, vec![(key(metric, Instance::Host), state.clone())], vec![]);
    };
    change(&mut fixture, hosts[0], Metric::Unreachable, &pending);
    change(&mut fixture, hosts[0], Metric::Login, &pending);
    change(&mut fixture, hosts[1], Metric::HostKey, &pending);
    change(&mut fixture, hosts[2], Metric::Probe, &pending);
    change(&mut fixture, hosts[2], Metric::Cpu, &pending);
    assert_eq!(fixture.store.suspects().unwrap(), [host_name("db1"), host_name("web1")]);
    change(&mut fixture, hosts[1], Metric::HostKey, &AlertState::default());
    fixture.fire(hosts[0], &[Metric::Unreachable, Metric::Login], &[]);
    assert_eq!(fixture.store.suspects().unwrap(), []);
}
