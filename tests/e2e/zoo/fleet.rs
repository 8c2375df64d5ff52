//! The servers of the zoo, and the monitoring server that visits them.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::{Dropbear, Finished, HostileServer, Server, Sshd, SshdOptions, fill_queue, program};
use tempfile::TempDir;

use super::exhibit::Exhibit;
use super::{hostile, on_dropbear, on_sshd, terms};

/// Short, to keep the rounds short; long enough for a machine that has other things to do.
const SETTINGS: &str = r#"<collector jobs="24" dial-timeout="3s" handshake-timeout="5s" authentication-timeout="5s" command-timeout="6s" host-timeout="30s"/>"#;
pub(super) const HERE: &str = "127.0.0.1";

/// What a visit has to come to.
pub(super) struct Expected {
    /// The outcome's kind.
    pub(super) kind: &'static str,
    /// What its detail says.
    pub(super) says: &'static str,
}

/// Everything on display.
pub(super) struct Zoo {
    pub(super) server: Server,
    /// By host.
    pub(super) expected: BTreeMap<String, Expected>,
    /// How many of the faults are on real SSH servers.
    pub(super) real: usize,
    dir: TempDir,
    xml: String,
    pub(super) known_hosts: String,
    /// Servers and connections that last as long as the zoo.
    open: Vec<Box<dyn Any>>,
}

/// An address to visit.
pub(super) struct Address<'a> {
    pub(super) ip: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) identity: &'a Path,
}

impl Zoo {
    /// Starts all servers.
    pub(super) fn open() -> Zoo {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::new(&dir.path().join("server"));
        let (expected, xml, known_hosts) = (BTreeMap::new(), String::new(), String::new());
        let mut zoo = Zoo { server, expected, real: 0, dir, xml, known_hosts, open: Vec::new() };
        // Those that stall come first, so that nobody waits for them in the end.
        zoo.add_hostile();
        let sshd = zoo.add_sshd();
        zoo.add_strangers(&sshd);
        zoo.add_absent(&sshd);
        zoo.add_terms(&sshd);
        zoo.keep(sshd);
        zoo.add_beyond();
        zoo.add_throttled();
        zoo.add_dropbears();
        zoo.add_foreign_probe();
        zoo.server.configure(&format!("<config>\n{SETTINGS}\n{}</config>\n", zoo.xml));
        fs::write(zoo.server.state("known_hosts"), &zoo.known_hosts).unwrap();
        zoo
    }

