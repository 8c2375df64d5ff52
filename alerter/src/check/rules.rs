//! The rules of each host, and those over the fleet as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Config, ConfiguredRule, Host, Origin, Rulebook};
use rules::{Hold, Maintenance, Repeat, Repeats, Rule, words};

/// The rules over the fleet as a whole.
pub(super) fn of_the_fleet(config: &Config) -> String {
    let own = config.alerter.rules.iter();
    let lines: String = own.clone().map(|configured| of_rule(configured, &config.path)).collect();
    let built_in = Rulebook::new(config, None).fleet.into_iter();
    let built_in = built_in.filter(|rule| !own.clone().any(|own| own.rule.key.metric == rule.key.metric));
    let line = |rule: Rule| match config.collector.interval {
        Some(_) => format!("  {:<20} {} (built in)\n", rule.key.to_string(), terms(&rule)),
        // The history has the interval, and is not asked here.
        None => format!(
            "  {:<20} critical after three usual intervals without a finished run; tells {} (built in)\n",
            rule.key.to_string(),
            words::recipients(&rule.telling.recipients)
        ),
    };
    format!("\nthe fleet as a whole\n{lines}{}", built_in.map(line).collect::<String>())
}

pub(super) fn of_host(host: &Host, config: &Path) -> String {
    let mut text = format!("\n{}\n", host.name);
    text.extend(host.parent.iter().map(|parent| format!("  behind {parent}: not told while that one is down\n")));
    text.extend(host.maintenance.iter().map(maintenance));
    let (own, built_in): (Vec<_>, Vec<_>) = host.rules.iter().partition(|configured| configured.origin.is_some());
    text.extend(own.into_iter().map(|configured| of_rule(configured, config)));
    text + &of_built_in(built_in.into_iter().map(|configured| &configured.rule))
}

fn maintenance(window: &Maintenance) -> String {
    let comment =
        window.comment.as_ref().map(|comment| format!(": {}", sample::Untrusted(comment))).unwrap_or_default();
    let (cron, lasting) = (&window.cron, words::duration(window.lasting));
    format!("  maintenance at {cron} ({}) for {lasting}{comment}\n", window.zone)
}

/// They are the same for most hosts, so those of one recipient share a line.
fn of_built_in<'r>(rules: impl Iterator<Item = &'r Rule>) -> String {
    let mut by_recipients: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in rules {
        let name = rule.key.metric.name();
        let text =
            if rule.rise == Hold::default() { name.to_owned() } else { format!("{name} {}", words::hold(rule.rise)) };
        by_recipients.entry(words::recipients(&rule.telling.recipients)).or_default().push(text);
    }
    let line = |(to, metrics): (String, Vec<String>)| format!("  {}; tells {to} (built in)\n", metrics.join(", "));
    by_recipients.into_iter().map(line).collect()
}

/// `  disk mount=/var    warning from 85% on, over at 80.75%; tells ops@example.org (line 12)`
fn of_rule(configured: &ConfiguredRule, config: &Path) -> String {
    let ConfiguredRule { rule, origin } = configured;
    let what = rule.key.to_string();
    let terms = if rule.is_off() { "off".to_owned() } else { terms(rule) };
    format!("  {what:<20} {terms} ({})\n", place(origin.as_ref(), config))
}

/// What goes without saying is left out.
fn terms(rule: &Rule) -> String {
    let is_usual = |label: &str| match label {
        "counts" => [rule.rise, rule.fall] == [Hold::default(); 2],
        "repeats" => rule.telling.repeat == Repeat::BySeverity,
        _ => false,
    };
    let terms = words::settings(rule, Repeats::default()).into_iter().filter(|(label, _)| !is_usual(label));
    let terms = terms.map(|(label, text)| match label {
        "limits" | "counts" => text,
        _ => format!("{label} {text}"),
    });
    terms.collect::<Vec<_>>().join("; ")
}

fn place(origin: Option<&Origin>, config: &Path) -> String {
    match origin {
        None => "built in".to_owned(),
        Some(Origin { file, line }) if **file == *config => format!("line {line}"),
        Some(Origin { file, line }) => format!("{} line {line}", file.display()),
    }
}
