//! Which of a host's rules watches a thing, and why the others do not.

use std::path::Path;
use std::sync::Arc;

use config::{ConfiguredRule, Origin};
use rules::{Instance, Rule};
use sample::Metric;

/// A rule, where it stands, and how many hosts have it.
#[derive(Clone)]
pub(super) struct Candidate<'a> {
    pub(super) rule: &'a Rule,
    /// None: it is built in.
    pub(super) origin: Option<&'a Origin>,
    pub(super) hosts: usize,
}

/// Those that watch a thing (several where config.xml has several of the same selector), and those that do not.
pub(super) struct Choice<'a> {
    pub(super) winners: Vec<Candidate<'a>>,
    pub(super) lost: Vec<Lost<'a>>,
}

/// A rule of the same metric that does not apply.
#[derive(Clone)]
pub(super) struct Lost<'a> {
    pub(super) rule: Candidate<'a>,
    pub(super) why: WhyNot,
}

/// Why a rule does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhyNot {
    /// It is about other things.
    OtherThings,
    /// Another one names the thing more exactly.
    LessSpecific,
}

impl WhyNot {
    pub(super) const fn name(self) -> &'static str {
        match self {
            WhyNot::OtherThings => "other_things",
            WhyNot::LessSpecific => "less_specific",
        }
    }
}

impl Candidate<'_> {
    /// `conf.d/web.xml:12`, or `built in`.
    pub(super) fn origin_text(&self) -> String {
        let text = |origin: &Origin| format!("{}:{}", Path::display(&origin.file), origin.line);
        self.origin.map_or_else(|| "built in".to_owned(), text)
    }
}

/// Whether they are the same rule, written once for several hosts.
pub(super) fn is(one: &Arc<ConfiguredRule>, other: &Arc<ConfiguredRule>) -> bool {
    Arc::ptr_eq(one, other)
}

/// Splits the rules of a metric into those that watch the thing and those that do not.
pub(super) fn choose<'a>(rules: &[Candidate<'a>], metric: Metric, instance: &Instance) -> Choice<'a> {
    let all: Vec<&Rule> = rules.iter().map(|candidate| candidate.rule).collect();
    let watching = rules::watching(&all, metric, instance);
    let mut choice = Choice { winners: Vec::new(), lost: Vec::new() };
    for candidate in rules.iter().filter(|candidate| candidate.rule.key.metric == metric) {
        let fits = candidate.rule.key.selector.matches(instance.as_str());
        let why = if fits { WhyNot::LessSpecific } else { WhyNot::OtherThings };
        match watching.iter().any(|rule| rule.key == candidate.rule.key) {
            true => choice.winners.push(candidate.clone()),
            false => choice.lost.push(Lost { rule: candidate.clone(), why }),
        }
    }
    choice
}
