//! Where an alert stands, in words.

use rules::{AlertState, Hold, Problem, Rule, Run, Severity, Side, Zone, words};

use super::newest::Value;

const QUIET: &str = "quiet: nothing speaks for an alert";

/// The stable name of where it stands.
pub(super) fn name(state: Option<&AlertState>) -> &'static str {
    match state {
        None => "quiet",
        Some(state) => match &state.problem {
            Some(problem) if problem.flapping.is_some() => "flapping",
            Some(_) => "firing",
            None if state.is_pending() => "pending",
            None => "quiet",
        },
    }
}

/// Where it stands, and what is missing for a change, each in a line.
pub(super) fn lines(state: Option<&AlertState>, rule: &Rule, value: Option<&Value>, zone: Zone) -> Vec<String> {
    let quiet = || value.and_then(|value| enough_free(rule, value)).unwrap_or_else(|| QUIET.to_owned());
    let Some(state) = state else { return vec![quiet()] };
    let mut told = vec![match &state.problem {
        Some(problem) => problem_text(problem, rule, zone),
        None if state.is_pending() => "pending: not an alert yet".to_owned(),
        None => quiet(),
    }];
    let levels = rule.levels().iter().zip(&state.switches);
    told.extend(levels.filter_map(|(level, switch)| {
        let hold = if switch.on { rule.fall } else { rule.rise };
        Some(run_text(level.severity, switch.on, switch.against?, hold, zone))
    }));
    if state.absent > 0 {
        told.push(format!("it was missing in the last {} samples", state.absent));
    }
    told
}

/// Why a disk over its limit is no alert: of a large one, some percent are enough.
fn enough_free(rule: &Rule, found: &Value) -> Option<String> {
    let (least, free) = (rule.and_free_below?, found.avail_bytes?);
    let mildest = rule.levels().first()?;
    let is_over = match rule.side() {
        Side::Above => found.value >= mildest.limit,
        Side::Below => found.value < mildest.limit,
    };
    let (free_text, least_text) = (words::bytes(free), words::bytes(least));
    (is_over && free >= least).then(|| {
        let value = words::value(rule.key.metric, found.value);
        format!("quiet: {value} is over the limit, but {free_text} available are not less than {least_text}")
    })
}

fn problem_text(problem: &Problem, rule: &Rule, zone: Zone) -> String {
    let (since, worst) = (zone.time(problem.since), words::value(rule.key.metric, problem.worst));
    let severity = problem.severity;
    match problem.flapping {
        Some(from) => format!("flapping since {}, an alert since {since}, worst {worst}", zone.time(from)),
        None => format!("firing: {severity} since {since}, worst {worst}"),
    }
}

/// `critical reached 2 of 3 times since …, for 5 min of 10 min`.
fn run_text(severity: Severity, on: bool, run: Run, hold: Hold, zone: Zone) -> String {
    let what = if on { "over" } else { "reached" };
    let mut text = format!("{severity} {what} {} of {} times since {}", run.times, hold.times, zone.time(run.since));
    if !hold.lasting.is_zero() {
        text.push_str(&format!(", for {} of {}", words::duration(run.lasting), words::duration(hold.lasting)));
    }
    text
}
