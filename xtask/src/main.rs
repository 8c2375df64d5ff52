//! The project's own tasks: `cargo xtask …`.

mod bench;
mod demo;
mod probe;
mod test;
mod tools;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own tasks
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Show the whole thing on this machine: throwaway hosts, a mail server, a run, a mail
    Demo,
    /// Install what the tests need, after saying so, and run the whole suite
    Test,
    /// Build the small static probe that is shipped, into target/release/probes
    Probe,
    /// Measure what the shipped programs cost
    #[command(subcommand)]
    Bench(Bench),
    /// Be the simulated hosts of a bench
    #[command(hide = true)]
    Simulate(bench::SimulateArgs),
    /// Fill the database of a bench
    #[command(hide = true)]
    Fill(bench::FillArgs),
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// One run over a simulated fleet: wall clock, CPU per host, memory
    Fleet(bench::FleetArgs),
    /// The probe on this machine: CPU, memory, size of program and envelope
    Probe(bench::ProbeArgs),
    /// The alerter after a week off, and beside a long history: wall clock, memory, mails
    Alerts(bench::AlertsArgs),
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Demo => demo::demo(),
        Task::Test => test::test(),
        Task::Probe => probe::probe(),
        Task::Bench(Bench::Fleet(args)) => bench::fleet(&args),
        Task::Bench(Bench::Probe(args)) => bench::probe(&args),
        Task::Bench(Bench::Alerts(args)) => bench::alerts(&args),
        Task::Fill(args) => bench::fill(&args),
        Task::Simulate(args) => bench::simulate(&args),
    }
}
