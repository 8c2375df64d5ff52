//! What a configuration comes to, with everything inherited and every default in place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rules::{Maintenance, Recipient, Repeats, Rule, Zone};
use sample::{HostName, Scope};

use crate::settings::is_loopback;
use crate::{Problem, SecretSource};

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from, which may include others.
    pub path: PathBuf,
    /// SHA-256 in hex: of the file's bytes, or, if it includes others, of the SHA-256 digests (32 bytes each) of all
    /// files in the order they were read.
    pub sha256: String,
    /// `<storage>`.
    pub storage: Storage,
    /// `<collector>`.
    pub collector: Collector,
    /// `<smtp>`.
    pub smtp: Smtp,
    /// `<alerter>`.
    pub alerter: Alerter,
    /// `<notifier>`, by their names.
    pub notifiers: BTreeMap<String, Notifier>,
    /// One per `<client>`, or as many as its range stands for, in the order of the files. Names are unique.
    pub hosts: Vec<Host>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
}

/// Where history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The database. A relative path starts from the state folder.
    pub database: PathBuf,
}

/// How the collector visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// Visits at one time. None: the collector decides.
    pub jobs: Option<usize>,
    /// What becomes of a host whose key is not known yet.
    pub host_keys: HostKeyPolicy,
    /// How often cron runs it. None: taken from the history.
    pub interval: Option<Duration>,
    /// How long each step may take.
    pub deadlines: Deadlines,
}

/// What becomes of a host whose key is not known yet. A changed key is refused in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// It is refused.
    #[default]
    Strict,
    /// It is accepted and remembered.
    AcceptNew,
}

/// How long each step of a visit may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until TCP is connected.
    pub dial: Duration,
    /// Until keys are exchanged and the host key is verified.
    pub handshake: Duration,
    /// Until the host has let us in.
    pub authentication: Duration,
    /// For each command.
    pub command: Duration,
    /// For the whole visit.
    pub host: Duration,
    /// For the whole run; hosts not done by then are left for the next one. None: as long as it takes.
    pub run: Option<Duration>,
}

/// How people are told.
#[derive(Clone, Debug)]
pub struct Alerter {
    /// Who is told of what concerns the fleet as a whole, and gets digests and signs of life: as given, else the `mail` of
    /// `<defaults>`, else everybody who is told of any host.
    pub mail: Vec<Recipient>,
    /// By which clock people are told times, and hours and maintenance are read. None: the server's.
    pub timezone: Option<Zone>,
    /// What happened longer ago is told late. None: two intervals.
    pub late_after: Option<Duration>,
    /// As many mails as one recipient gets in an hour.
    pub mails_per_hour: u32,
    /// How often people are reminded, by severity.
    pub repeats: Repeats,
    /// A sign of life is mailed after so long without a mail. None: never.
    pub heartbeat: Option<Duration>,
    /// Takes the place of the built-in template of a mail's text (minijinja).
    pub text_template: Option<PathBuf>,
    /// The same of its HTML.
    pub html_template: Option<PathBuf>,
    /// The rules over the fleet as a whole. One whose metric is not here has its built-in rule.
    pub rules: Vec<Arc<ConfiguredRule>>,
}

/// A command that is told of alerts, beside mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifier {
    /// The program, an absolute path, and its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// The server: an IP address or a DNS name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// How to log in. Never there without encryption, unless the server is this machine.
    pub credentials: Option<Credentials>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Who the mails come from.
    pub from: Recipient,
}

/// How an SMTP connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    None,
    /// It begins in plain text and must be upgraded before anything else is said.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A login.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// Where the password is.
    pub password: SecretSource,
}

