//! Which rule watches what.

use super::*;

#[test]
fn each_thing_is_an_alert_of_its_own() {
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    assert_eq!(host.disks(0, &[("/", 95), ("/var", 50), ("/srv", 91)]), ["disk of / fired", "disk of /srv fired"]);
    assert_eq!(host.disks(5, &[("/", 10), ("/var", 95), ("/srv", 91)]), ["disk of / resolved", "disk of /var fired"]);
}

#[test]
fn the_most_specific_rule_watches_a_thing_and_no_other() {
    let rules = [("", 10.0), ("/srv/*", 20.0), ("/srv/data*", 30.0), ("/srv/data1", 40.0)];
    let mut rules: Vec<Rule> = rules.map(|(selector, limit)| disk(selector, Some(limit))).to_vec();
    for _ in 0..rules.len() {
        rules.rotate_left(1);
        let mut host = Host::with(rules.clone());
        let all = |used| [("/srv/data1", used), ("/srv/data2", used), ("/srv/x", used), ("/var", used)];
        assert_eq!(host.disks(0, &all(10)), ["disk of /var fired"]);
        assert_eq!(host.disks(5, &all(20)), ["disk mount=/srv/* of /srv/x fired"]);
        assert_eq!(host.disks(10, &all(30)), ["disk mount=/srv/data* of /srv/data2 fired"]);
        assert_eq!(host.disks(15, &all(40)), ["disk mount=/srv/data1 of /srv/data1 fired"]);
    }
}

#[test]
fn whoever_asks_is_told_the_rules_that_watch_a_thing_also_those_that_are_off() {
    let mut second = disk("/srv/*", None);
    second.key.ordinal = 1;
    let all = [disk("", Some(10.0)), disk("/srv/*", Some(20.0)), disk("/srv/data*", Some(30.0)), second];
    let rules: Vec<&Rule> = all.iter().collect();
    let watch = |metric, name: &str| {
        let found = watching(&rules, metric, &Instance::Named(name.to_owned()));
        found.iter().map(|rule| format!("{} {}", rule.key.selector.as_str(), rule.key.ordinal)).collect::<Vec<_>>()
    };
    assert_eq!(watch(Metric::Disk, "/srv/data1"), ["/srv/data* 0"]);
    assert_eq!(watch(Metric::Disk, "/srv/x"), ["/srv/* 0", "/srv/* 1"]);
    assert_eq!(watch(Metric::Disk, "/"), [" 0"]);
    assert_eq!(watch(Metric::Inodes, "/"), nothing());
}

#[test]
fn a_rule_that_is_off_switches_the_thing_off() {
    let mut host = Host::with(vec![disk("", Some(90.0)), disk("/mnt/*", None), disk("/mnt/a", Some(95.0))]);
    let told = host.disks(0, &[("/", 99), ("/mnt/a", 99), ("/mnt/b", 99)]);
    assert_eq!(told, ["disk of / fired", "disk mount=/mnt/a of /mnt/a fired"]);
}

#[test]
fn rules_of_the_same_selector_all_watch() {
    let mut second = disk("/var", Some(95.0));
    second.key.ordinal = 1;
    let mut host = Host::with(vec![second, disk("/var", Some(90.0)), disk("", Some(10.0))]);
    let told = ["disk mount=/var of /var fired", "disk mount=/var of /var fired"];
    assert_eq!(host.disks(0, &[("/var", 96)]), told);
    let ordinals: Vec<u32> = host.watch.alerts.keys().map(|key| key.rule.ordinal).collect();
    assert_eq!(ordinals, [0, 1]);
}

#[test]
fn a_problem_of_a_rule_that_watches_it_no_more_is_withdrawn() {
    for specific in [disk("/var", Some(98.0)), disk("/var", None)] {
        let mut host = Host::with(vec![disk("", Some(90.0))]);
        host.disks(0, &[("/var", 95), ("/", 95)]);
        host.rules.push(specific);
        assert_eq!(host.disks(5, &[("/var", 95), ("/", 95)]), ["disk of /var withdrawn"]);
        assert_eq!(host.disks(10, &[("/var", 95), ("/", 95)]), nothing());
    }
    let mut host = Host::with(vec![disk("", Some(90.0))]);
    host.disks(0, &[("/var", 95)]);
    host.rules = vec![disk("", None)];
    assert_eq!(host.disks(5, &[("/var", 95)]), ["disk of /var withdrawn"]);
    assert_eq!(host.watch.alerts.len(), 0);
}

#[test]
fn an_alert_of_a_rule_that_is_not_there_is_left_alone() {
    let mut host = Host::with(vec![disk("/var", Some(90.0))]);
    host.disks(0, &[("/var", 95)]);
    host.rules = vec![disk("", Some(98.0))];
    assert_eq!(host.disks(5, &[("/var", 95)]), nothing());
    assert_eq!(host.watch.alerts.len(), 1);
}

#[test]
fn a_name_that_hides_characters_is_matched_as_it_is_shown() {
    let mut host = Host::with(vec![disk("/a\u{200b}b", None), disk("", Some(90.0))]);
    assert_eq!(host.disks(0, &[("/a\u{200b}b", 99), ("/ab", 99)]), ["disk of /ab fired"]);
}
