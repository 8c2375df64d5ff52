//! `cargo xtask bench alerts`: what the shipped alerter costs after a week without it, and beside a long history.
//!
//! A database that is written by hand ([`fill`]) stands in for the collector's, an SMTP server in this process that
//! answers at once for the mail server.

mod fill;
mod fleet;
mod flood;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use harness::target_dir;
use serde_json::json;

use super::Format;
use super::figures::Figures;
use crate::tools::cargo;
pub(crate) use fill::{FillArgs, fill};
use fleet::Fleet;

/// So many hosts have a new sample each time that the newest ones are evaluated.
const NEWEST_HOSTS: u32 = 10_000;
/// How often they are; the middle one counts.
const ROUNDS: usize = 7;
/// So often before, until every host has been over its limit once: what is remembered of alerts grows till then.
const ROUNDS_BEFORE: usize = 20;
/// The history with which the whole of it is compared: so many times shorter.
const SHORTER: u64 = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct AlertsArgs {
    /// How many samples wait for the alerter, with an outcome each
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    rows: u64,
    /// How many hosts they are of
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(20..=65_536))]
    hosts: u32,
    /// Over how many days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=60))]
    days: u32,
    /// How many samples, with an outcome each, are treated already where the newest of 10,000 hosts are evaluated;
    /// compared with a tenth of it. Ten millions take about 5 GB in the folder for temporary files
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(100_000..=100_000_000))]
    history: u64,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What was measured.
struct Measurements {
    flood: Figures,
    mails_per_recipient: usize,
    /// Seconds; with the whole history.
    newest_wall_s: f64,
    /// The same with a tenth of it.
    shorter_wall_s: f64,
}

/// Measures the alerter that is shipped.
///
/// # Errors
/// Something can't be built or started, or the alerter leaves something undone: figures of such a run are not told.
pub(crate) fn alerts(args: &AlertsArgs) -> Result<()> {
    ensure!(
        args.rows >= u64::from(args.hosts) * 10,
        "--rows {} is less than ten samples for each of {} hosts",
        args.rows,
        args.hosts
    );
    cargo(&["build", "--release", "--locked", "-p", "alerter"])?;
    cargo(&["build", "--release", "--locked", "-p", "xtask"])?;
    let programs = Programs::new();
    let (flood, mails_per_recipient) = flood(args, &programs)?;
    let (shorter_wall_s, newest_wall_s) = newest(args, &programs)?;
    args.print(&Measurements { flood, mails_per_recipient, newest_wall_s, shorter_wall_s });
    Ok(())
}

/// What is shipped, and what fills databases: that takes memory, and what a process had counts as its child's.
struct Programs {
    alerter: PathBuf,
    xtask: PathBuf,
}

impl Programs {
    fn new() -> Programs {
        let folder = target_dir().join("release");
        Programs { alerter: folder.join("fleet-alerter"), xtask: folder.join("xtask") }
    }
}

/// One run over everything that has come in while the alerter was off.
fn flood(args: &AlertsArgs, programs: &Programs) -> Result<(Figures, usize)> {
    let fleet = Fleet::new(args.hosts)?;
    let [rows, hosts, days] = [args.rows, args.hosts.into(), args.days.into()].map(|number| number.to_string());
    fleet.fill(&programs.xtask, &["flood", "--rows", &rows, "--hosts", &hosts, "--days", &days])?;
    let figures = fleet.evaluate(&programs.alerter)?;
    let mails = fleet.mails()?;
    let most = mails.values().copied().max().unwrap_or(0);
    ensure!(mails.len() == fleet::RECIPIENTS.len(), "mail came for {mails:?} only");
    Ok((figures, most))
}

/// How long the newest sample of each host takes: with a tenth of the history, and with all of it.
fn newest(args: &AlertsArgs, programs: &Programs) -> Result<(f64, f64)> {
    let fleet = Fleet::new(NEWEST_HOSTS)?;
    let shorter = args.history / SHORTER;
    let mut rounds = 0..;
    let mut with_more = |rows: u64, before: usize| -> Result<f64> {
        fleet.fill(&programs.xtask, &["history", "--rows", &rows.to_string(), "--hosts", &NEWEST_HOSTS.to_string()])?;
        let times = rounds.by_ref().take(before + ROUNDS).map(|round| time_newest(&fleet, programs, round));
        let times = times.collect::<Result<Vec<_>>>()?;
        Ok(median(times.into_iter().skip(before).collect()))
    };
    // Once is enough later, to have everything in memory again.
    Ok((with_more(shorter, ROUNDS_BEFORE)?, with_more(args.history - shorter, 1)?))
}

fn time_newest(fleet: &Fleet, programs: &Programs, round: u32) -> Result<f64> {
    fleet.fill(&programs.xtask, &["newest", "--round", &round.to_string(), "--hosts", &NEWEST_HOSTS.to_string()])?;
    // What the filling left on its way to the disk is not the alerter's, and its own commits would wait for it: beside a
    // long history a new sample of each host dirties a page of its own in each index.
    rustix::fs::sync();
    let figures = fleet.evaluate(&programs.alerter)?;
    let mails: BTreeMap<String, usize> = fleet.mails()?;
    ensure!(!mails.is_empty(), "nobody was told of the hosts that came over their limits");
    Ok(figures.wall_s())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

impl AlertsArgs {
    fn print(&self, found: &Measurements) {
        let Measurements { flood, mails_per_recipient, newest_wall_s, shorter_wall_s } = found;
        let (wall_s, peak_rss_mib) = (rounded(flood.wall_s()), rounded(flood.peak_rss_mib()));
        let (newest, ratio) = (rounded(*newest_wall_s), rounded(newest_wall_s / shorter_wall_s));
        match self.format {
            Format::Json => println!(
                "{}",
                json!({
                    "rows": self.rows,
                    "wall_s": wall_s,
                    "peak_rss_mib": peak_rss_mib,
                    "mails_per_recipient": mails_per_recipient,
                    "newest_wall_s": newest,
                    "history_ratio": ratio,
                })
            ),
            Format::Text => {
                println!("{} samples of {} hosts, {} days, evaluated at once", self.rows, self.hosts, self.days);
                println!("  wall clock  {wall_s:.2} s, with the delivery of mail        (aim: at most 60 s)");
                println!("  memory      {peak_rss_mib:.1} MiB at its peak                   (aim: at most 64 MiB)");
                println!("  mails       {mails_per_recipient} for the recipient who got most         (aim: at most 3)");
                println!(
                    "the newest samples of {NEWEST_HOSTS} hosts, five rules each, the middle one of {ROUNDS} runs"
                );
                println!("  wall clock  {newest:.2} s beside {} treated samples (aim: at most 2 s)", self.history);
                println!("  ratio       {ratio:.2} to a tenth of that history       (aim: at most 1.2)");
            }
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
