//! `cargo xtask bench`: what the shipped collector costs, measured.
//!
//! A simulated fleet stands in for real hosts: a process of its own ([`simulator`]) whose SSH server answers at as many
//! loopback addresses as there are hosts. In the order of a run: [`folder`] → [`simulator`] ([`content_key`], [`sshd`],
//! [`measurement`], [`silence`]) → the collector → [`outcomes`].

mod content_key;
mod folder;
mod host;
mod measurement;
mod outcomes;
mod silence;
mod simulator;
mod sshd;

use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use harness::target_dir;
use serde_json::json;
use wait4::Wait4;

use crate::tools::cargo;
use folder::Folder;
use host::{MAX_HOSTS, silent_among};
use outcomes::Outcomes;
use simulator::Simulator;
pub(crate) use simulator::{SimulateArgs, simulate};

#[derive(Debug, clap::Args)]
pub(crate) struct FleetArgs {
    /// How many hosts to simulate
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_HOSTS)))]
    hosts: u32,
    /// How many percent of them never answer the dial, which is given up after 2 s
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    silent: u32,
    /// How many hosts the collector works on at once [default: the collector's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}

/// Measures one run of the collector, as it is shipped, over a simulated fleet.
///
/// # Errors
/// Something can't be built or started, or the run did not end as it should: figures of such a run are not told.
pub(crate) fn fleet(args: &FleetArgs) -> Result<()> {
    // One after the other, so that each has the features it has alone. The simulator is built as well as the collector
    // is, for it takes its share of the same cores.
    cargo(&["build", "--release", "--locked", "-p", "collector"])?;
    cargo(&["build", "--release", "--locked", "-p", "xtask"])?;
    cargo(&["build", "--locked", "-p", "local-probe"])?;
    let programs = target_dir().join("release");
    let folder = Folder::new(programs.join("fleet-collector"), &target_dir().join("debug/fleet-probe"))?;

    let silent = silent_among(args.hosts, args.silent);
    let (login, sealed_to) = (folder.login(), folder.sealed_to()?);
    let simulate = SimulateArgs { hosts: args.hosts, silence: silent > 0, sealed_to, login };
    let (simulator, ready) = Simulator::start(&programs.join("xtask"), &simulate)?;
    folder.configure(args.hosts, args.silent, &ready)?;
    let figures = measure(&folder, args.jobs)?;
    drop(simulator);

    Outcomes::parse(&folder.report()?)?.expect(args.hosts - silent, silent)?;
    folder.expect_samples(args.hosts - silent)?;
    figures.print(args, silent);
    Ok(())
}

/// What a run has cost.
struct Figures {
    wall: Duration,
    /// User and system time of all threads.
    cpu: Duration,
    peak_rss_bytes: u64,
}

fn measure(folder: &Folder, jobs: Option<u16>) -> Result<Figures> {
    let mut command = folder.run(jobs)?;
    let began = Instant::now();
    let collector = command.spawn().context("cannot start the collector")?;
    let ended = collector.wait4().context("cannot wait for the collector")?;
    let wall = began.elapsed();
    ensure!(matches!(ended.status.code(), Some(0 | 3)), "the collector could not do its run: {}", ended.status);
    let used = ended.rusage;
    // Linux counts what this process had at its own peak as the child's, too. That is 9 MiB, and any run takes more.
    Ok(Figures { wall, cpu: used.utime + used.stime, peak_rss_bytes: used.maxrss })
}

impl Figures {
    fn print(&self, args: &FleetArgs, silent: u32) {
        let hosts = f64::from(args.hosts);
        let wall_s = self.wall.as_secs_f64();
        let (hosts_per_s, cpu_ms) = (hosts / wall_s, self.cpu.as_secs_f64() * 1000.0 / hosts);
        let peak_rss_mib = self.peak_rss_bytes as f64 / f64::from(1 << 20);
        match args.format {
            Format::Json => {
                let figures = json!({
                    "hosts": args.hosts,
                    "silent": silent,
                    "wall_s": rounded(wall_s, 1000.0),
                    "hosts_per_s": rounded(hosts_per_s, 10.0),
                    "cpu_ms_per_host": rounded(cpu_ms, 1000.0),
                    "peak_rss_mib": rounded(peak_rss_mib, 10.0),
                });
                println!("{figures}");
            }
            Format::Text => {
                let cores = available_parallelism().map_or(1, usize::from);
                println!("{hosts} hosts, {silent} of them silent; the others all answered and have their samples kept");
                println!(
                    "  wall clock  {wall_s:.2} s, {hosts_per_s:.0} hosts/s, with the simulated hosts on the same {cores} cores"
                );
                println!("  CPU         {cpu_ms:.2} ms per host, user and system");
                println!("  memory      {peak_rss_mib:.1} MiB at its peak");
            }
        }
    }
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
