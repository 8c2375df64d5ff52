//! What is looked at beside what always is: `<process>`, `<unit>`, and the attributes that go with them.

use std::time::Duration;

use sample::{ProcessWish, Scope};

use crate::fields::{Fields, no_children};
use crate::report::Report;
use crate::value::yes_or_no;
use crate::wanted::{at_least, check_timeout, log_lines, process, unit};
use crate::xml::Element;

/// What one level says, or, after [`Wishes::inherit`], all levels down to it.
#[derive(Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) processes: Vec<Wish>,
    pub(crate) units: Vec<Wish>,
    pub(crate) options: Options,
}

/// A `<process>` or `<unit>`.
#[derive(Clone)]
pub(crate) struct Wish {
    /// Of a unit the full one: `nginx` and `nginx.service` are one unit.
    name: String,
    /// Of a process: how many there have to be.
    min: u32,
    /// False: it undoes one that would be inherited.
    wanted: bool,
    at: usize,
}

/// The attributes. None: not said.
#[derive(Clone, Default)]
pub(crate) struct Options {
    checks: Option<bool>,
    check_timeout: Option<Duration>,
    process_arguments: Option<bool>,
    log_lines: Option<u32>,
    listeners: Option<bool>,
    network_filesystems: Option<bool>,
}

/// Adds a `<process>` to those of its level. What is wrong is reported.
pub(crate) fn read_process(element: &Element<'_>, level: &mut Vec<Wish>, report: &mut Report) {
    let wish = read(element, report, |fields| {
        let name = fields.required("name", process);
        let min = fields.optional("min", at_least);
        let min_is_right = min.is_some() || !fields.has("min");
        Some((name.filter(|_| min_is_right)?, min.unwrap_or(1)))
    });
    add(level, wish, element, report);
}

/// Adds a `<unit>` to those of its level. What is wrong is reported.
pub(crate) fn read_unit(element: &Element<'_>, level: &mut Vec<Wish>, report: &mut Report) {
    let wish = read(element, report, |fields| Some((fields.required("name", unit)?, 1)));
    add(level, wish, element, report);
}

fn read(
    element: &Element<'_>,
    report: &mut Report,
    name_and_min: impl FnOnce(&mut Fields<'_, '_>) -> Option<(String, u32)>,
) -> Option<Wish> {
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    let found = name_and_min(&mut fields);
    let wanted = fields.optional("wanted", yes_or_no);
    fields.finish();
    let (name, min) = found?;
    Some(Wish { name, min, wanted: wanted.unwrap_or(true), at: element.at })
}

fn add(level: &mut Vec<Wish>, wish: Option<Wish>, element: &Element<'_>, report: &mut Report) {
    let Some(wish) = wish else { return };
    if let Some(first) = level.iter().find(|first| first.name == wish.name) {
        let line = report.line_for(first.at, wish.at);
        return report.problem(wish.at, format!("<{}> \"{}\" is given in {line} already", element.name, wish.name));
    }
    if level.len() >= Scope::MOST {
        return report.problem(wish.at, too_many(element.name));
    }
    level.push(wish);
}

fn too_many(element: &str) -> String {
    format!("more than {} <{element}> for one host, inherited ones included", Scope::MOST)
}

impl Options {
    /// Reads the attributes, which all three levels have.
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Options {
        Options {
            checks: fields.optional("checks", yes_or_no),
            check_timeout: fields.optional("check-timeout", check_timeout),
            process_arguments: fields.optional("process-arguments", yes_or_no),
            log_lines: fields.optional("log-lines", log_lines),
            listeners: fields.optional("listening-ports", yes_or_no),
            network_filesystems: fields.optional("network-filesystems", yes_or_no),
        }
    }

    fn inherit(self, above: &Options) -> Options {
        Options {
            checks: self.checks.or(above.checks),
            check_timeout: self.check_timeout.or(above.check_timeout),
            process_arguments: self.process_arguments.or(above.process_arguments),
            log_lines: self.log_lines.or(above.log_lines),
            listeners: self.listeners.or(above.listeners),
            network_filesystems: self.network_filesystems.or(above.network_filesystems),
        }
    }
}

impl Wishes {
    /// These, and what they do not say from the level above.
    pub(crate) fn inherit(self, above: &Wishes) -> Wishes {
        Wishes {
            processes: inherit(&above.processes, self.processes),
            units: inherit(&above.units, self.units),
            options: self.options.inherit(&above.options),
        }
    }

    /// Where each `wanted="no"` of this level stands that undoes nothing of the level above, and what is wrong with it.
    pub(crate) fn undone_in_vain(&self, above: &Wishes) -> impl Iterator<Item = (usize, String)> {
        let in_vain = |own: &[Wish], above: &[Wish], element: &str| {
            let is_wanted = |wish: &Wish| above.iter().any(|it| it.wanted && it.name == wish.name);
            let undone = own.iter().filter(|wish| !wish.wanted && !is_wanted(wish));
            let told = undone.map(|wish| {
                (wish.at, format!("no <{element}> \"{}\" is inherited here: wanted=\"no\" undoes nothing", wish.name))
            });
            told.collect::<Vec<_>>()
        };
        let processes = in_vain(&self.processes, &above.processes, "process");
        processes.into_iter().chain(in_vain(&self.units, &above.units, "unit"))
    }

    /// Where the first element of each kind stands that is one too many, and what is wrong with it.
    pub(crate) fn beyond(&self) -> impl Iterator<Item = (usize, String)> {
        let beyond = |wishes: &[Wish], element| {
            let first = wishes.iter().filter(|wish| wish.wanted).nth(Scope::MOST);
            first.map(|wish| (wish.at, too_many(element)))
        };
        [beyond(&self.processes, "process"), beyond(&self.units, "unit")].into_iter().flatten()
    }

    /// What they come to.
    pub(crate) fn scope(self) -> Scope {
        let default = Scope::default();
        let options = self.options;
        let wanted = |wishes: Vec<Wish>| wishes.into_iter().filter(|wish| wish.wanted);
        let timeout_ms = options.check_timeout.and_then(|timeout| u32::try_from(timeout.as_millis()).ok());
        Scope {
            processes: wanted(self.processes).map(|Wish { name, min, .. }| ProcessWish { name, min }).collect(),
            units: wanted(self.units).map(|wish| wish.name).collect(),
            checks: options.checks.unwrap_or(default.checks),
            check_timeout_ms: timeout_ms.unwrap_or(default.check_timeout_ms),
            process_arguments: options.process_arguments.unwrap_or(default.process_arguments),
            log_lines: options.log_lines.unwrap_or(default.log_lines),
            listeners: options.listeners.unwrap_or(default.listeners),
            network_filesystems: options.network_filesystems.unwrap_or(default.network_filesystems),
        }
    }
}

/// Those of one level with those it inherits: one of its own takes the place of an inherited one of the same name.
fn inherit(above: &[Wish], own: Vec<Wish>) -> Vec<Wish> {
    let mut all = above.to_vec();
    for wish in own {
        match all.iter_mut().find(|inherited| inherited.name == wish.name) {
            Some(inherited) => *inherited = wish,
            None => all.push(wish),
        }
    }
    all
}
