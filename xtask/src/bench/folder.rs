//! Everything the collector reads and writes, in a folder that goes away.

use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use harness::Server;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use tempfile::TempDir;

use super::host::Host;
use super::simulator::Ready;

/// A monitoring server with its keys.
pub(super) struct Folder {
    temporary: TempDir,
    collector: PathBuf,
    server: Server,
}

impl Folder {
    /// A folder for this collector, with a key pair it made itself, a key to log in with, and a probe to place.
    ///
    /// # Errors
    /// Something can't be written, or the collector makes no keys.
    pub(super) fn new(collector: PathBuf, probe: &Path) -> Result<Folder> {
        let temporary = tempfile::Builder::new().prefix("fleet-health-bench-").tempdir()?;
        let server = Server { dir: temporary.path().to_owned() };
        let folder = Folder { temporary, collector, server };
        let probes = folder.path("probes").join(std::env::consts::ARCH);
        fs::create_dir_all(&probes)?;
        symlink(probe, probes.join("fleet-probe"))?;
        let login = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519)?;
        login.write_openssh_file(folder.identity(), LineEnding::LF)?;
        login.public_key().write_openssh_file(folder.login())?;
        let made =
            folder.collector(&["keygen"]).stdout(Stdio::null()).status().context("cannot start the collector")?;
        if !made.success() {
            bail!("the collector made no keys: {made}");
        }
        Ok(folder)
    }

    /// The public key that the collector logs in with.
    pub(super) fn login(&self) -> PathBuf {
        self.path("login.pub")
    }

    /// The private key that the collector logs in with.
    pub(super) fn identity(&self) -> PathBuf {
        self.path("login")
    }

    /// The host keys of the fleet, once it is configured.
    pub(super) fn known_hosts(&self) -> PathBuf {
        self.server.state("known_hosts")
    }

    /// The public key that hosts seal for.
    ///
    /// # Errors
    /// The collector has left none.
    pub(super) fn sealed_to(&self) -> Result<PathBuf> {
        let entries = fs::read_dir(self.server.state("keys"))?.collect::<Result<Vec<_>, _>>()?;
        let mut paths = entries.into_iter().map(|entry| entry.path());
        paths.find(|path| path.extension().is_some_and(|extension| extension == "pub")).context("no public key")
    }

    /// Writes config.xml, and known_hosts with a line for every host.
    ///
    /// # Errors
    /// They can't be written.
    pub(super) fn configure(&self, hosts: u32, silent_percent: u32, ready: &Ready) -> Result<()> {
        let Ready { port, silent_port, host_key } = ready;
        let login = self.identity();
        let mut xml = format!(
            "<config>\n<collector host-keys=\"strict\" dial-timeout=\"2s\"/>\n\
             <defaults port=\"{port}\" username=\"monitor\" identity-file=\"{}\" mail=\"ops@example.org\"/>\n",
            login.display()
        );
        let mut known_hosts = String::new();
        for host in Host::first(hosts) {
            let (name, address) = (host.name(), host.address());
            let own_port = silent_port.filter(|_| host.is_silent(silent_percent));
            let attribute = own_port.map(|port| format!(" port=\"{port}\"")).unwrap_or_default();
            writeln!(xml, "<client name=\"{name}\" ip=\"{address}\"{attribute}/>")?;
            writeln!(known_hosts, "[{address}]:{} {host_key}", own_port.unwrap_or(*port))?;
        }
        self.server.configure(&(xml + "</config>\n"));
        Ok(fs::write(self.known_hosts(), known_hosts)?)
    }

    /// A run over the fleet, which tells what it does in [`Folder::report`].
    ///
    /// # Errors
    /// The report can't be made.
    pub(super) fn run(&self, jobs: Option<u16>) -> Result<Command> {
        let mut command = self.collector(&["--format", "json"]);
        if let Some(jobs) = jobs {
            command.args(["--jobs", &jobs.to_string()]);
        }
        // A file, not a pipe: nobody has to read while the clock runs.
        command.stdout(File::create(self.path("report"))?);
        Ok(command)
    }

    /// What the run has printed.
    ///
    /// # Errors
    /// There was none.
    pub(super) fn report(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path("report"))?)
    }

    /// Checks that the database holds one sample of each of so many hosts.
    ///
    /// # Errors
    /// It holds others.
    pub(super) fn expect_samples(&self, hosts: u32) -> Result<()> {
        let found = self.server.value("SELECT count(*) || ' of ' || count(DISTINCT host_id) FROM sample");
        ensure!(
            found == format!("{hosts} of {hosts}"),
            "expected a sample of each of {hosts} hosts, kept were {found}"
        );
        Ok(())
    }

    fn collector(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.collector);
        command.env_clear().env("FLEET_PROBE_DIR", self.path("probes")).stdin(Stdio::null());
        command.args(arguments).arg("--config").arg(self.path("config.xml"));
        command.arg("--state-dir").arg(self.path("state"));
        command
    }

    /// A file of this name.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }
}