    /// Runs the collector once over the whole fleet; returns what it printed.
    pub(super) fn visit(&self) -> String {
        let collector = self.server.command("fleet-collector", &[]);
        let hosts = self.path("hosts");
        fs::write(&hosts, terms::HOSTS).unwrap();
        let mut command = Command::new("unshare");
        command.args(["-m", "/bin/sh", "-c", "mount --bind \"$1\" /etc/hosts && exec \"$2\"", "sh"]).arg(hosts);
        command.arg(collector.get_program()).stdin(Stdio::null()).env_clear();
        command.envs(collector.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("FLEET_PROBE_DIR", self.probes());
        let Finished { status, stdout, stderr } = command.output().unwrap().into();
        assert_eq!(status, Some(3), "{stdout}{stderr}");
        stdout + &stderr
    }

    pub(super) fn faults(&self) -> usize {
        self.expected.len() - self.good()
    }

    pub(super) fn good(&self) -> usize {
        self.expected.keys().filter(|host| host.starts_with("good-")).count()
    }

    fn probes(&self) -> PathBuf {
        self.path("probes")
    }

    /// A path in the zoo's folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Lets a server last as long as the zoo.
    pub(super) fn keep(&mut self, server: impl Any) {
        self.open.push(Box::new(server));
    }

    fn add(&mut self, host: &str, expected: Expected, at: &Address<'_>) {
        self.add_with(host, expected, at, "");
    }

    /// Adds a client with more attributes.
    pub(super) fn add_with(&mut self, host: &str, expected: Expected, at: &Address<'_>, more: &str) {
        let Address { ip, port, user, identity } = at;
        let identity = identity.display();
        writeln!(
            self.xml,
            "<client name=\"{host}\" ip=\"{ip}\" port=\"{port}\" username=\"{user}\" identity-file=\"{identity}\" {more}/>"
        )
        .unwrap();
        let twice = self.expected.insert(host.to_owned(), expected);
        assert!(twice.is_none(), "{host} is on display twice");
    }

    fn add_exhibits(&mut self, exhibits: &[Exhibit], port: u16, identity: &Path) {
        for exhibit in exhibits {
            let Exhibit { fault, kind, says, .. } = *exhibit;
            self.add(fault, Expected { kind, says }, &Address { ip: HERE, port, user: fault, identity });
            self.real += usize::from(!fault.starts_with("good-"));
        }
    }

    fn add_sshd(&mut self) -> Sshd {
        let scripts = self.dir.path().join("scripts");
        fs::create_dir_all(&scripts).unwrap();
        let exhibits = on_sshd::exhibits(&scripts);
        let options = SshdOptions {
            accounts: exhibits.iter().map(Exhibit::account).collect(),
            last: exhibits.iter().map(Exhibit::matched).collect(),
            ..SshdOptions::default()
        };
        let sshd = Sshd::start(&self.dir.path().join("sshd"), options);
        self.known_hosts += &sshd.known_hosts_line(HERE);
        self.add_exhibits(&exhibits, sshd.port, &sshd.identity());
        sshd
    }

    /// The same sshd at addresses that known_hosts has something against.
    fn add_strangers(&mut self, sshd: &Sshd) {
        let [unknown, changed, revoked] = ["127.8.0.1", "127.8.0.2", "127.8.0.3"];
        let line = sshd.known_hosts_line(changed);
        let (host, _) = line.split_once(' ').expect("host and key");
        let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEa2tyNl0oZfYPPfPHvi6FuMeJUc1ZnPZ0mtAiQUkcEU";
        writeln!(self.known_hosts, "{host} {other}\n@revoked {}", sshd.known_hosts_line(revoked)).unwrap();
        for (ip, kind) in [(unknown, "host_key_unknown"), (changed, "host_key_changed"), (revoked, "host_key_revoked")]
        {
            let at = Address { ip, port: sshd.port, user: "shell-dash", identity: &sshd.identity() };
            self.add(&kind.replace('_', "-"), Expected { kind, says: "SHA256:" }, &at);
            self.real += 1;
        }
        let at = Address { ip: HERE, port: sshd.port, user: "nobody-here", identity: &sshd.identity() };
        self.add("no-such-user", Expected { kind: "auth_failed", says: "nobody-here" }, &at);
        self.real += 1;
    }

    /// Hosts that are not there.
    fn add_absent(&mut self, sshd: &Sshd) {
        let silent = TcpListener::bind("127.8.0.9:0").unwrap();
        let queue = fill_queue(silent.local_addr().unwrap());
        let identity = sshd.identity();
        let port = silent.local_addr().unwrap().port();
        for (host, kind, ip, port) in [
            ("closed-port", "connect_refused", "127.8.0.8", 1),
            ("silent", "connect_timeout", "127.8.0.9", port),
            ("no-such-name", "dns_failed", "no-such-host.invalid", 22),
        ] {
            self.add(host, Expected { kind, says: "" }, &Address { ip, port, user: "x", identity: &identity });
        }
        let at = Address { ip: HERE, port: sshd.port, user: "x", identity: Path::new("/no/such/key") };
        self.add("no-key-file", Expected { kind: "auth_failed", says: "/no/such/key" }, &at);
        self.open.push(Box::new((silent, queue)));
    }

    /// An sshd that takes one login at a time, and somebody who is at it.
    fn add_throttled(&mut self) {
        let options =
            SshdOptions { last: "MaxStartups 1:100:1\nLoginGraceTime 0\n".to_owned(), ..SshdOptions::default() };
        let sshd = Sshd::start(&self.dir.path().join("throttled"), options);
        let filler = self.occupy(&sshd);
        self.known_hosts += &sshd.known_hosts_line(HERE);
        let at = Address { ip: HERE, port: sshd.port, user: "x", identity: &sshd.identity() };
        self.add("max-startups", Expected { kind: "throttled", says: "MaxStartups" }, &at);
        self.real += 1;
        self.open.push(Box::new((sshd, filler)));
    }

    /// A connection that sshd takes for a login; earlier ones may still be ending.
    fn occupy(&self, sshd: &Sshd) -> TcpStream {
        let mut found = None;
        harness::eventually("a place among the logins", || {
            let mut stream = TcpStream::connect((HERE, sshd.port)).unwrap();
            let mut greeting = [0; 4];
            let welcome = stream.read_exact(&mut greeting).is_ok() && greeting == *b"SSH-";
            found = welcome.then_some(stream);
            found.is_some()
        });
        found.expect("the loop ends with one")
    }

    fn add_dropbears(&mut self) {
        for (number, (prepare, exhibits)) in on_dropbear::exhibits(self.dir.path()).into_iter().enumerate() {
            let accounts = exhibits.iter().map(Exhibit::account).collect();
            let dropbear = Dropbear::start(&self.dir.path().join(format!("dropbear-{number}")), accounts, prepare);
            self.known_hosts += &dropbear.known_hosts_line(HERE);
            self.add_exhibits(&exhibits, dropbear.port, &dropbear.identity());
            self.open.push(Box::new(dropbear));
        }
    }

    fn add_hostile(&mut self) {
        let behaviours: Vec<_> = hostile::EXHIBITS.iter().map(|(behaviour, ..)| *behaviour).collect();
        let server = HostileServer::start(&self.dir.path().join("hostile"), &behaviours);
        for (index, (behaviour, kind, says)) in hostile::EXHIBITS.iter().enumerate() {
            let ip = HostileServer::address(index);
            self.known_hosts += &server.known_hosts_line(&ip, server.port);
            let at = Address { ip: &ip, port: server.port, user: "x", identity: &server.identity() };
            self.add(&format!("{behaviour:?}"), Expected { kind, says }, &at);
        }
        self.open.push(Box::new(server));
    }

    /// The probe of this machine with another machine's number in its header, for hosts that say they are one.
    fn add_foreign_probe(&self) {
        const E_MACHINE: usize = 18;
        const EM_AARCH64: [u8; 2] = 183_u16.to_le_bytes();
        let mut probe = fs::read(program("fleet-probe")).unwrap();
        probe[E_MACHINE..E_MACHINE + 2].copy_from_slice(&EM_AARCH64);
        fs::create_dir_all(self.probes().join("aarch64")).unwrap();
        fs::write(self.probes().join("aarch64/fleet-probe"), probe).unwrap();
    }
}