/// A machine to visit. It has a password, an identity file or an agent, or several of them.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its identity: an address may change, the name stays.
    pub name: HostName,
    /// An IP address or a DNS name.
    pub address: String,
    /// Its SSH port.
    pub port: u16,
    /// Who we are there.
    pub username: String,
    /// Where the password is.
    pub password: Option<SecretSource>,
    /// A private key.
    pub identity_file: Option<PathBuf>,
    /// Where the passphrase of the private key is.
    pub passphrase: Option<SecretSource>,
    /// An OpenSSH user certificate for the private key, if it does not lie beside it as `<identity-file>-cert.pub`.
    pub certificate_file: Option<PathBuf>,
    /// An ssh-agent that holds keys.
    pub agent: Option<Agent>,
    /// The host to go through: the name of another client, which may have a `jump` of its own. No circles.
    pub jump: Option<HostName>,
    /// The group it inherits from.
    pub group: Option<String>,
    /// Whether it is visited. One that is not may still serve as a jump host.
    pub enabled: bool,
    /// How often it is visited, if not in every run.
    pub every: Option<Duration>,
    /// The name it had before: its history goes on under the new one.
    pub formerly: Option<HostName>,
    /// The fingerprints (`SHA256:…`) its host key may have and no others. Empty: known_hosts decides.
    pub fingerprints: Vec<String>,
    /// Whether algorithms may be used with it that are not considered safe any more.
    pub legacy_algorithms: bool,
    /// The folder on the host that the probe lives in; an absolute path. None: the collector finds one.
    pub work_dir: Option<String>,
    /// What is looked at there beside what always is.
    pub scope: Scope,
    /// Built-in and inherited rules that were not replaced, then its own. Keys are unique. Hosts for which the same is
    /// written share them.
    pub rules: Vec<Arc<ConfiguredRule>>,
    /// The host that this one depends on: as long as that one is down, this one is not told. By default `jump`.
    pub parent: Option<HostName>,
    /// When its problems are not told. Hosts of a group share them.
    pub maintenance: Arc<[Maintenance]>,
    /// The file of its `<client>`: config.xml, or one that it includes.
    pub file: Arc<Path>,
    /// The line of its `<client>` in that file. Clients of one range share it.
    pub line: u32,
}

/// Where an ssh-agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agent {
    /// At the socket that `SSH_AUTH_SOCK` names.
    OfEnvironment,
    /// At this socket.
    At(PathBuf),
}

/// A rule, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredRule {
    /// The rule. One that is off stands here, too.
    pub rule: Rule,
    /// Where its `<alert>` stands: within `<defaults>` or `<group>` if it was inherited. None: it is built in.
    pub origin: Option<Origin>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: Arc<Path>,
    /// The line.
    pub line: u32,
}

impl Default for Alerter {
    fn default() -> Alerter {
        Alerter {
            mail: Vec::new(),
            timezone: None,
            late_after: None,
            mails_per_hour: 20,
            repeats: Repeats::default(),
            heartbeat: None,
            text_template: None,
            html_template: None,
            rules: Vec::new(),
        }
    }
}

impl Default for Storage {
    fn default() -> Storage {
        Storage { database: PathBuf::from("fleet.db") }
    }
}

impl Default for Collector {
    fn default() -> Collector {
        let (jobs, host_keys, interval) = (None, HostKeyPolicy::default(), None);
        Collector { jobs, host_keys, interval, deadlines: Deadlines::default() }
    }
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        let [dial, handshake, authentication, command, host] = [10, 15, 15, 30, 60].map(Duration::from_secs);
        Deadlines { dial, handshake, authentication, command, host, run: None }
    }
}

impl Default for Smtp {
    /// Plain text to this machine's own mail server.
    fn default() -> Smtp {
        let (host, port, security) = ("localhost".to_owned(), 25, Security::None);
        Smtp { host, port, security, credentials: None, ca_file: None, from: default_sender() }
    }
}

impl Smtp {
    /// Whether what is sent to the server stays on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

pub(crate) fn default_sender() -> Recipient {
    "fleet-health@localhost".parse().expect("it is a mail address")
}
