//! What a notifier gets on its standard input: one JSON document, in one line.
//!
//! ```json
//! {"version":1, "message_id":"<fh.…@example.org>", "subject":"[CRIT] web1: disk / 97% (limit 95%)",
//!  "created":"2026-11-21T06:17:37Z", "incidents":[…], "text":"the text part of the mail"}
//! ```
//!
//! The same document may come twice (after a crash, or a command that failed late): `message_id` tells. Each incident:
//!
//! | field | what |
//! |---|---|
//! | `id` | its number, as in `fleet ack 12` |
//! | `host` | null for what is about the fleet as a whole |
//! | `metric`, `instance` | such as `disk` and `/var`; the instance may be empty |
//! | `kind` | `problem`, `worse`, `reminder`, `flapping`, `over`, `missed` or `happened` |
//! | `severity` | `info`, `warning` or `critical` |
//! | `value`, `limit`, `worst` | numbers in the metric's unit, or null |
//! | `since`, `ended` | UTC; `ended` is null while it lasts |
//! | `url`, `text` | as config.xml has them, or null |
//! | `headline` | the problem in one line |
//!
//! Text has no control characters but the line breaks and tabs of `text`. At most 200 incidents; `text` says how many more there
//! are. Fields may be added in this version; none goes or changes its meaning.

use rules::NoticeKind;
use sample::Timestamp;
use serde::Serialize;

use super::entry::{at_its_worst, headline};
use super::shown::line;
use super::{ComposeError, Story};

const VERSION: u32 = 1;

const MOST_CHARS: usize = 1000;

/// What is said about the document itself.
pub(super) struct About<'a> {
    pub(super) message_id: &'a str,
    pub(super) subject: &'a str,
    pub(super) created: Timestamp,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    message_id: &'a str,
    subject: &'a str,
    created: String,
    incidents: Vec<Told<'a>>,
    text: &'a str,
}

#[derive(Serialize)]
struct Told<'a> {
    id: i64,
    host: Option<&'a str>,
    metric: &'static str,
    instance: String,
    kind: &'static str,
    severity: &'static str,
    /// serde_json writes what is no number as null, here and below.
    value: Option<f64>,
    limit: f64,
    worst: f64,
    since: String,
    ended: Option<String>,
    url: Option<String>,
    text: Option<String>,
    headline: String,
}

/// Returns the document for these stories.
pub(super) fn content(about: &About<'_>, stories: &[&Story], text: &str) -> Result<Vec<u8>, ComposeError> {
    let document = Document {
        version: VERSION,
        message_id: about.message_id,
        subject: about.subject,
        created: about.created.to_string(),
        incidents: stories.iter().map(|story| told(story)).collect(),
        text,
    };
    let mut content = serde_json::to_vec(&document).map_err(ComposeError::Json)?;
    content.push(b'\n');
    Ok(content)
}

fn told(story: &Story) -> Told<'_> {
    let incident = &story.incident;
    let advice = |text: &Option<String>| text.as_deref().map(|text| line(text, MOST_CHARS));
    Told {
        id: incident.id,
        host: incident.host.as_ref().map(|host| host.as_str()),
        metric: incident.key.rule.metric.name(),
        instance: incident.key.instance.to_string(),
        kind: story.kind.name(),
        severity: incident.severity.name(),
        value: incident.value,
        limit: incident.limit,
        worst: incident.worst,
        since: incident.opened.to_string(),
        ended: incident.ended.map(|end| end.at.to_string()),
        url: advice(&incident.telling.url),
        text: advice(&incident.telling.text),
        headline: match story.kind {
            NoticeKind::Missed => at_its_worst(incident, incident.worst),
            NoticeKind::Problem
            | NoticeKind::Worse
            | NoticeKind::Reminder
            | NoticeKind::Flapping
            | NoticeKind::Over
            | NoticeKind::Happened => headline(incident),
        },
    }
}
