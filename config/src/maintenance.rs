//! `<maintenance>`: when a host's problems are not told.

use std::sync::Arc;
use std::time::Duration;

use rules::{Maintenance, Zone};

use crate::alerts::text;
use crate::complaint::{Complaint, Parsed};
use crate::fields::{Fields, no_children};
use crate::quantities::window;
use crate::report::Report;
use crate::value::line;
use crate::xml::Element;

/// For one host.
const MOST_WINDOWS: usize = 64;
const MINUTE: Duration = Duration::from_secs(60);

/// A window, which begins by a clock that may be known later.
pub(crate) struct Planned {
    /// By its own clock, or by UTC.
    window: Maintenance,
    names_zone: bool,
    /// Where it stands.
    pub(crate) at: usize,
}

/// Adds a `<maintenance>` to those of its level. What is wrong is reported.
pub(crate) fn read(element: &Element<'_>, level: &mut Vec<Arc<Planned>>, report: &mut Report) {
    if level.len() >= MOST_WINDOWS {
        return report.problem(element.at, too_many());
    }
    no_children(element, report);
    let mut fields = Fields::new(element, report);
    let lasting = fields.required("lasting", window);
    let zone = fields.optional("timezone", zone);
    let comment = fields.optional("comment", text);
    // If that is wrong it was told, and what is wrong with the rest is told as well.
    let lasting = lasting.unwrap_or(MINUTE);
    let window = fields.required("cron", |cron| window_of(cron, lasting, zone.unwrap_or(Zone::UTC), comment));
    fields.finish();
    if let Some(window) = window {
        level.push(Arc::new(Planned { window, names_zone: zone.is_some(), at: element.at }));
    }
}

/// Leaves no more than one host may have. Returns where the first one stands that is one too many, and what is wrong.
pub(crate) fn cut(planned: &mut Vec<Arc<Planned>>) -> Option<(usize, String)> {
    let first = planned.get(MOST_WINDOWS)?.at;
    planned.truncate(MOST_WINDOWS);
    Some((first, too_many()))
}

fn too_many() -> String {
    format!("more than {MOST_WINDOWS} <maintenance> for one host, inherited ones included")
}

/// A time zone of the IANA database.
pub(crate) fn zone(text: &str) -> Parsed<Zone> {
    let unknown = || Complaint::Other("is no time zone of the IANA database, such as Europe/Berlin or UTC".to_owned());
    text.trim().parse().map_err(|_unknown| unknown())
}

fn window_of(cron: &str, lasting: Duration, zone: Zone, comment: Option<String>) -> Parsed<Maintenance> {
    let window = Maintenance::new(line(cron)?.trim(), lasting, zone, comment);
    window.map_err(|error| Complaint::Other(format!("is not right: {error}")))
}

impl Planned {
    /// By this clock, if it names none.
    pub(crate) fn window(&self, zone: Zone) -> Option<Maintenance> {
        let Maintenance { cron, lasting, comment, .. } = &self.window;
        if self.names_zone || self.window.zone == zone {
            return Some(self.window.clone());
        }
        Maintenance::new(cron, *lasting, zone, comment.clone()).ok()
    }
}
