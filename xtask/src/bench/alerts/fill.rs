//! `xtask fill`: databases of a fleet that exists on paper, by the schema that is shipped.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use clap::Subcommand;
use harness::{Measured, Rows};
use rusqlite::params;
use sample::Timestamp;
use storage::Store;

use super::flood;
use crate::bench::host::Host;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long ago the oldest row of a history is.
const HISTORY_DAYS: i64 = 60;
/// As many as one transaction takes, or the log of it would be as big as the database.
const RUNS_AT_ONCE: i64 = 20;
/// Room for the page of each host in each index, while rows come in by time.
const CACHE_KIB: i64 = 512 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct FillArgs {
    /// The database; made if there is none
    #[arg(long, global = true, default_value = "fleet.db")]
    database: PathBuf,
    #[command(subcommand)]
    with: With,
}

#[derive(Debug, Subcommand)]
enum With {
    /// Samples that nobody has looked at yet, over days
    Flood {
        #[arg(long)]
        rows: u64,
        #[arg(long)]
        hosts: u32,
        #[arg(long)]
        days: u32,
    },
    /// Samples that are treated
    History {
        #[arg(long)]
        rows: u64,
        #[arg(long)]
        hosts: u32,
    },
    /// A new sample of each host
    Newest {
        #[arg(long)]
        round: u32,
        #[arg(long)]
        hosts: u32,
    },
}

/// Fills a database.
///
/// # Errors
/// It can't be made.
pub(crate) fn fill(args: &FillArgs) -> Result<()> {
    let now = now();
    drop(Store::open(&args.database, now).context("cannot make the database")?);
    let paper = open(&args.database)?;
    let now = now.as_millis();
    match args.with {
        With::Flood { rows, hosts, days } => {
            paper.at_once(|paper| pour(paper, hosts, rows / u64::from(hosts), i64::from(days) * DAY_MS, now));
        }
        With::History { rows, hosts } => remember(&paper, hosts, rows / u64::from(hosts), now)?,
        With::Newest { round, hosts } => paper.at_once(|paper| {
            measure_all(paper, &ids_of(paper, hosts, now), now, |host| flood::newest(host, round.into()));
        }),
    }
    Ok(())
}

/// Nobody else has the database, and it goes away when the figures are told.
fn open(database: &Path) -> Result<Rows> {
    let paper = Rows::open(database);
    paper.db().execute_batch(&format!("PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB};"))?;
    Ok(paper)
}

/// A week without the alerter: runs at even distances, the last one now.
fn pour(paper: &Rows, hosts: u32, runs: u64, lasting_ms: i64, now: i64) {
    let ids = ids_of(paper, hosts, now - lasting_ms);
    for index in 0..runs {
        let ago = lasting_ms as f64 * (runs - 1 - index) as f64 / runs as f64;
        measure_all(paper, &ids, now - ago as i64, |host| flood::measured(host, index, runs));
    }
}

fn ids_of(paper: &Rows, hosts: u32, at_ms: i64) -> Vec<i64> {
    Host::first(hosts).map(|host| paper.host(host.name().as_str(), at_ms)).collect()
}

fn measure_all(paper: &Rows, ids: &[i64], at_ms: i64, measured: impl Fn(u64) -> Measured) {
    let run = paper.run(at_ms);
    for (host, id) in (0..).zip(ids) {
        paper.visit(run, *id, at_ms, &measured(host));
    }
}

/// Two months of quiet samples that are treated. Without their filesystems: nobody reads those again.
fn remember(paper: &Rows, hosts: u32, runs: u64, now: i64) -> Result<()> {
    let (oldest, newest) = (now - HISTORY_DAYS * DAY_MS, now - DAY_MS);
    ids_of(paper, hosts, oldest);
    let db = paper.db();
    let before: i64 = db.query_one("SELECT coalesce(max(id), 0) FROM run", [], |row| row.get(0))?;
    db.execute(RUNS, params![oldest, newest, i64::try_from(runs)?])?;
    let last: i64 = db.query_one("SELECT max(id) FROM run", [], |row| row.get(0))?;
    let mut after = before;
    while after < last {
        let until = (after + RUNS_AT_ONCE).min(last);
        paper.at_once(|_| {
            db.execute(OUTCOMES, [after, until])?;
            db.execute(SAMPLES, [after, until])
        })?;
        after = until;
    }
    Ok(())
}

/// ?1 the first, ?2 about the last, ?3 how many.
const RUNS: &str = "
    WITH RECURSIVE number (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < ?3)
    INSERT INTO run (started_ms, finished_ms, state, config_sha256)
    SELECT ?1 + (?2 - ?1) / ?3 * i, ?1 + (?2 - ?1) / ?3 * i, 'done', '' FROM number ORDER BY i";

// A cross join is done in this order: by time, as rows come in.
const OUTCOMES: &str = "
    INSERT INTO outcome (run_id, host_id, kind, at_ms, duration_ms, treated_ms)
    SELECT run.id, host.id, 'ok', started_ms, 900, started_ms FROM run CROSS JOIN host
    WHERE run.id > ?1 AND run.id <= ?2";

const SAMPLES: &str = "
    INSERT INTO sample (host_id, run_id, probe_sample_id, taken_ms, host_taken_ms, received_ms, treated_ms, boot_id,
        uptime_seconds, cpu_percent, cpu_window_ms, cpu_is_spot, load1, load5, load15, load1_per_cpu, load5_per_cpu,
        load15_per_cpu, logical_cpus, memory_total_bytes, memory_available_bytes, memory_used_percent, filesystems_read,
        disks_read, interfaces_read, temperatures_read, fans_read, wanted_processes_read, units_read, arrays_read,
        log_read, listeners_read, checks_read)
    SELECT host.id, run.id, printf('%016x%016x', run.id, host.id), started_ms, started_ms, started_ms, started_ms,
        '3f1c9a52-7d40-4c1e-9b7a-0123456789ab', 86400, 12.0, 300000, 0, 1.2, 1.2, 1.2, 0.3, 0.3, 0.3, 4, 17179869184,
        10307921510, 40.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM run CROSS JOIN host WHERE run.id > ?1 AND run.id <= ?2";

#[expect(clippy::disallowed_methods, reason = "the alerter's own clock is what the rows have to fit")]
fn now() -> Timestamp {
    SystemTime::now().into()
}
