//! From one state of an alert to the next.

use std::cmp::Ordering;
use std::time::Duration;

use sample::Timestamp;

use super::switch::{Tick, Verdict, verdict};
use super::{AlertState, Event, EventKind, Observation, Problem, Switch};
use crate::{Rule, Severity, Side};

/// So many changes ...
const FLAPPING_CHANGES: usize = 6;
/// ... in so long are flapping, ...
const FLAPPING_WITHIN: Duration = Duration::from_secs(2 * 3600);
/// ... until there was none for so long.
const QUIET_FOR: Duration = Duration::from_secs(3600);

/// In so many samples in a row a thing is missing before it is gone: one may just be mounted anew.
const GONE_AFTER: u32 = 2;

/// Returns the state after `seen` was sampled `at` that time, and the event if the state changed. `cycle` is the
/// usual time between two samples: a gap of more than two and a half of it counts for nothing. Zero: it is not known, and
/// every gap counts.
///
/// An absent reading, or one that is no finite number, changes nothing: it is neither good nor bad news. A state that
/// [is blank](AlertState::is_blank) may be forgotten and started anew as the default.
pub fn step(
    rule: &Rule,
    state: AlertState,
    seen: Observation,
    at: Timestamp,
    cycle: Duration,
) -> (AlertState, Option<Event>) {
    // What a blank state still has, its newest time and value, must not matter: it may have been forgotten.
    let state = if state.is_blank() { AlertState::default() } else { state };
    match seen {
        Observation::Value(value, avail) if value.is_finite() => see(rule, state, (value, avail), at, cycle),
        Observation::Value(..) | Observation::Absent => (state, None),
        Observation::Gone => miss(rule, state, at),
    }
}

/// Returns the state after the rule or its host was taken out of the configuration, and the event if a problem
/// was open: who was told of it is told that nobody watches it any more. It does not end before it began.
pub fn withdraw(state: AlertState, limit: f64, at: Timestamp) -> (AlertState, Option<Event>) {
    let event = state.problem.map(|problem| event(EventKind::Withdrawn, &problem, limit, None, at));
    (AlertState::default(), event)
}

fn see(
    rule: &Rule,
    mut state: AlertState,
    (value, avail): (f64, Option<u64>),
    at: Timestamp,
    cycle: Duration,
) -> (AlertState, Option<Event>) {
    let verdicts = rule.levels().iter().map(|level| verdict(rule, level, value, avail));
    // By far the most frequent case, and it allocates nothing.
    if state.is_blank() && verdicts.clone().all(|verdict| verdict != Verdict::Reached) {
        return (state, None);
    }
    state.fit_switches_to(rule);
    let was_on = state.is_on();
    let tick = Tick::new(at, state.seen, cycle);
    let (mut began, mut worst) = (None, value);
    for (switch, verdict) in state.switches.iter_mut().zip(verdicts) {
        if let Some(run) = switch.see(verdict, value, rule, tick).filter(|_| switch.on) {
            began = began.into_iter().chain([run.since]).min();
            worst = rule.side().worse(worst, run.worst);
        }
    }
    state.note(rule.side(), value, at);
    let news = News { value, worst, at, began: began.unwrap_or(at), is_turned: state.is_on() != was_on };
    let event = match state.problem {
        None => state.fire(rule, news),
        Some(problem) if problem.flapping.is_some() => state.calm_down(rule, problem, news),
        Some(problem) => state.go_on(rule, problem, news),
    };
    (state, event)
}

/// The thing itself is not there.
fn miss(rule: &Rule, mut state: AlertState, at: Timestamp) -> (AlertState, Option<Event>) {
    // It may have come since a sample that is late.
    if state.is_blank() || state.seen.is_some_and(|seen| at < seen) {
        return (state, None);
    }
    state.seen = Some(at);
    state.absent = state.absent.saturating_add(1);
    if state.absent < GONE_AFTER {
        return (state, None);
    }
    let event = state.problem.map(|problem| event(EventKind::Gone, &problem, limit(rule, &problem), None, at));
    (AlertState::default(), event)
}

impl AlertState {
    /// Makes the switches those of the rule, if that has another number of levels now: what is open stays as bad as it was.
    fn fit_switches_to(&mut self, rule: &Rule) {
        if self.switches.len() == rule.levels().len() {
            return;
        }
        let reached = match self.problem {
            Some(problem) if problem.flapping.is_none() || self.is_on() => Some(problem.severity),
            Some(_) | None => None,
        };
        let switch = |severity| Switch { on: reached.is_some_and(|reached| severity <= reached), against: None };
        self.switches = rule.levels().iter().map(|level| switch(level.severity)).collect();
    }

    fn is_on(&self) -> bool {
        self.switches.iter().any(|switch| switch.on)
    }

