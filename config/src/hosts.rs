//! From clients, groups and defaults to hosts: what each inherits, and whether they go together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rules::Zone;
use sample::HostName;

use crate::alerts::{Alert, Sharing, Unwanted};
use crate::clients::{Client, Group};
use crate::inherit::{Jump, Settings};
use crate::report::Report;
use crate::sections::Sections;
use crate::suggest::nearest;
use crate::{ConfiguredRule, Host, jumps};

const DEFAULT_PORT: u16 = 22;
/// All clients together.
const MAX_HOSTS: usize = 100_000;
/// How many names are looked through for one that was meant.
pub(crate) const MAX_SUGGESTED: usize = 1_000;

/// A host as the others know it. The name is known also where the rest is wrong.
pub(crate) struct Named {
    pub(crate) name: HostName,
    pub(crate) at: usize,
    pub(crate) jump: Option<Jump>,
    /// None: the jump host.
    pub(crate) parent: Option<Jump>,
    pub(crate) host: Option<Host>,
}

/// Where each name stands in the list of all.
pub(crate) type Index = HashMap<HostName, usize>;

/// Every host of every client, with what it inherits. Takes groups and clients out of the sections.
///
/// What nobody knows is told only if all is known: one broken file or name shall not be told many times.
pub(crate) fn hosts(sections: &mut Sections, zone: Zone, report: &mut Report) -> Vec<Host> {
    let (clients, has_gaps) = (std::mem::take(&mut sections.clients), sections.has_gaps);
    let built_in = Settings::built_in();
    let defaults = std::mem::take(&mut sections.defaults.value);
    warn_of_vain(&defaults, &built_in, report);
    sections.defaults.value = defaults.inherit(&built_in);
    let mut sharing = Sharing::new(zone);
    let mut groups = Groups::new(sections, report);
    let (mut all, mut index, mut silent) = (Vec::new(), Index::new(), Vec::new());
    let mut unwanted = Unwanted::default();
    let (mut formerly, mut told) = (Vec::new(), HashSet::new());
    let all_are_named = !has_gaps && clients.iter().all(|client| !client.names.is_empty());
    for client in clients {
        if all.len() + client.names.len() > MAX_HOSTS {
            report.problem(client.at, format!("more than {MAX_HOSTS} hosts up to this client"));
            return Vec::new();
        }
        formerly.push((client.formerly_at, client.formerly.clone()));
        let expanded = expand(client, &mut groups, &mut sharing, report);
        if let Some(host) = expanded.hosts.first().and_then(|named| named.host.as_ref()) {
            unwanted.compare(&expanded.alerts, &host.scope);
        }
        if expanded.tells_nobody {
            silent.push(expanded.at);
        }
        // What is inherited is the same mistake for everybody.
        for (at, message) in expanded.beyond.into_iter().filter(|(at, _)| told.insert(*at)) {
            report.problem(at, message);
        }
        add(expanded.hosts, &mut all, &mut index, report);
    }
    groups.warn_of_unused(report);
    unwanted.warn(report);
    warn_of_silent(&silent, report);
    check_former_names(&formerly, &all, &index, report);
    jumps::resolve(&mut all, &index, all_are_named, report);
    all.into_iter().filter_map(|named| named.host).collect()
}

/// Every group with what it inherits.
struct Groups<'d> {
    defaults: &'d Settings,
    by_name: BTreeMap<String, Known>,
    /// There may be others, or other defaults: a file could not be read.
    has_gaps: bool,
    /// A group without a right name may be the one that is meant.
    all_are_named: bool,
}

struct Known {
    settings: Settings,
    at: usize,
    used: bool,
}

