//! `<alert>`, and who inherits which.

mod levels;
mod selector;
mod sharing;
mod telling;
mod unwanted;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rules::{Hold, Recipient, Rule, RuleKey, Selector, Severity, Side, Telling};
use sample::Metric;

use crate::Origin;
use crate::alerts::levels::{Levels, levels};
use crate::alerts::selector::watched;
use crate::fields::{Fields, no_children};
use crate::quantities::{hold, horizon, size};
use crate::report::Report;
use crate::value::{one_of, whole_number, yes_or_no};
use crate::xml::Element;

pub use selector::name_of_thing;
pub(crate) use sharing::Sharing;
pub(crate) use telling::{text, warn_of_haste};
pub(crate) use unwanted::Unwanted;

/// For one host, built-in ones aside. Each host of a range has its own list of them.
pub(crate) const MOST_ALERTS: usize = 256;
/// A forecast of a filesystem that is less than so full is no news: a new one fills quickly, and stops.
const FORECAST_FLOOR_PERCENT: f64 = 70.0;
/// As many samples, or visits, in a row.
const MOST_TIMES: u64 = 1000;

/// An `<alert>` that is right in itself, or a built-in rule.
pub(crate) struct Alert {
    /// Without recipients, and with ordinal 0.
    rule: Rule,
    /// Its own; else the client's count.
    mail: Option<Vec<Recipient>>,
    /// None: it is built in.
    origin: Option<Origin>,
    /// Where it stands; 0 for what is built in.
    pub(crate) at: usize,
    /// Its limit is the built-in one, which depends on how often the collector runs.
    follows_interval: bool,
}

/// What an `<alert>` is about.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum About {
    /// Hosts: it stands in `<defaults>`, `<group>` or `<client>`.
    Hosts,
    /// The fleet as a whole: it stands in `<alerter>`.
    Fleet,
}

static BUILT_IN: LazyLock<Vec<Rule>> = LazyLock::new(rules::builtin);

/// The farthest level of all: what every host has.
pub(crate) fn built_in() -> Vec<Arc<Alert>> {
    let alert = |rule: &Rule| Alert { rule: rule.clone(), mail: None, origin: None, at: 0, follows_interval: false };
    BUILT_IN.iter().map(|rule| Arc::new(alert(rule))).collect()
}

/// Adds the rules of an `<alert>` to those of its level. What is wrong is reported.
pub(crate) fn read(element: &Element<'_>, about: About, level: &mut Vec<Arc<Alert>>, report: &mut Report) {
    if level.len() >= MOST_ALERTS {
        return report.problem(element.at, too_many());
    }
    let before = report.count();
    let written = Written::read(element, about, report);
    // Whatever is wrong with it was told, and one that is half right is none.
    if let Some(written) = written.filter(|_| report.count() == before) {
        level.extend(written.alerts(element.at, report).into_iter().map(Arc::new));
    }
}

fn too_many() -> String {
    format!("more than {MOST_ALERTS} <alert> for one host, inherited ones included")
}

/// The attributes of one `<alert>`, as far as they are right.
struct Written {
    metric: Metric,
    selector: Selector,
    off: bool,
    /// None: as built in, or there is only a forecast.
    levels: Option<Levels>,
    severity: Option<Severity>,
    forecast: Option<Duration>,
    and_free_below: Option<u64>,
    lasting: [Option<Duration>; 2],
    times: [Option<u32>; 2],
    telling: Telling,
    mail: Option<Vec<Recipient>>,
}

