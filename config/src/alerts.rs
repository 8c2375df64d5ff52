//! `<alert>`, and who inherits which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rules::{Level, Recipient, Rule, RuleKey, Selector, Severity, Side, Telling};
use sample::{Metric, Selectors, Unit};

use crate::fields::{Fields, no_children};
use crate::report::Report;
use crate::value::{limit, metric, mount, recipients};
use crate::xml::Element;
use crate::{ConfiguredRule, Origin};

/// An `<alert>` that is right in itself.
#[derive(Clone)]
pub(crate) struct Alert {
    /// Without recipients, and with ordinal 0.
    rule: Rule,
    /// Its own; else the client's count.
    mail: Option<Vec<Recipient>>,
    file: Arc<Path>,
    line: u32,
}

type Watched = (Metric, Selector);

impl Alert {
    fn watched(&self) -> Watched {
        (self.rule.key.metric, self.rule.key.selector.clone())
    }
}

/// An `<alert>`. Returns none if something is wrong, which then is reported.
pub(crate) fn alert(element: &Element<'_>, report: &mut Report) -> Option<Alert> {
    no_children(element, report);
    let (file, line) = (report.file(element.at), report.line(element.at));
    let mut fields = Fields::new(element, report);
    let metric = fields.required("type", metric);
    let given_limit = fields.required("limit", limit);
    let clear = fields.optional("clear", limit);
    let mail = fields.optional("mail", recipients);
    let mount = fields.optional("mount", mount);
    if let Some(metric) = metric.filter(|metric| metric.selectors() != Selectors::Mount && fields.has("mount")) {
        let at = fields.place("mount");
        fields.report.problem(at, format!("mount belongs to disk and inodes, not to {metric}"));
    }
    let clear_is_right = clear.is_some() || !fields.has("clear");
    let selector = mount.map_or(Selector::Every, Selector::Named);
    let rule = match (metric, given_limit) {
        (Some(metric), Some(limit)) if clear_is_right => {
            rule(RuleKey { metric, selector, ordinal: 0 }, limit, clear, &mut fields)
        }
        (_, _) => None,
    };
    fields.finish();
    Some(Alert { rule: rule?, mail, file, line })
}

fn rule(key: RuleKey, limit: f64, clear: Option<f64>, fields: &mut Fields<'_, '_>) -> Option<Rule> {
    if limit == 0.0 {
        let at = fields.place("limit");
        fields.report.warning(at, "a limit of 0 is always reached: the alert never ends");
    }
    if key.metric.unit() == Unit::Percent && limit > 100.0 {
        let at = fields.place("limit");
        fields.report.warning(at, format!("a limit of {limit}% is never reached: the alert never fires"));
    }
    let level = Level::new(Severity::Warning, limit, clear, Side::Above);
    match Rule::new(key, Side::Above, vec![level], Telling::default()) {
        Ok(rule) => Some(rule),
        Err(invalid) => {
            let at = fields.place("clear");
            fields.report.problem(at, invalid.to_string());
            None
        }
    }
}

/// The alerts of one level with those it inherits: one of its own replaces all inherited ones of the same type and
/// mount.
pub(crate) fn inherit(inherited: &[Alert], own: Vec<Alert>) -> Vec<Alert> {
    let replaced: BTreeSet<Watched> = own.iter().map(Alert::watched).collect();
    let kept = inherited.iter().filter(|alert| !replaced.contains(&alert.watched())).cloned();
    kept.chain(own).collect()
}

/// The rules that a client's alerts come to. `mail` is for those that name nobody.
pub(crate) fn rules(alerts: Vec<Alert>, mail: &[Recipient]) -> Vec<Arc<ConfiguredRule>> {
    let mut count: BTreeMap<Watched, u32> = BTreeMap::new();
    let numbered = alerts.into_iter().map(|Alert { mut rule, mail: own, file, line }| {
        let next = count.entry((rule.key.metric, rule.key.selector.clone())).or_default();
        rule.key.ordinal = *next;
        rule.telling.recipients = own.unwrap_or_else(|| mail.to_vec());
        *next += 1;
        Arc::new(ConfiguredRule { rule, origin: Some(Origin { file, line }) })
    });
    numbered.collect()
}
