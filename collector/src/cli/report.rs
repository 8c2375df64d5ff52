//! What a run prints.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sample::{HostName, OutcomeKind};
use serde_json::json;

use super::args::{Format, Place};
use super::hint::as_called;
use super::outlet::Outlet;
use super::progress::{self, Count};
use crate::run::{HostReport, Observer, Summary};

/// So many hosts with the same failure are told one by one to a person at a terminal; the others are only named.
const TOLD_SINGLY: usize = 5;

/// Prints hosts as they come, and the summary.
///
/// A standard output that is closed (`| head`), full or not read never ends or delays a run: what can't be printed is
/// in the database.
pub(super) struct Printer {
    format: Format,
    /// Cron mails whatever is printed: without a terminal and without being asked, good news stays unsaid.
    quiet_when_ok: bool,
    verbose: bool,
    folding: bool,
    hints: Place,
    count: Arc<Count>,
    /// The hosts of each kind of ending but ok, in the order they came.
    failed: Mutex<BTreeMap<OutcomeKind, Vec<HostName>>>,
    outlet: Outlet,
}

impl Printer {
    /// `place` is what the hints repeat.
    pub(super) fn new(format: Option<Format>, place: &Place, outlet: Outlet) -> Printer {
        let (verbose, terminal) = (place.verbose > 0, io::stdout().is_terminal());
        Printer {
            quiet_when_ok: format.is_none() && !verbose && !terminal,
            format: format.unwrap_or(Format::Text),
            verbose,
            folding: terminal && !verbose,
            hints: place.clone(),
            count: Arc::default(),
            failed: Mutex::default(),
            outlet,
        }
    }

    /// Waits until everything is printed, but not longer than `enough` takes. Returns whether results are lost:
    /// somebody asked for JSON and it could not be written.
    pub(super) async fn loses_results(&self, enough: impl Future<Output = ()>) -> bool {
        self.outlet.clear_progress();
        !self.outlet.is_written(enough).await && self.format == Format::Json
    }

    /// Whether the run was cut short: some hosts had no turn.
    pub(super) fn cut_short(&self) -> bool {
        self.failed().contains_key(&OutcomeKind::Cancelled)
    }

    fn host(&self, report: &HostReport) {
        let of_its_kind = self.note(report);
        let HostReport { host, outcome, samples } = report;
        let (kind, duration_ms) = (outcome.kind, outcome.duration.as_millis());
        let text = match self.format {
            Format::Json => json!({
                "host": host.as_str(),
                "kind": kind.name(),
                "detail": outcome.detail,
                "duration_ms": u64::try_from(duration_ms).unwrap_or(u64::MAX),
                "samples": samples,
            })
            .to_string(),
            Format::Text => match (kind.hint(), self.verbose) {
                (None, false) => return,
                (None, true) => {
                    let detail = outcome.detail.as_ref().map(|detail| format!("; {detail}")).unwrap_or_default();
                    format!("{host}: {kind}, new samples: {samples}, {duration_ms} ms{detail}")
                }
                (Some(_), _) if self.folding && of_its_kind > TOLD_SINGLY => return,
                (Some(hint), _) => {
                    let hint = as_called(hint, &self.hints).replace("NAME", host.as_str());
                    let detail = outcome.detail.as_deref().unwrap_or_default();
                    format!("{host}: {kind}: {detail}\n  hint: {hint}")
                }
            },
        };
        self.outlet.print(text);
    }

    pub(super) fn summary(&self, summary: &Summary) {
        self.outlet.clear_progress();
        let Summary { hosts, ok, cancelled, wall, .. } = *summary;
        let wall_s = (wall.as_secs_f64() * 1000.0).round() / 1000.0;
        match self.format {
            Format::Json => {
                let failed = hosts - ok - cancelled;
                let summary =
                    json!({ "hosts": hosts, "ok": ok, "failed": failed, "cancelled": cancelled, "wall_s": wall_s });
                self.outlet.print(json!({ "summary": summary }).to_string());
            }
            Format::Text if self.quiet_when_ok && ok == hosts => {}
            Format::Text => {
                let failed = self.failed();
                if self.folding {
                    failed.iter().filter_map(|(kind, hosts)| folded(*kind, hosts)).for_each(|text| {
                        self.outlet.print(as_called(&text, &self.hints));
                    });
                }
                let kinds: Vec<String> = failed.iter().map(|(kind, hosts)| format!("{} {kind}", hosts.len())).collect();
                let kinds = if kinds.is_empty() { String::new() } else { format!("; {}", kinds.join(", ")) };
                self.outlet.print(format!("{ok} of {hosts} hosts ok in {wall_s:.1} s{kinds}"));
            }
        }
    }

    /// Counts the host; returns how many have failed as it has by now.
    fn note(&self, report: &HostReport) -> usize {
        let ok = report.outcome.kind == OutcomeKind::Ok;
        self.count.finished(&report.host, ok);
        if ok {
            return 0;
        }
        let mut failed = self.failed();
        let hosts = failed.entry(report.outcome.kind).or_default();
        hosts.push(report.host.clone());
        hosts.len()
    }

    fn failed(&self) -> MutexGuard<'_, BTreeMap<OutcomeKind, Vec<HostName>>> {
        // A list is whole between any two calls, also if a thread panicked.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Printer {
    fn selected(&self, hosts: usize) {
        self.count.selected(hosts);
        if self.format == Format::Text && progress::can_redraw() {
            self.outlet.show_progress(self.count.clone());
        }
    }

    fn started(&self, host: &HostName) {
        self.count.started(host);
    }

    fn finished(&self, report: &HostReport) {
        self.host(report);
    }
}

/// The hosts that were not told of one by one.
fn folded(kind: OutcomeKind, hosts: &[HostName]) -> Option<String> {
    let others = hosts.get(TOLD_SINGLY..).filter(|others| !others.is_empty())?;
    let hint = kind.hint()?.replace("NAME", "NAME…");
    let names: Vec<&str> = others.iter().map(HostName::as_str).collect();
    let (count, more) = (others.len(), if others.len() == 1 { "host" } else { "hosts" });
    Some(format!("{kind}: {count} more {more}: {}\n  hint: {hint}", names.join(", ")))
}

/// Prints a line that nobody is worse off without.
pub(super) fn print(text: &str) {
    drop(progress::above(|| write_line(text)));
}

pub(super) fn write_line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_beyond_the_first_ones_of_a_kind_are_named_with_one_hint() {
        let hosts: Vec<HostName> = (1..=8).map(|number| format!("db{number}").parse().unwrap()).collect();
        assert_eq!(folded(OutcomeKind::ConnectTimeout, &hosts[..5]), None);
        let hint = OutcomeKind::ConnectTimeout.hint().unwrap();
        let told = folded(OutcomeKind::ConnectTimeout, &hosts).unwrap();
        assert_eq!(told, format!("connect_timeout: 3 more hosts: db6, db7, db8\n  hint: {hint}"));
    }
}
