//! What an `<alert>` is about: its type, and the thing it is narrowed down to.

use rules::Selector;
use sample::{Metric, Scope, Selectors};

use crate::complaint::{Complaint, Parsed};
use crate::fields::Fields;
use crate::value::{line, metric, one_of};
use crate::wanted;

/// An attribute's text to the name of a thing.
type Parse = fn(&str) -> Parsed<String>;

/// Everything that can be selected, and how its name is written.
const ALL: [(Selectors, Parse); 9] = [
    (Selectors::Mount, mount),
    (Selectors::Disk, thing),
    (Selectors::Interface, thing),
    (Selectors::Sensor, thing),
    (Selectors::Resource, resource),
    (Selectors::Process, wanted::process),
    (Selectors::Unit, unit),
    (Selectors::Check, thing),
    (Selectors::Array, thing),
];

/// What is watched. None: something is wrong or missing, which was reported.
pub(super) fn watched(fields: &mut Fields<'_, '_>) -> Option<(Metric, Selector)> {
    let (metric, check) = fields.required("type", metric_and_check).unzip();
    let check = check.flatten();
    let mut selected = None;
    for (selectors, parse) in ALL {
        let Some(attribute) = selectors.attribute() else { continue };
        let found = fields.optional(attribute, parse);
        let belongs = metric.is_none_or(|metric| metric.selectors() == selectors);
        match metric {
            Some(metric) if !belongs => fields.refuse(attribute, &belongs_to(attribute, selectors, metric)),
            _ if check.is_some() => fields.refuse(attribute, "the check is named twice, in type and here"),
            Some(_) | None => selected = selected.or(found),
        }
    }
    Some((metric?, check.or(selected).map_or(Selector::Every, Selector::Named)))
}

/// The name that a thing of this metric has in the database: of a unit, its full one. What config.xml would refuse stays
/// as it is.
pub fn name_of_thing(metric: Metric, text: &str) -> String {
    let parse = ALL.iter().find(|(selectors, _)| *selectors == metric.selectors()).map(|(_, parse)| parse);
    parse.and_then(|parse| parse(text).ok()).unwrap_or_else(|| text.to_owned())
}

/// `mount belongs to disk and inodes, not to load`.
fn belongs_to(attribute: &str, selectors: Selectors, found: Metric) -> String {
    let fitting = Metric::ALL.iter().filter(|metric| metric.selectors() == selectors);
    let names: Vec<_> = fitting.map(|metric| metric.name()).collect();
    let names = match &names[..] {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        few => few.join(""),
    };
    format!("{attribute} belongs to {names}, not to {found}")
}

/// A metric's name, or `check:` and the name of a check.
fn metric_and_check(text: &str) -> Parsed<(Metric, Option<String>)> {
    match text.trim().strip_prefix("check:") {
        Some(check) => Ok((Metric::Check, Some(thing(check)?))),
        None => Ok((metric(text)?, None)),
    }
}

/// A name that the host chose, or a pattern of such names.
fn thing(text: &str) -> Parsed<String> {
    let text = line(text)?;
    if text.trim() != text {
        return Err(Complaint::Padded);
    }
    if text.len() > Scope::LONGEST_NAME {
        Err(Complaint::TooLong { most: Scope::LONGEST_NAME })
    } else {
        Ok(text.to_owned())
    }
}

/// A mount point as the host reports it, or a pattern of such.
fn mount(text: &str) -> Parsed<String> {
    let text = line(text)?;
    let fits = text == "/" || (text.starts_with(['/', '*']) && !text.ends_with('/'));
    if !fits {
        return Err(Complaint::NotAMount);
    }
    if text.len() > LONGEST_MOUNT { Err(Complaint::TooLong { most: LONGEST_MOUNT }) } else { Ok(text.to_owned()) }
}

/// As long as a path may be (`PATH_MAX`).
const LONGEST_MOUNT: usize = 4096;

fn resource(text: &str) -> Parsed<String> {
    one_of(text, &["cpu", "memory", "io"].map(|name| (name, name))).map(str::to_owned)
}

/// A unit under its full name, as `<unit>` has it, or a pattern of such.
fn unit(text: &str) -> Parsed<String> {
    if text.contains(['*', '?']) { thing(text) } else { wanted::unit(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_written_as_the_host_reports_it_or_as_a_pattern() {
        for text in ["/", "/srv/Bücher 1", "/srv/*", "*", "*data", "/mnt/disk?"] {
            assert_eq!(mount(text).as_deref(), Ok(text));
        }
        for text in ["var", "/var/", "?"] {
            assert_eq!(mount(text), Err(Complaint::NotAMount), "{text:?}");
        }
        assert_eq!(mount("/a\nb"), Err(Complaint::ControlCharacter));
    }

    #[test]
    fn every_metric_that_has_things_can_be_narrowed_down_to_one() {
        for metric in Metric::ALL.iter().filter(|metric| metric.selectors() != Selectors::None) {
            assert!(ALL.iter().any(|(selectors, _)| *selectors == metric.selectors()), "{metric}");
        }
    }

    #[test]
    fn a_check_may_be_named_in_the_type() {
        assert_eq!(metric_and_check("check:backup"), Ok((Metric::Check, Some("backup".to_owned()))));
        assert_eq!(metric_and_check("check:"), Err(Complaint::Empty));
        assert_eq!(metric_and_check("check: backup"), Err(Complaint::Padded));
        assert_eq!(metric_and_check(&format!("check:{}", "x".repeat(256))), Err(Complaint::TooLong { most: 255 }));
    }

    #[test]
    fn a_unit_is_selected_under_the_name_it_is_wanted_by() {
        assert_eq!(unit("nginx").as_deref(), Ok("nginx.service"));
        assert_eq!(unit("postgresql@*").as_deref(), Ok("postgresql@*"));
        assert_eq!(unit("--all"), Err(Complaint::NotAUnit));
        let names =
            [(Metric::Unit, "nginx"), (Metric::Unit, "--all"), (Metric::Disk, "/var"), (Metric::Gone, "mount /")];
        let names = names.map(|(metric, text)| name_of_thing(metric, text));
        assert_eq!(names, ["nginx.service", "--all", "/var", "mount /"]);
    }
}
