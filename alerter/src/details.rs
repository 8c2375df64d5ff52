//! What the newest visit or sample says about a problem, in a line: why a host can't be visited, what a check said.

use rules::Incident;
use sample::{CheckState, Metric, Outcome, Readings};
use storage::{HostId, Store, StoreError, Untreated};

/// More names than that nobody reads.
const MOST_NAMES: usize = 10;

/// Returns the line, if there is more to say than the alert itself does. It may hold what a host chose.
///
/// # Errors
/// The database can't be read.
pub(crate) fn details(store: &Store, host: HostId, incident: &Incident) -> Result<Option<String>, StoreError> {
    let metric = incident.key.rule.metric;
    if metric.is_visit() {
        return Ok(store.latest_outcome(host)?.filter(|outcome| outcome.kind.hint().is_some()).map(|o| of_outcome(&o)));
    }
    let Some((_, say)) = SAYING.iter().find(|(known, _)| *known == metric) else { return Ok(None) };
    let rows = store.newest_rows(host)?;
    let readings = rows.iter().find_map(|row| match row {
        Untreated::Sample { readings, .. } => Some(readings),
        Untreated::Outcome { .. } => None,
    });
    Ok(readings.and_then(|readings| say(incident.key.instance.as_str(), readings)))
}

/// What the readings say of a thing.
type Say = fn(&str, &Readings) -> Option<String>;

/// The metrics whose readings say more than their value.
const SAYING: [(Metric, Say); 4] =
    [(Metric::Check, check), (Metric::FailedUnits, failed_units), (Metric::Unit, unit), (Metric::Array, array)];

/// `connect_refused: nothing listens there; is sshd running, and is port right?`
fn of_outcome(outcome: &Outcome) -> String {
    let detail = outcome.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let hint = outcome.kind.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{detail}{hint}", outcome.kind)
}

fn check(name: &str, readings: &Readings) -> Option<String> {
    let check = readings.checks.iter().flatten().find(|check| check.name == name)?;
    (check.state != CheckState::Ok).then(|| format!("{}: {}", check.state, check.output))
}

fn failed_units(_: &str, readings: &Readings) -> Option<String> {
    let failed = readings.units.iter().flatten().filter(|unit| unit.has_failed());
    let names: Vec<&str> = failed.map(|unit| unit.name.as_str()).take(MOST_NAMES).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn unit(name: &str, readings: &Readings) -> Option<String> {
    let unit = readings.units.iter().flatten().find(|unit| unit.name == name)?;
    Some(format!("it is {}, {}", unit.load_state, unit.active_state))
}

fn array(name: &str, readings: &Readings) -> Option<String> {
    let array = readings.arrays.iter().flatten().find(|array| array.name == name)?;
    Some(format!("{} says {}", array.kind, array.state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::{Check, OutcomeKind, SystemdUnit, Timestamp};
    use std::time::Duration;

    #[test]
    fn a_host_that_cannot_be_visited_says_why_and_what_to_do() {
        let outcome = Outcome {
            kind: OutcomeKind::ConnectRefused,
            detail: Some("192.0.2.1:22".to_owned()),
            at: Timestamp::from_millis(0),
            duration: Duration::ZERO,
        };
        assert_eq!(of_outcome(&outcome), "connect_refused: 192.0.2.1:22; is sshd running, and is port right?");
    }

    #[test]
    fn a_check_says_what_it_said_and_one_that_is_fine_nothing() {
        let said = |state| {
            let (name, output) = ("backup".to_owned(), "3 days old".to_owned());
            let found = Check { name, state, output, duration_ms: 5, values: Vec::new() };
            check("backup", &Readings { checks: Some(vec![found]), ..Readings::default() })
        };
        assert_eq!(said(CheckState::Critical).as_deref(), Some("critical: 3 days old"));
        assert_eq!(said(CheckState::Ok), None);
        assert_eq!(check("backup", &Readings::default()), None);
    }

    #[test]
    fn failed_units_are_named() {
        let unit = |name: &str, state: &str| SystemdUnit {
            name: name.to_owned(),
            load_state: "loaded".to_owned(),
            active_state: state.to_owned(),
            wanted: true,
        };
        let units = Some(vec![unit("a.service", "failed"), unit("b.service", "active")]);
        let readings = Readings { units, ..Readings::default() };
        assert_eq!(failed_units("", &readings).as_deref(), Some("a.service"));
        assert_eq!(super::unit("b.service", &readings).as_deref(), Some("it is loaded, active"));
    }
}
