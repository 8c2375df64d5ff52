//! `<client>`, and `<defaults>`, which clients inherit from.

use std::collections::HashMap;
use std::path::PathBuf;

use rules::Recipient;
use sample::HostName;

use crate::alerts::{self, Alert};
use crate::fields::{Fields, unknown_child};
use crate::report::Report;
use crate::value::{address, host_name, port, recipients, username, work_dir};
use crate::xml::Element;
use crate::{Host, SecretSource};

const DEFAULT_PORT: u16 = 22;
/// A client with one of these inherits none of them.
const LOGIN: [&str; 4] = ["identity-file", "password", "password-file", "password-env"];

/// What `<defaults>` and `<client>` have in common.
#[derive(Default)]
struct Settings {
    port: Option<u16>,
    username: Option<String>,
    password: Option<SecretSource>,
    identity_file: Option<PathBuf>,
    mail: Option<Vec<Recipient>>,
    work_dir: Option<String>,
    alerts: Vec<Alert>,
    /// Given, be it right or wrong: what was wrong is not missing as well.
    has_username: bool,
    has_login: bool,
}

/// Every client, with what it inherits.
pub(crate) fn hosts(defaults: Option<&Element<'_>>, clients: &[&Element<'_>], report: &mut Report<'_>) -> Vec<Host> {
    let defaults = defaults.map_or_else(Settings::default, |element| self::defaults(element, report));
    let mut lines: HashMap<HostName, u32> = HashMap::new();
    let (mut hosts, mut silent) = (Vec::new(), Vec::new());
    for element in clients {
        let client = client(element, &defaults, report);
        if let Some(name) = client.name {
            let line = report.line(client.name_at);
            if let Some(first) = lines.get(&name) {
                report.problem(client.name_at, format!("a client \"{name}\" is given in line {first} already"));
            } else {
                lines.insert(name, line);
            }
        }
        if client.host.as_ref().is_some_and(tells_nobody) {
            silent.push(element.at);
        }
        hosts.extend(client.host);
    }
    if let [first, ref more @ ..] = silent[..] {
        let others = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
        report.warning(first, format!("no mail address for alerts of this client{others}: nobody is told of them"));
    }
    hosts
}

fn tells_nobody(host: &Host) -> bool {
    host.rules.iter().any(|configured| configured.rule.recipients.is_empty())
}

fn defaults(element: &Element<'_>, report: &mut Report<'_>) -> Settings {
    let alerts = alerts(element, report);
    let mut fields = Fields::new(element, report);
    let settings = settings(&mut fields, alerts);
    fields.finish();
    settings
}

/// The name is known also where the rest is wrong: duplicates are told all the same.
struct Client {
    name: Option<HostName>,
    name_at: usize,
    host: Option<Host>,
}

fn client(element: &Element<'_>, defaults: &Settings, report: &mut Report<'_>) -> Client {
    let alerts = alerts(element, report);
    let line = report.line(element.at);
    let mut fields = Fields::new(element, report);
    let address = fields.required("ip", address);
    let given_name = fields.optional("name", host_name);
    let (name, name_at) = match fields.has("name") {
        true => (given_name, fields.place("name")),
        // `address` lets nothing pass that is not a host name.
        false => (address.as_deref().and_then(|address| host_name(address).ok()), fields.place("ip")),
    };
    let own = settings(&mut fields, alerts);
    report_missing(&own, defaults, &mut fields);
    fields.finish();
    let identity = name.clone().zip(address);
    let host = identity.and_then(|(name, address)| resolve((name, address, line), &own, defaults));
    Client { name, name_at, host }
}

/// Returns none where something is missing, which was reported.
fn resolve((name, address, line): (HostName, String, u32), own: &Settings, defaults: &Settings) -> Option<Host> {
    let login = if own.has_login { own } else { defaults };
    let mail = own.mail.as_ref().or(defaults.mail.as_ref());
    Some(Host {
        name,
        address,
        port: own.port.or(defaults.port).unwrap_or(DEFAULT_PORT),
        username: own.username.as_ref().or(defaults.username.as_ref())?.clone(),
        password: login.password.clone(),
        identity_file: login.identity_file.clone(),
        passphrase: None,
        certificate_file: None,
        agent: None,
        jump: None,
        group: None,
        enabled: true,
        every: None,
        formerly: None,
        fingerprints: Vec::new(),
        legacy_algorithms: false,
        work_dir: own.work_dir.as_ref().or(defaults.work_dir.as_ref()).cloned(),
        rules: alerts::resolve(&defaults.alerts, &own.alerts, mail.map_or(&[], Vec::as_slice)),
        line,
    })
}

fn report_missing(own: &Settings, defaults: &Settings, fields: &mut Fields<'_, '_, '_>) {
    if !own.has_username && !defaults.has_username {
        fields.missing("username");
    }
    if !own.has_login && !defaults.has_login {
        let at = fields.element_at();
        fields.report.problem(at, "no way to log in: give identity-file or password-file");
    }
}

fn settings(fields: &mut Fields<'_, '_, '_>, alerts: Vec<Alert>) -> Settings {
    Settings {
        port: fields.optional("port", port),
        username: fields.optional("username", username),
        password: fields.password(),
        identity_file: fields.path("identity-file"),
        mail: fields.optional("mail", recipients),
        work_dir: fields.optional("work-dir", work_dir),
        alerts,
        has_username: fields.has("username"),
        has_login: LOGIN.iter().any(|name| fields.has(name)),
    }
}

fn alerts(element: &Element<'_>, report: &mut Report<'_>) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for child in &element.children {
        match child.name {
            "alert" => alerts.extend(alerts::alert(child, report)),
            _ => unknown_child(child, element.name, &["alert"], report),
        }
    }
    alerts
}
