//! A host may get another name, and keeps everything else.

use sample::{Metric, OutcomeKind};

use super::*;
use crate::{RenameOutcome, SpoolProgress};

fn pair(former: &str, new: &str) -> (HostName, HostName) {
    (host_name(former), host_name(new))
}

#[test]
fn a_host_keeps_history_alerts_and_spools_under_its_new_name() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("old"));
    let spools = vec![SpoolProgress { spool: spool(1), through: Some(2), dropped: 0 }];
    let work_dir = WorkDir::At("/opt/fleet".into());
    fixture.store.record_visits(run, &[Visit { spools, work_dir, ..visit_with(host, &[1, 2]) }]).unwrap();
    fixture.fire(host, &[Metric::Cpu], &["ops@example.org"]);
    let mut before = fixture.store.host_records(&[host_name("old")], NOON).unwrap().remove(0);
    let mut status = fixture.store.status().unwrap();

    assert_eq!(fixture.store.rename_hosts(&[pair("old", "new")]).unwrap(), [RenameOutcome::Renamed]);
    before.name = host_name("new");
    status[0].name = host_name("new");
    assert_eq!(fixture.store.host_records(&[host_name("new")], NOON).unwrap(), [before]);
    assert_eq!(fixture.store.status().unwrap(), status, "one host, with its sample and its alert");
    let owed = fixture.unsettled().into_iter().map(|incident| incident.host).collect::<Vec<_>>();
    assert_eq!(owed, [Some(host_name("new"))]);
    assert_eq!(fixture.store.watches(&[host]).unwrap()[&host].alerts.len(), 1);
}

#[test]
fn two_histories_are_never_mixed() {
    let mut fixture = Fixture::new();
    let (old, new) = (fixture.host("old"), fixture.host("new"));
    let run = fixture.run();
    fixture.store.record_visits(run, &[visit_with(old, &[1]), visit(new, OutcomeKind::AuthFailed)]).unwrap();
    let before = fixture.store.status().unwrap();
    assert_eq!(fixture.store.rename_hosts(&[pair("old", "new")]).unwrap(), [RenameOutcome::BothOnFile]);
    assert_eq!(fixture.store.status().unwrap(), before);
}

#[test]
fn a_name_that_is_not_on_file_changes_nothing_and_asking_again_neither() {
    let mut fixture = Fixture::new();
    let host = fixture.host("old");
    let names = [pair("other", "web1"), pair("old", "new")];
    let first = fixture.store.rename_hosts(&names).unwrap();
    assert_eq!(first, [RenameOutcome::NotOnFile, RenameOutcome::Renamed]);
    assert_eq!(fixture.store.rename_hosts(&names).unwrap(), [RenameOutcome::NotOnFile; 2]);
    assert_eq!(fixture.store.host_records(&[host_name("new")], NOON).unwrap()[0].id, host);
    assert_eq!(fixture.store.status().unwrap().len(), 1);
}

#[test]
fn names_that_follow_each_other_move_up_in_the_order_given() {
    let mut fixture = Fixture::new();
    let (a, b) = (fixture.host("a"), fixture.host("b"));
    let renamed = fixture.store.rename_hosts(&[pair("b", "c"), pair("a", "b")]).unwrap();
    assert_eq!(renamed, [RenameOutcome::Renamed; 2]);
    let records = fixture.store.host_records(&[host_name("b"), host_name("c")], NOON).unwrap();
    assert_eq!([records[0].id, records[1].id], [a, b]);
}

#[test]
fn a_look_at_a_host_by_its_new_name_finds_the_former_one_and_does_not_keep_it_from_being_renamed() {
    let mut fixture = Fixture::new();
    let host = fixture.host("old");
    let (old, new) = (host_name("old"), host_name("new"));
    assert_eq!(fixture.store.known_host(&[&new]).unwrap(), None);
    assert_eq!(fixture.store.known_host(&[&new, &old]).unwrap().map(|record| record.id), Some(host));
    assert_eq!(fixture.store.rename_hosts(&[(old, new.clone())]).unwrap(), [RenameOutcome::Renamed]);
    assert_eq!(fixture.store.known_host(&[&new]).unwrap().map(|record| record.id), Some(host));
}
