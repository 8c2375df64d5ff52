//! The programs that we are compared with: how each is told to do the same.

use std::fs;
use std::process::Command;

use anyhow::Result;
use harness::workspace;

use super::PLAIN_COMMAND;
use super::environment::Environment;
use crate::bench::folder::Folder;

/// The hosts to run the command on.
pub(super) struct Fleet<'a> {
    /// Holds the addresses in `hosts`, one on each line, and the keys.
    pub(super) folder: &'a Folder,
    pub(super) hosts: u32,
    pub(super) port: u16,
    /// How many at once.
    pub(super) jobs: u16,
}

/// One of the others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    ParallelSsh,
    Ansible,
    Fabric,
}

impl Peer {
    pub(super) const ALL: [Peer; 3] = [Peer::ParallelSsh, Peer::Ansible, Peer::Fabric];

    pub(super) fn name(self) -> &'static str {
        match self {
            Peer::ParallelSsh => "parallel-ssh",
            Peer::Ansible => "Ansible",
            Peer::Fabric => "Fabric",
        }
    }

    /// The distribution of PyPI to install, and others whose versions matter.
    pub(super) fn distributions(self) -> &'static [&'static str] {
        match self {
            Peer::ParallelSsh => &["parallel-ssh", "ssh2-python"],
            Peer::Ansible => &["ansible-core"],
            Peer::Fabric => &["fabric", "paramiko"],
        }
    }

    /// Whether it verifies host keys, in a word or two.
    pub(super) fn host_keys(self) -> &'static str {
        match self {
            Peer::ParallelSsh => "not verified: it can't",
            Peer::Ansible | Peer::Fabric => "verified",
        }
    }

    /// Runs [`PLAIN_COMMAND`] on the fleet. Nothing of this machine's user is read: no configuration, no agent.
    ///
    /// # Errors
    /// Its configuration can't be written.
    pub(super) fn command(self, environment: &Environment, fleet: &Fleet) -> Result<Command> {
        let mut command = match self {
            Peer::ParallelSsh => script("with_parallel_ssh.py", environment, fleet),
            Peer::Ansible => ansible(environment, fleet)?,
            Peer::Fabric => script("with_fabric.py", environment, fleet),
        };
        let path = format!("{}:/usr/bin:/bin", environment.programs().display());
        command.env("PATH", path).env("HOME", fleet.folder.path("")).env("LANG", "C.UTF-8");
        Ok(command)
    }
}

fn script(name: &str, environment: &Environment, fleet: &Fleet) -> Command {
    let mut command = Command::new(environment.program("python"));
    command.arg("-I").arg(workspace().join("xtask/peers").join(name));
    command.arg(fleet.folder.path("hosts")).args([fleet.port.to_string(), fleet.jobs.to_string()]);
    command.arg(fleet.folder.identity()).arg(fleet.folder.known_hosts()).arg(PLAIN_COMMAND);
    command
}

fn ansible(environment: &Environment, fleet: &Fleet) -> Result<Command> {
    let folder = fleet.folder;
    let configuration = folder.path("ansible.cfg");
    fs::write(&configuration, ansible_cfg(fleet))?;
    let mut command = Command::new(environment.program("ansible"));
    command.arg("all").arg("--inventory").arg(folder.path("hosts"));
    command.args(["--module-name", "raw", "--args", PLAIN_COMMAND, "--forks", &fleet.jobs.to_string()]);
    command.env("ANSIBLE_CONFIG", configuration).env("ANSIBLE_HOME", folder.path("ansible"));
    Ok(command)
}

fn ansible_cfg(fleet: &Fleet) -> String {
    let Fleet { folder, port, .. } = fleet;
    let (identity, known_hosts) = (folder.identity(), folder.known_hosts());
    format!(
        "[defaults]\nhost_key_checking = True\nremote_user = monitor\nremote_port = {port}\n\
         private_key_file = {}\n\
         [ssh_connection]\npipelining = True\nusetty = False\n\
         ssh_args = -F none -o IdentitiesOnly=yes -o IdentityAgent=none -o GlobalKnownHostsFile=/dev/null \
         -o UserKnownHostsFile={} -o ControlMaster=no\n",
        identity.display(),
        known_hosts.display()
    )
}
