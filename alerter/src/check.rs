//! What a configuration comes to, for people.

use std::fmt::Write;
use std::path::Path;

use config::{ConfiguredRule, Security, Smtp};
use rules::{Recipient, Rule, Selector};

use crate::compose::words;
use crate::deliver::{Server, ServerError, Timeouts};
use crate::setting::Setting;

/// Describes where things are, how mail leaves, and every rule of every host with the line it came from. Passwords
/// and certificates are read, so that what is missing is told now; no password is shown.
///
/// # Errors
/// A password or certificate can't be had.
pub fn check(setting: &Setting) -> Result<String, ServerError> {
    let smtp = &setting.config.smtp;
    Server::new(smtp, Timeouts::default())?;
    let mut text = format!("config    {}\n", setting.config.path.display());
    text += &format!("database  {}\n", setting.database.display());
    text += &describe_smtp(smtp);
    for host in &setting.config.hosts {
        text += &format!("\n{}\n", host.name);
        if host.rules.is_empty() {
            text += "  no rules\n";
        }
        for configured in &host.rules {
            text += &describe_rule(configured, &setting.config.path);
        }
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

fn describe_rule(ConfiguredRule { rule, file, line }: &ConfiguredRule, config: &Path) -> String {
    let Rule { key, recipients, .. } = rule;
    let what = match &key.selector {
        Selector::Every => key.metric.to_string(),
        selector @ Selector::Mount(_) => format!("{} {selector}", key.metric),
    };
    let (limit, clear) = (words::limit(key.metric, rule.limit()), words::limit(key.metric, rule.clear()));
    let to: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    let to = if to.is_empty() { "nobody".to_owned() } else { to.join(", ") };
    let included = if **file == *config { String::new() } else { format!("{} ", file.display()) };
    let mut text = String::new();
    writeln!(text, "  {what:<16} fires at {limit}, over at {clear}, to {to} ({included}line {line})")
        .expect("writing to memory does not fail");
    text
}
