//! What a configuration comes to, for people.

use std::path::Path;

use config::{ConfiguredRule, Security, Smtp};

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

fn describe_rule(_configured: &ConfiguredRule, _config: &Path) -> String {
    todo!()
}
