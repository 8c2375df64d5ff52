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

/// A window, which begins by a clock that may be known later.
pub(crate) struct Planned {
    cron: String,
    lasting: Duration,
    zone: Option<Zone>,
    comment: Option<String>,
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
    let probe = lasting.unwrap_or(Duration::from_secs(60));
    let cron = fields.required("cron", |text| cron(text, probe));
    let is_zone_right = zone.is_some() || !fields.has("timezone");
    fields.finish();
    if let Some((cron, lasting)) = cron.zip(lasting).filter(|_| is_zone_right) {
        level.push(Arc::new(Planned { cron, lasting, zone, comment, at: element.at }));
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

fn cron(text: &str, lasting: Duration) -> Parsed<String> {
    let text = line(text)?.trim();
    match Maintenance::new(text, lasting, Zone::UTC, None) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Complaint::Other(format!("is not right: {error}"))),
    }
}

impl Planned {
    /// By this clock, if it names none.
    pub(crate) fn window(&self, zone: Zone) -> Option<Maintenance> {
        Maintenance::new(&self.cron, self.lasting, self.zone.unwrap_or(zone), self.comment.clone()).ok()
    }
}
