//! What groups, ranges, jump hosts and logins come to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Agent, Config, Host, SecretSource};

use super::{folder, parse};

fn everything() -> Config {
    parse(&std::fs::read(folder("testdata/valid/everything.xml")).unwrap()).unwrap()
}

fn named<'c>(config: &'c Config, name: &str) -> &'c Host {
    config.hosts.iter().find(|host| host.name.as_str() == name).unwrap()
}

/// A configuration with a usual login.
fn config(elements: &str) -> Config {
    parse(format!("<config><defaults username='m' identity-file='id'/>{elements}</config>").as_bytes()).unwrap()
}

/// Each rule that is not built in as `cpu/0 70 web@example.org`.
fn rules(host: &Host) -> Vec<String> {
    let rules = host.rules.iter().filter(|configured| configured.origin.is_some()).map(|configured| &configured.rule);
    let shown = rules.map(|rule| {
        let mail: Vec<_> = rule.telling.recipients.iter().map(|recipient| recipient.as_str()).collect();
        format!("{}/{} {} {}", rule.key, rule.key.ordinal, rule.levels()[0].limit, mail.join(","))
    });
    shown.collect()
}

fn file(source: Option<&SecretSource>) -> Option<&Path> {
    match source {
        Some(SecretSource::File(path)) => Some(path),
        Some(SecretSource::Inline(_) | SecretSource::Env(_)) | None => None,
    }
}

#[test]
fn a_client_inherits_from_its_group_and_the_group_from_the_defaults() {
    let config = everything();
    let web = named(&config, "web09");
    assert_eq!(
        (web.group.as_deref(), web.enabled, web.port, web.username.as_str()),
        (Some("web"), true, 2200, "monitor")
    );
    assert_eq!((web.every, web.work_dir.as_deref()), (Some(Duration::from_secs(300)), Some("/var/tmp/fleet-health")));
    assert_eq!(web.jump.as_ref().map(|jump| jump.as_str()), Some("bastion"));
    let db = named(&config, "db1");
    assert_eq!((db.username.as_str(), db.port, db.every), ("dba", 2222, Some(Duration::from_secs(86_400))));
    assert_eq!(
        (db.group.as_deref(), db.enabled, db.jump.as_ref(), db.legacy_algorithms),
        (Some("db"), true, None, false)
    );
}

#[test]
fn an_alert_of_the_nearer_level_replaces_all_inherited_ones_of_its_type_and_mount() {
    let config = everything();
    let web = [
        "disk/0 90 web@example.org",
        "inodes/0 90 web@example.org",
        "cpu/0 70 web@example.org",
        "cpu/1 99 web@example.org",
    ];
    assert_eq!(rules(named(&config, "web08")), web);
    let db = [
        "cpu/0 90 ops@example.org",
        "inodes/0 90 ops@example.org",
        "memory/0 97 ops@example.org",
        "disk mount=/var/lib/postgresql/0 75 ops@example.org",
        "disk/0 80 dba@example.org",
    ];
    assert_eq!(rules(named(&config, "db1")), db);
}

#[test]
fn a_login_is_inherited_as_a_whole_or_not_at_all() {
    let config = everything();
    let web = named(&config, "web10");
    assert_eq!(web.identity_file.as_deref(), Some(Path::new("/etc/fleet/keys/id")));
    assert_eq!(file(web.passphrase.as_ref()), Some(Path::new("/etc/fleet/keys/id.passphrase")));
    assert_eq!(web.certificate_file.as_deref(), Some(Path::new("/etc/fleet/keys/id-cert.pub")));
    let db = named(&config, "db1");
    assert_eq!((&db.identity_file, db.passphrase.is_none(), db.password.is_none()), (&None, true, true));
    assert_eq!(
        (&db.agent, db.certificate_file.as_deref()),
        (&Some(Agent::OfEnvironment), Some(Path::new("/etc/fleet/keys/dba-cert.pub")))
    );
    let bastion = named(&config, "bastion");
    assert_eq!((&bastion.identity_file, &bastion.certificate_file), (&None, &None));
    assert_eq!(file(bastion.password.as_ref()), Some(Path::new("/etc/fleet/keys/bastion")));
    let agent = Agent::At(PathBuf::from("/etc/fleet/agent.sock"));
    assert_eq!(named(&config, "rack1-pdu03.example.org").agent, Some(agent));
}

#[test]
fn ranges_of_name_address_and_former_name_go_in_step() {
    let config = everything();
    let shown: Vec<String> = config
        .hosts
        .iter()
        .take(3)
        .map(|host| format!("{} {} {}", host.name, host.address, host.formerly.as_ref().unwrap()))
        .collect();
    assert_eq!(shown, ["web08 10.0.1.8 www08", "web09 10.0.1.9 www09", "web10 10.0.1.10 www10"]);
    let racks: Vec<&str> =
        config.hosts.iter().map(|host| host.name.as_str()).filter(|name| name.starts_with('r')).collect();
    let all = ["rack1-pdu1", "rack1-pdu03", "rack2-pdu1", "rack2-pdu03"].map(|name| format!("{name}.example.org"));
    assert_eq!(racks, all);
    assert!(config.hosts.iter().take(3).all(|host| host.line == config.hosts[0].line));
}

#[test]
fn a_host_that_is_not_visited_still_serves_as_jump_host() {
    let config = everything();
    assert!(!named(&config, "bastion").enabled);
    assert!(named(&config, "web08").jump.is_some());
    assert!(named(&config, "bastion").jump.is_none(), "it inherits itself");
}

#[test]
fn a_group_that_is_switched_off_can_have_a_client_that_is_not() {
    let config = config(
        "<group name='g' enabled='no'/><client ip='a' group='g'/><client ip='b' group='g' enabled='yes'/><client ip='c'/>",
    );
    assert_eq!(config.hosts.iter().map(|host| host.enabled).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn jump_hosts_may_stand_anywhere_and_have_jump_hosts_of_their_own() {
    let config = config(
        "<client ip='a' group='g'/><group name='g' jump='b'/><client ip='b' jump='c'/><client ip='c' jump='none'/>",
    );
    let jumps: Vec<_> = config.hosts.iter().map(|host| host.jump.as_ref().map(|jump| jump.as_str())).collect();
    assert_eq!(jumps, [Some("b"), Some("c"), None]);
}

#[test]
fn all_fingerprints_of_a_host_are_kept() {
    let config = everything();
    let expected =
        ["SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"];
    assert_eq!(named(&config, "db1").fingerprints, expected);
    assert!(named(&config, "web08").fingerprints.is_empty());
}

#[test]
fn a_group_that_nobody_is_in_is_warned_of_and_a_silent_host_that_is_switched_off_is_not() {
    let alert = "<alert type='cpu' limit='90'/>";
    let config = config(&format!("<group name='g'/><client ip='a' enabled='no'>{alert}</client>"));
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["/etc/fleet/config.xml:1:65: no client is in the group \"g\""]);
}

#[test]
fn a_hundred_thousand_hosts_are_allowed_and_one_more_is_not() {
    let range = |n: usize| format!("<client ip='h{n}-[1-10000]'/>");
    let ten: String = (0..10).map(range).collect();
    assert_eq!(config(&ten).hosts.len(), 100_000);
    let text = format!("<config><defaults username='m' identity-file='id'/>\n{ten}\n<client ip='x'/></config>");
    let told = super::mistakes(text.as_bytes(), 0o600);
    assert_eq!(told, "config.xml:3:1: more than 100000 hosts up to this client");
}
