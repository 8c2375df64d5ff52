//! What accepted files come to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Config, HostKeyPolicy, SecretSource, Security};
use rules::{Hold, Recipient, Selector, Severity, Side};
use sample::Metric;

use super::{folder, mistakes, parse};

fn valid(name: &str) -> Config {
    parse(&std::fs::read(folder("testdata/valid").join(name)).unwrap()).unwrap()
}

/// Each rule that is not built in as `cpu/0 ≥90 ≤85.5 ops@example.org line 5`.
fn rules_of(config: &Config, host: usize) -> Vec<String> {
    let rule = |configured: &config::ConfiguredRule| {
        let rule = &configured.rule;
        let mails: Vec<_> = rule.telling.recipients.iter().map(Recipient::as_str).collect();
        let line = configured.origin.as_ref()?.line;
        let [level] = rule.levels() else { panic!("one level") };
        let what = format!("{}/{}", rule.key, rule.key.ordinal);
        Some(format!("{what} ≥{} ≤{} {} line {line}", level.limit, level.clear, mails.join(",")))
    };
    config.hosts[host].rules.iter().filter_map(|configured| rule(configured)).collect()
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_of_the_original_keeps_its_meaning() {
    let config = valid("original.xml");
    let [host] = &config.hosts[..] else { panic!("one host") };
    assert_eq!((host.name.as_str(), host.address.as_str(), host.port), ("192.0.2.10", "192.0.2.10", 22));
    assert_eq!((host.username.as_str(), host.line), ("monitor", 2));
    assert_eq!(host.password.as_ref().unwrap().read().unwrap().expose(), "k&y");
    assert_eq!((&host.identity_file, &host.work_dir), (&None, &None));
    assert_eq!(
        rules_of(&config, 0),
        [
            "memory/0 ≥85 ≤80.75 ops@example.org line 3",
            "cpu/0 ≥90 ≤85.5 ops@example.org line 4",
            "uptime/0 ≥8640000 ≤8208000 ops@example.org line 5",
        ]
    );
    for rule in host.rules.iter().filter(|it| it.origin.is_some()).map(|it| &it.rule) {
        assert_eq!((rule.levels()[0].severity, rule.side()), (Severity::Warning, Side::Above));
        assert_eq!((rule.rise, rule.fall, rule.and_free_below), (Hold::default(), Hold::default(), None));
    }
    assert_eq!(config.storage.database, Path::new("fleet.db"));
    assert_eq!((config.smtp.host.as_str(), config.smtp.port, config.smtp.security), ("localhost", 25, Security::None));
    assert!(config.smtp.credentials.is_none());
}

#[test]
fn a_limit_of_the_original_loads_whatever_it_can_mean() {
    let config = valid("original-limits.xml");
    let rules = [
        "memory/0 ≥150 ≤142.5 ops@example.org line 3",
        "cpu/0 ≥100 ≤95 ops@example.org line 4",
        "uptime/0 ≥8640000 ≤8208000 ops@example.org line 5",
        "load/0 ≥4 ≤3.8 ops@example.org line 6",
    ];
    assert_eq!(rules_of(&config, 0), rules);
    let told: Vec<_> = warnings(&config).into_iter().filter(|told| told.contains("limit")).collect();
    let never = "/etc/fleet/config.xml:3:33: a limit of 150% is never reached: the alert never fires";
    assert_eq!(told, [never]);
}

#[test]
fn a_summary_comes_before_the_mistakes_and_counts_them_all() {
    let told = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
    let one = "/etc/fleet/config.xml has 1 mistake:\n/etc/fleet/config.xml:1:9: unknown element <x> in <config>, ";
    assert!(told("<config><x/></config>").starts_with(one), "{}", told("<config><x/></config>"));
    let many = told(&format!("<config>{}</config>", "<x/>".repeat(150)));
    assert!(many.starts_with("/etc/fleet/config.xml has 150 mistakes:\n/etc/fleet/config.xml:1:9: "), "{many}");
    assert!(many.ends_with("\nand 50 more"), "{many}");
}

#[test]
fn a_mail_server_is_this_machine_by_its_name_or_address() {
    let is_loopback = |host: &str| {
        let config = parse(format!("<config><smtp host='{host}'/></config>").as_bytes()).unwrap();
        config.smtp.is_loopback()
    };
    assert!(["localhost", "LocalHost", "127.0.0.9", "::1"].into_iter().all(is_loopback));
    assert!(!["localhost.example.org", "192.0.2.1", "mail.example.org"].into_iter().any(is_loopback));
}

#[test]
fn clients_inherit_what_they_do_not_say() {
    let config = valid("inheritance.xml");
    let [db1, web1] = &config.hosts[..] else { panic!("two hosts") };
    assert_eq!((db1.username.as_str(), db1.port), ("monitor", 22));
    assert_eq!(db1.identity_file, Some(PathBuf::from("/etc/fleet/keys/id")));
    assert_eq!(db1.work_dir.as_deref(), Some("/var/tmp/fleet-health"));
    assert_eq!((web1.name.as_str(), web1.address.as_str()), ("web1", "2001:db8::7"));
    assert_eq!((web1.username.as_str(), web1.port), ("deploy", 2222));
    assert_eq!(web1.work_dir.as_deref(), Some("/opt/fleet-health"));
}

#[test]
fn a_client_with_a_login_of_its_own_inherits_none() {
    let web1 = &valid("inheritance.xml").hosts[1];
    assert!(matches!(&web1.password, Some(SecretSource::Env(variable)) if variable == "WEB1_PASSWORD"));
    assert_eq!(web1.identity_file, None);
    let text = "<config><client ip='db1' identity-file='id'/><defaults username='m' password-file='pw'/></config>";
    assert!(parse(text.as_bytes()).unwrap().hosts[0].password.is_none());
}

#[test]
fn only_what_xml_allows_may_stand_in_the_declaration() {
    let accepts = |rest: &str| parse(format!("<?xml {rest}?><config/>").as_bytes()).is_ok();
    for rest in ["version='1.0'", "version=\"1.0\" encoding='utf-8' standalone='yes'", "version='1.0' standalone='no'"]
    {
        assert!(accepts(rest), "{rest}");
    }
    for rest in [
        "",
        "version='1.1'",
        "encoding='UTF-8'",
        "version='1.0\"",
        "version='1.0' encoding='UTF-16'",
        "version='1.0' encoding='UTF-8' more='yes'",
        "version='1.0' encoding='UTF-8' standalone='yes' more='x'",
        "version='1.0' x",
    ] {
        assert!(!accepts(rest), "{rest}");
    }
}

#[test]
fn an_alert_of_a_client_replaces_the_inherited_ones_of_its_type_and_mount() {
    let config = valid("inheritance.xml");
    assert_eq!(
        rules_of(&config, 0),
        [
            "cpu/0 ≥90 ≤85.5 ops@example.org line 11",
            "disk/0 ≥90 ≤85.5 ops@example.org line 12",
            "disk mount=//0 ≥95 ≤90.25 root@localhost line 13",
        ]
    );
    assert_eq!(
        rules_of(&config, 1),
        [
            "disk/0 ≥90 ≤85.5 web@example.org line 12",
            "disk mount=//0 ≥80 ≤76 web@example.org line 6",
            "cpu/0 ≥70 ≤50 a@example.org,b@example.org line 7",
            "cpu/1 ≥99 ≤94.05 web@example.org line 8",
        ]
    );
    let root = Selector::Named("/".to_owned());
    assert!(config.hosts[1].rules.iter().any(|it| it.rule.key.metric == Metric::Disk && it.rule.key.selector == root));
}

#[test]
fn every_setting_arrives() {
    let config = valid("settings.xml");
    let (collector, smtp) = (&config.collector, &config.smtp);
    assert_eq!(config.storage.database, Path::new("history/fleet.db"));
    assert_eq!((collector.jobs, collector.host_keys), (Some(8), HostKeyPolicy::AcceptNew));
    assert_eq!(collector.interval, Some(Duration::from_secs(300)));
    let deadlines = collector.deadlines;
    let all = [deadlines.dial, deadlines.handshake, deadlines.authentication, deadlines.command, deadlines.host];
    assert_eq!(all, [3000, 4000, 5000, 1500, 120_000].map(Duration::from_millis));
    assert_eq!((smtp.host.as_str(), smtp.port, smtp.security), ("mail.example.org", 2465, Security::Tls));
    assert_eq!(smtp.from.as_str(), "fleet@example.org");
    assert_eq!(smtp.ca_file, Some(PathBuf::from("/etc/ssl/ours.pem")));
    let credentials = smtp.credentials.as_ref().unwrap();
    assert_eq!(credentials.username, "fleet");
    assert!(matches!(&credentials.password, SecretSource::File(path) if path == Path::new("/etc/fleet/smtp.password")));
}

#[test]
fn quotes_entities_line_ends_and_a_byte_order_mark_are_understood() {
    let config = valid("odd-but-right.xml");
    assert_eq!(config.hosts[0].username, "Jürgen \"J\" <&>");
    assert_eq!(config.hosts[0].line, 2);
}

#[test]
fn security_and_port_of_the_mail_server_follow_from_each_other() {
    let smtp = |attributes: &str| {
        let config = parse(format!("<config><smtp {attributes}/></config>").as_bytes()).unwrap();
        (config.smtp.security, config.smtp.port)
    };
    for local in ["", "host='127.0.0.9'", "host='::1'", "host='LOCALHOST'"] {
        assert_eq!(smtp(local), (Security::None, 25), "{local}");
    }
    assert_eq!(smtp("port='2525'"), (Security::None, 2525));
    assert_eq!(smtp("port='465'"), (Security::Tls, 465));
    assert_eq!(smtp("host='mail.example.org'"), (Security::StartTls, 587));
    assert_eq!(smtp("host='mail.example.org' port='465'"), (Security::Tls, 465));
    assert_eq!(smtp("host='mail.example.org' security='tls'"), (Security::Tls, 465));
    assert_eq!(smtp("host='mail.example.org' security='none'"), (Security::None, 25));
    assert_eq!(smtp("host='localhost' username='u' password-env='P'"), (Security::None, 25));
}

#[test]
fn what_is_probably_not_meant_is_warned_of_once() {
    let config = parse(
        br#"<config>
  <smtp host="mail.example.org"/>
  <client ip="db1" username="monitor" password="a"><alert type="cpu" limit="0"/></client>
  <client ip="db2" username="monitor" password="b"><alert type="cpu" limit="90"/></client>
</config>"#,
    );
    assert_eq!(
        warnings(&config.unwrap()),
        [
            "/etc/fleet/config.xml:2:15: no \"from\": mail.example.org may refuse mail from fleet-health@localhost",
            "/etc/fleet/config.xml:3:3: no mail address for alerts of this client (and 1 more): nobody is told of them",
            "/etc/fleet/config.xml:3:39: a password (and 1 more) in this file: better are password-file, password-env or identity-file",
            "/etc/fleet/config.xml:3:77: a limit of 0 is always reached: the alert never ends",
        ]
    );
    let none = parse(b"<config/>").unwrap();
    assert_eq!(warnings(&none), ["/etc/fleet/config.xml:1:1: no <client>: nothing is monitored"]);
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let sha256 = parse(b"<config/>").unwrap().sha256;
    assert_eq!(sha256, "22b6aea43b874c33f01d0619be783f9109bd32869bbb9a675e6c54811793d831");
}

#[test]
fn no_debug_output_holds_a_password() {
    let text = r#"<config><client ip="db1" username="m" password="hunter2"/>
        <smtp username="m" password="hunter2"/></config>"#;
    let shown = format!("{:?}", parse(text.as_bytes()).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("***") && text.contains("hunter2"));
}

#[test]
fn no_message_holds_a_password() {
    let wrong = [
        "password='hunter2' password-env='X'",
        "passwort='hunter2'",
        "password='&hunter2;'",
        "password='hunter2",
        "password-env='hunter2 !'",
        "password-file='~hunter2'",
    ];
    for attribute in wrong {
        let found = mistakes(format!("<config><client {attribute}/></config>").as_bytes(), 0o644);
        assert!(found != "accepted" && !found.contains("hunter2"), "{found}");
    }
}
