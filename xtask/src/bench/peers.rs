//! What parallel-ssh, Ansible and Fabric cost for the same simulated fleet, beside the collector.
//!
//! [`environment`] has them, [`peer`] knows how each is started and what is to be said about it.

mod environment;
mod peer;

use std::fmt::Write;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::figures::Figures;
use super::folder::Folder;
use super::host::Host;
use super::sshd::{PLAIN_ANSWER_BYTES, PLAIN_COMMAND};
use environment::Environment;
use peer::{Fleet, Peer};

/// The others would take many minutes for more.
pub(super) const MAX_HOSTS: u32 = 1000;

/// How long each may take.
const PATIENCE: &str = "300";
/// What `timeout` ends with when the time is up: by SIGTERM, by SIGKILL.
const TIMED_OUT: [i32; 2] = [124, 137];

/// How one of the others did.
pub(super) struct Row {
    peer: Peer,
    /// Absent if it could not be installed.
    versions: Option<String>,
    /// Its figures, or why there are none.
    figures: Result<Figures>,
}

/// Lets each of the others run a command on the hosts that the collector has just visited.
///
/// # Errors
/// What they all need can't be written. That one of them fails is told in its row.
pub(super) fn compare(folder: &Folder, hosts: u32, port: u16, jobs: u16) -> Result<Vec<Row>> {
    let addresses: String = Host::first(hosts).map(|host| format!("{}\n", host.address())).collect();
    fs::write(folder.path("hosts"), addresses)?;
    let fleet = Fleet { folder, hosts, port, jobs };
    let environment = match Environment::open() {
        Ok(environment) => environment,
        Err(error) => {
            let why = format!("{error:#}");
            let row = |peer| Row { peer, versions: None, figures: Err(anyhow::Error::msg(why.clone())) };
            return Ok(Peer::ALL.map(row).into());
        }
    };
    Ok(Peer::ALL.map(|peer| measure(peer, &environment, &fleet)).into())
}

fn measure(peer: Peer, environment: &Environment, fleet: &Fleet) -> Row {
    let versions = match environment.install(peer.distributions()) {
        Ok(versions) => versions,
        Err(error) => return Row { peer, versions: None, figures: Err(error) },
    };
    eprintln!("measuring {} {versions}", peer.name());
    let figures = peer.command(environment, fleet).and_then(|command| run(&command, fleet));
    Row { peer, versions: Some(versions), figures }
}

/// Runs one of the others to its end, and checks that every host has done the command.
fn run(command: &Command, fleet: &Fleet) -> Result<Figures> {
    let (printed, complaints) = (fleet.folder.path("printed"), fleet.folder.path("complaints"));
    let mut limited = with_time_limit(command);
    limited.stdin(Stdio::null()).stdout(File::create(&printed)?).stderr(File::create(&complaints)?);
    let (status, figures) = Figures::measure(&mut limited, fleet.hosts)?;
    if status.code().is_some_and(|code| TIMED_OUT.contains(&code)) {
        bail!("it took more than {PATIENCE} s and was stopped");
    }
    let complaint = fs::read_to_string(&complaints)?;
    let complaint = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    ensure!(status.success(), "it failed with {status}: {complaint}");
    expect_answers(&fs::read_to_string(&printed)?, fleet.hosts, complaint)?;
    Ok(figures)
}