impl<'d> Groups<'d> {
    fn new(sections: &'d mut Sections, report: &mut Report) -> Groups<'d> {
        let groups = std::mem::take(&mut sections.groups);
        let all_are_named = groups.iter().all(|group| group.name.is_some());
        let (defaults, has_gaps) = (&sections.defaults.value, sections.has_gaps);
        let mut by_name: BTreeMap<String, Known> = BTreeMap::new();
        for Group { name, name_at: at, own } in groups {
            let Some(name) = name else { continue };
            match by_name.get(&name) {
                Some(first) => report.problem(at, already("group", &name, &report.line_for(first.at, at))),
                None => {
                    warn_of_vain(&own, defaults, report);
                    by_name.insert(name, Known { settings: own.inherit(defaults), at, used: false });
                }
            }
        }
        Groups { defaults, by_name, has_gaps, all_are_named }
    }

    /// What a client inherits. None: it names a group that is not there, which is reported if it was not before.
    fn above(&mut self, client: &Client, report: &mut Report) -> Option<&Settings> {
        let Some((name, at)) = &client.group else { return Some(self.defaults) };
        let name = name.as_ref()?;
        if !self.has_gaps && self.all_are_named && !self.by_name.contains_key(name) {
            report.problem_with(*at, || self.unknown(name));
        }
        let known = self.by_name.get_mut(name)?;
        known.used = true;
        Some(&known.settings)
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.by_name.keys().map(String::as_str).take(MAX_SUGGESTED).collect();
        let advice = match nearest(name, &names) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("there is no <group name={name:?}>"),
        };
        format!("group \"{name}\" is unknown, {advice}")
    }

    fn warn_of_unused(&self, report: &mut Report) {
        for (name, known) in self.by_name.iter().filter(|(_, known)| !known.used) {
            report.warning(known.at, format!("no client is in the group \"{name}\""));
        }
    }
}

fn already(what: &str, name: &str, line: &str) -> String {
    format!("a {what} \"{name}\" is given in {line} already")
}

/// A client's hosts.
struct Expanded {
    at: usize,
    hosts: Vec<Named>,
    alerts: Vec<Arc<Alert>>,
    /// A rule of it has no recipient.
    tells_nobody: bool,
    /// Where it wants more to be looked at than a probe takes, and what is wrong with that.
    beyond: Vec<(usize, String)>,
}

fn expand(mut client: Client, groups: &mut Groups<'_>, sharing: &mut Sharing, report: &mut Report) -> Expanded {
    let own = std::mem::take(&mut client.own);
    let (own_jump, own_parent) = (own.jump.is_some(), own.parent.is_some());
    let above = groups.above(&client, report);
    // A group that is not there might have given what is missing, and so might <defaults>.
    let is_complete = above.is_some();
    let nothing = Settings::default();
    let above = above.unwrap_or(&nothing);
    warn_of_vain(&own, above, report);
    let mut settings = own.inherit(above);
    if is_complete && !groups.has_gaps {
        report_missing(&settings, client.at, report);
    }
    let (jump, parent) = (settings.jump.clone(), settings.parent.clone());
    let beyond = settings.cut();
    let alerts = settings.alerts.clone();
    let first = first_host(&client, settings, sharing, report);
    let tells_nobody = first.as_ref().is_some_and(tells_nobody);
    let named = |(i, name): (usize, HostName)| {
        let host = first.clone().zip(client.addresses.get(i)).map(|(host, address)| {
            let (name, address, formerly) = (name.clone(), address.clone(), client.formerly.get(i).cloned());
            Host { name, address, formerly, ..host }
        });
        // Who inherits itself as its jump host is the jump host; and who inherits itself as its parent depends on none.
        let itself = |jump: &Jump| jump.through.as_ref() == Some(&name);
        let jump = jump.clone().filter(|jump| own_jump || !itself(jump));
        let parent = parent.clone().map(|parent| match !own_parent && itself(&parent) {
            true => Jump { through: None, ..parent },
            false => parent,
        });
        Named { at: client.name_at, jump, parent, host, name }
    };
    let hosts = client.names.into_iter().enumerate().map(named).collect();
    Expanded { at: client.at, hosts, alerts, tells_nobody, beyond }
}

fn tells_nobody(host: &Host) -> bool {
    let is_silent = |it: &ConfiguredRule| !it.rule.is_off() && it.rule.telling.recipients.is_empty();
    let configured = |host: &Host| host.rules.iter().any(|it| it.origin.is_some() && is_silent(it));
    host.enabled && configured(host)
}

