//! `<alerter>`: how people are told, and of what concerns the fleet as a whole.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rules::{Recipient, Repeats, Zone};

use crate::alerts::{self, About, Alert, Sharing, warn_of_haste};
use crate::fields::{Fields, unknown_child};
use crate::maintenance::zone;
use crate::quantities::{heartbeat, lateness, reminder};
use crate::report::Report;
use crate::value::whole_number;
use crate::xml::Element;
use crate::{Alerter, Host};

const MOST_MAILS: u64 = 10_000;

/// The element, as far as it is right by itself.
#[derive(Default)]
pub(crate) struct Told {
    mail: Option<Vec<Recipient>>,
    pub(crate) timezone: Option<Zone>,
    late_after: Option<Duration>,
    mails_per_hour: Option<u32>,
    repeats: Repeats,
    heartbeat: Option<Duration>,
    text_template: Option<PathBuf>,
    html_template: Option<PathBuf>,
    alerts: Vec<Arc<Alert>>,
}

pub(crate) fn alerter(element: &Element<'_>, report: &mut Report) -> Told {
    let mut alerts = Vec::new();
    for child in &element.children {
        match child.name {
            "alert" => alerts::read(child, About::Fleet, &mut alerts, report),
            _ => unknown_child(child, element.name, &["alert"], report),
        }
    }
    let mut fields = Fields::new(element, report);
    let mails = |text: &str| whole_number(text, 1, MOST_MAILS).map(|mails| mails as u32);
    let told = Told {
        mail: fields.recipients("mail"),
        timezone: fields.optional("timezone", zone),
        late_after: fields.optional("late-after", lateness),
        mails_per_hour: fields.optional("mails-per-hour", mails),
        repeats: repeats(&mut fields),
        heartbeat: fields.optional("heartbeat", heartbeat),
        text_template: fields.path("text-template"),
        html_template: fields.path("html-template"),
        alerts,
    };
    fields.finish();
    told
}

fn repeats(fields: &mut Fields<'_, '_>) -> Repeats {
    let default = Repeats::default();
    let mut repeat = |name, default| {
        let every = fields.optional(name, reminder).unwrap_or(default);
        every.into_iter().for_each(|every| warn_of_haste(name, every, fields));
        every
    };
    Repeats {
        critical: repeat("repeat-critical", default.critical),
        warning: repeat("repeat-warning", default.warning),
    }
}

impl Told {
    /// What it comes to: `defaults` are told if it names nobody, else everybody who is told of a host.
    pub(crate) fn alerter(
        self,
        defaults: Option<&[Recipient]>,
        hosts: &[Host],
        interval: Option<Duration>,
        report: &mut Report,
    ) -> Alerter {
        let mail = self.mail.or_else(|| defaults.map(<[_]>::to_vec)).unwrap_or_else(|| everybody(hosts));
        let alerts: Vec<_> = self.alerts.into_iter().filter_map(|alert| with_limit(alert, interval, report)).collect();
        let default = Alerter::default();
        Alerter {
            rules: Sharing::new(Zone::UTC).rules(&alerts, &mail),
            mail,
            timezone: self.timezone,
            late_after: self.late_after,
            mails_per_hour: self.mails_per_hour.unwrap_or(default.mails_per_hour),
            repeats: self.repeats,
            heartbeat: self.heartbeat,
            text_template: self.text_template,
            html_template: self.html_template,
        }
    }
}

fn with_limit(alert: Arc<Alert>, interval: Option<Duration>, report: &mut Report) -> Option<Arc<Alert>> {
    match interval {
        _ if !alert.awaits_interval() => Some(alert),
        Some(interval) => alert.at_interval(interval).map(Arc::new),
        None => {
            let message = "collector needs a limit, such as limit=\"15m\", as long as <collector> has no interval";
            report.problem(alert.at, message);
            None
        }
    }
}

/// Everybody who is told of any host, in the order of their addresses.
pub(crate) fn everybody(hosts: &[Host]) -> Vec<Recipient> {
    let rules = hosts.iter().flat_map(|host| &host.rules);
    let all: std::collections::BTreeSet<_> = rules.flat_map(|it| &it.rule.telling.recipients).collect();
    all.into_iter().cloned().collect()
}
