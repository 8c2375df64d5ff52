//! `cargo xtask bench probe`: what the shipped probe costs a host, measured on this machine.
//!
//! The probe is called as a collector calls it, by a server that knows its boot, so it does not wait for a spot value.

use std::fs;
use std::io::{Read, Write, pipe};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use harness::{Server, eventually, target_dir};
use rustix::process::{Pid, Signal, kill_process_group};
use sample::wire::{self, AnswerHeader, Limits, Request};
use sample::{KeyId, Nonce, Scope};
use serde_json::json;
use tempfile::TempDir;
use wait4::Wait4;

use super::Format;
use crate::probe::build;
use crate::tools::cargo;

/// How often it is called; the middle one counts.
const CALLS: u8 = 21;
/// As many as a pipe takes. Source: pipe(7).
const PIPE_BYTES: usize = 64 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// How many processes to start beside those that run anyway
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=30_000))]
    processes: u32,
    /// How many mounts to make, in a namespace of their own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=30_000))]
    mounts: u32,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// One call.
struct Call {
    wall: Duration,
    /// User and system time, of programs it started, too.
    cpu: Duration,
    envelope_bytes: u64,
}

/// A folder on a host that a collector has placed the probe in.
struct Home {
    folder: TempDir,
    key: KeyId,
    boot: String,
}

/// Measures the probe that is shipped.
///
/// # Errors
/// Something can't be built or started, or the probe does not answer as it should.
pub(crate) fn probe(args: &ProbeArgs) -> Result<()> {
    let shipped = build()?;
    cargo(&["build", "--locked", "-p", "collector"])?;
    let home = Home::new(&shipped)?;
    let crowd = Group::start(&crowd(args.processes), args.processes > 0)?;
    let mounts = Group::start(&mounts(args.mounts, home.folder.path()), args.mounts > 0)?;
    let mut calls = (0..CALLS).map(|number| home.call(number, mounts.as_ref())).collect::<Result<Vec<_>>>()?;
    let peak_rss_kib = home.peak_rss_kib(mounts.as_ref())?;
    drop((crowd, mounts));
    calls.sort_by_key(|call| call.cpu);
    args.print(fs::metadata(&shipped)?.len(), peak_rss_kib, &calls[usize::from(CALLS / 2)]);
    Ok(())
}

