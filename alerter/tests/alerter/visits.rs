//! Hosts that can't be visited, and the hosts behind them.

use sample::OutcomeKind;

use crate::fleet::Seen;
use crate::office::{HOUR, Office, disk, down, host, used, web1};

const NOBODY: [&str; 0] = [];

#[test]
fn a_host_is_told_to_be_unreachable_after_the_second_miss_and_once_that_it_is_back_with_how_long() {
    let office = Office::new(&web1());
    assert_eq!(office.see(0, &[("web1", used(10))]), NOBODY);
    assert_eq!(office.see(5, &[("web1", down())]), NOBODY, "one miss is no news");
    assert_eq!(office.see(10, &[("web1", down())]), ["[CRIT] web1: host is unreachable"]);
    assert_eq!(office.see(15, &[("web1", down())]), NOBODY);
    office.fleet.visit(20, &[("web1", used(10))]);
    let mails = office.run(20);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "[OK] web1: host is reachable again");
    assert!(mails[0].text.contains("(15 min)"), "{}", mails[0].text);
    assert_eq!(office.see(25, &[("web1", used(10))]), NOBODY);
    assert_eq!((office.unsettled(), office.told(30)), (0, vec![]));
}

#[test]
fn a_single_miss_is_never_told() {
    let office = Office::new(&web1());
    for round in 0..20 {
        let seen = if round % 2 == 0 { down() } else { used(10) };
        assert_eq!(office.see(round * 5, &[("web1", seen)]), NOBODY, "{round}");
    }
    assert_eq!(office.incidents(), []);
}

#[test]
fn a_refused_login_another_key_and_a_useless_answer_are_told_apart() {
    let told = |kind: OutcomeKind| {
        let office = Office::new(&web1());
        let mut told = office.see(0, &[("web1", Seen::Failed(kind))]);
        told.extend(office.see(5, &[("web1", Seen::Failed(kind))]));
        told.extend(office.see(10, &[("web1", used(10))]));
        told.join(" | ")
    };
    let login = told(OutcomeKind::AuthFailed);
    assert!(login.starts_with("[CRIT] web1: ") && login.contains("login"), "{login}");
    let key = told(OutcomeKind::HostKeyChanged);
    assert!(key.starts_with("[CRIT] web1: ") && key.contains("key"), "{key}");
    let probe = told(OutcomeKind::ProbeFailed);
    assert!(probe.starts_with("[WARN] web1: ") && probe.contains("probe"), "{probe}");
    for said in [login, key, probe] {
        assert!(said.contains(" | [OK] web1: ") && !said.contains("unreachable"), "{said}");
        assert_eq!(said.matches('[').count(), 2, "{said}");
    }
}

#[test]
fn a_host_key_that_changed_is_told_at_the_first_visit() {
    let office = Office::new(&web1());
    let changed = Seen::Failed(OutcomeKind::HostKeyChanged);
    assert_eq!(office.see(0, &[("web1", changed)]).len(), 1);
}

#[test]
fn a_host_that_is_reached_again_and_refuses_the_login_is_back_and_refuses_the_login() {
    let office = Office::new(&web1());
    office.see(0, &[("web1", down())]);
    office.see(5, &[("web1", down())]);
    let refused = || [("web1", Seen::Failed(OutcomeKind::AuthFailed))];
    assert_eq!(office.see(10, &refused()), ["[OK] web1: host is reachable again"]);
    let told = office.see(15, &refused());
    assert!(told.len() == 1 && told[0].starts_with("[CRIT] web1: "), "{told:?}");
}

