//! Numbers, times and problems as people write them: the same words in mails and on the command line.

use sample::{Metric, Timestamp};

use crate::{Incident, Severity};

/// A value of this metric, with its unit: `97%`, `3 h 5 min`, `12.5 MB/s`.
pub fn value(_metric: Metric, _value: f64) -> String {
    todo!()
}

/// A limit as it was configured, or follows from what was.
pub fn limit(_metric: Metric, _limit: f64) -> String {
    todo!()
}

/// What an alert is about, without a host: `memory`, `disk /var`, `check backup`.
pub fn subject(_key: &crate::AlertKey) -> String {
    todo!()
}

/// A problem in one line, without its host: `disk /var 97% (limit 95%)`, `host is unreachable`, `process nginx: 1 missing`.
/// Safe to show: what hosts chose is escaped.
pub fn headline(_incident: &Incident) -> String {
    todo!()
}

/// The tag of a subject, such as `CRIT`; `OK` for what is over.
pub fn tag(severity: Severity, is_over: bool) -> &'static str {
    if is_over { "OK" } else { severity.tag() }
}

/// How long from one to the other: `3 h 5 min`; nothing where it is less than a minute, or they are the wrong way round.
pub fn lasted(_from: Timestamp, _to: Timestamp) -> Option<String> {
    todo!()
}

/// The two largest units that are not empty: `100 d`, `3 h 5 min`.
pub fn span(_seconds: i64) -> String {
    todo!()
}
