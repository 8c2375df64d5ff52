//! What an `<alert>` comes to, and who inherits it.

use std::time::Duration;

use config::{Config, Host};
use rules::{Repeat, Rule, Selector, Severity, Side};
use sample::Metric;

use super::{folder, parse};

fn valid() -> Config {
    parse(&std::fs::read(folder("testdata/valid/alerts.xml")).unwrap()).unwrap()
}

fn named<'c>(config: &'c Config, name: &str) -> &'c Host {
    config.hosts.iter().find(|host| host.name.as_str() == name).unwrap()
}

/// A configuration whose only client has these alerts in `<defaults>`, in its group, and of its own.
fn levels(defaults: &str, group: &str, client: &str) -> Config {
    let text = format!(
        "<config><defaults username='m' identity-file='id' mail='ops@example.org'>{defaults}</defaults>\
         <group name='g'>{group}</group><client ip='a' group='g'>{client}</client></config>"
    );
    parse(text.as_bytes()).unwrap()
}

/// The rules of the first host that are not built in, each as `disk mount=/ ≥85 warning ≥95 critical`.
fn own(config: &Config) -> Vec<String> {
    let rules = config.hosts[0].rules.iter().filter(|it| it.origin.is_some());
    rules.map(|it| shown(&it.rule)).collect()
}

fn shown(rule: &Rule) -> String {
    let sign = if rule.side() == Side::Above { '≥' } else { '<' };
    let levels: Vec<_> =
        rule.levels().iter().map(|level| format!("{sign}{} {}", level.limit, level.severity)).collect();
    let levels = if rule.is_off() { "off".to_owned() } else { levels.join(" ") };
    format!("{} {levels}", rule.key)
}

fn rule<'h>(host: &'h Host, shown: &str) -> &'h Rule {
    let found = host.rules.iter().find(|it| it.rule.key.to_string() == shown);
    &found.unwrap_or_else(|| panic!("{shown}")).rule
}

fn warnings(config: &Config) -> Vec<&str> {
    config.warnings.iter().map(|it| it.message.as_str()).collect()
}

#[test]
fn a_client_without_a_word_has_the_built_in_rules_and_its_mail_is_told() {
    let config = levels("", "", "");
    let rules: Vec<_> = config.hosts[0].rules.iter().map(|it| shown(&it.rule)).collect();
    assert_eq!(rules, rules::builtin().iter().map(shown).collect::<Vec<_>>());
    for configured in &config.hosts[0].rules {
        let mails: Vec<_> = configured.rule.telling.recipients.iter().map(|it| it.as_str()).collect();
        assert_eq!((&mails[..], &configured.origin), (&["ops@example.org"][..], &None));
    }
}

#[test]
fn an_alert_takes_the_place_of_the_built_in_rule_of_its_type_and_of_nothing_else() {
    let config = levels("<alert type='unreachable' times='5'/>", "", "");
    let rules: Vec<_> = config.hosts[0].rules.iter().filter(|it| it.rule.key.metric == Metric::Unreachable).collect();
    let [only] = rules[..] else { panic!("{rules:?}") };
    assert_eq!((shown(&only.rule), only.rule.rise.times), ("unreachable ≥1 critical".to_owned(), 5));
    assert_eq!(config.hosts[0].rules.len(), rules::builtin().len());
    let narrower = levels("<alert type='unit' unit='nginx' severity='warning'/>", "", "");
    assert_eq!(narrower.hosts[0].rules.len(), rules::builtin().len() + 1);
    assert_eq!(own(&narrower), ["unit unit=nginx.service ≥1 warning"]);
}

#[test]
fn a_state_needs_no_limit_and_keeps_the_built_in_levels_unless_told() {
    let config = levels("<alert type='check' times='3'/><alert type='interface-down'/>", "", "");
    assert_eq!(own(&config), ["check ≥1 warning ≥2 critical", "interface-down ≥1 warning"]);
    let config = levels("<alert type='check:backup' severity='critical'/><alert type='check' limit='2'/>", "", "");
    assert_eq!(own(&config), ["check check=backup ≥1 critical", "check ≥2 warning"]);
    let config = levels("<alert type='reboot' severity='warning'/><alert type='login' for='1h'/>", "", "");
    assert_eq!(own(&config), ["reboot ≥0 warning", "login ≥1 critical"]);
    let login = rule(&config.hosts[0], "login");
    assert_eq!((login.rise.lasting, login.rise.times), (Duration::from_secs(3600), 2), "the built-in times stay");
}

