//! One outage, one mail.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::Held;

/// web1 behind gw, gw behind core; these incidents; these suspects.
fn around(incidents: &[Incident], suspects: &[&str]) -> Around {
    let parents = HashMap::from([("web1", "gw"), ("gw", "core")].map(|(below, above)| (host(below), host(above))));
    let suspects: BTreeSet<HostName> = suspects.iter().map(|name| host(name)).collect();
    Around { outages: Outages::of(incidents, suspects, parents), ..Around::default() }
}

fn of(name: &str, metric: Metric) -> Incident {
    incident(metric).with(|incident| incident.host = Some(host(name)))
}

#[test]
fn a_host_that_cannot_be_visited_holds_its_other_problems_and_not_their_ends() {
    for metric in [Metric::Unreachable, Metric::Login, Metric::HostKey, Metric::Probe] {
        let around = around(&[of("web1", metric)], &[]);
        assert_eq!(around.decide(&of("web1", Metric::Disk), 5).held, Some(Held::HostDown), "{metric}");
        assert_eq!(around.kinds(&of("web1", metric), 5), [NoticeKind::Problem], "{metric}");
        let told = of("web1", Metric::Disk).told("ops", 0, NoticeKind::Problem);
        assert_eq!(around.kinds(&told.over(5), 6), [NoticeKind::Over], "{metric}");
    }
    let over = around(&[of("web1", Metric::Unreachable).over(4)], &[]);
    assert_eq!(over.kinds(&of("web1", Metric::Disk), 5), [NoticeKind::Problem]);
    let other = around(&[of("web2", Metric::Unreachable)], &[]);
    assert_eq!(other.kinds(&of("web1", Metric::Disk), 5), [NoticeKind::Problem]);
}

#[test]
fn whoever_is_above_and_down_or_suspected_holds_all_that_is_below() {
    for (around, above) in [
        (around(&[of("gw", Metric::Unreachable)], &[]), "gw"),
        (around(&[of("core", Metric::Login)], &[]), "core"),
        (around(&[of("gw", Metric::Unreachable), of("core", Metric::Unreachable)], &[]), "core"),
        (around(&[], &["gw"]), "gw"),
        (around(&[of("gw", Metric::Unreachable)], &["core"]), "core"),
    ] {
        for metric in [Metric::Unreachable, Metric::Disk] {
            assert_eq!(around.decide(&of("web1", metric), 5).held, Some(Held::Behind(host(above))), "{metric}");
        }
        assert_eq!(around.kinds(&of("db1", Metric::Unreachable), 5), [NoticeKind::Problem]);
    }
    assert_eq!(around(&[], &["web1"]).kinds(&of("web1", Metric::Unreachable), 5), [NoticeKind::Problem]);
    let mute = around(&[of("gw", Metric::Probe)], &[]);
    assert_eq!(mute.kinds(&of("web1", Metric::Unreachable), 5), [NoticeKind::Problem]);
}

#[test]
fn a_visit_that_failed_only_while_its_parent_was_down_is_never_told() {
    let parent = of("gw", Metric::Unreachable).with(|incident| incident.opened = at(100)).over(200);
    let around = around(&[parent], &[]);
    let child = |from, to| of("web1", Metric::Unreachable).with(|incident| incident.opened = at(from)).over(to);
    for (from, to, is_told) in [(100, 200, false), (95, 205, false), (84, 150, true), (150, 216, true), (10, 20, true)]
    {
        let decision = around.decide(&child(from, to), 300);
        let expected = if is_told { None } else { Some(Held::Behind(host("gw"))) };
        assert_eq!((decision.held, decision.is_settled), (expected, !is_told), "{from} to {to}");
    }
    let disk = of("web1", Metric::Disk).with(|incident| incident.opened = at(110)).over(120);
    assert_eq!(around.kinds(&disk, 300), [NoticeKind::Missed], "what was measured was measured");
}

#[test]
fn circles_and_long_chains_of_parents_come_to_an_end() {
    let name = |number: usize| host(&format!("h{number}"));
    let mut parents: HashMap<HostName, HostName> = (0..5000).map(|number| (name(number), name(number + 1))).collect();
    parents.insert(name(5000), name(4000));
    let down = |number: usize| incident(Metric::Unreachable).with(|incident| incident.host = Some(name(number)));
    let all: Vec<Incident> = [0, 4000, 4500, 5000].map(down).into();
    let around = Around { outages: Outages::of(&all, BTreeSet::new(), parents), ..Around::default() };
    assert_eq!(around.decide(&all[0], 5).held, Some(Held::Behind(name(5000))));
    all[1..].iter().for_each(|incident| assert_eq!(around.kinds(incident, 5), [NoticeKind::Problem]));
    let itself = HashMap::from([(name(1), name(1))]);
    let around = Around { outages: Outages::of(&all, BTreeSet::from([name(1)]), itself), ..Around::default() };
    assert_eq!(around.kinds(&down(1), 5), [NoticeKind::Problem]);
}
