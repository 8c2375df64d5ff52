//! A real mail server, which delivers everything into one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Reaped, eventually, free_port, greets, run};
use crate::requirements;

const ACCOUNT: &str = "Debian-exim";

/// An exim with STARTTLS or TLS from the first byte, and AUTH PLAIN inside it, for user `fleet` with password `letmein`.
pub struct Exim {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Another one, with TLS from the first byte.
    pub tls_port: u16,
    dir: PathBuf,
    process: Reaped,
}

/// A mail as it was delivered.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Whom it was delivered to.
    pub recipient: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Headers and body, as delivered.
    pub text: String,
}

impl Exim {
    /// Starts a server that takes mail from who logged in.
    pub fn start(dir: &Path) -> Exim {
        requirements::demand();
        for folder in ["spool", "log", "mail/new", "mail/cur", "mail/tmp"] {
            fs::create_dir_all(dir.join(folder)).unwrap();
        }
        make_certificates(dir);
        // Started with a configuration of its own, exim gives up root, so its folders belong to its own account.
        run(Command::new("chown").args(["-R", ACCOUNT]).arg(dir));
        run(Command::new("chmod").arg("a+rx").args(
            dir.ancestors()
                .filter(|folder| folder.starts_with(std::env::temp_dir()) && *folder != std::env::temp_dir()),
        ));
        let start = |_| {
            let ports = (free_port(), free_port());
            launch(dir, ports).map(|process| (ports, process))
        };
        let ((port, tls_port), process) = (0..5).find_map(start).expect("exim starts at ports of five pairs");
        Exim { port, tls_port, dir: dir.to_owned(), process }
    }

    /// The certificate authority that vouches for `localhost`.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// Stops it: mail can't be delivered.
    pub fn stop(&mut self) {
        self.process.kill();
    }

    /// Starts it again at its port.
    pub fn start_again(&mut self) {
        self.process = launch(&self.dir, (self.port, self.tls_port)).expect("exim starts at its old ports");
    }

    /// What was delivered, once there are at least so many.
    pub fn mails(&self, at_least: usize) -> Vec<Mail> {
        let new = self.dir.join("mail/new");
        let count = || fs::read_dir(&new).unwrap().count();
        eventually("the delivery of mail", || count() >= at_least);
        let mut files: Vec<PathBuf> = fs::read_dir(&new).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| Mail::parse(&fs::read_to_string(path).unwrap())).collect()
    }

    /// How many mails it has taken so far. It notes a mail before it answers, so once the sender has ended this is
    /// all of them.
    pub fn taken(&self) -> usize {
        self.log().matches(" <= ").count()
    }

    /// Its log, for failures.
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.dir.join("log").join(name)).unwrap_or_default();
        [read("mainlog"), read("rejectlog"), read("paniclog")].concat()
    }
}

impl Mail {
    fn parse(text: &str) -> Mail {
        let header = |name: &str| {
            let line = text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        Mail { recipient: header("Envelope-to:"), message_id: header("Message-ID:"), text: text.to_owned() }
    }
}

fn launch(dir: &Path, (port, tls_port): (u16, u16)) -> Option<Reaped> {
    let config = include_str!("exim.conf")
        .replace("DIR", &dir.display().to_string())
        .replace("PORT", &port.to_string())
        .replace("FROM_THE_FIRST_BYTE", &tls_port.to_string());
    let path = dir.join("exim.conf");
    fs::write(&path, config).unwrap();
    let mut command = Command::new("/usr/sbin/exim4");
    command.arg("-C").arg(&path).arg("-bdf").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Reaped::spawn(&mut command);
    greets(&mut process, port, "220 ").then_some(process)
}

/// A certificate authority, and a certificate for localhost that it signed.
fn make_certificates(dir: &Path) {
    let openssl = |arguments: &str| {
        run(Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir));
    };
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    fs::write(dir.join("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.pem",
    );
}
