//! What a run prints.

use std::io::{self, IsTerminal, Write};

use sample::HostName;
use serde_json::json;

use super::args::Format;
use crate::run::{HostReport, Observer, Summary};

/// Prints hosts as they come, and the summary.
///
/// A closed standard output (`| head`, a full disk) never ends a run: what can't be printed is in the database.
#[derive(Clone, Copy)]
pub(super) struct Printer {
    format: Format,
    /// Cron mails whatever is printed: without a terminal and without being asked, good news stays unsaid.
    quiet_when_ok: bool,
    verbose: bool,
}

impl Printer {
    pub(super) fn new(format: Option<Format>, verbose: bool) -> Printer {
        let quiet_when_ok = format.is_none() && !verbose && !io::stdout().is_terminal();
        Printer { format: format.unwrap_or(Format::Text), quiet_when_ok, verbose }
    }

    fn host(&self, report: &HostReport) {
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
                (Some(hint), _) => {
                    let hint = hint.replace("NAME", host.as_str());
                    let detail = outcome.detail.as_deref().unwrap_or_default();
                    format!("{host}: {kind}: {detail}\n  hint: {hint}")
                }
            },
        };
        print(&text);
    }

    pub(super) fn summary(&self, summary: &Summary) {
        let Summary { hosts, ok, wall, cancelled } = *summary;
        let wall_s = (wall.as_secs_f64() * 1000.0).round() / 1000.0;
        match self.format {
            Format::Json => {
                let summary = json!({ "hosts": hosts, "ok": ok, "failed": hosts - ok, "wall_s": wall_s });
                print(&json!({ "summary": summary }).to_string());
            }
            Format::Text if self.quiet_when_ok && ok == hosts => {}
            Format::Text => {
                let end = if cancelled { ", interrupted" } else { "" };
                print(&format!("{ok} of {hosts} hosts ok in {wall_s:.1} s{end}"));
            }
        }
    }
}

impl Observer for Printer {
    fn selected(&self, _hosts: usize) {}

    fn started(&self, _host: &HostName) {}

    fn finished(&self, report: &HostReport) {
        self.host(report);
    }
}

pub(super) fn print(text: &str) {
    // See `Printer`.
    drop(writeln!(io::stdout(), "{text}"));
}
