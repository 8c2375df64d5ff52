//! One file's root element, and what all files together hold.

use sample::Untrusted;

use crate::alerter::{self, Told};
use crate::clients::{self, Client, Group};
use crate::fields::unknown_child;
use crate::include::{Include, include};
use crate::inherit::Settings;
use crate::notifiers::{self, Notifiers};
use crate::report::Report;
use crate::settings::{self, Visits};
use crate::xml::{Attribute, Element};
use crate::{Smtp, Storage};

const SECTIONS: [&str; 9] =
    ["storage", "collector", "alerter", "smtp", "notifier", "defaults", "group", "client", "include"];

/// What the files hold, each part checked for itself.
#[derive(Default)]
pub(crate) struct Sections {
    pub(crate) storage: Single<Storage>,
    pub(crate) collector: Single<Visits>,
    pub(crate) alerter: Single<Told>,
    pub(crate) smtp: Single<Smtp>,
    pub(crate) notifiers: Notifiers,
    pub(crate) defaults: Single<Settings>,
    pub(crate) groups: Vec<Group>,
    pub(crate) clients: Vec<Client>,
    /// Where the root element of the first file stands.
    pub(crate) root_at: Option<usize>,
    /// A file, or a part of it, could not be taken: what others refer to may be there.
    pub(crate) has_gaps: bool,
}

/// An element of which there may be one, in whichever file.
#[derive(Default)]
pub(crate) struct Single<T> {
    pub(crate) value: T,
    at: Option<usize>,
}

impl<T> Single<T> {
    fn take(&mut self, element: &Element<'_>, report: &mut Report, read: fn(&Element<'_>, &mut Report) -> T) {
        if let Some(first) = self.at {
            let line = report.line_for(first, element.at);
            return report.problem(element.at, format!("a second <{}>, the first is in {line}", element.name));
        }
        self.value = read(element, report);
        self.at = Some(element.at);
    }
}

impl Sections {
    /// Takes what a file holds, and returns what it includes.
    pub(crate) fn take(&mut self, root: &Element<'_>, report: &mut Report) -> Vec<Include> {
        let mut includes = Vec::new();
        if root.name != "config" {
            self.has_gaps = true;
            report.problem(root.at, format!("expected <config>, found <{}>", Untrusted(root.name)));
            return includes;
        }
        self.root_at.get_or_insert(root.at);
        root_attributes(root, report);
        for child in &root.children {
            match child.name {
                "storage" => self.storage.take(child, report, settings::storage),
                "collector" => self.collector.take(child, report, settings::collector),
                "alerter" => self.alerter.take(child, report, alerter::alerter),
                "notifier" => notifiers::read(child, &mut self.notifiers, report),
                "smtp" => self.smtp.take(child, report, settings::smtp),
                "defaults" => self.defaults.take(child, report, clients::defaults),
                "group" => self.groups.push(clients::group(child, report)),
                "client" => self.clients.push(clients::client(child, report)),
                "include" => includes.extend(include(child, report)),
                _ => unknown_child(child, "config", &SECTIONS, report),
            }
        }
        includes
    }
}

/// The root has none, but for those that lead an editor to the schema.
fn root_attributes(root: &Element<'_>, report: &mut Report) {
    const NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
    let value = |attribute: &Attribute<'_>| attribute.value.as_ref().map(|value| value.to_string());
    let is_namespace = |other: &Attribute<'_>| other.name == "xmlns:xsi" && value(other).as_deref() == Some(NAMESPACE);
    for attribute in &root.attributes {
        let allowed = is_namespace(attribute)
            || (attribute.name == "xsi:noNamespaceSchemaLocation" && root.attributes.iter().any(is_namespace));
        if !allowed {
            let name = Untrusted(attribute.name);
            report.problem(attribute.at, format!("unknown attribute \"{name}\" on <config>, which has none"));
        }
    }
}