impl ProbeArgs {
    fn print(&self, program_bytes: u64, peak_rss_kib: u64, call: &Call) {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let peak_rss_mib = peak_rss_kib as f64 / 1024.0;
        match self.format {
            Format::Json => println!(
                "{}",
                json!({
                    "program_bytes": program_bytes,
                    "processes_added": self.processes,
                    "mounts_added": self.mounts,
                    "cpu_ms": rounded(ms(call.cpu)),
                    "wall_ms": rounded(ms(call.wall)),
                    "peak_rss_mib": rounded(peak_rss_mib),
                    "envelope_bytes": call.envelope_bytes,
                })
            ),
            Format::Text => {
                println!(
                    "the probe on this machine with {} processes and {} mounts more, the middle one of {CALLS} calls",
                    self.processes, self.mounts
                );
                println!("  program     {program_bytes} bytes");
                println!("  CPU         {:.1} ms, user and system, of programs it started, too", ms(call.cpu));
                println!("  wall clock  {:.1} ms", ms(call.wall));
                println!("  memory      {peak_rss_mib:.1} MiB at its peak");
                println!("  envelope    {} bytes", call.envelope_bytes);
            }
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Home {
    fn new(shipped: &Path) -> Result<Home> {
        let folder = tempfile::Builder::new().prefix("fleet-health-bench-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
        fs::copy(shipped, folder.path().join("probe-c0ffee"))?;
        let server = Server { dir: folder.path().join("server") };
        fs::create_dir(&server.dir)?;
        let made = Command::new(target_dir().join("debug/fleet-collector"))
            .args(["keygen", "--state-dir"])
            .arg(server.dir.join("state"))
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "the collector made no keys: {made}");
        let keys = folder.path().join("keys");
        fs::create_dir(&keys)?;
        let mut key = None;
        for entry in fs::read_dir(server.state("keys"))? {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".pub")) {
                fs::copy(server.state("keys").join(&name), keys.join(&name))?;
                key = Some(id.parse().context("a key is named for its id")?);
            }
        }
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        Ok(Home { folder, key: key.context("the collector made no public key")?, boot })
    }

    fn request(&self, number: u8) -> Result<Request> {
        Ok(Request {
            version: wire::VERSION,
            host: "web1".parse()?,
            nonce: Nonce([number; 16]),
            key: self.key,
            acknowledgements: Vec::new(),
            former: Vec::new(),
            known_boot: Some(self.boot.clone()),
            scope: Scope::default(),
            limits: Limits { envelopes: 1, bytes: 1 << 20 },
        })
    }

    fn probe(&self) -> PathBuf {
        self.folder.path().join("probe-c0ffee")
    }

    fn call(&self, number: u8, inside: Option<&Group>) -> Result<Call> {
        let request = self.request(number)?;
        let mut command = command(&self.probe(), inside);
        command.arg("run").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().context("cannot start the probe")?;
        child.stdin.take().context("its input is a pipe")?.write_all(request.encode().as_bytes())?;
        let mut answer = Vec::new();
        child.stdout.take().context("its output is a pipe")?.read_to_end(&mut answer)?;
        let ended = child.wait4()?;
        let wall = began.elapsed();
        ensure!(ended.status.success(), "the probe could not do its work: {}", ended.status);
        let header = answer.split(|byte| *byte == b'\n').find_map(|line| AnswerHeader::decode(line, request.nonce));
        let used = ended.rusage;
        Ok(Call {
            wall,
            cpu: used.utime + used.stime,
            envelope_bytes: header.context("the probe gave no answer")?.bytes,
        })
    }

    /// The peak so far when the probe gives its answer, which is held up until that was read. The figure that wait(2)
    /// has counts what our own process had, too, for it began as a copy of it.
    fn peak_rss_kib(&self, inside: Option<&Group>) -> Result<u64> {
        let (mut reader, mut writer) = pipe()?;
        writer.write_all(&[b' '; PIPE_BYTES])?;
        let mut command = command(&self.probe(), inside);
        let mut child = command.arg("run").env_clear().stdin(Stdio::piped()).stdout(writer).spawn()?;
        drop(command);
        child.stdin.take().context("its input is a pipe")?.write_all(self.request(CALLS)?.encode().as_bytes())?;
        let about = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id()));
        eventually("the probe's answer", || about("wchan").is_ok_and(|place| place.contains("pipe_write")));
        let status = about("status")?;
        reader.read_to_end(&mut Vec::new())?;
        child.wait()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak.context("no VmHWM")?.parse().context("VmHWM is a number")
    }
}

/// A command, in the mount namespace of the group if there is one.
fn command(program: &Path, inside: Option<&Group>) -> Command {
    inside.map_or_else(|| Command::new(program), |group| group.enter(program))
}

/// A shell with everything it started, which all end with it.
struct Group {
    shell: Child,
}

impl Group {
    /// Runs a script that says `ready` when it is, and waits for that.
    fn start(script: &str, wanted: bool) -> Result<Option<Group>> {
        if !wanted {
            return Ok(None);
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut group = Group { shell: command.spawn().context("cannot start unshare")? };
        let mut said = [0; 6];
        group.shell.stdout.take().context("its output is a pipe")?.read_exact(&mut said)?;
        if said != *b"ready\n" {
            bail!("the load could not be made: are you root?");
        }
        Ok(Some(group))
    }

    /// A command in its mount namespace.
    fn enter(&self, program: &Path) -> Command {
        let mut command = Command::new("/usr/bin/nsenter");
        command.arg("--mount").arg("--target").arg(self.shell.id().to_string()).arg(program);
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = i32::try_from(self.shell.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // They may have ended by themselves.
            kill_process_group(group, Signal::KILL).unwrap_or_default();
        }
        drop(self.shell.wait());
    }
}

fn crowd(processes: u32) -> String {
    format!("n={processes}; while [ $n -gt 0 ]; do sleep 3600 & n=$((n - 1)); done; echo ready; wait")
}

/// They lie in the folder, which the namespace alone sees them in.
fn mounts(mounts: u32, folder: &Path) -> String {
    let folder = folder.display();
    let each = "mkdir $d/$n && mount --bind /usr $d/$n || exit 1; n=$((n - 1))";
    format!(
        "d='{folder}/mounts'; mkdir $d && mount -t tmpfs none $d && n={mounts}; while [ $n -gt 0 ]; do {each}; done; echo ready; sleep 3600"
    )
}
