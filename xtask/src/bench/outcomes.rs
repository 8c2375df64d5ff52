//! How the visits of a run ended, as the collector tells it with `--format json`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Outcomes of a run by kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    /// How many hosts ended in each kind.
    kinds: BTreeMap<String, u32>,
    /// The first outcome that no host of a bench may have.
    surprise: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Host { host: String, kind: String, detail: Option<String> },
    Summary { summary: Summary },
}

#[derive(Deserialize)]
struct Summary {
    hosts: u32,
    ok: u32,
}

impl Outcomes {
    /// Reads the report of a run.
    ///
    /// # Errors
    /// It is no such report, or its summary does not add up.
    pub(super) fn parse(report: &str) -> Result<Outcomes> {
        let (mut outcomes, mut summary) = (Outcomes::default(), None);
        for line in report.lines() {
            match serde_json::from_str(line).with_context(|| format!("the collector printed {line:?}"))? {
                Line::Host { host, kind, detail } => outcomes.add(host, kind, detail),
                Line::Summary { summary: found } => summary = Some(found),
            }
        }
        let Summary { hosts, ok } = summary.context("the collector printed no summary")?;
        let counted = (outcomes.kinds.values().sum(), outcomes.of("ok"));
        ensure!((hosts, ok) == counted, "the summary says {hosts} hosts, {ok} ok; told were {counted:?}");
        Ok(outcomes)
    }

    /// Checks that these many hosts answered, those many were silent, and nothing else happened.
    ///
    /// # Errors
    /// Something else happened: the figures would be of another run than the one that was meant.
    pub(super) fn expect(&self, answering: u32, silent: u32) -> Result<()> {
        let found = (self.of("ok"), self.of("connect_timeout"));
        let surprise = self.surprise.as_deref().unwrap_or("no other");
        ensure!(
            found == (answering, silent) && self.surprise.is_none(),
            "expected {answering} hosts ok and {silent} silent, found {:?}; first other outcome: {surprise}",
            self.kinds
        );
        Ok(())
    }

    fn add(&mut self, host: String, kind: String, detail: Option<String>) {
        if !matches!(kind.as_str(), "ok" | "connect_timeout") || (kind == "ok" && detail.is_some()) {
            self.surprise.get_or_insert(format!("{host}: {kind}: {}", detail.unwrap_or_default()));
        }
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn of(&self, kind: &str) -> u32 {
        self.kinds.get(kind).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(second: &str, ok: u32) -> String {
        format!(
            "{{\"host\":\"h00001\",\"kind\":\"ok\",\"detail\":null,\"duration_ms\":9,\"samples\":1}}\n\
             {{\"host\":\"h00002\",\"kind\":\"{second}\",\"detail\":\"why\",\"duration_ms\":9,\"samples\":0}}\n\
             {{\"summary\":{{\"hosts\":2,\"ok\":{ok},\"failed\":1,\"wall_s\":0.1}}}}\n"
        )
    }

    #[test]
    fn a_run_with_the_expected_outcomes_is_accepted() {
        Outcomes::parse(&report("connect_timeout", 1)).unwrap().expect(1, 1).unwrap();
    }

    #[test]
    fn a_run_that_went_otherwise_is_refused_with_the_first_surprise() {
        let error = Outcomes::parse(&report("auth_failed", 1)).unwrap().expect(1, 1).unwrap_err();
        assert!(error.to_string().contains("h00002: auth_failed: why"), "{error}");
        assert!(Outcomes::parse(&report("connect_timeout", 1)).unwrap().expect(2, 0).is_err());
    }

    #[test]
    fn a_report_that_contradicts_itself_or_ends_early_is_refused() {
        assert!(Outcomes::parse(&report("connect_timeout", 2)).is_err());
        assert!(Outcomes::parse("").is_err());
    }
}
