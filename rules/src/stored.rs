//! What an alert and a host's watch remember, as one line of text in the database, and back.

use std::time::Duration;

use sample::Timestamp;

use crate::{AlertState, Run, Switch};

/// The text is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unreadable memory of an alert")]
pub struct ParseMemoryError;

impl AlertState {
    /// The switches, as `on`, `off`, `off 1795241857000+300000*2@97.5` (since, lasting ms, times, worst), separated by `;`.
    pub fn switches_to_stored(&self) -> String {
        let switch = |switch: &Switch| {
            let on = if switch.on { "on" } else { "off" };
            match switch.against {
                None => on.to_owned(),
                Some(Run { since, lasting, times, worst }) => {
                    format!("{on} {}+{}*{times}@{worst}", since.as_millis(), lasting.as_millis())
                }
            }
        };
        self.switches.iter().map(switch).collect::<Vec<_>>().join(";")
    }

    /// The switches that [`AlertState::switches_to_stored`] wrote.
    ///
    /// # Errors
    /// It wrote no such text.
    pub fn switches_from_stored(text: &str) -> Result<Vec<Switch>, ParseMemoryError> {
        let switch = |text: &str| {
            let (on, against) = text.split_once(' ').map_or((text, None), |(on, run)| (on, Some(run)));
            let on = match on {
                "on" => true,
                "off" => false,
                _ => return None,
            };
            let run = |text: &str| {
                let (since, rest) = text.split_once('+')?;
                let (lasting, rest) = rest.split_once('*')?;
                let (times, worst) = rest.split_once('@')?;
                let worst = worst.parse().ok().filter(|worst: &f64| worst.is_finite())?;
                let since = Timestamp::from_millis(since.parse().ok()?);
                let lasting = Duration::from_millis(lasting.parse().ok()?);
                Some(Run { since, lasting, times: times.parse().ok()?, worst })
            };
            match against {
                None => Some(Switch { on, against: None }),
                Some(text) => Some(Switch { on, against: Some(run(text)?) }),
            }
        };
        text.split(';').filter(|part| !part.is_empty()).map(switch).collect::<Option<_>>().ok_or(ParseMemoryError)
    }

    /// The times of [`AlertState::changes`], in milliseconds, separated by commas.
    pub fn changes_to_stored(&self) -> String {
        self.changes.iter().map(|at| at.as_millis().to_string()).collect::<Vec<_>>().join(",")
    }

    /// The times that [`AlertState::changes_to_stored`] wrote.
    ///
    /// # Errors
    /// It wrote no such text.
    pub fn changes_from_stored(text: &str) -> Result<Vec<Timestamp>, ParseMemoryError> {
        let parts = text.split(',').filter(|part| !part.is_empty());
        parts.map(|part| part.parse().map(Timestamp::from_millis).or(Err(ParseMemoryError))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_alert_remembers_survives_its_text() {
        let at = Timestamp::from_millis;
        let run = Run { since: at(1_795_241_857_000), lasting: Duration::from_secs(300), times: 2, worst: 97.5 };
        let switches = vec![Switch { on: true, against: None }, Switch { on: false, against: Some(run) }];
        let state = AlertState { switches, changes: vec![at(-5), at(7)], ..AlertState::default() };
        assert_eq!(state.switches_to_stored(), "on;off 1795241857000+300000*2@97.5");
        assert_eq!(AlertState::switches_from_stored(&state.switches_to_stored()), Ok(state.switches.clone()));
        assert_eq!(AlertState::changes_from_stored(&state.changes_to_stored()), Ok(state.changes.clone()));
        assert_eq!(AlertState::switches_from_stored(""), Ok(vec![]));
        for text in ["maybe", "on x", "off 1+2", "off 1+2*x", "off 1+2*3", "off 1+2*3@NaN"] {
            assert_eq!(AlertState::switches_from_stored(text), Err(ParseMemoryError), "{text}");
        }
    }
}
