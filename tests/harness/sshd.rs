//! OpenSSH's server as a fleet.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::accounts::{self, Account, UID, make_home};
use crate::process::{Reaped, free_port, greets, run};
use crate::requirements;

/// The account on every host.
pub const USER: &str = "monitor";
/// Its password.
pub const PASSWORD: &str = "correct horse battery staple";

/// One sshd, which answers at every address of 127.0.0.0/8.
pub struct Sshd {
    /// The port at every address.
    pub port: u16,
    dir: PathBuf,
    options: SshdOptions,
    process: Reaped,
}

/// What can differ.
#[derive(Clone, Debug, Default)]
pub struct SshdOptions {
    /// Addresses that have a home of their own under this name; the others share the home of the account.
    pub homes: Vec<(String, String)>,
    /// More lines of sshd_config.
    pub config: String,
    /// The login shell, if not /bin/sh.
    pub shell: Option<String>,
    /// Whether the key may also be used to forward connections.
    pub forwards: bool,
    /// Names and addresses that this server alone knows, as lines of /etc/hosts.
    pub hosts: String,
    /// The type of the host key, if not ed25519.
    pub host_key: Option<&'static str>,
    /// Asks the account's questions as this PAM configuration of sshd has it, if at all.
    pub pam: Option<String>,
    /// More accounts, each with a home of its own.
    pub accounts: Vec<Account>,
    /// Lines for the end of sshd_config: `Match` blocks, and MaxStartups, of which sshd takes the last.
    pub last: String,
    /// A line of shell that is run in the server's mount namespace before it starts.
    pub prepare: Option<String>,
}

impl Sshd {
    /// Starts a server with its own host key, account and homes in `dir`.
    pub fn start(dir: &Path, options: SshdOptions) -> Sshd {
        requirements::demand();
        fs::create_dir_all(dir).unwrap();
        open_to_all(dir);
        make_key(&dir.join("host_key"), options.host_key.unwrap_or("ed25519"));
        make_key(&dir.join("identity"), "ed25519");
        // As the README recommends: no forwarding, no terminal.
        let public = fs::read_to_string(dir.join("identity.pub")).unwrap();
        let restrictions = if options.forwards { "restrict,port-forwarding" } else { "restrict" };
        fs::write(dir.join("authorized_keys"), format!("{restrictions} {public}")).unwrap();
        fs::set_permissions(dir.join("authorized_keys"), fs::Permissions::from_mode(0o644)).unwrap();
        let shell = options.shell.as_deref().unwrap_or("/bin/sh");
        accounts::make(dir, &[&[Account::new(USER, shell)], options.accounts.as_slice()].concat());
        fs::create_dir_all("/run/sshd").unwrap();
        let (port, process) =
            (0..5).find_map(|_| launch(dir, &options, free_port())).expect("sshd starts at one of five ports");
        Sshd { port, dir: dir.to_owned(), options, process }
    }

    /// The private key that may log in.
    pub fn identity(&self) -> PathBuf {
        self.dir.join("identity")
    }

    /// Lets the holder of this public key log in too, given as a line of authorized_keys.
    pub fn authorize(&self, line: &str) {
        let path = self.dir.join("authorized_keys");
        let lines = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{lines}\n{line}\n")).unwrap();
    }

