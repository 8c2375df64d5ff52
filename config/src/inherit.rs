//! What `<defaults>`, `<group>` and `<client>` have in common, and how one inherits it from another.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rules::Recipient;
use sample::HostName;

use crate::alerts::{self, About, Alert};
use crate::fields::{Fields, unknown_child};
use crate::maintenance::{self, Planned};
use crate::names::{agent, jump};
use crate::report::Report;
use crate::scope::{self, Options, Wishes};
use crate::value::{every, port, username, work_dir, yes_or_no};
use crate::xml::Element;
use crate::{Agent, SecretSource};

/// Who has one of these inherits none of them.
const LOGIN: [&str; 8] = [
    "identity-file",
    "passphrase-file",
    "passphrase-env",
    "certificate-file",
    "identity-agent",
    "password",
    "password-file",
    "password-env",
];

/// Settings of one level, or, after [`Settings::inherit`], of all levels down to it.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) port: Option<u16>,
    pub(crate) username: Option<String>,
    /// Given, be it right or wrong: what was wrong is not missing as well.
    pub(crate) has_username: bool,
    /// There as soon as one attribute of it is given, be it right or wrong.
    pub(crate) login: Option<Login>,
    pub(crate) mail: Option<Vec<Recipient>>,
    pub(crate) work_dir: Option<String>,
    pub(crate) jump: Option<Jump>,
    pub(crate) every: Option<Duration>,
    pub(crate) legacy_algorithms: Option<bool>,
    pub(crate) enabled: Option<bool>,
    /// The host that this one depends on.
    pub(crate) parent: Option<Jump>,
    pub(crate) alerts: Vec<Arc<Alert>>,
    pub(crate) maintenance: Vec<Arc<Planned>>,
    pub(crate) wishes: Wishes,
}

/// The attributes that are inherited together or not at all.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) password: Option<SecretSource>,
    pub(crate) identity_file: Option<PathBuf>,
    pub(crate) passphrase: Option<SecretSource>,
    pub(crate) certificate_file: Option<PathBuf>,
    pub(crate) agent: Option<Agent>,
}

/// A `jump` or `parent` attribute.
#[derive(Clone)]
pub(crate) struct Jump {
    /// None: directly, whatever would be inherited.
    pub(crate) through: Option<HostName>,
    /// Where it says so.
    pub(crate) at: usize,
}

impl Settings {
    /// Reads the elements that all three levels have.
    pub(crate) fn within(element: &Element<'_>, report: &mut Report) -> Settings {
        let mut within = Settings::default();
        let Wishes { processes, units, .. } = &mut within.wishes;
        let allowed = ["alert", "process", "unit", "maintenance"];
        for child in &element.children {
            match child.name {
                "alert" => alerts::read(child, About::Hosts, &mut within.alerts, report),
                "process" => scope::read_process(child, processes, report),
                "unit" => scope::read_unit(child, units, report),
                "maintenance" => maintenance::read(child, &mut within.maintenance, report),
                _ => unknown_child(child, element.name, &allowed, report),
            }
        }
        within
    }

    /// Adds the attributes that all three levels have.
    pub(crate) fn read(self, fields: &mut Fields<'_, '_>) -> Settings {
        Settings {
            port: fields.optional("port", port),
            username: fields.optional("username", username),
            has_username: fields.has("username"),
            login: login(fields),
            mail: fields.recipients("mail"),
            work_dir: fields.optional("work-dir", work_dir),
            jump: other("jump", fields),
            parent: other("parent", fields),
            every: fields.optional("every", every),
            legacy_algorithms: fields.optional("legacy-algorithms", yes_or_no),
            wishes: Wishes { options: Options::read(fields), ..self.wishes },
            ..self
        }
    }

    /// These, and what they do not say from the level above.
    pub(crate) fn inherit(self, above: &Settings) -> Settings {
        Settings {
            port: self.port.or(above.port),
            username: self.username.or_else(|| above.username.clone()),
            has_username: self.has_username || above.has_username,
            login: self.login.or_else(|| above.login.clone()),
            mail: self.mail.or_else(|| above.mail.clone()),
            work_dir: self.work_dir.or_else(|| above.work_dir.clone()),
            jump: self.jump.or_else(|| above.jump.clone()),
            parent: self.parent.or_else(|| above.parent.clone()),
            every: self.every.or(above.every),
            legacy_algorithms: self.legacy_algorithms.or(above.legacy_algorithms),
            enabled: self.enabled.or(above.enabled),
            alerts: alerts::inherit(&above.alerts, self.alerts),
            maintenance: above.maintenance.iter().cloned().chain(self.maintenance).collect(),
            wishes: self.wishes.inherit(&above.wishes),
        }
    }

    /// What every host has: the farthest level of all.
    pub(crate) fn built_in() -> Settings {
        Settings { alerts: alerts::built_in(), ..Settings::default() }
    }

    /// Leaves no more than one host may have. Returns where the first of each kind stands that is one too many, and
    /// what is wrong with it.
    pub(crate) fn cut(&mut self) -> Vec<(usize, String)> {
        let alerts = alerts::cut(&mut self.alerts);
        let windows = maintenance::cut(&mut self.maintenance);
        self.wishes.beyond().chain(alerts).chain(windows).collect()
    }
}

/// `jump` or `parent`.
fn other(name: &'static str, fields: &mut Fields<'_, '_>) -> Option<Jump> {
    let at = fields.place(name);
    fields.optional(name, jump).map(|through| Jump { through, at })
}

fn login(fields: &mut Fields<'_, '_>) -> Option<Login> {
    let folder = fields.folder();
    let login = Login {
        password: fields.password(),
        identity_file: fields.path("identity-file"),
        passphrase: fields.passphrase(),
        certificate_file: fields.path("certificate-file"),
        agent: fields.optional("identity-agent", |text| agent(text, &folder)),
    };
    let passphrase = ["passphrase-file", "passphrase-env"].into_iter().find(|name| fields.has(name));
    if let Some(name) = passphrase.filter(|_| !fields.has("identity-file")) {
        needs(name, "identity-file", fields);
    }
    let has_key = fields.has("identity-file") || fields.has("identity-agent");
    if fields.has("certificate-file") && !has_key {
        needs("certificate-file", "identity-file or identity-agent", fields);
    }
    LOGIN.iter().any(|name| fields.has(name)).then_some(login)
}

fn needs(name: &str, other: &str, fields: &mut Fields<'_, '_>) {
    let at = fields.place(name);
    fields.report.problem(at, format!("{name} without {other} beside it: a login is inherited as a whole"));
}
