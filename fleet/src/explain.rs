//! Why something is an alert, or is none, and what comes next.

mod candidates;
mod json;
mod newest;
mod state;
mod text;

use std::collections::BTreeSet;
use std::io::Write;

use config::Config;
use rules::{AlertKey, AlertState, Held, Incident, Instance, Repeats, Rule, Silence, Watch};
use sample::{HostName, Metric};
use storage::{IncidentFilter, Store};

use crate::alerts::{Shown, decided};
use crate::args::{About, ExplainArgs, Format};
use crate::circumstances::Around;
use crate::error::FleetError;
use crate::opened::Opened;
use crate::surroundings::Surroundings;
use candidates::{Candidate, Lost, choose};
use newest::{Newest, Value};

/// The others are counted.
const MOST_THINGS: usize = 20;

/// Everything there is to say about one thing and one rule.
pub(crate) struct Explanation<'a> {
    host: Option<&'a HostName>,
    metric: Metric,
    instance: Instance,
    value: Option<Value>,
    /// Whether there ever was such a thing, as far as anybody remembers.
    is_known: bool,
    /// The one that watches it, or switches it off.
    rule: Option<Candidate<'a>>,
    others: Vec<Lost<'a>>,
    state: Option<AlertState>,
    incident: Option<Shown>,
    /// The silence that holds the next word.
    silence: Option<Silence>,
    /// How often people are reminded where the rule does not say.
    repeats: Repeats,
}

/// Explains one thing, or all that the metric is seen on.
pub(crate) fn answer(
    mut args: ExplainArgs,
    surroundings: &Surroundings,
    out: &mut impl Write,
) -> Result<(), FleetError> {
    let now = surroundings.now;
    args.instance = args.thing()?;
    let Opened { config, store, zone } = Opened::at(&args.place, surroundings)?;
    let around = Around::now(&config, zone, &store, now)?;
    let subject = Subject::find(&args, &config, &around)?;
    let metric = args.metric.metric;
    let (newest, watch) = newest::newest(&store, subject.host, metric, now)?;
    let incidents = incidents(&store, subject.host, metric)?;
    let all = things(&args, &newest, &watch, &incidents);
    let left_out = all.len().saturating_sub(MOST_THINGS);
    let shown: Vec<Shown> = incidents.into_iter().map(|incident| decided(incident, &around, now)).collect();
    let mut told = Told { subject: &subject, metric, newest: &newest, watch: &watch, shown, around: &around };
    let explanations: Vec<_> = all.into_iter().take(MOST_THINGS).flat_map(|instance| told.explain(&instance)).collect();
    match args.format {
        Format::Json => explanations.iter().try_for_each(|explanation| json::write(out, explanation))?,
        Format::Text => {
            for (index, explanation) in explanations.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                text::write(out, explanation, zone, now)?;
            }
            if left_out > 0 {
                writeln!(out, "\nand {left_out} more; name one of them")?;
            }
        }
    }
    Ok(())
}

/// What is asked about, and its rules.
struct Subject<'a> {
    host: Option<&'a HostName>,
    rules: Vec<Candidate<'a>>,
}

impl<'a> Subject<'a> {
    fn find(args: &'a ExplainArgs, config: &'a Config, around: &'a Around<'a>) -> Result<Subject<'a>, FleetError> {
        let metric = args.metric.metric;
        let of_fleet = metric == Metric::Collector;
        let name = match &args.about {
            About::Fleet if of_fleet => {
                return Ok(Subject { host: None, rules: of_the_fleet(config, &around.book.fleet) });
            }
            About::Fleet => return Err(FleetError::usage(format!("{metric} is about a host: name one"))),
            About::Host(_) if of_fleet => {
                return Err(FleetError::usage("collector is about the fleet as a whole: write - for the host"));
            }
            About::Host(name) => name,
        };
        let host = around.book.hosts.get(name).ok_or_else(|| FleetError::Usage {
            message: format!("{} has no client named {name}", config.path.display()),
            hint: Some("fleet status shows the names".to_owned()),
        })?;
        let shared =
            |rule| config.hosts.iter().filter(|other| other.rules.iter().any(|own| candidates::is(own, rule))).count();
        let rules = host.rules.iter().map(|rule| Candidate {
            rule: &rule.rule,
            origin: rule.origin.as_ref(),
            hosts: shared(rule),
        });
        Ok(Subject { host: Some(&host.name), rules: rules.collect() })
    }
}

