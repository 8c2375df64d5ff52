//! How people are told: `<alerter>`, `<notifier>`, `<maintenance>` and `parent`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Config, Notifier};
use rules::{Recipient, Severity, Zone};

use super::{folder, mistakes, parse};

fn valid() -> Config {
    parse(&std::fs::read(folder("testdata/valid/alerts.xml")).unwrap()).unwrap()
}

/// A configuration with a usual login.
fn config(elements: &str) -> Config {
    parse(text(elements).as_bytes()).unwrap()
}

fn text(elements: &str) -> String {
    format!("<config><defaults username='m' identity-file='id'/>{elements}</config>")
}

fn told(elements: &str) -> String {
    mistakes(text(elements).as_bytes(), 0o600)
}

fn mails(recipients: &[Recipient]) -> Vec<&str> {
    recipients.iter().map(Recipient::as_str).collect()
}

fn warnings(config: &Config) -> Vec<&str> {
    config.warnings.iter().map(|it| it.message.as_str()).collect()
}

#[test]
fn every_setting_of_the_alerter_arrives() {
    let config = valid();
    let alerter = &config.alerter;
    assert_eq!(mails(&alerter.mail), ["fleet@example.org", "exec:chat"]);
    assert_eq!((alerter.timezone, config.zone()), ("Europe/Berlin".parse().ok(), "Europe/Berlin".parse().unwrap()));
    assert_eq!((alerter.late_after, alerter.mails_per_hour), (Some(Duration::from_secs(1800)), 7));
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    let repeats = alerter.repeats;
    assert_eq!((repeats.critical, repeats.warning), (hours(1), None));
    assert_eq!(alerter.heartbeat, hours(24));
    assert_eq!(alerter.text_template, Some(PathBuf::from("/etc/fleet/mail.txt")));
    assert_eq!(alerter.html_template.as_deref(), Some(Path::new("/etc/fleet/mail.html")));
}

#[test]
fn reminders_that_come_all_the_time_are_warned_of() {
    let config = config("<client ip='a'/><alerter repeat-critical='30s' repeat-warning='1m'/>");
    let told: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    let message = "reminders more often than every minute: mails-per-hour of <alerter> will hold most of them";
    assert_eq!(told, [format!("/etc/fleet/config.xml:1:94: {message}")]);
}

#[test]
fn what_is_only_worth_knowing_has_no_reminders_to_set() {
    let found = told("<client ip='a'/><alerter repeat-info='7d'/>");
    assert!(found.contains("repeat-info") && found.lines().count() == 1, "{found}");
}

#[test]
fn without_an_alerter_there_are_defaults() {
    let alerter = config("").alerter;
    assert_eq!((alerter.mails_per_hour, alerter.repeats), (20, rules::Repeats::default()));
    assert!(alerter.rules.is_empty() && alerter.heartbeat.is_none() && alerter.timezone.is_none());
}

#[test]
fn the_fleet_is_told_to_its_mail_else_to_the_defaults_else_to_everybody() {
    let clients = "<client ip='a' mail='b@x.org, a@x.org'/><client ip='b' mail='a@x.org'/>";
    assert_eq!(mails(&config(clients).told_of_the_fleet()), ["a@x.org", "b@x.org"]);
    let defaults = |rest: &str| {
        let text =
            format!("<config><defaults username='m' identity-file='id' mail='d@x.org'/>{clients}{rest}</config>");
        parse(text.as_bytes()).unwrap()
    };
    assert_eq!(mails(&defaults("").told_of_the_fleet()), ["d@x.org"]);
    assert_eq!(mails(&defaults("<alerter mail='f@x.org'/>").told_of_the_fleet()), ["f@x.org"]);
}

#[test]
fn a_rule_over_the_fleet_stands_in_the_alerter_and_follows_the_interval_unless_it_has_a_limit() {
    let config_of = |alert: &str| {
        config(&format!(
            "<collector interval='5m'/><alerter mail='f@x.org'><alert type='collector' {alert}/></alerter>"
        ))
    };
    let config = config_of("severity='warning' mail='o@x.org'");
    let [only] = &config.alerter.rules[..] else { panic!("one rule") };
    let level = only.rule.levels()[0];
    assert_eq!((level.severity, level.limit), (Severity::Warning, 900.0));
    assert_eq!(mails(&only.rule.telling.recipients), ["o@x.org"]);
    let config = config_of("limit='1h'");
    assert_eq!(config.alerter.rules[0].rule.levels()[0].limit, 3600.0);
    assert_eq!(mails(&config.alerter.rules[0].rule.telling.recipients), ["f@x.org"]);
    let off = super::telling::config("<alerter><alert type='collector' off='yes'/></alerter>");
    assert!(off.alerter.rules[0].rule.is_off());
}

