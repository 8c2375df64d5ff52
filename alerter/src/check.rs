//! What a configuration comes to, for people.

mod notifiers;
mod rules;
mod telling;

use config::{Security, Smtp};

use crate::deliver::{Server, ServerError, Timeouts};
use crate::setting::Setting;

/// What a configuration comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// All of it, for people.
    pub text: String,
    /// What config.xml names and is not as it should be: templates with a mistake, programs that can't be started. A run
    /// does without them.
    pub mistakes: Vec<String>,
}

/// Describes where things are, how mail leaves, and every rule of every host with the line it came from. Passwords
/// and certificates are read, so that what is missing is told now; no password is shown.
///
/// # Errors
/// A password or certificate can't be had.
pub fn check(setting: &Setting) -> Result<Checked, ServerError> {
    let config = &setting.config;
    Server::new(&config.smtp, Timeouts::default())?;
    let mut text = format!("config    {}\n", config.path.display());
    text += &format!("database  {}\n", setting.database.display());
    text += &describe_smtp(&config.smtp);
    text += &telling::describe(setting);
    text += &notifiers::describe(&config.notifiers);
    text += &rules::of_the_fleet(config);
    text.extend(config.hosts.iter().map(|host| rules::of_host(host, &config.path)));
    let mut mistakes: Vec<String> = setting.template_mistakes.iter().map(ToString::to_string).collect();
    mistakes.extend(notifiers::mistakes(&config.notifiers));
    Ok(Checked { text, mistakes })
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
