//! `cargo xtask bench`: what the shipped collector, the shipped probe ([`probe`]) and the shipped alerter ([`alerts`])
//! cost, measured.
//!
//! A simulated fleet stands in for real hosts: a process of its own ([`simulator`]) whose SSH server answers at as many
//! loopback addresses as there are hosts. In the order of a run: [`folder`] → [`simulator`] ([`content_key`], [`sshd`],
//! [`measurement`], [`silence`]) → the collector → [`outcomes`].

mod alerts;
mod content_key;
mod figures;
mod folder;
mod host;
mod measurement;
mod outcomes;
mod peers;
mod probe;
mod silence;
mod simulator;
mod sshd;

use std::thread::available_parallelism;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use harness::target_dir;

use crate::tools::cargo;
pub(crate) use alerts::{AlertsArgs, FillArgs, alerts, fill};
use figures::Figures;
use folder::Folder;
use host::{MAX_HOSTS, silent_among};
use outcomes::Outcomes;
pub(crate) use probe::{ProbeArgs, probe};
use simulator::Simulator;
pub(crate) use simulator::{SimulateArgs, simulate};

/// As many as the collector takes by itself where it may.
const JOBS_WITH_PEERS: u16 = 64;

#[derive(Debug, clap::Args)]
pub(crate) struct FleetArgs {
    /// How many hosts to simulate
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_HOSTS)))]
    hosts: u32,
    /// How many percent of them never answer the dial, which is given up after 2 s
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    silent: u32,
    /// How many hosts the collector works on at once [default: the collector's own; with --peers 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Let parallel-ssh, Ansible and Fabric run a command on the same hosts, too, and show them beside the collector
    ///
    /// They come from PyPI into a Python environment in target/bench-peers, which is kept. As many hosts as for the
    /// collector at once; at most 1,000 hosts, and 5 minutes for each of them. With `--format json` an object on a line of
    /// its own for each: peer, version, hosts, and wall_s, hosts_per_s, cpu_ms_per_host and peak_rss_mib as for the
    /// collector, or failed with the reason instead of these four.
    #[arg(long, conflicts_with = "silent")]
    peers: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lines for people
    Text,
    /// One JSON object; with --peers one more for each of them
    Json,
}

/// Measures one run of the collector, as it is shipped, over a simulated fleet.
///
/// # Errors
/// Something can't be built or started, or the run did not end as it should: figures of such a run are not told.
pub(crate) fn fleet(args: &FleetArgs) -> Result<()> {
    ensure!(
        !args.peers || args.hosts <= peers::MAX_HOSTS,
        "--peers takes at most {} hosts, for the others would take many minutes for {}: please lower --hosts",
        peers::MAX_HOSTS,
        args.hosts
    );
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
    let figures = measure(&folder, args)?;

    Outcomes::parse(&folder.report()?)?.expect(args.hosts - silent, silent)?;
    folder.expect_samples(args.hosts - silent)?;
    args.print(silent, &figures);
    if let Some(jobs) = args.jobs().filter(|_| args.peers) {
        args.print_peers(&figures, &peers::compare(&folder, args.hosts, ready.port, jobs)?)?;
    }
    drop(simulator);
    Ok(())
}

fn measure(folder: &Folder, args: &FleetArgs) -> Result<Figures> {
    let (status, figures) = Figures::measure(&mut folder.run(args.jobs())?, args.hosts)?;
    ensure!(matches!(status.code(), Some(0 | 3)), "the collector could not do its run: {status}");
    Ok(figures)
}

impl FleetArgs {
    /// How many hosts at once, unless that is left to the collector.
    fn jobs(&self) -> Option<u16> {
        self.jobs.or(self.peers.then_some(JOBS_WITH_PEERS))
    }

    fn print(&self, silent: u32, figures: &Figures) {
        match self.format {
            Format::Json => {
                let mut object = figures.to_json();
                object["hosts"] = self.hosts.into();
                object["silent"] = silent.into();
                println!("{object}");
            }
            Format::Text => {
                let cores = available_parallelism().map_or(1, usize::from);
                let (wall_s, hosts_per_s) = (figures.wall_s(), figures.hosts_per_s());
                let (cpu_ms, peak_rss_mib) = (figures.cpu_ms_per_host(), figures.peak_rss_mib());
                println!(
                    "{} hosts, {silent} of them silent; the others all answered and have their samples kept",
                    self.hosts
                );
                println!(
                    "  wall clock  {wall_s:.2} s, {hosts_per_s:.0} hosts/s, with the simulated hosts on the same {cores} cores"
                );
                println!("  CPU         {cpu_ms:.2} ms per host, user and system");
                println!("  memory      {peak_rss_mib:.1} MiB at its peak");
            }
        }
    }

    fn print_peers(&self, ours: &Figures, rows: &[peers::Row]) -> Result<()> {
        match self.format {
            Format::Json => rows.iter().for_each(|row| println!("{}", row.to_json(self.hosts))),
            Format::Text => print!("\n{}", peers::table(ours, rows, self.jobs().unwrap_or(JOBS_WITH_PEERS))?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        fleet: FleetArgs,
    }

    #[test]
    fn the_others_are_measured_with_few_hosts_that_all_answer() {
        let too_many = Line::try_parse_from(["bench", "--peers", "--hosts", "1001"]).unwrap();
        let error = fleet(&too_many.fleet).unwrap_err();
        assert!(error.to_string().starts_with("--peers takes at most 1000 hosts"), "{error}");
        assert!(Line::try_parse_from(["bench", "--peers", "--silent", "5"]).is_err());
        assert!(Line::try_parse_from(["bench", "--peers"]).is_ok(), "the usual number of hosts is not too many");
    }

    #[test]
    fn with_the_others_the_number_at_once_is_the_same_for_all() {
        let jobs = |line: &[&str]| Line::try_parse_from(line).unwrap().fleet.jobs();
        assert_eq!(jobs(&["bench"]), None, "the collector decides");
        assert_eq!(jobs(&["bench", "--peers"]), Some(JOBS_WITH_PEERS));
        assert_eq!(jobs(&["bench", "--peers", "--jobs", "9"]), Some(9));
    }
}
