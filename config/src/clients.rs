//! `<client>`, `<group>` and `<defaults>`: each read and checked for itself.

use sample::HostName;

use crate::fields::Fields;
use crate::inherit::Settings;
use crate::names::{addresses, fingerprints, group as group_name, host_names};
use crate::report::Report;
use crate::value::yes_or_no;
use crate::xml::Element;

/// A `<group>`.
pub(crate) struct Group {
    /// None: missing or wrong, which was reported.
    pub(crate) name: Option<String>,
    pub(crate) name_at: usize,
    pub(crate) own: Settings,
}

/// A `<client>`: one host, or as many as its ranges stand for.
pub(crate) struct Client {
    pub(crate) at: usize,
    /// Known also where the rest is wrong: duplicates are told all the same.
    pub(crate) names: Vec<HostName>,
    pub(crate) name_at: usize,
    /// As many as there are names; or none, if they are wrong, which was reported.
    pub(crate) addresses: Vec<String>,
    /// Where it stands, too. None: not given.
    pub(crate) group: Option<(Option<String>, usize)>,
    /// As many as there are names, or none.
    pub(crate) formerly: Vec<HostName>,
    pub(crate) formerly_at: usize,
    pub(crate) fingerprints: Vec<String>,
    pub(crate) own: Settings,
}

pub(crate) fn defaults(element: &Element<'_>, report: &mut Report) -> Settings {
    let within = Settings::within(element, report);
    let mut fields = Fields::new(element, report);
    let settings = within.read(&mut fields);
    fields.finish();
    settings
}

pub(crate) fn group(element: &Element<'_>, report: &mut Report) -> Group {
    let within = Settings::within(element, report);
    let mut fields = Fields::new(element, report);
    let name = fields.required("name", group_name);
    let enabled = fields.optional("enabled", yes_or_no);
    let own = Settings { enabled, ..within.read(&mut fields) };
    let name_at = fields.place("name");
    fields.finish();
    Group { name, name_at, own }
}

pub(crate) fn client(element: &Element<'_>, report: &mut Report) -> Client {
    let within = Settings::within(element, report);
    let mut fields = Fields::new(element, report);
    let addresses = fields.required("ip", addresses).unwrap_or_default();
    let given_names = fields.optional("name", host_names).unwrap_or_default();
    let (names, name_at) = match fields.has("name") {
        true => (given_names, fields.place("name")),
        // `addresses` lets nothing pass that is not a host name.
        false => (addresses.iter().filter_map(|address| address.parse().ok()).collect(), fields.place("ip")),
    };
    let group = fields.optional("group", group_name);
    let group = fields.has("group").then(|| (group, fields.place("group")));
    let enabled = fields.optional("enabled", yes_or_no);
    let formerly = fields.optional("formerly", host_names).unwrap_or_default();
    let fingerprints = fields.optional("fingerprint", fingerprints).unwrap_or_default();
    let own = Settings { enabled, ..within.read(&mut fields) };
    compare_counts(names.len(), addresses.len(), formerly.len(), &mut fields);
    let formerly_at = fields.place("formerly");
    fields.finish();
    let fits = |count: usize| count == names.len();
    let addresses = if fits(addresses.len()) { addresses } else { Vec::new() };
    let formerly = if fits(formerly.len()) { formerly } else { Vec::new() };
    Client { at: element.at, names, name_at, addresses, group, formerly, formerly_at, fingerprints, own }
}

/// Reports attributes that stand for different numbers of hosts. Zero: it is missing or wrong, which was reported.
fn compare_counts(names: usize, addresses: usize, formerly: usize, fields: &mut Fields<'_, '_>) {
    if names > 0 && addresses > 0 && names != addresses {
        let at = fields.place("name");
        let message = format!("name stands for {}, but ip for {}", hosts(names), hosts(addresses));
        fields.report.problem(at, format!("{message}: both need ranges of the same size"));
    }
    if names > 0 && formerly > 0 && names != formerly {
        let at = fields.place("formerly");
        let message = format!("formerly stands for {}, but the client for {}", hosts(formerly), hosts(names));
        fields.report.problem(at, format!("{message}: both need ranges of the same size"));
    }
    if names > 1 && fields.has("fingerprint") {
        let at = fields.place("fingerprint");
        let message = format!("fingerprint on a client that stands for {}: no two hosts share a key", hosts(names));
        fields.report.problem(at, message);
    }
}

fn hosts(count: usize) -> String {
    if count == 1 { "1 host".to_owned() } else { format!("{count} hosts") }
}
