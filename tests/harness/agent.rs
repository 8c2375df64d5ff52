//! OpenSSH's ssh-agent.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Reaped, eventually, run};

/// An agent that holds nothing at first.
pub struct Agent {
    /// Where it listens.
    pub socket: PathBuf,
    dir: PathBuf,
    process: Reaped,
}

impl Agent {
    /// Starts one that listens in `dir`.
    pub fn start(dir: &Path) -> Agent {
        let socket = dir.join("agent");
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Reaped::spawn(&mut command);
        eventually("the agent's socket", || UnixStream::connect(&socket).is_ok());
        Agent { socket, dir: dir.to_owned(), process }
    }

    /// Gives it a private key, with the certificate beside it.
    pub fn add(&self, key: &Path) {
        run(self.ssh_add().arg("-q").arg(key));
    }

    /// Gives it a private key to be used with this host alone, whose host keys stand in the file.
    pub fn add_for(&self, key: &Path, host: &str, known_hosts: &Path) {
        run(self.ssh_add().args(["-q", "-h", host, "-H"]).arg(known_hosts).arg(key));
    }

    /// Locks it with a passphrase.
    pub fn lock(&self) {
        // ssh-add asks a program where there is no terminal.
        let asked = self.dir.join("passphrase");
        std::fs::write(&asked, "#!/bin/sh\necho locked\n").unwrap();
        run(Command::new("chmod").arg("+x").arg(&asked));
        run(self.ssh_add().arg("-x").env("SSH_ASKPASS", &asked).env("SSH_ASKPASS_REQUIRE", "force"));
    }

    /// Stops it in mid-flight: who connects gets no answer.
    pub fn freeze(&self) {
        self.process.signal("STOP");
    }

    fn ssh_add(&self) -> Command {
        let mut command = Command::new("ssh-add");
        command.env("SSH_AUTH_SOCK", &self.socket).stdin(Stdio::null());
        command
    }
}
