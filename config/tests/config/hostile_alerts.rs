//! Alerts made to hurt, and very many of them.

use std::collections::HashSet;
use std::sync::Arc;

use sample::Metric;

use super::{mistakes, parse};

const HOSTILE: [&str; 20] = [
    "",
    " ",
    "NaN",
    "inf",
    "-inf",
    "-0",
    "1e308",
    "999999999999999",
    "0.000000000000001",
    "99999999999999d",
    "&#10;",
    "\u{202e}",
    "\u{feff}",
    "*",
    "????",
    "exec:",
    "exec:a,exec:a",
    "18446744073709551615ms",
    "999999999999999PB",
    "/",
];
const ATTRIBUTES: [&str; 31] = [
    "limit",
    "below",
    "warn",
    "crit",
    "warn-below",
    "crit-below",
    "severity",
    "clear",
    "for",
    "times",
    "clear-for",
    "clear-times",
    "and-free-below",
    "forecast",
    "repeat",
    "mail",
    "escalate-after",
    "escalate-to",
    "active",
    "url",
    "text",
    "off",
    "mount",
    "disk",
    "interface",
    "sensor",
    "resource",
    "process",
    "unit",
    "check",
    "array",
];

#[test]
fn ten_thousand_hosts_share_their_rules() {
    let mut text = String::from("<config><defaults username='m' identity-file='id' mail='a@example.org'>");
    text += "<alert type='cpu' limit='90'/><alert type='disk' limit='90' forecast='24h'/><maintenance cron='0 2 * * *' lasting='1h'/></defaults>";
    text += "<group name='g'><alert type='load' limit='4'/></group>";
    for n in 0..10_000 {
        let (group, own) =
            (if n % 2 == 0 { "group='g'" } else { "" }, ["", "<alert type='swap' limit='9'/>"][n % 100 / 99]);
        text +=
            &format!("<client ip='10.0.{}.{}' mail='{}@example.org' {group}>{own}</client>", n / 250, n % 250, n % 3);
    }
    let config = parse((text + "</config>").as_bytes()).unwrap();
    let rules: Vec<_> = config.hosts.iter().flat_map(|host| &host.rules).map(Arc::as_ptr).collect();
    let distinct: HashSet<_> = rules.iter().collect();
    assert!(rules.len() > 150_000, "{}", rules.len());
    // Three recipients; what is in <defaults>, built in and in the group; and what a hundred clients have of their own.
    assert_eq!(distinct.len(), 3 * (rules::builtin().len() + 4) + 100);
    assert!(config.hosts.iter().all(|host| Arc::ptr_eq(&host.maintenance, &config.hosts[0].maintenance)));
}

#[test]
fn ten_thousand_alerts_on_a_client_are_refused() {
    let alerts = "<alert type='cpu' limit='90'/>".repeat(10_000);
    let text = format!("<config><client ip='h[1-10000]' username='m' identity-file='id'>{alerts}</client></config>");
    let told = mistakes(text.as_bytes(), 0o600);
    assert!(told.contains("more than 256 <alert> for one host, inherited ones included"), "{}", &told[..200]);
    assert!(told.ends_with("more"));
    let many = |count: usize| "<alert type='cpu' limit='90'/>".repeat(count);
    let text = |defaults, own| {
        let (defaults, own) = (many(defaults), many(own).replace("cpu", "load"));
        let defaults = format!("<defaults username='m' identity-file='id' mail='a@b.c'>{defaults}</defaults>");
        format!("<config>{defaults}<client ip='h[1-9]'>{own}</client></config>")
    };
    assert_eq!(mistakes(text(156, 100).as_bytes(), 0o600), "accepted");
    assert!(
        mistakes(text(156, 101).as_bytes(), 0o600)
            .ends_with("more than 256 <alert> for one host, inherited ones included")
    );
}

#[test]
fn a_list_of_recipients_has_an_end() {
    let list = |count: usize| vec!["a@b.c"; count].join(",");
    let text =
        |count| format!("<config><client ip='h' username='m' identity-file='id' mail='{}'/></config>", list(count));
    assert_eq!(mistakes(text(100).as_bytes(), 0o600), "accepted");
    assert!(mistakes(text(101).as_bytes(), 0o600).ends_with("has more than 100 addresses in it"));
}

#[test]
fn no_value_of_an_attribute_panics_or_makes_a_rule_that_cannot_be_judged() {
    for metric in Metric::ALL {
        for (name, value) in ATTRIBUTES.iter().flat_map(|name| HOSTILE.map(|value| (name, value))) {
            let limit = if *name == "limit" { "" } else { "limit='1'" };
            let alert = format!("<alert type='{metric}' {name}='{value}' {limit}/>");
            let text = format!("<config><client ip='h' username='m' identity-file='id'>{alert}</client></config>");
            let Ok(config) = parse(text.as_bytes()) else { continue };
            for level in config.hosts[0].rules.iter().flat_map(|it| it.rule.levels()) {
                assert!(level.limit.is_finite() && level.clear.is_finite(), "{alert}");
            }
        }
    }
}