fn of_the_fleet<'a>(config: &'a Config, rules: &'a [Rule]) -> Vec<Candidate<'a>> {
    let origin =
        |rule: &Rule| config.alerter.rules.iter().find(|configured| configured.rule.key == rule.key)?.origin.as_ref();
    rules.iter().map(|rule| Candidate { rule, origin: origin(rule), hosts: 0 }).collect()
}

fn incidents(store: &Store, host: Option<&HostName>, metric: Metric) -> Result<Vec<Incident>, FleetError> {
    // No host's name has a wildcard in it.
    let host_filter = host.map(|name| name.as_str().to_owned());
    let filter = IncidentFilter { open: true, host: host_filter, ..IncidentFilter::default() };
    let mut found = store.incidents(&filter)?;
    found.retain(|incident| incident.host.as_ref() == host && incident.key.rule.metric == metric);
    Ok(found)
}

/// What is to be explained: what was named, else all that is known.
fn things(args: &ExplainArgs, newest: &Newest, watch: &Watch, incidents: &[Incident]) -> Vec<Instance> {
    let metric = args.metric.metric;
    if metric.selectors() == sample::Selectors::None && !metric.is_momentary() {
        return vec![Instance::Host];
    }
    if let Some(named) = &args.instance {
        return vec![Instance::Named(named.clone())];
    }
    let of_metric = watch.alerts.keys().filter(|key| key.rule.metric == metric);
    let seen = newest.values.iter().map(|value| &value.instance);
    let open = incidents.iter().map(|incident| &incident.key.instance);
    let all: BTreeSet<&Instance> = seen.chain(of_metric.map(|key| &key.instance)).chain(open).collect();
    if all.is_empty() { vec![Instance::Host] } else { all.into_iter().cloned().collect() }
}

/// What is known of all things of the metric.
struct Told<'a> {
    subject: &'a Subject<'a>,
    metric: Metric,
    newest: &'a Newest,
    watch: &'a Watch,
    shown: Vec<Shown>,
    around: &'a Around<'a>,
}

impl<'a> Told<'a> {
    /// One for each rule that watches the thing, or one if none does.
    fn explain(&mut self, instance: &Instance) -> Vec<Explanation<'a>> {
        let choice = choose(&self.subject.rules, self.metric, instance);
        if choice.winners.is_empty() {
            return vec![self.explanation(instance, None, choice.lost)];
        }
        choice.winners.into_iter().map(|rule| self.explanation(instance, Some(rule), choice.lost.clone())).collect()
    }

    fn explanation(
        &mut self,
        instance: &Instance,
        rule: Option<Candidate<'a>>,
        others: Vec<Lost<'a>>,
    ) -> Explanation<'a> {
        let key = rule.as_ref().map(|found| AlertKey { rule: found.rule.key.clone(), instance: instance.clone() });
        let open = |shown: &Shown| match &key {
            Some(key) => shown.incident.key == *key,
            None => shown.incident.key.instance == *instance,
        };
        let incident = self.shown.iter().position(open).map(|position| self.shown.swap_remove(position));
        let held = incident.as_ref().and_then(|shown| shown.decision.as_ref()?.held.as_ref());
        let holds = |silence: &&Silence| held == Some(&Held::Silenced(silence.id));
        let silence = self.around.silences.iter().find(holds).cloned();
        let value = self.newest.values.iter().find(|value| value.instance == *instance).cloned();
        let is_watched = || {
            let of_metric = |key: &&AlertKey| key.rule.metric == self.metric;
            self.watch.alerts.keys().filter(of_metric).any(|known| known.instance == *instance)
        };
        let is_known = *instance == Instance::Host || value.is_some() || incident.is_some() || is_watched();
        Explanation {
            host: self.subject.host,
            metric: self.metric,
            instance: instance.clone(),
            value,
            is_known,
            rule,
            others,
            state: key.and_then(|key| self.watch.alerts.get(&key).cloned()),
            incident,
            silence,
            repeats: self.around.repeats,
        }
    }
}