    /// How bad the worst level is that is on.
    fn severity(&self, rule: &Rule) -> Option<Severity> {
        let levels = rule.levels().iter().zip(&self.switches);
        levels.filter(|(_, switch)| switch.on).map(|(level, _)| level.severity).max()
    }

    /// Keeps the value, and forgets what was long ago.
    fn note(&mut self, side: Side, value: f64, at: Timestamp) {
        let now = self.seen.map_or(at, |seen| seen.max(at));
        if now == at {
            self.value = Some(value);
        }
        self.seen = Some(now);
        self.absent = 0;
        self.changes.retain(|change| *change >= now - FLAPPING_WITHIN);
        if let Some(problem) = &mut self.problem {
            problem.worst = side.worse(problem.worst, value);
        }
    }

    /// No problem is open.
    fn fire(&mut self, rule: &Rule, news: News) -> Option<Event> {
        let severity = self.severity(rule)?;
        let flapping = self.flaps_with_change(news.at);
        let problem = Problem { since: news.began, severity, worst: news.worst, flapping };
        self.problem = Some(problem);
        let kind = if flapping.is_some() { EventKind::Flapping } else { EventKind::Fired };
        Some(news.event(kind, &problem, rule))
    }

    /// A problem is open, and does not flap.
    fn go_on(&mut self, rule: &Rule, problem: Problem, news: News) -> Option<Event> {
        let Some(severity) = self.severity(rule) else {
            let flapping = self.flaps_with_change(news.at);
            self.problem = flapping.map(|_| Problem { flapping, ..problem });
            let kind = if flapping.is_some() { EventKind::Flapping } else { EventKind::Resolved };
            return Some(news.event(kind, &problem, rule));
        };
        let kind = match severity.cmp(&problem.severity) {
            Ordering::Greater => EventKind::Worse,
            Ordering::Less => EventKind::Better,
            Ordering::Equal => return None,
        };
        let problem = Problem { severity, ..problem };
        self.problem = Some(problem);
        Some(news.event(kind, &problem, rule))
    }

    /// A problem is open and flaps: until that ends, nothing is news.
    fn calm_down(&mut self, rule: &Rule, problem: Problem, news: News) -> Option<Event> {
        let severity = self.severity(rule);
        let problem = Problem { severity: severity.unwrap_or(problem.severity), ..problem };
        self.problem = Some(problem);
        if news.is_turned {
            self.change(news.at);
            return None;
        }
        let now = self.seen.unwrap_or(news.at);
        if self.changes.last().is_some_and(|last| *last > now - QUIET_FOR) {
            return None;
        }
        // What it did was told as one. So the next time it fires is a problem of its own, not the next flap.
        self.changes.clear();
        self.problem = severity.map(|_| Problem { flapping: None, ..problem });
        let kind = if severity.is_some() { EventKind::Steady } else { EventKind::Resolved };
        Some(news.event(kind, &problem, rule))
    }

    /// Notes that it fired or was over. If that was once too often, returns since when it comes and goes.
    fn flaps_with_change(&mut self, at: Timestamp) -> Option<Timestamp> {
        self.change(at);
        self.changes.first().copied().filter(|_| self.changes.len() == FLAPPING_CHANGES)
    }

    fn change(&mut self, at: Timestamp) {
        let at = self.changes.last().map_or(at, |last| at.max(*last));
        self.changes.push(at);
        let surplus = self.changes.len().saturating_sub(FLAPPING_CHANGES);
        self.changes.drain(..surplus);
    }
}

/// What a value brought.
#[derive(Clone, Copy)]
struct News {
    value: f64,
    /// The worst value since `began`.
    worst: f64,
    at: Timestamp,
    /// Since when everything speaks for the levels that were turned on, if any were.
    began: Timestamp,
    /// All levels were off and now one is on, or the other way round.
    is_turned: bool,
}

impl News {
    fn event(self, kind: EventKind, problem: &Problem, rule: &Rule) -> Event {
        event(kind, problem, limit(rule, problem), Some(self.value), self.at)
    }
}

/// The limit of the problem's severity; if the rule has none of that severity any more, its first.
pub(crate) fn limit(rule: &Rule, problem: &Problem) -> f64 {
    let levels = rule.levels();
    let level = levels.iter().find(|level| level.severity == problem.severity).or(levels.first());
    level.map_or(problem.worst, |level| level.limit)
}

/// An event of a problem. A sample may be late, or a clock have been set back: nothing happens before the problem began.
fn event(kind: EventKind, problem: &Problem, limit: f64, value: Option<f64>, at: Timestamp) -> Event {
    let Problem { since, worst, severity, .. } = *problem;
    Event { kind, at: at.max(since), value, since, worst, severity, limit }
}