#[test]
fn while_a_host_is_down_its_other_problems_are_not_repeated_and_afterwards_they_are() {
    let office = Office::with(r#"repeat-critical="1h""#, &web1());
    assert_eq!(office.see(0, &[("web1", disk(97))]), ["[CRIT] web1: disk / 97% (limit 95%)"]);
    office.see(5, &[("web1", down())]);
    assert_eq!(office.see(10, &[("web1", down())]), ["[CRIT] web1: host is unreachable"]);
    for hour in 1..4 {
        let told = office.see(10 + hour * HOUR, &[("web1", down())]);
        assert_eq!(told, ["[CRIT] (still) web1: host is unreachable"], "after {hour} h");
    }
    let told = office.see(15 + 3 * HOUR, &[("web1", disk(97))]);
    assert_eq!(told, ["[1 CRIT, 1 OK] web1"], "the disk is due, and the host is back");
    assert_eq!(office.see(20 + 3 * HOUR, &[("web1", disk(97))]), NOBODY);
    assert_eq!(office.see(25 + 3 * HOUR, &[("web1", disk(10))]), ["[OK] web1: disk / back at 10% (limit 95%)"]);
}

fn behind() -> Office {
    Office::new(&gate_and_db1("", r#"parent="gate""#))
}

fn gate_and_db1(gate: &str, db1: &str) -> String {
    format!("{}{}", host("gate", gate, "ops@example.org", ""), host("db1", db1, "ops@example.org", ""))
}

#[test]
fn behind_a_host_that_is_down_nobody_is_told_of_the_hosts_it_leads_to() {
    let office = behind();
    office.see(0, &[("gate", used(1)), ("db1", used(1))]);
    office.see(5, &[("gate", down()), ("db1", down())]);
    let told = office.see(10, &[("gate", down()), ("db1", down())]);
    assert_eq!(told, ["[CRIT] gate: host is unreachable"]);
    assert_eq!(office.see(15, &[("gate", down()), ("db1", down())]), NOBODY);
    let told = office.see(20, &[("gate", used(1)), ("db1", down())]);
    assert_eq!(told, ["[1 CRIT, 1 OK] db1, gate"], "still down though the gate is back");
    assert_eq!(office.see(25, &[("gate", used(1)), ("db1", used(1))]), ["[OK] db1: host is reachable again"]);
    assert_eq!((office.told(30), office.unsettled()), (vec![], 0));
}

#[test]
fn a_host_that_was_down_with_its_gate_and_is_back_with_it_is_never_told() {
    let office = behind();
    office.see(0, &[("gate", down()), ("db1", down())]);
    assert_eq!(office.see(5, &[("gate", down()), ("db1", down())]), ["[CRIT] gate: host is unreachable"]);
    let told = office.see(10, &[("gate", used(1)), ("db1", used(1))]);
    assert_eq!(told, ["[OK] gate: host is reachable again"]);
    assert_eq!((office.told(15), office.unsettled()), (vec![], 0));
    assert_eq!(office.incidents().len(), 2, "the database knows of both");
}

#[test]
fn a_host_is_not_told_while_its_gate_is_suspected() {
    let office = behind();
    office.see(0, &[("gate", used(1)), ("db1", down())]);
    assert_eq!(office.see(5, &[("gate", down()), ("db1", down())]), NOBODY);
    assert_eq!(office.see(10, &[("gate", down()), ("db1", down())]), ["[CRIT] gate: host is unreachable"]);
}

#[test]
fn a_jump_host_is_a_gate_unless_another_one_is_named() {
    let told = |db1: &str| {
        let office = Office::new(&gate_and_db1("", db1));
        office.see(0, &[("gate", down()), ("db1", down())]);
        office.see(5, &[("gate", down()), ("db1", down())])
    };
    assert_eq!(told(r#"jump="gate""#), ["[CRIT] gate: host is unreachable"]);
    assert_eq!(told(r#"jump="gate" parent="none""#), ["[INITIAL 2 CRIT] db1, gate"]);
}

#[test]
fn a_gate_that_gives_no_measurements_lets_through_what_is_told_of_the_hosts_behind_it() {
    let office = behind();
    let mute = || ("gate", Seen::Failed(OutcomeKind::ShellUnusable));
    office.see(0, &[("gate", used(1)), ("db1", down())]);
    assert_eq!(office.see(5, &[mute(), ("db1", down())]), ["[CRIT] db1: host is unreachable"]);
    assert_eq!(office.see(10, &[mute(), ("db1", down())]).len(), 1, "the gate's probe");
}

#[test]
fn a_gate_that_is_not_visited_any_more_is_not_suspected_for_ever() {
    let unwatched = host("gate", "", "ops@example.org", r#"<alert type="unreachable" off="yes"/>"#);
    let db1 = host("db1", r#"parent="gate""#, "ops@example.org", "");
    for after in [gate_and_db1(r#"enabled="no""#, r#"parent="gate""#), format!("{unwatched}{db1}")] {
        let office = behind();
        assert_eq!(office.see(0, &[("gate", down()), ("db1", used(1))]), NOBODY);
        office.configure(&after);
        office.see(5, &[("db1", down())]);
        assert_eq!(office.see(10, &[("db1", down())]), ["[CRIT] db1: host is unreachable"], "{after}");
    }
}

#[test]
fn a_dry_run_knows_of_a_gate_that_came_to_be_suspected_just_now() {
    let office = behind();
    office.see(0, &[("gate", used(1)), ("db1", down())]);
    office.fleet.visit(5, &[("gate", down()), ("db1", down())]);
    assert_eq!((office.forecast(5), office.told(5)), (vec![], vec![]));
    office.fleet.visit(10, &[("gate", used(1)), ("db1", down())]);
    let said = office.forecast(10);
    assert_eq!(said, ["ops@example.org: [CRIT] db1: host is unreachable"]);
    assert_eq!(office.told(10).len(), 1);
}
