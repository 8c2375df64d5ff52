//! What is shown of a host is the latest that is known.

use sample::OutcomeKind;

use super::*;
use crate::{HostStatus, Part};

fn status(fixture: &Fixture) -> HostStatus {
    fixture.store.status().unwrap().remove(0)
}

#[test]
fn a_host_that_was_never_visited_has_nothing_to_show() {
    let mut fixture = Fixture::new();
    fixture.host("web1");
    fixture.host("db1");
    let names = fixture.store.status().unwrap().into_iter().map(|status| status.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names, ["db1", "web1"]);
    let status = status(&fixture);
    assert_eq!((status.outcome, status.last_ok, status.sample, status.firing), (None, None, None, vec![]));
}

#[test]
fn the_outcome_is_of_the_latest_visit_that_was_not_cancelled() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    for (kind, seconds) in [(OutcomeKind::Ok, 0), (OutcomeKind::AuthFailed, 300), (OutcomeKind::Cancelled, 600)] {
        let run = fixture.run();
        let outcome = outcome(kind, at(seconds));
        fixture.store.record_visits(run, &[Visit { outcome, ..visit(host, kind) }]).unwrap();
    }
    let status = status(&fixture);
    assert_eq!(status.outcome, Some(outcome(OutcomeKind::AuthFailed, at(300))));
    assert_eq!(status.last_ok, Some(NOON));
}

#[test]
fn the_sample_is_the_one_taken_last_whenever_it_came_home() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let samples = vec![received(2, at(120), every_reading()), received(1, at(60), Readings::default())];
    let facts = Facts {
        hostname: Some("web1.example.org".into()),
        os: Some("Debian 12".into()),
        kernel: Some("6.1.0".into()),
        architecture: Some("x86_64".into()),
        cpu_model: Some("EPYC".into()),
        virtualization: Some("kvm".into()),
    };
    let facts_and_version = Some((facts.clone(), "0.1.0".to_owned()));
    fixture
        .store
        .record_visits(run, &[Visit { samples, facts: facts_and_version, ..visit(host, OutcomeKind::Ok) }])
        .unwrap();
    let status = status(&fixture);
    let sample = status.sample.unwrap();
    assert_eq!((sample.taken, sample.readings), (at(120), every_reading()));
    assert_eq!((status.facts, status.probe_version.as_deref()), (facts, Some("0.1.0")));
}

#[test]
fn only_alerts_that_fire_are_shown() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    fixture.fire(host, &[Metric::Memory, Metric::Cpu], &[]);
    fixture.resolve(host, Metric::Memory, 60);
    let firing = status(&fixture).firing;
    assert_eq!((firing.len(), &firing[0].key, firing[0].worst), (1, &key(Metric::Cpu, Instance::Host), 97.5));
}

#[test]
fn a_value_this_version_does_not_know_hides_nothing_else() {
    let mut fixture = Fixture::new();
    let (web1, db1) = (fixture.host("web1"), fixture.host("db1"));
    fixture.host("bad");
    fixture.fire(web1, &[Metric::Cpu, Metric::Memory], &[]);
    let run = fixture.run();
    let samples = vec![received(1, at(0), every_reading())];
    let visits = [Visit { samples, ..visit(web1, OutcomeKind::Ok) }, visit(db1, OutcomeKind::Ok)];
    fixture.store.record_visits(run, &visits).unwrap();
    fixture.spoil("UPDATE alert SET metric = 'warmth' WHERE metric = 'cpu'");
    fixture.spoil("UPDATE sample SET uptime_seconds = -1");
    fixture.spoil("UPDATE outcome SET duration_ms = -1 WHERE host_id = (SELECT id FROM host WHERE name = 'db1')");
    fixture.spoil("UPDATE host SET name = 'b a d' WHERE name = 'bad'");

    let [db1, web1] = &fixture.store.status().unwrap()[..] else { panic!("two hosts") };
    assert_eq!((db1.name.as_str(), &db1.outcome, db1.last_ok), ("db1", &None, Some(NOON)));
    assert_eq!(db1.unreadable, [Part::Outcome]);
    assert_eq!((web1.outcome.is_some(), &web1.sample), (true, &None));
    assert_eq!(web1.firing.iter().map(|alert| alert.key.rule.metric).collect::<Vec<_>>(), [Metric::Memory]);
    assert_eq!(web1.unreadable, [Part::Sample, Part::Alert]);
}
