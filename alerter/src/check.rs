//! What a configuration comes to, for people.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use config::{Alerter, ConfiguredRule, Origin, Security, Smtp};
use rules::{Escalation, Hold, Recipient, Rule, Side, Telling, words};
use sample::Unit;

use crate::compose::{ComposeError, Templates};
use crate::deliver::{Server, ServerError, Timeouts};
use crate::setting::Setting;

/// What config.xml names is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The SMTP settings.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A template.
    #[error(transparent)]
    Template(#[from] ComposeError),
}

/// Describes where things are, how mail leaves, and every rule of every host with the line it came from. Passwords
/// and certificates are read, so that what is missing is told now; no password is shown.
///
/// # Errors
/// A password or certificate can't be had, or a template can't be read or has a mistake.
pub fn check(setting: &Setting) -> Result<String, CheckError> {
    let smtp = &setting.config.smtp;
    Server::new(smtp, Timeouts::default())?;
    let Alerter { text_template, html_template, .. } = &setting.config.alerter;
    Templates::load(text_template.as_deref(), html_template.as_deref())?.try_out()?;
    let mut text = format!("config    {}\n", setting.config.path.display());
    text += &format!("database  {}\n", setting.database.display());
    text += &describe_smtp(smtp);
    text += &describe_alerter(setting);
    for host in &setting.config.hosts {
        text += &format!("\n{}\n", host.name);
        let (own, built_in): (Vec<_>, Vec<_>) = host.rules.iter().partition(|configured| configured.origin.is_some());
        for configured in own {
            text += &describe_rule(configured, &setting.config.path);
        }
        text += &describe_built_in(built_in.into_iter().map(|configured| &configured.rule));
    }
    Ok(text)
}

fn describe_smtp(smtp: &Smtp) -> String {
    let security = match smtp.security {
        Security::None => "plain text",
        Security::StartTls => "STARTTLS, required",
        Security::Tls => "TLS",
    };
    let mut text = format!("smtp      {} port {}, {security}", smtp.host, smtp.port);
    match &smtp.credentials {
        Some(login) => text += &format!(", login {}", login.username),
        None => text += ", no login",
    }
    if let Some(path) = &smtp.ca_file {
        text += &format!(", ca-file {}", path.display());
    }
    text + &format!("\nfrom      {}\n", smtp.from)
}

fn describe_alerter(setting: &Setting) -> String {
    let Alerter { mails_per_hour, .. } = setting.config.alerter;
    let to = names(&setting.config.told_of_the_fleet());
    format!(
        "alerter   tells {to} of the fleet as a whole, times in {}, at most {mails_per_hour} mails an hour each\n",
        setting.zone
    )
}

/// They are the same for most hosts, so those of one recipient share a line.
fn describe_built_in<'r>(rules: impl Iterator<Item = &'r Rule>) -> String {
    let mut by_recipients: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for rule in rules {
        by_recipients.entry(names(&rule.telling.recipients)).or_default().push(rule.key.metric.name());
    }
    by_recipients.into_iter().map(|(to, metrics)| format!("  {}, to {to} (built in)\n", metrics.join(", "))).collect()
}

/// `  disk mount=/var    warning at 85%, critical at 95%, for 15 min, to ops@example.org (line 12)`
fn describe_rule(configured: &ConfiguredRule, config: &Path) -> String {
    let ConfiguredRule { rule, origin } = configured;
    let what = rule.key.to_string();
    let terms = if rule.is_off() { "off".to_owned() } else { terms(rule).join(", ") };
    format!("  {what:<20} {terms} ({})\n", place(origin.as_ref(), config))
}

fn terms(rule: &Rule) -> Vec<String> {
    let metric = rule.key.metric;
    let mut terms: Vec<String> = Vec::new();
    if metric.unit() != Unit::State && !metric.is_momentary() {
        let (at, over) = match rule.side() {
            Side::Above => ("at", "over at"),
            Side::Below => ("below", "over at"),
        };
        terms.extend(rule.levels().iter().map(|level| {
            let (limit, clear) = (words::limit(metric, level.limit), words::limit(metric, level.clear));
            format!("{} {at} {limit} ({over} {clear})", level.severity)
        }));
    } else {
        terms.push(rule.levels().iter().map(|level| level.severity.name()).collect::<Vec<_>>().join(" or "));
    }
    terms.extend(rule.and_free_below.map(|bytes| format!("with less than {bytes} bytes free")));
    terms.extend(held("for", rule.rise));
    terms.extend(held("over for", rule.fall));
    let Telling { recipients, active, escalation, .. } = &rule.telling;
    terms.extend(active.as_ref().map(|hours| format!("told {hours}")));
    terms.push(format!("to {}", names(recipients)));
    terms.extend(escalation.as_ref().map(|Escalation { after, to }| {
        format!("after {} without fleet ack also to {}", words::span(seconds(*after)), names(to))
    }));
    terms
}

fn held(word: &str, hold: Hold) -> Option<String> {
    let times = (hold.times > 1).then(|| format!("{} times in a row", hold.times));
    let lasting = (!hold.lasting.is_zero()).then(|| words::span(seconds(hold.lasting)));
    let parts: Vec<String> = lasting.into_iter().chain(times).collect();
    (!parts.is_empty()).then(|| format!("{word} {}", parts.join(" and ")))
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn names(recipients: &[Recipient]) -> String {
    let names: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn place(origin: Option<&Origin>, config: &Path) -> String {
    match origin {
        None => "built in".to_owned(),
        Some(Origin { file, line }) if **file == *config => format!("line {line}"),
        Some(Origin { file, line }) => format!("{} line {line}", file.display()),
    }
}
