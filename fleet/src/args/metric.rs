//! How people name a metric.

use std::str::FromStr;

use sample::Metric;

/// A metric as config.xml names it: `disk`, or `check:backup` for one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhichMetric {
    /// What is measured.
    pub metric: Metric,
    /// Of `check:backup`, the name of the check.
    pub check: Option<String>,
}

impl FromStr for WhichMetric {
    type Err = String;

    fn from_str(text: &str) -> Result<WhichMetric, String> {
        if let Some(check) = check_name(text) {
            let check = Some(check?.to_owned());
            return Ok(WhichMetric { metric: Metric::Check, check });
        }
        text.parse().map(|metric| WhichMetric { metric, check: None }).map_err(|_unknown| unknown_metric(text))
    }
}

/// The name in `check:NAME`; nothing where it is not written so.
pub(super) fn check_name(text: &str) -> Option<Result<&str, String>> {
    let name = text.strip_prefix("check:")?;
    Some(if name.is_empty() { Err("the name of a check is missing after check:".to_owned()) } else { Ok(name) })
}

/// What is said of a word that names no metric.
pub(super) fn unknown_metric(found: &str) -> String {
    let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let meant = config::nearest(found, &names).map_or(".".to_owned(), |meant| format!(", did you mean {meant}?"));
    format!("there is no such metric{meant} Known are {}, and check:NAME", names.join(", "))
}
