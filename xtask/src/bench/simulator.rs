//! The process in which the simulated hosts live, seen from both of its ends.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result};
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use russh::keys::key::safe_rng;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use super::content_key::wrap_all;
use super::silence::Silence;
use super::sshd::Sshd;

/// Connections that may wait for the server at once; more than the collector ever dials.
const BACKLOG: u32 = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// How many hosts
    #[arg(long)]
    pub(super) hosts: u32,
    /// Open a port that never answers, too
    #[arg(long)]
    pub(super) silence: bool,
    /// The public key to seal for, in PEM
    #[arg(long)]
    pub(super) sealed_to: PathBuf,
    /// The public key to let in, in OpenSSH's format
    #[arg(long)]
    pub(super) login: PathBuf,
}

/// The line on standard output that says where the hosts are and who they are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    pub(super) port: u16,
    pub(super) silent_port: Option<u16>,
    pub(super) host_key: String,
}

/// Is the simulated hosts, until standard input ends.
///
/// # Errors
/// A key can't be read, or a port can't be opened.
pub(crate) fn simulate(args: &SimulateArgs) -> Result<()> {
    let pem = std::fs::read_to_string(&args.sealed_to).with_context(|| format!("{}", args.sealed_to.display()))?;
    let sealed_to = RsaPublicKey::from_public_key_pem(&pem).context("the key to seal for")?;
    let login = PublicKey::read_openssh_file(&args.login).context("the key to let in")?;
    let host_key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).context("a host key")?;
    let public_host_key = host_key.public_key().to_openssh().context("a host key")?;
    let content_keys = wrap_all(&sealed_to, usize::try_from(args.hosts)?)?;
    let sshd = Arc::new(Sshd::new(host_key, login, content_keys));

    raise_descriptor_limit()?;
    let runtime = Runtime::new().context("cannot start threads")?;
    let _inside = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    let listener = socket.listen(BACKLOG)?;
    let port = listener.local_addr()?.port();
    let silence = args.silence.then(Silence::start).transpose()?;
    let silent_port = silence.as_ref().map(|silence| silence.port);
    runtime.spawn(async move {
        if let Err(error) = sshd.serve(listener).await {
            eprintln!("{error:#}");
        }
    });
    println!("{}", serde_json::to_string(&Ready { port, silent_port, host_key: public_host_key })?);
    // The bench holds the other end: when it is gone, however it ended, so are the hosts.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// As many connections as this process may have: parallel-ssh keeps those of all hosts to its end.
fn raise_descriptor_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files to what is allowed")
}

/// The simulator as the bench sees it: killed and waited for when it is dropped.
pub(super) struct Simulator(Child);

impl Simulator {
    /// Starts it with `program`, which is this program, and waits until it is ready.
    ///
    /// # Errors
    /// It ended before it was ready; it has said why on standard error.
    pub(super) fn start(program: &Path, args: &SimulateArgs) -> Result<(Simulator, Ready)> {
        let mut command = Command::new(program);
        command.arg("simulate").args(["--hosts", &args.hosts.to_string()]);
        command.arg("--sealed-to").arg(&args.sealed_to).arg("--login").arg(&args.login);
        if args.silence {
            command.arg("--silence");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let process = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut simulator = Simulator(process);
        let output = simulator.0.stdout.take().context("standard output was just piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).context("the simulated hosts did not start")?;
        Ok((simulator, ready))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill, and nothing is lost.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