/// The first host of a client, which the others differ from in name and address; without its jump host.
/// `settings` are those of the client with all it inherits. Returns none where something is missing or wrong, which was
/// reported.
fn first_host(client: &Client, settings: Settings, sharing: &mut Sharing, report: &Report) -> Option<Host> {
    let (name, address) = client.names.first().zip(client.addresses.first())?;
    let login = settings.login?;
    Some(Host {
        name: name.clone(),
        address: address.clone(),
        port: settings.port.unwrap_or(DEFAULT_PORT),
        username: settings.username?,
        password: login.password,
        identity_file: login.identity_file,
        passphrase: login.passphrase,
        certificate_file: login.certificate_file,
        agent: login.agent,
        jump: None,
        group: client.group.as_ref().and_then(|(name, _)| name.clone()),
        enabled: settings.enabled.unwrap_or(true),
        every: settings.every,
        formerly: client.formerly.first().cloned(),
        fingerprints: client.fingerprints.clone(),
        legacy_algorithms: settings.legacy_algorithms.unwrap_or(false),
        work_dir: settings.work_dir,
        scope: settings.wishes.scope(),
        parent: None,
        maintenance: sharing.windows(&settings.maintenance),
        rules: sharing.rules(&settings.alerts, settings.mail.as_deref().unwrap_or_default()),
        file: report.file(client.at),
        line: report.line(client.at),
    })
}

fn report_missing(settings: &Settings, at: usize, report: &mut Report) {
    if !settings.has_username {
        report.problem(at, "missing attribute \"username\" on <client>");
    }
    if settings.login.is_none() {
        report.problem(at, "no way to log in: give identity-file or password-file");
    }
}

/// Adds the hosts of one client to all. Names that are taken are told once for all of them.
fn add(hosts: Vec<Named>, all: &mut Vec<Named>, index: &mut Index, report: &mut Report) {
    let mut taken: Option<(HostName, usize, usize)> = None;
    let mut others = 0;
    for named in hosts {
        if let Some(first) = index.get(&named.name) {
            others += usize::from(taken.is_some());
            taken.get_or_insert((named.name, named.at, all[*first].at));
        } else {
            index.insert(named.name.clone(), all.len());
            all.push(named);
        }
    }
    let Some((name, at, first)) = taken else { return };
    if first == at {
        return report.problem(at, format!("the ranges of this client make the name \"{name}\" twice"));
    }
    let message = already("client", name.as_str(), &report.line_for(first, at));
    let others = if others == 0 { String::new() } else { format!(", and {others} more of these names") };
    report.problem(at, format!("{message}{others}"));
}

/// A former name belongs to one host, and to none that still has it. Told once for each client.
fn check_former_names(formerly: &[(usize, Vec<HostName>)], all: &[Named], index: &Index, report: &mut Report) {
    let mut seen: HashMap<&HostName, usize> = HashMap::new();
    for (at, names) in formerly {
        let mistake = names.iter().find_map(|name| {
            let still = index.get(name).map(|it| all[*it].at);
            let before = seen.insert(name, *at);
            let line = |place: usize| report.line_for(place, *at);
            let still = still.map(|place| format!("is still the name of a client, in {}", line(place)));
            let told =
                still.or_else(|| before.map(|place| format!("is told of another host already, in {}", line(place))));
            told.map(|told| format!("formerly \"{name}\" {told}"))
        });
        if let Some(message) = mistake {
            report.problem(*at, message);
        }
    }
}

fn warn_of_vain(own: &Settings, above: &Settings, report: &mut Report) {
    for (at, message) in own.wishes.undone_in_vain(&above.wishes) {
        report.warning(at, message);
    }
}

fn warn_of_silent(silent: &[usize], report: &mut Report) {
    if let [first, ref more @ ..] = *silent {
        let others = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
        report.warning(first, format!("no mail address for alerts of this client{others}: nobody is told of them"));
    }
}
