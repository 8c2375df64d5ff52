//! From which value on it is how bad: `limit`, `below`, `warn`, `crit`, `warn-below`, `crit-below` and `clear`.

use rules::{InvalidRule, Level, Rule, RuleKey, Selector, Severity, Side, Telling};
use sample::{Metric, Unit};

use crate::fields::Fields;
use crate::quantities::limit;

/// The limits of a rule.
pub(super) struct Levels {
    pub(super) side: Side,
    /// The least severe first.
    pub(super) all: Vec<Level>,
}

/// What may stand together: each line the attributes of one way to say it.
const WAYS: [(Side, &[&str]); 4] = [
    (Side::Above, &["limit"]),
    (Side::Below, &["below"]),
    (Side::Above, &["warn", "crit"]),
    (Side::Below, &["warn-below", "crit-below"]),
];

/// One that was given.
struct Given {
    name: &'static str,
    severity: Severity,
    limit: f64,
}

/// The limits that an `<alert>` gives. None: it gives none, or something is wrong, which then is reported.
pub(super) fn levels(
    metric: Option<Metric>,
    severity: Option<Severity>,
    fields: &mut Fields<'_, '_>,
) -> Option<Levels> {
    let unit = metric.map_or(Unit::Percent, Metric::unit);
    let mut ways = WAYS.map(|(side, names)| {
        let given = names.iter().filter_map(|name| {
            let limit = fields.optional(name, |text| limit(text, unit))?;
            Some(Given { name, severity: meant(name, severity), limit })
        });
        (side, given.collect::<Vec<_>>())
    });
    let clear = fields.optional("clear", |text| limit(text, unit));
    let is_clear_right = clear.is_some() || !fields.has("clear");
    let is_one_way = is_one_way(fields);
    if severity.is_some() && WAYS[2..].iter().any(|(_, names)| names.iter().any(|name| fields.has(name))) {
        fields.refuse("severity", "severity goes with limit or below: warn and crit say it themselves");
    }
    let way = ways.iter_mut().find(|(_, given)| !given.is_empty());
    let (metric, (side, given)) = metric.zip(way)?;
    given.iter().for_each(|it| judge(metric, *side, it, fields));
    if metric == Metric::DiskFull && *side == Side::Above {
        let at = fields.place(given[0].name);
        fields.report.problem(at, "disk-full is the time that is left: write below=\"24h\"");
    }
    // With two levels it is over where the milder one is.
    let mut clear = clear;
    let all: Vec<_> = given.iter().map(|it| Level::new(it.severity, it.limit, clear.take(), *side)).collect();
    (is_clear_right && is_one_way && are_right(metric, *side, &all, fields)).then_some(Levels { side: *side, all })
}

fn meant(name: &str, severity: Option<Severity>) -> Severity {
    match name {
        "warn" | "warn-below" => Severity::Warning,
        "crit" | "crit-below" => Severity::Critical,
        _ => severity.unwrap_or_default(),
    }
}

/// Reports limits that don't go together.
fn is_one_way(fields: &mut Fields<'_, '_>) -> bool {
    let given = |names: &[&'static str], fields: &Fields<'_, '_>| names.iter().copied().find(|name| fields.has(name));
    let firsts: Vec<_> = WAYS.iter().filter_map(|(_, names)| given(names, fields)).collect();
    if let [first, second, ..] = firsts[..] {
        let at = fields.place(second);
        let allowed = "give limit, or below, or warn and crit, or warn-below and crit-below";
        fields.report.problem(at, format!("both {first} and {second} are given: {allowed}"));
    }
    firsts.len() < 2
}

/// Whether they make a rule. Reports it if they don't.
fn are_right(metric: Metric, side: Side, all: &[Level], fields: &mut Fields<'_, '_>) -> bool {
    let key = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    let Err(invalid) = Rule::new(key, side, all.to_vec(), Telling::default()) else { return true };
    let name = match (&invalid, side) {
        (InvalidRule::ClearAboveLimit { .. } | InvalidRule::ClearBelowLimit { .. }, _) => "clear",
        (InvalidRule::LevelsReversed { .. }, Side::Above) => "crit",
        (InvalidRule::LevelsReversed { .. }, Side::Below) => "crit-below",
        (InvalidRule::NotFinite, _) => "limit",
    };
    let at = fields.place(name);
    fields.report.problem(at, invalid.to_string());
    false
}

/// Warns of a limit that means nothing.
fn judge(metric: Metric, side: Side, given: &Given, fields: &mut Fields<'_, '_>) {
    let limit = given.limit;
    let largest = match metric.unit() {
        Unit::Percent => 100.0,
        Unit::State if metric == Metric::Check => 2.0,
        Unit::State => 1.0,
        Unit::Seconds | Unit::Milliseconds | Unit::Number | Unit::Count => f64::INFINITY,
        Unit::BytesPerSecond | Unit::PerSecond | Unit::Celsius | Unit::Rpm => f64::INFINITY,
    };
    let percent = if metric.unit() == Unit::Percent { "%" } else { "" };
    let told = match side {
        Side::Above if limit == 0.0 => "a limit of 0 is always reached: the alert never ends".to_owned(),
        Side::Above if limit > largest => {
            format!("a limit of {limit}{percent} is never reached: the alert never fires")
        }
        Side::Below if limit == 0.0 => "no value is below 0: the alert never fires".to_owned(),
        Side::Below if limit > largest => {
            format!("every value is below {limit}{percent}: the alert never ends")
        }
        Side::Above | Side::Below => return,
    };
    let at = fields.place(given.name);
    fields.report.warning(at, told);
}

/// A single level.
pub(super) fn only(severity: Severity, limit: f64, side: Side) -> Levels {
    Levels { side, all: vec![Level::new(severity, limit, None, side)] }
}

/// No level: the rule is off.
pub(super) fn none() -> Levels {
    Levels { side: Side::Above, all: Vec::new() }
}

/// Those of another rule; with a severity of its own there is one only, from the mildest one on.
pub(super) fn of(rule: &Rule, severity: Option<Severity>) -> Levels {
    let all = match (severity, rule.levels()) {
        (Some(severity), [mildest, ..]) => vec![Level { severity, ..*mildest }],
        (_, levels) => levels.to_vec(),
    };
    Levels { side: rule.side(), all }
}

/// That a state is not fine is a warning, where nothing else is built in.
pub(super) fn of_a_state(metric: Metric) -> Option<Rule> {
    let key = RuleKey { metric, selector: Selector::Every, ordinal: 0 };
    let level = Level::new(Severity::Warning, 1.0, None, Side::Above);
    let rule = Rule::new(key, Side::Above, vec![level], Telling::default()).ok();
    rule.filter(|_| metric.unit() == Unit::State)
}