    /// Starts dropbear with the same account, host key and authorized keys; returns its port. It lasts as long as the
    /// process returned.
    pub fn dropbear(&self) -> (u16, Reaped) {
        let (home, host_key) = (self.dir.join("homes").join(USER), self.dir.join("dropbear_key"));
        let mut convert = Command::new("dropbearconvert");
        run(convert.args(["openssh", "dropbear"]).arg(self.dir.join("host_key")).arg(&host_key));
        fs::create_dir_all(home.join(".ssh")).unwrap();
        fs::copy(self.dir.join("authorized_keys"), home.join(".ssh/authorized_keys")).unwrap();
        let port = free_port();
        let script = "mount --bind passwd /etc/passwd && mount --bind shadow /etc/shadow && \
                      exec dropbear -F -E -r dropbear_key -P \"$PWD/dropbear.pid\" -p \"$1\"";
        let mut command = Command::new("unshare");
        command.args(["-m", "/bin/sh", "-c", script, "sh", &port.to_string()]).current_dir(&self.dir);
        let log = fs::File::create(self.dir.join("dropbear.log")).unwrap();
        let mut process = Reaped::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log));
        assert!(greets(&mut process, port, "SSH-2.0-dropbear"), "dropbear starts");
        (port, process)
    }

    /// The line of known_hosts for the host at this address.
    pub fn known_hosts_line(&self, address: &str) -> String {
        format!("[{address}]:{} {}", self.port, self.host_key())
    }

    /// Gives the server another host key, as a reinstalled host has, and starts it anew at its port.
    pub fn change_host_key(&mut self) {
        fs::remove_file(self.dir.join("host_key")).unwrap();
        fs::remove_file(self.dir.join("host_key.pub")).unwrap();
        make_key(&self.dir.join("host_key"), self.options.host_key.unwrap_or("ed25519"));
        self.process.kill();
        self.start_again();
    }

    /// Lets the server identify itself with a certificate for its host key, made by `ssh-keygen` with these arguments
    /// beside the authority's key.
    pub fn certify(&mut self, authority: &Path, arguments: &[&str]) {
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-I", "fleet-health-test", "-s"]).arg(authority).args(arguments);
        run(sign.arg(self.dir.join("host_key.pub")));
        self.process.kill();
        self.start_again();
    }

    /// The fingerprint of the host key.
    pub fn fingerprint(&self) -> String {
        let told = run(Command::new("ssh-keygen").arg("-lf").arg(self.dir.join("host_key.pub")));
        told.split(' ').nth(1).unwrap().to_owned()
    }

    /// The public host key.
    pub fn host_key(&self) -> String {
        fs::read_to_string(self.dir.join("host_key.pub")).unwrap()
    }

    /// Stops the server: its hosts are down.
    pub fn stop(&mut self) {
        self.process.kill();
    }

    /// From now on visitors wait: the kernel takes their connections, and nobody answers.
    pub fn pause(&self) {
        self.process.signal("STOP");
    }

    /// Goes on, also with those that wait.
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    /// Starts it again at its port.
    pub fn start_again(&mut self) {
        let (_, process) = launch(&self.dir, &self.options, self.port).expect("sshd starts at its old port");
        self.process = process;
    }

    /// The server's log, at debug level.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("log")).unwrap_or_default()).into_owned()
    }

    /// Forgets the log.
    pub fn clear_log(&self) {
        fs::write(self.dir.join("log"), "").unwrap();
    }

    /// How many commands were run in sessions since the log was cleared. sshd logs a command before it starts it.
    pub fn commands_run(&self) -> usize {
        self.log().matches("Starting session: command").count()
    }

    /// What a path of this server's mount namespace is called outside of it. The homes that are mounted are seen there
    /// alone.
    pub fn seen_inside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.pid()));
        root.join(path.strip_prefix("/").expect("paths here are absolute"))
    }

    /// The home of an account, as it is called inside.
    pub fn account_home(&self, account: &str) -> PathBuf {
        self.dir.join("homes").join(account)
    }

    /// The home of the account at this address.
    pub fn home(&self, address: &str) -> PathBuf {
        let own = self.options.homes.iter().find(|(with_home, _)| with_home == address);
        self.dir.join("homes").join(own.map_or(USER, |(_, name)| name))
    }
}

fn launch(dir: &Path, options: &SshdOptions, port: u16) -> Option<(u16, Reaped)> {
    // Of settings that come twice sshd takes the first.
    let mut config = format!(
        "{}\nPort {port}\nListenAddress 0.0.0.0\nHostKey {dir}/host_key\nPidFile none\nUsePAM {pam}\nStrictModes no\n\
         PasswordAuthentication yes\nKbdInteractiveAuthentication no\nAuthorizedKeysFile {dir}/authorized_keys\n\
         MaxStartups 500\nUseDNS no\nPrintMotd no\nLogLevel DEBUG1\n",
        options.config,
        dir = dir.display(),
        pam = if options.pam.is_some() { "yes" } else { "no" },
    );
    let certificate = dir.join("host_key-cert.pub");
    if certificate.exists() {
        writeln!(config, "HostCertificate {}", certificate.display()).unwrap();
    }
    fs::write(dir.join("hosts"), format!("127.0.0.1 localhost\n{}", options.hosts)).unwrap();
    for (address, name) in &options.homes {
        let home = dir.join("homes").join(name);
        make_home(&home, UID);
        writeln!(config, "Match LocalAddress {address}\n  SetEnv HOME={}", home.display()).unwrap();
    }
    fs::write(dir.join("sshd_config"), config + &options.last).unwrap();
    if let Some(pam) = &options.pam {
        fs::write(dir.join("pam"), pam).unwrap();
    }
    let server = "exec /usr/sbin/sshd -D -f \"$PWD/sshd_config\" -E \"$PWD/log\"";
    let mut command = accounts::in_namespace(dir, &options.accounts, options.prepare.as_deref(), server);
    let mut process = Reaped::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()));
    greets(&mut process, port, "SSH-2.0-OpenSSH").then_some((port, process))
}

/// Makes a private key without passphrase, and its public one beside it.
pub fn make_key(path: &Path, kind: &str) {
    run(Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-C", "fleet-health-test", "-f"]).arg(path));
}

/// The account has to be able to reach its home, and the folders above it are private to root when they are made.
pub(crate) fn open_to_all(dir: &Path) {
    for folder in
        dir.ancestors().take_while(|folder| folder.starts_with(std::env::temp_dir()) && *folder != std::env::temp_dir())
    {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o055)).unwrap();
    }
}