impl Written {
    fn read(element: &Element<'_>, about: About, report: &mut Report) -> Option<Written> {
        no_children(element, report);
        let mut fields = Fields::new(element, report);
        let watched = watched(&mut fields);
        let metric = watched.as_ref().map(|(metric, _)| *metric);
        let severities = Severity::ALL.map(|severity| (severity.name(), severity));
        let severity = fields.optional("severity", |text| one_of(text, &severities));
        let levels = levels(metric, severity, &mut fields);
        let times = |text: &str| whole_number(text, 1, MOST_TIMES).map(|times| times as u32);
        let lasting = ["for", "clear-for"].map(|name| fields.optional(name, hold));
        let times = ["times", "clear-times"].map(|name| fields.optional(name, times));
        let and_free_below = fields.optional("and-free-below", size);
        let forecast = fields.optional("forecast", horizon);
        let off = fields.optional("off", yes_or_no).unwrap_or(false);
        let (telling, mail) = telling::telling(&mut fields);
        check(metric, about, off, &mut fields);
        let for_at = fields.place("for");
        fields.finish();
        if let Some(lasting) = lasting[0].filter(|lasting| !lasting.is_zero() && !off) {
            report.later.hold(lasting, for_at);
        }
        let (metric, selector) = watched?;
        let written = Written {
            metric,
            selector,
            off,
            levels,
            severity,
            forecast,
            and_free_below,
            lasting,
            times,
            telling,
            mail,
        };
        Some(written)
    }

    /// The rules it comes to.
    fn alerts(self, at: usize, report: &Report) -> Vec<Alert> {
        let forecast = self.forecast.map(|ahead| {
            let level = levels::only(self.severity.unwrap_or_default(), ahead.as_secs_f64(), Side::Below);
            self.rule(Metric::DiskFull, &level)
        });
        let follows_interval = self.metric == Metric::Collector && self.levels.is_none() && !self.off;
        let own = match (&self.levels, base(self.metric)) {
            (_, _) if self.off => Some(self.rule(self.metric, &levels::none())),
            (Some(levels), _) => Some(self.rule(self.metric, levels)),
            (None, Some(base)) => Some(self.rule(self.metric, &levels::of(&base, self.severity))),
            (None, None) => None,
        };
        // Who does not want to hear of a filesystem does not want to hear when it will be full.
        let off_too = (self.off && self.metric == Metric::Disk).then(|| self.rule(Metric::DiskFull, &levels::none()));
        let forecast = if self.off { off_too } else { forecast };
        let origin = Origin { file: report.file(at), line: report.line(at) };
        let alert =
            |rule: Rule| Alert { rule, mail: self.mail.clone(), origin: Some(origin.clone()), at, follows_interval };
        own.into_iter().chain(forecast).flatten().map(alert).collect()
    }

    /// One of them. None: its limits make no rule, which was reported.
    fn rule(&self, metric: Metric, levels: &Levels) -> Option<Rule> {
        let key = RuleKey { metric, selector: self.selector.clone(), ordinal: 0 };
        let mut rule = Rule::new(key, levels.side, levels.all.clone(), self.telling.clone()).ok()?;
        let base = base(metric).map_or_else(Default::default, |base| (base.rise, base.fall));
        let hold = |base: Hold, i: usize| Hold {
            lasting: self.lasting[i].unwrap_or(base.lasting),
            times: self.times[i].unwrap_or(base.times),
        };
        (rule.rise, rule.fall) = (hold(base.0, 0), hold(base.1, 1));
        rule.and_free_below = self.and_free_below.filter(|_| metric == Metric::Disk);
        rule.floor_percent = (metric == Metric::DiskFull).then_some(FORECAST_FLOOR_PERCENT);
        Some(rule)
    }
}

/// The rule whose limits count if an `<alert>` gives none: the built-in one, and for any other state that it is so.
fn base(metric: Metric) -> Option<Rule> {
    if metric == Metric::Collector {
        // The limit is put in when it is known how often the collector runs.
        return rules::builtin_of_the_fleet(Duration::from_secs(1)).into_iter().find(|rule| rule.key.metric == metric);
    }
    let built_in = BUILT_IN.iter().find(|rule| rule.key.metric == metric).cloned();
    built_in.or_else(|| levels::of_a_state(metric))
}

