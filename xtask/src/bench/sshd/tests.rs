use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use russh::keys::Algorithm;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::super::content_key::wrap_all;
use super::super::measurement::first_request;
use super::*;

const HOST: Host = Host(0);

/// A simulated host that serves, and the login for it.
struct Served {
    _runtime: Runtime,
    folder: TempDir,
    port: u16,
}

fn random_key() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()
}

fn sshd(login: &PrivateKey) -> Arc<Sshd> {
    let sealed_to = envelope::PrivateKey::generate().unwrap();
    let public = RsaPublicKey::from_public_key_pem(&sealed_to.public_pem()).unwrap();
    Arc::new(Sshd::new(random_key(), login.public_key().clone(), wrap_all(&public, 1).unwrap()))
}

fn serve() -> Served {
    let folder = TempDir::new().unwrap();
    let login = random_key();
    login.write_openssh_file(folder.path().join("login"), LineEnding::LF).unwrap();
    let sshd = sshd(&login);
    let host_key = sshd.config.keys[0].public_key().to_openssh().unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind(SocketAddr::from((HOST.address(), 0)))).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::fs::write(folder.path().join("known_hosts"), format!("[{}]:{port} {host_key}\n", HOST.address())).unwrap();
    runtime.spawn(sshd.serve(listener));
    Served { _runtime: runtime, folder, port }
}

/// OpenSSH's own client, which reads nothing of whoever runs the tests.
fn ssh(served: &Served, identity: &Path, command: &str) -> Output {
    let known_hosts = format!("UserKnownHostsFile={}", served.folder.path().join("known_hosts").display());
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]);
    ssh.args(["-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=/dev/null", "-o", &known_hosts]);
    ssh.arg("-i").arg(identity).args(["-p", &served.port.to_string()]);
    ssh.arg(format!("monitor@{}", HOST.address())).arg(command).output().unwrap()
}

#[test]
fn openssh_logs_in_and_gets_the_plain_answer() {
    let served = serve();
    let login = served.folder.path().join("login");
    for command in [PLAIN_COMMAND.to_owned(), format!("/bin/sh -c '{PLAIN_COMMAND} && sleep 0'")] {
        let output = ssh(&served, &login, &command);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stdout.len(), PLAIN_ANSWER_BYTES);
    }
    let other = ssh(&served, &login, "exec something-else");
    assert_eq!((other.status.code(), other.stdout.len()), (Some(127), 0), "no other command is known");
}

#[test]
fn a_stranger_gets_no_answer() {
    let served = serve();
    let strangers = served.folder.path().join("stranger");
    random_key().write_openssh_file(&strangers, LineEnding::LF).unwrap();
    let output = ssh(&served, &strangers, PLAIN_COMMAND);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(255), 0), "{output:?}");
}

#[test]
fn the_plain_answer_has_about_as_many_bytes_as_the_probes() {
    let request = first_request(HOST);
    let visit = Visit { sshd: sshd(&random_key()), host: HOST, request: request.encode().into_bytes() };
    let (probes, plain) = (visit.answer().unwrap().len(), plain_answer().len());
    assert_eq!(plain, PLAIN_ANSWER_BYTES);
    assert!(plain.abs_diff(probes) < probes / 10, "the probe's answer has {probes} bytes, the plain one {plain}");
}
