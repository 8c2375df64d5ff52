//! One mail for each recipient.

use std::collections::BTreeMap;

use super::super::{Mailbox, Round, Why, round};
use super::*;

/// Incidents with these numbers, hosts, severities, of which ops is owed that.
fn owed(all: &[(i64, &str, Severity, NoticeKind)]) -> (Vec<Incident>, Vec<Decision>) {
    let pair = |(id, name, severity, kind): &(i64, &str, Severity, NoticeKind)| {
        let incident = incident(Metric::Disk).with(|incident| {
            (incident.id, incident.host, incident.severity) = (*id, Some(host(name)), *severity);
        });
        (incident, Decision { notices: vec![(who("ops"), *kind)], ..Decision::default() })
    };
    all.iter().map(pair).unzip()
}

fn send(all: &[(i64, &str, Severity, NoticeKind)], mailbox: Mailbox, cap: u32) -> Round {
    let (incidents, decisions) = owed(all);
    round(&incidents, &decisions, &BTreeMap::from([(who("ops"), mailbox)]), cap)
}

fn mailbox(waiting: &[(i64, NoticeKind, Severity)]) -> Mailbox {
    Mailbox { waiting: waiting.iter().copied().collect(), ..Mailbox::default() }
}

const TWO: [(i64, &str, Severity, NoticeKind); 2] =
    [(1, "a", Severity::Warning, NoticeKind::Problem), (2, "b", Severity::Critical, NoticeKind::Problem)];

#[test]
fn problems_come_first_by_severity_and_host_then_what_is_over_then_what_was_missed() {
    let all = [
        (1, "z", Severity::Critical, NoticeKind::Missed),
        (2, "b", Severity::Critical, NoticeKind::Over),
        (3, "c", Severity::Warning, NoticeKind::Worse),
        (4, "d", Severity::Critical, NoticeKind::Problem),
        (5, "a", Severity::Info, NoticeKind::Happened),
        (6, "c", Severity::Critical, NoticeKind::Reminder),
        (7, "b", Severity::Warning, NoticeKind::Flapping),
    ];
    let ids: Vec<i64> = send(&all, Mailbox::default(), 20).posts[0].notices.iter().map(|(at, _)| all[*at].0).collect();
    assert_eq!(ids, [6, 4, 7, 3, 5, 2, 1]);
}

#[test]
fn a_mail_that_waits_and_says_all_of_it_stays_and_any_other_is_replaced() {
    let [one, two] = TWO.map(|(id, _, severity, kind)| (id, kind, severity));
    let reminder = (3, NoticeKind::Reminder, Severity::Critical);
    for stays in [vec![one, two], vec![one, two, reminder]] {
        assert_eq!(send(&TWO, mailbox(&stays), 20).posts, [], "{stays:?}");
    }
    let lesser = (2, NoticeKind::Problem, Severity::Warning);
    for goes in [vec![one], vec![one, lesser], vec![one, (2, NoticeKind::Worse, Severity::Critical)]] {
        let posts = send(&TWO, mailbox(&goes), 20).posts;
        assert_eq!((posts.len(), posts[0].replaces, posts[0].notices.len()), (1, true, 2), "{goes:?}");
    }
    assert!(!send(&TWO, Mailbox::default(), 20).posts[0].replaces);
}

#[test]
fn an_hour_has_so_many_mails_and_the_last_one_says_so() {
    let sent = |of_the_last_hour, cap| {
        let round = send(&TWO, Mailbox { of_the_last_hour, ..Mailbox::default() }, cap);
        (round.posts.first().map(|post| post.is_last_of_the_hour), round.capped)
    };
    assert_eq!(sent(0, 2), (Some(false), vec![]));
    assert_eq!(sent(1, 2), (Some(true), vec![]));
    assert_eq!(sent(2, 2), (None, vec![who("ops")]));
    assert_eq!(sent(u32::MAX, 2), (None, vec![who("ops")]));
}

#[test]
fn only_several_problems_for_somebody_new_are_an_initial_state() {
    let is_initial =
        |all: &[_], knows_us| send(all, Mailbox { knows_us, ..Mailbox::default() }, 20).posts[0].is_initial;
    let past = [(1, "a", Severity::Warning, NoticeKind::Missed), (2, "b", Severity::Info, NoticeKind::Happened)];
    assert!(is_initial(&TWO, false));
    assert!(!is_initial(&TWO, true) && !is_initial(&TWO[..1], false) && !is_initial(&past, false));
    let (incidents, decisions) = owed(&TWO);
    assert!(round(&incidents, &decisions, &BTreeMap::new(), 20).posts[0].is_initial);
}

#[test]
fn an_incident_of_which_a_mail_waits_for_anybody_is_not_settled() {
    let incidents = [incident(Metric::Disk)];
    let decisions = [Decision { is_settled: true, ..Decision::default() }];
    let settled = |mailboxes: &BTreeMap<_, _>| round(&incidents, &decisions, mailboxes, 20).settled;
    assert_eq!(settled(&BTreeMap::new()), [(0, None)]);
    let waits = |id| BTreeMap::from([(who("old"), mailbox(&[(id, NoticeKind::Problem, Severity::Warning)]))]);
    assert_eq!(settled(&waits(1)), []);
    assert_eq!(settled(&waits(2)), [(0, None)]);
}

#[test]
fn a_post_says_why_each_is_told_just_now() {
    let (incidents, mut decisions) = owed(&TWO);
    decisions[1].why.insert(who("ops"), Why::SilenceEnded(4));
    decisions[0].why.insert(who("ann"), Why::Repeat);
    let post = &round(&incidents, &decisions, &BTreeMap::new(), 20).posts[0];
    assert_eq!(post.why, BTreeMap::from([(1, Why::SilenceEnded(4))]));
}