/// Reports what does not go together, beside limits and selectors.
fn check(metric: Option<Metric>, about: About, off: bool, fields: &mut Fields<'_, '_>) {
    const LIMITS: [&str; 6] = ["limit", "below", "warn", "crit", "warn-below", "crit-below"];
    const OF_A_DURATION: [&str; 6] = ["clear", "for", "times", "clear-for", "clear-times", "and-free-below"];
    let has_limit = LIMITS.iter().any(|name| fields.has(name));
    let has_forecast = fields.has("forecast");
    let Some(metric) = metric else {
        // A type that is wrong may be one that needs none.
        if !has_limit && !fields.has("type") && !off {
            fields.missing("limit");
        }
        return;
    };
    if metric.is_momentary() {
        for name in LIMITS.iter().chain(&OF_A_DURATION) {
            fields.refuse(name, &format!("{name} means nothing to {metric}, which happens and does not last"));
        }
    }
    if metric != Metric::Disk {
        for name in ["and-free-below", "forecast"] {
            fields.refuse(name, &format!("{name} belongs to disk, not to {metric}"));
        }
    }
    if !has_limit && !off && !metric.is_momentary() {
        for name in ["clear", "and-free-below"] {
            fields.refuse(name, &format!("{name} without a limit beside it"));
        }
    }
    if !has_limit && !has_forecast && !off && base(metric).is_none() {
        fields.missing("limit");
    }
    check_place(metric, about, fields);
}

/// Reports an alert that stands where it is about nothing.
fn check_place(metric: Metric, about: About, fields: &mut Fields<'_, '_>) {
    match about {
        About::Hosts if metric == Metric::Collector => {
            fields.refuse("type", "collector is about the fleet: this <alert> belongs into <alerter>");
        }
        About::Fleet if metric != Metric::Collector => {
            let message =
                format!("{metric} is about hosts: this <alert> belongs into <defaults>, a <group> or a <client>");
            fields.refuse("type", &message);
        }
        About::Hosts | About::Fleet => {}
    }
}

/// The alerts of one level with those it inherits: one of its own replaces all inherited ones of the same type and
/// selector.
pub(crate) fn inherit(inherited: &[Arc<Alert>], own: Vec<Arc<Alert>>) -> Vec<Arc<Alert>> {
    let replaced: BTreeSet<_> = own.iter().map(|alert| alert.watched()).collect();
    let kept = inherited.iter().filter(|alert| !replaced.contains(&alert.watched())).cloned();
    let kept: Vec<_> = kept.collect();
    kept.into_iter().chain(own).collect()
}

/// Leaves no more than one host may have. Returns where the first one stands that is one too many, and what is wrong.
pub(crate) fn cut(alerts: &mut Vec<Arc<Alert>>) -> Option<(usize, String)> {
    let first = alerts.iter().filter(|alert| alert.origin.is_some()).nth(MOST_ALERTS)?.at;
    let mut left = MOST_ALERTS;
    alerts.retain(|alert| {
        let stays = alert.origin.is_none() || left > 0;
        left = left.saturating_sub(usize::from(alert.origin.is_some()));
        stays
    });
    Some((first, too_many()))
}

impl Alert {
    fn watched(&self) -> (Metric, &Selector) {
        (self.rule.key.metric, &self.rule.key.selector)
    }

    /// Where it stands, if its limit depends on how often the collector runs.
    pub(crate) fn awaits_interval(&self) -> bool {
        self.follows_interval
    }

    /// The same with the limit that is built in for collectors that run so often.
    pub(crate) fn at_interval(&self, interval: Duration) -> Option<Alert> {
        let built_in =
            rules::builtin_of_the_fleet(interval).into_iter().find(|it| it.key.metric == self.rule.key.metric)?;
        let levels = levels::of(&built_in, self.rule.levels().first().map(|level| level.severity));
        let telling = self.rule.telling.clone();
        let mut rule = Rule::new(self.rule.key.clone(), levels.side, levels.all, telling).ok()?;
        (rule.rise, rule.fall) = (self.rule.rise, self.rule.fall);
        let (mail, origin) = (self.mail.clone(), self.origin.clone());
        Some(Alert { rule, mail, origin, at: self.at, follows_interval: false })
    }
}