#[test]
fn a_rule_has_two_levels_on_either_side() {
    let config = levels(
        "<alert type='cpu' warn='85' crit='95%' clear='70'/><alert type='fan' warn-below='800' crit-below='300'/>\
         <alert type='load' crit='4'/><alert type='uptime' below='10m' severity='info'/>",
        "",
        "",
    );
    let rules =
        ["cpu ≥85 warning ≥95 critical", "fan <800 warning <300 critical", "load ≥4 critical", "uptime <600 info"];
    assert_eq!(own(&config), rules);
    let clear = |shown| rule(&config.hosts[0], shown).levels().iter().map(|level| level.clear).collect::<Vec<_>>();
    assert_eq!((clear("cpu"), clear("fan")), (vec![70.0, 90.25], vec![840.0, 315.0]));
}

#[test]
fn a_limit_may_have_the_unit_of_its_metric() {
    let config = levels(
        "<alert type='uptime' limit='100d'/><alert type='disk-latency' limit='20ms'/>\
         <alert type='interface-in' limit='12.5MB/s'/><alert type='swap-in' limit='1MiB'/><alert type='clock' limit='500ms'/>",
        "",
        "",
    );
    let rules = [
        "uptime ≥8640000 warning",
        "disk-latency ≥20 warning",
        "interface-in ≥12500000 warning",
        "swap-in ≥1048576 warning",
        "clock ≥0.5 warning",
    ];
    assert_eq!(own(&config), rules);
}

#[test]
fn a_forecast_is_a_rule_of_its_own_beside_the_limit_or_alone() {
    let both = levels("<alert type='disk' limit='90' forecast='24h' mount='/srv' and-free-below='20GB'/>", "", "");
    assert_eq!(own(&both), ["disk mount=/srv ≥90 warning", "disk-full mount=/srv <86400 warning"]);
    let full = rule(&both.hosts[0], "disk-full mount=/srv");
    assert_eq!((full.floor_percent, full.and_free_below), (Some(70.0), None));
    let disk = rule(&both.hosts[0], "disk mount=/srv");
    assert_eq!((disk.floor_percent, disk.and_free_below), (None, Some(20_000_000_000)));
    let alone = levels("<alert type='disk' forecast='2h' severity='critical'/>", "", "");
    assert_eq!(own(&alone), ["disk-full <7200 critical"]);
    let alone = levels("<alert type='disk' limit='90'/>", "", "<alert type='disk' forecast='2h'/>");
    assert_eq!(own(&alone), ["disk ≥90 warning", "disk-full <7200 warning"], "the limit is still inherited");
    let other = levels("<alert type='disk-full' below='3h'/>", "", "");
    assert_eq!(own(&other), ["disk-full <10800 warning"]);
    assert_eq!(rule(&other.hosts[0], "disk-full").floor_percent, Some(70.0));
}

#[test]
fn what_is_off_stands_in_the_rules_without_levels_and_tells_nobody() {
    let config = levels(
        "<alert type='cpu' limit='90'/><alert type='disk' limit='90' forecast='24h'/>",
        "<alert type='cpu' off='yes' limit='90' mail='x@example.org'/>",
        "<alert type='disk' mount='/mnt/*' off='yes'/><alert type='probe' off='yes'/>",
    );
    let rules = [
        "disk ≥90 warning",
        "disk-full <86400 warning",
        "cpu off",
        "disk mount=/mnt/* off",
        "disk-full mount=/mnt/* off",
        "probe off",
    ];
    assert_eq!(own(&config), rules);
    let host = &config.hosts[0];
    assert!(rule(host, "cpu").telling.recipients.is_empty() && host.rule(&rule(host, "cpu").key).is_none());
    assert!(host.rule(&rule(host, "disk").key).is_some());
    assert_eq!(warnings(&config), [""; 0]);
    assert_eq!(own(&levels("<alert type='cpu' off='no' limit='1'/>", "", "")), ["cpu ≥1 warning"]);
}

#[test]
fn a_nearer_alert_replaces_what_watches_the_same_thing_whatever_it_is() {
    let config = levels(
        "<alert type='disk-busy' disk='sda' limit='90'/><alert type='disk-busy' disk='sda' limit='95'/>\
         <alert type='disk-busy' limit='80'/><alert type='unit' unit='nginx'/>",
        "<alert type='disk-busy' disk='sda' limit='70'/>",
        "<alert type='unit' unit='nginx.service' severity='info'/>",
    );
    let rules = ["disk-busy ≥80 warning", "disk-busy disk=sda ≥70 warning", "unit unit=nginx.service ≥1 info"];
    assert_eq!(own(&config), rules);
}