/// The same command under coreutils' `timeout`, which stops its children, too, and waits for it: what they all have
/// used is in its own account.
fn with_time_limit(command: &Command) -> Command {
    let mut limited = Command::new("timeout");
    limited.args(["--kill-after=10", PATIENCE]).arg(command.get_program()).args(command.get_args());
    limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

/// All three print a line with the exit status for each host, then what the command has printed there.
fn expect_answers(printed: &str, hosts: u32, complaint: &str) -> Result<()> {
    let answered = printed.lines().filter(|line| line.ends_with("| rc=0 >>"));
    let (answered, hosts) = (answered.count(), usize::try_from(hosts)?);
    ensure!(answered == hosts, "{answered} of {hosts} hosts have done the command: {complaint}");
    ensure!(printed.len() >= hosts * PLAIN_ANSWER_BYTES, "only {} bytes of what they printed came", printed.len());
    Ok(())
}

impl Row {
    /// An object with `peer`, `version` and `hosts`, and either the figures or `failed`, the reason.
    pub(super) fn to_json(&self, hosts: u32) -> Value {
        let mut row = match &self.figures {
            Ok(figures) => figures.to_json(),
            Err(error) => json!({ "failed": format!("{error:#}") }),
        };
        row["peer"] = self.peer.name().into();
        row["hosts"] = hosts.into();
        if let Some(versions) = &self.versions {
            row["version"] = versions.as_str().into();
        }
        row
    }
}

/// A Markdown table with the collector's figures first, and what has to be known to read it.
pub(super) fn table(ours: &Figures, rows: &[Row], jobs: u16) -> Result<String> {
    let mut text = String::from(
        "| | CPU per host | peak memory | wall clock | hosts/s | host keys |\n|---|--:|--:|--:|--:|---|\n",
    );
    let name = concat!("**fleet-collector** ", env!("CARGO_PKG_VERSION"));
    writeln!(text, "| {name} | {} | verified |", cells(ours))?;
    for Row { peer, versions, figures } in rows {
        let name = [peer.name(), versions.as_deref().unwrap_or_default()].join(" ");
        let name = name.trim_end();
        match figures {
            Ok(figures) => writeln!(text, "| {name} | {} | {} |", cells(figures), peer.host_keys())?,
            Err(_) => writeln!(text, "| {name} | – | – | – | – | – |")?,
        }
    }
    for Row { peer, figures, .. } in rows {
        if let Err(error) = figures {
            writeln!(text, "\nNo figures of {}: {error:#}", peer.name())?;
        }
    }
    writeln!(
        text,
        "\nEach had {jobs} hosts at a time, on the cores it shares with the simulated hosts. Ours does more: it runs the\n\
         probe, decrypts what that measured and commits it to SQLite. The others run one command on each host and print\n\
         what it printed, about as many bytes. CPU is user and system time, children included; memory is that of the\n\
         largest process. Ansible ran `raw`, pipelined, with neither a pseudo-terminal nor ControlPersist, whose masters\n\
         would outlive it uncounted."
    )?;
    Ok(text)
}

fn cells(figures: &Figures) -> String {
    format!(
        "{:.1} ms | {:.0} MiB | {:.1} s | {:.0}",
        figures.cpu_ms_per_host(),
        figures.peak_rss_mib(),
        figures.wall_s(),
        figures.hosts_per_s()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(hosts: u32, status: u8) -> String {
        let output = "x".repeat(PLAIN_ANSWER_BYTES);
        Host::first(hosts).map(|host| format!("{} | CHANGED | rc={status} >>\n{output}\n\n", host.address())).collect()
    }

    #[test]
    fn figures_count_only_if_every_host_has_done_the_command() {
        expect_answers(&printed(3, 0), 3, "").unwrap();
        let missing = expect_answers(&printed(2, 0), 3, "127.1.0.3: refused").unwrap_err();
        assert_eq!(missing.to_string(), "2 of 3 hosts have done the command: 127.1.0.3: refused");
        assert!(expect_answers(&printed(3, 127), 3, "").is_err());
        let header_lines = printed(3, 0).replace('x', "");
        assert!(expect_answers(&header_lines, 3, "").is_err(), "the output has to come, too");
    }

    #[test]
    fn a_command_with_a_time_limit_keeps_its_environment_and_no_other() {
        let mut command = Command::new("/usr/bin/env");
        command.env("KEPT", "yes");
        let output = with_time_limit(&command).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "KEPT=yes\n");
    }
}