#[test]
fn notifiers_are_told_like_addresses_and_have_to_be_there() {
    let config = valid();
    let words = ["/usr/local/bin/notify", "--room", "ops"].map(str::to_owned).to_vec();
    assert_eq!(config.notifiers["chat"], Notifier { command: words, timeout: Duration::from_secs(10) });
    assert_eq!(config.notifiers["on-call_2"].timeout, Duration::from_secs(30));
    let chat = "<notifier name='chat' command='/bin/chat'/>";
    let unknown = told(&format!("{chat}<client ip='a' mail='exec:caht'/><client ip='b' mail='exec:caht'/>"));
    assert_eq!(unknown.lines().count(), 1, "{unknown}");
    assert!(unknown.ends_with("notifier \"exec:caht\" is unknown, did you mean \"chat\"?"), "{unknown}");
    let none = told("<client ip='a' mail='exec:chat'/>");
    assert!(none.ends_with("notifier \"exec:chat\" is unknown, there is no <notifier>"), "{none}");
    let unused = super::telling::config(&format!("{chat}<client ip='a'/>"));
    assert_eq!(warnings(&unused), ["nobody is told by this notifier: no mail names \"exec:chat\""]);
}

#[test]
fn a_notifier_may_stand_in_another_file_and_a_broken_file_is_told_once() {
    let included = "<config><include href='x/missing.xml'/><client ip='a' username='m' identity-file='id' mail='exec:chat'/></config>";
    let told = mistakes(included.as_bytes(), 0o600);
    assert!(told.contains("cannot include") && !told.contains("notifier"), "{told}");
}

#[test]
fn windows_of_maintenance_add_up_and_begin_by_the_clock_of_the_alerter_unless_they_name_one() {
    let config = valid();
    let windows = |name: &str| {
        let host = config.hosts.iter().find(|host| host.name.as_str() == name).unwrap();
        let shown = host.maintenance.iter().map(|it| format!("{} {}m {}", it.cron, it.lasting.as_secs() / 60, it.zone));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(windows("web1"), ["0 2 * * 0 120m Europe/Berlin"]);
    let all = ["0 2 * * 0 120m Europe/Berlin", "30 4 1 * * 90m UTC", "0 * * * * 5m Europe/Berlin"];
    assert_eq!(windows("db1"), all);
    let utc = super::telling::config(
        "<client ip='a'><maintenance cron='0 2 * * *' lasting='1h' comment='why'/></client><alerter timezone='UTC'/>",
    );
    let window = &utc.hosts[0].maintenance[0];
    assert_eq!((window.zone, window.comment.as_deref()), (Zone::UTC, Some("why")));
}

#[test]
fn a_host_has_no_more_than_64_windows() {
    let many = |count| "<maintenance cron='0 2 * * *' lasting='1h'/>".repeat(count);
    assert_eq!(told(&format!("<client ip='a'>{}</client>", many(64))), "accepted");
    let over =
        told(&format!("<group name='g'>{}</group><client ip='a[1-9]' group='g'>{}</client>", many(32), many(33)));
    assert!(over.ends_with("more than 64 <maintenance> for one host, inherited ones included"), "{over}");
    assert_eq!(over.lines().count(), 1);
}

#[test]
fn a_host_depends_on_its_parent_which_by_default_is_its_jump_host() {
    let config = valid();
    let parents = config.parents();
    let of = |name: &str| parents.get(&name.parse().unwrap()).map(|parent| parent.as_str());
    assert_eq!([of("web1"), of("web2"), of("db1"), of("gate")], [Some("switch1"), Some("gate"), None, None]);
    assert_eq!(of("switch1"), None, "who inherits itself depends on none");
    let jumps = super::telling::config("<client ip='a' jump='b'/><client ip='b'/>");
    assert_eq!(jumps.hosts[0].parent, jumps.hosts[0].jump);
}

#[test]
fn a_circle_of_jump_hosts_is_told_once_and_a_circle_of_parents_at_the_parent() {
    let jumps = told("<client ip='a' jump='b'/><client ip='b' jump='a'/>");
    assert!(jumps.ends_with("jump leads in a circle: a > b > a") && jumps.lines().count() == 1, "{jumps}");
    let mixed = told("\n<client ip='a' parent='b'/>\n<client ip='b' jump='a'/>");
    assert_eq!(mixed, "config.xml:2:24: parent leads in a circle: a > b > a");
    assert_eq!(told("<client ip='a' jump='b'/><client ip='b' parent='none'/>"), "accepted");
}