#[test]
fn every_attribute_arrives() {
    let config = valid();
    assert_eq!(warnings(&config), [""; 0]);
    let (web, db) = (named(&config, "web1"), named(&config, "db1"));
    let cpu = rule(web, "cpu");
    assert_eq!((cpu.rise.lasting, cpu.rise.times, cpu.fall.times), (Duration::from_secs(900), 1, 1));
    let inodes = rule(web, "inodes");
    assert_eq!((inodes.fall.lasting, inodes.fall.times), (Duration::from_secs(600), 2));
    assert_eq!(rule(web, "disk").telling.repeat, Repeat::Every(Duration::from_secs(6 * 3600)));
    assert_eq!((cpu.telling.repeat, cpu.telling.escalation.is_none()), (Repeat::BySeverity, true));
    let telling = &rule(web, "unreachable").telling;
    let escalation = telling.escalation.as_ref().unwrap();
    let to: Vec<_> = escalation.to.iter().map(|it| it.as_str()).collect();
    assert_eq!((escalation.after, &to[..]), (Duration::from_secs(1800), &["exec:on-call_2", "boss@example.org"][..]));
    assert_eq!(telling.active.as_ref().unwrap().to_string(), "Mon-Fri 08-18");
    assert_eq!(telling.url.as_deref(), Some("https://wiki.example.org/down"));
    assert_eq!(telling.text.as_deref(), Some("Call the data centre."));
    assert_eq!(rule(db, "check check=lag*").rise.times, 5);
    assert_eq!(rule(db, "check check=backup").levels()[0].severity, Severity::Critical);
    assert_eq!(rule(db, "check check=backup").telling.recipients[0].as_str(), "dba@example.org");
    assert_eq!(rule(db, "disk-full").levels()[0].limit, 172_800.0, "of its own, in place of the inherited one");
    assert_eq!(rule(db, "pressure resource=io").key.selector, Selector::Named("io".to_owned()));
    assert!(rule(db, "reboot").is_off());
}

#[test]
fn what_was_said_in_vain_is_warned_of() {
    let told = |alert: &str| {
        let config = levels(alert, "", "");
        warnings(&config).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (alert, expected) in [
        ("type='cpu' limit='101'", "a limit of 101% is never reached: the alert never fires"),
        ("type='cpu' warn='90' crit='150'", "a limit of 150% is never reached: the alert never fires"),
        ("type='cpu' below='0'", "no value is below 0: the alert never fires"),
        ("type='memory' below='101'", "every value is below 101%: the alert never ends"),
        ("type='zombies' limit='0'", "a limit of 0 is always reached: the alert never ends"),
        ("type='check' limit='3'", "a limit of 3 is never reached: the alert never fires"),
        ("type='read-only' limit='2'", "a limit of 2 is never reached: the alert never fires"),
        (
            "type='cpu' limit='9' repeat='59s'",
            "reminders more often than every minute: mails-per-hour of <alerter> will hold most of them",
        ),
    ] {
        assert_eq!(told(&format!("<alert {alert}/>")), [expected], "{alert}");
    }
    assert_eq!(told("<alert type='cpu' limit='100'/><alert type='check' crit='2' repeat='1m'/>"), [""; 0]);
}

#[test]
fn a_time_shorter_than_the_interval_is_warned_of_if_that_is_known() {
    let text = |collector: &str| {
        format!(
            "<config>{collector}<client ip='a' username='m' identity-file='id' mail='a@b.c'>\n\
             <alert type='cpu' limit='90' for='4m'/>\n<alert type='load' limit='9' for='5m'/></client></config>"
        )
    };
    let config = parse(text("<collector interval='5m'/>").as_bytes()).unwrap();
    let told: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    let message = "this is shorter than the interval of <collector> (300s): two samples in a row are enough";
    assert_eq!(told, [format!("/etc/fleet/config.xml:2:35: {message}")]);
    assert_eq!(warnings(&parse(text("").as_bytes()).unwrap()), [""; 0]);
}

#[test]
fn an_alert_over_a_process_or_unit_that_no_host_wants_is_warned_of() {
    let unit = "<alert type='unit' unit='nginx'/><alert type='process' process='post*'/>";
    let never = |what: &str| format!("no {what} is wanted where this alert counts: it never fires");
    let told = [never("<unit> \"nginx.service\""), never("<process> \"post*\"")];
    assert_eq!(warnings(&levels(unit, "", "")), told);
    let wanted = "<unit name='nginx'/><process name='postgres'/>";
    assert_eq!(warnings(&levels(unit, "", wanted)), [""; 0]);
    assert_eq!(warnings(&levels("<alert type='unit' unit='x' off='yes'/><alert type='unit'/>", "", "")), [""; 0]);
}

#[test]
fn an_alert_that_tells_nobody_is_warned_of_unless_it_is_off() {
    let told = |alert: &str| {
        let text = format!("<config><client ip='a' username='m' identity-file='id'>{alert}</client></config>");
        warnings(&parse(text.as_bytes()).unwrap()).len()
    };
    assert_eq!(told("<alert type='cpu' limit='9'/>"), 1);
    assert_eq!((told("<alert type='cpu' off='yes'/>"), told("")), (0, 0));
}
