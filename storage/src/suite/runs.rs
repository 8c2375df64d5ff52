//! Runs as they are told to people.

use sample::OutcomeKind;

use super::*;
use crate::{RunEnd, RunState};

#[test]
fn runs_come_newest_first_with_what_became_of_their_hosts() {
    let mut fixture = Fixture::new();
    let hosts = ["a", "b", "c", "d"].map(|name| fixture.host(name));
    let killed = fixture.run();
    fixture.store.record_visits(killed, &[visit(hosts[0], OutcomeKind::Ok)]).unwrap();
    let interrupted = fixture.run();
    let kinds = [OutcomeKind::Ok, OutcomeKind::AuthFailed, OutcomeKind::AuthFailed, OutcomeKind::Cancelled];
    let visits = [0, 1, 2, 3].map(|index| visit(hosts[index], kinds[index]));
    fixture.store.record_visits(interrupted, &visits).unwrap();
    fixture.store.finish_run(interrupted, at(90), RunEnd::Cancelled).unwrap();
    let empty = fixture.run();

    let runs = fixture.store.runs(10).unwrap();
    let shown = runs.iter().map(|run| (run.id, run.state, run.finished, run.hosts())).collect::<Vec<_>>();
    let expected = [
        (empty, RunState::Running, None, 0),
        (interrupted, RunState::Cancelled, Some(at(90)), 4),
        (killed, RunState::Aborted, None, 1),
    ];
    assert_eq!(shown, expected);
    assert_eq!((runs[1].started, runs[1].took()), (NOON, Some(Duration::from_secs(90))));
    assert_eq!((runs[1].count(OutcomeKind::Ok), runs[1].count(OutcomeKind::Cancelled)), (1, 1));
    assert_eq!(runs[1].failures().collect::<Vec<_>>(), [(OutcomeKind::AuthFailed, 2)]);
    assert_eq!(fixture.store.runs(1).unwrap(), runs[..1]);
}

#[test]
fn a_clock_that_was_set_back_in_a_run_makes_no_negative_duration() {
    let mut fixture = Fixture::new();
    let run = fixture.run();
    fixture.store.finish_run(run, at(-3600), RunEnd::Done).unwrap();
    let told = fixture.store.runs(1).unwrap().remove(0);
    assert_eq!((told.finished, told.took()), (Some(at(-3600)), None));
}
