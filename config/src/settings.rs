//! `<storage>`, `<collector>` and `<smtp>`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fields::{Fields, no_children};
use crate::model::default_sender;
use crate::report::Report;
use crate::value::{address, interval, jobs, one_of, path, port, sender, timeout, username};
use crate::xml::Element;
use crate::{Collector, Credentials, Deadlines, Host, HostKeyPolicy, Security, Smtp, Storage};

/// What a visit takes whose custom checks use all the time they have: 20 s, and the rest of the probe's work.
const LONGEST_WITH_CHECKS: Duration = Duration::from_secs(25);

/// `<collector>`, and where its `command-timeout` stands.
#[derive(Default)]
pub(crate) struct Visits {
    pub(crate) collector: Collector,
    command_timeout_at: usize,
}

pub(crate) fn storage(element: &Element<'_>, report: &mut Report) -> Storage {
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    // Not joined with the folder of config.xml: it starts from the state folder, which is known to the programs.
    let database: Option<PathBuf> = fields.optional("database", |text| path(text, Path::new("")));
    fields.finish();
    database.map_or_else(Storage::default, |database| Storage { database })
}

pub(crate) fn collector(element: &Element<'_>, report: &mut Report) -> Visits {
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    let policies = [("strict", HostKeyPolicy::Strict), ("accept-new", HostKeyPolicy::AcceptNew)];
    let collector = Collector {
        jobs: fields.optional("jobs", jobs),
        interval: fields.optional("interval", interval),
        host_keys: fields.optional("host-keys", |text| one_of(text, &policies)).unwrap_or_default(),
        deadlines: deadlines(&mut fields),
    };
    let command_timeout_at = fields.place("command-timeout");
    fields.finish();
    Visits { collector, command_timeout_at }
}

impl Visits {
    /// Warns of a `command-timeout` that the checks of one of these hosts may need longer than.
    pub(crate) fn warn_of_slow_checks(&self, hosts: &[Host], report: &mut Report) {
        let has_checks = |host: &Host| host.enabled && host.scope.checks;
        if self.collector.deadlines.command < LONGEST_WITH_CHECKS && hosts.iter().any(has_checks) {
            let advice = "give 25s or more, or say checks=\"no\"";
            let message = "command-timeout is shorter than custom checks may take (20s together)";
            let message = format!("{message}: hosts with slow checks end as command_timeout; {advice}");
            report.warning(self.command_timeout_at, message);
        }
    }
}

fn deadlines(fields: &mut Fields<'_, '_>) -> Deadlines {
    let default = Deadlines::default();
    let mut deadline = |name, default: Duration| fields.optional(name, timeout).unwrap_or(default);
    Deadlines {
        dial: deadline("dial-timeout", default.dial),
        handshake: deadline("handshake-timeout", default.handshake),
        authentication: deadline("authentication-timeout", default.authentication),
        command: deadline("command-timeout", default.command),
        host: deadline("host-timeout", default.host),
        run: fields.optional("run-timeout", interval),
    }
}

pub(crate) fn smtp(element: &Element<'_>, report: &mut Report) -> Smtp {
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    let host = fields.optional("host", address).unwrap_or_else(|| "localhost".to_owned());
    let given_port = fields.optional("port", port);
    let words = [("none", Security::None), ("starttls", Security::StartTls), ("tls", Security::Tls)];
    let given_security = fields.optional("security", |text| one_of(text, &words));
    let security = given_security.unwrap_or_else(|| default_security(&host, given_port));
    let user = fields.optional("username", username);
    let password = fields.password();
    let ca_file = fields.path("ca-file");
    let from = fields.optional("from", sender);

    if user.is_none() && password.is_some() && !fields.has("username") {
        fields.missing("username");
    }
    if user.is_some() && !has_password(&fields) {
        let at = fields.place("username");
        fields.report.problem(at, "username without password-file, password-env or password");
    }
    if security == Security::None {
        refuse_plain_text(&mut fields, &host);
    }
    if from.is_none() && !fields.has("from") && !is_loopback(&host) {
        let at = fields.place("host");
        fields.report.warning(at, format!("no \"from\": {host} may refuse mail from {}", default_sender()));
    }
    fields.finish();
    let credentials = user.zip(password).map(|(username, password)| Credentials { username, password });
    let port = given_port.unwrap_or_else(|| default_port(security));
    Smtp { host, port, security, credentials, ca_file, from: from.unwrap_or_else(default_sender) }
}

fn refuse_plain_text(fields: &mut Fields<'_, '_>, host: &str) {
    let at = fields.place("security");
    if has_password(fields) && !is_loopback(host) {
        let message =
            format!("the password would be sent to {host} in plain text: security must be \"starttls\" or \"tls\"");
        fields.report.problem(at, message);
    }
    if fields.has("ca-file") {
        fields.report.problem(
            at,
            "ca-file is given, but the connection is in plain text: security must be \"starttls\" or \"tls\"",
        );
    }
}

fn has_password(fields: &Fields<'_, '_>) -> bool {
    ["password", "password-file", "password-env"].iter().any(|name| fields.has(name))
}

/// Port 465 has no plain text (RFC 8314, 3.3), not even on loopback.
fn default_security(host: &str, port: Option<u16>) -> Security {
    match port {
        Some(465) => Security::Tls,
        _ if is_loopback(host) => Security::None,
        _ => Security::StartTls,
    }
}

fn default_port(security: Security) -> u16 {
    match security {
        Security::None => 25,
        Security::StartTls => 587,
        Security::Tls => 465,
    }
}

/// Whether the server is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
