//! How the latest runs of the collector went.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use sample::{OutcomeKind, Timestamp};
use serde::Serialize;
use storage::{RunRecord, RunState};

use crate::layout::{self, Colour, Coloured, UNKNOWN};

const COLUMNS: [&str; 7] = ["STARTED (UTC)", "TOOK", "STATE", "HOSTS", "OK", "FAILED", "FAILURES"];
/// Duration and counts.
const NUMBERS: [usize; 4] = [1, 3, 4, 5];
const STATE: usize = 2;
/// The other kinds are counted.
const MAX_KINDS: usize = 3;

/// Writes a table, one line per run.
///
/// # Errors
/// `out` can't be written.
pub fn write_table(out: &mut impl Write, runs: &[RunRecord], colour: bool) -> io::Result<()> {
    let rows: Vec<_> = runs.iter().map(cells).collect();
    let lines = layout::lines(COLUMNS, &rows, &NUMBERS);
    let start = layout::start(COLUMNS, &rows, STATE);
    let states = [None].into_iter().chain(runs.iter().map(|run| Some(run.state)));
    for (line, state) in lines.iter().zip(states) {
        match state.filter(|_| colour) {
            Some(state) => {
                let (text, colour) = (state.name(), state_colour(state));
                writeln!(out, "{}", Coloured { line, start, text, colour })?;
            }
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn state_colour(state: RunState) -> Colour {
    match state {
        RunState::Done => Colour::Green,
        RunState::Running | RunState::Cancelled => Colour::Yellow,
        RunState::Aborted => Colour::Red,
    }
}

fn cells(run: &RunRecord) -> [String; COLUMNS.len()] {
    [
        calendar(run.started),
        run.took().map_or_else(|| UNKNOWN.to_owned(), duration_text),
        run.state.name().to_owned(),
        run.hosts().to_string(),
        run.count(OutcomeKind::Ok).to_string(),
        failed(run).to_string(),
        failures_text(run),
    ]
}

fn calendar(time: Timestamp) -> String {
    time.to_string().replace('T', " ").replace('Z', "")
}

/// `0.4 s`, `59.9 s`, `2 min 05 s`, `1 h 00 min`.
fn duration_text(duration: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let seconds = duration.as_secs();
    match seconds {
        ..MINUTE => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        MINUTE..HOUR => format!("{} min {:02} s", seconds / MINUTE, seconds % MINUTE),
        HOUR.. => format!("{} h {:02} min", seconds / HOUR, seconds % HOUR / MINUTE),
    }
}

fn failed(run: &RunRecord) -> u32 {
    run.failures().map(|(_, hosts)| hosts).sum()
}

/// `3 connect_timeout, 1 auth_failed`: the most frequent kinds first, equal ones in the order of a visit.
fn failures_text(run: &RunRecord) -> String {
    let mut failures: Vec<_> = run.failures().collect();
    failures.sort_by_key(|(_, hosts)| Reverse(*hosts));
    let mut parts: Vec<String> =
        failures.iter().take(MAX_KINDS).map(|(kind, hosts)| format!("{hosts} {kind}")).collect();
    let others: u32 = failures.iter().skip(MAX_KINDS).map(|(_, hosts)| hosts).sum();
    if others > 0 {
        parts.push(format!("{others} of other kinds"));
    }
    parts.join(", ")
}

#[derive(Serialize)]
struct Line {
    run: i64,
    started_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_ms: Option<i64>,
    state: &'static str,
    hosts: u32,
    ok: u32,
    failed: u32,
    cancelled: u32,
    failures: BTreeMap<&'static str, u32>,
}

/// Writes one JSON object per run and line.
///
/// # Errors
/// `out` can't be written.
pub fn write_json(out: &mut impl Write, runs: &[RunRecord]) -> io::Result<()> {
    for run in runs {
        serde_json::to_writer(&mut *out, &line(run))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn line(run: &RunRecord) -> Line {
    Line {
        run: run.id.as_i64(),
        started_ms: run.started.as_millis(),
        finished_ms: run.finished.map(Timestamp::as_millis),
        state: run.state.name(),
        hosts: run.hosts(),
        ok: run.count(OutcomeKind::Ok),
        failed: failed(run),
        cancelled: run.count(OutcomeKind::Cancelled),
        failures: run.failures().map(|(kind, hosts)| (kind.name(), hosts)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::NOON;
    use storage::Store;

    /// Two runs from a real database, whose keys nobody else can make: one that was killed, and this one.
    fn runs(outcomes: &[(OutcomeKind, u32)], took: Duration) -> Vec<RunRecord> {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("fleet.db"), NOON).unwrap();
        store.begin_run(NOON.plus_millis(-300_000), "c0ffee").unwrap();
        let run = store.begin_run(NOON, "c0ffee").unwrap();
        store.finish_run(run, NOON + took, storage::RunEnd::Done).unwrap();
        let mut runs = store.runs(10).unwrap();
        runs[0].outcomes = outcomes.iter().copied().collect();
        runs
    }

    fn shown(runs: &[RunRecord], colour: bool) -> String {
        let mut out = Vec::new();
        write_table(&mut out, runs, colour).unwrap();
        String::from_utf8(out).unwrap()
    }

    const MIXED: [(OutcomeKind, u32); 6] = [
        (OutcomeKind::Ok, 94),
        (OutcomeKind::Unreachable, 1),
        (OutcomeKind::ConnectTimeout, 3),
        (OutcomeKind::AuthFailed, 1),
        (OutcomeKind::ProbeFailed, 1),
        (OutcomeKind::Cancelled, 2),
    ];

    #[test]
    fn a_run_is_a_line_and_its_most_frequent_failures_come_first() {
        let expected = "\
STARTED (UTC)              TOOK  STATE    HOSTS  OK  FAILED  FAILURES
2026-11-21 06:17:37  2 min 05 s  done       102  94       6  3 connect_timeout, 1 unreachable, 1 auth_failed, 1 of other kinds
2026-11-21 06:12:37           -  aborted      0   0       0
";
        assert_eq!(shown(&runs(&MIXED, Duration::from_secs(125)), false), expected);
    }

    #[test]
    fn colour_is_around_the_state_and_changes_nothing_else() {
        let runs = runs(&MIXED, Duration::from_secs(125));
        let text = shown(&runs, true);
        assert!(
            text.contains("  \u{1b}[32mdone\u{1b}[0m ") && text.contains("  \u{1b}[31maborted\u{1b}[0m "),
            "{text}"
        );
        let plain = text.replace("\u{1b}[32m", "").replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
        assert_eq!(plain, shown(&runs, false));
    }

    #[test]
    fn json_is_named_as_the_database_has_it_and_leaves_out_what_is_not_known() {
        let mut out = Vec::new();
        write_json(&mut out, &runs(&MIXED, Duration::from_millis(1500))).unwrap();
        let expected = concat!(
            r#"{"run":2,"started_ms":1795241857000,"finished_ms":1795241858500,"state":"done","hosts":102,"ok":94,"#,
            r#""failed":6,"cancelled":2,"failures":{"auth_failed":1,"connect_timeout":3,"probe_failed":1,"unreachable":1}}"#,
            "\n",
            r#"{"run":1,"started_ms":1795241557000,"state":"aborted","hosts":0,"ok":0,"failed":0,"cancelled":0,"failures":{}}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_duration_is_said_in_the_units_people_would_use() {
        for (millis, said) in [
            (0, "0.0 s"),
            (490, "0.4 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 00 s"),
            (3_599_999, "59 min 59 s"),
            (3_600_000, "1 h 00 min"),
            (90_000_000, "25 h 00 min"),
        ] {
            assert_eq!(duration_text(Duration::from_millis(millis)), said);
        }
    }
}
