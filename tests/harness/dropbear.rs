//! Dropbear, the SSH server of routers and other small machines, as a host.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::accounts::{self, Account, Home};
use crate::process::{Reaped, free_port, greets, run};
use crate::requirements;
use crate::sshd::{make_key, open_to_all};

/// One dropbear, with its own host key, accounts and homes. It takes five logins at a time from one address.
pub struct Dropbear {
    /// The port at every address of 127.0.0.0/8.
    pub port: u16,
    dir: PathBuf,
    public_key: String,
    _process: Reaped,
}

impl Dropbear {
    /// Starts a server in `dir`; `prepare` is a line of shell that is run in its mount namespace before.
    pub fn start(dir: &Path, mut accounts: Vec<Account>, prepare: Option<&str>) -> Dropbear {
        requirements::demand_all();
        fs::create_dir_all(dir).unwrap();
        open_to_all(dir);
        make_key(&dir.join("identity"), "ed25519");
        let authorized = fs::read(dir.join("identity.pub")).unwrap();
        for account in accounts.iter_mut().filter(|account| account.home != Home::Missing) {
            account.files.push((".ssh/authorized_keys".to_owned(), authorized.clone()));
        }
        accounts::make(dir, &accounts);
        let made = run(Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(dir.join("host_key")));
        let public_key = made.lines().find(|line| line.starts_with("ssh-ed25519 ")).expect("it prints the public key");
        let (port, process) = (0..5)
            .find_map(|_| launch(dir, &accounts, prepare, free_port()))
            .expect("dropbear starts at one of five ports");
        Dropbear { port, dir: dir.to_owned(), public_key: public_key.to_owned(), _process: process }
    }

    /// The private key that may log in.
    pub fn identity(&self) -> PathBuf {
        self.dir.join("identity")
    }

    /// The line of known_hosts for the host at this address.
    pub fn known_hosts_line(&self, address: &str) -> String {
        format!("[{address}]:{} {}\n", self.port, self.public_key)
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("log")).unwrap_or_default()).into_owned()
    }
}

fn launch(dir: &Path, accounts: &[Account], prepare: Option<&str>, port: u16) -> Option<(u16, Reaped)> {
    let server = format!("exec dropbear -F -E -m -p 0.0.0.0:{port} -r \"$PWD/host_key\" -P \"$PWD/pid\"");
    let log = File::create(dir.join("log")).unwrap();
    let mut command = accounts::in_namespace(dir, accounts, prepare, &server);
    let mut process = Reaped::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log));
    greets(&mut process, port, "SSH-2.0-dropbear").then_some((port, process))
}
