//! Every way to log in, and what is said when there is none.

mod agents;
mod certificates;
mod keys;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use collector::Failure;
use collector::prepare::{Identities, access};
use collector::ssh::{KnownHosts, Policy, Session, Target, Trust, Want, dial};
use config::{Agent::At, Host, Secret, SecretSource};
use harness::{Agent, PASSWORD, Sshd, SshdOptions, USER, run};
use tempfile::TempDir;

const ADDRESS: &str = "127.0.9.1";
const PATIENCE: Duration = Duration::from_secs(20);

/// A host, and keys to try at its door.
struct Door {
    dir: TempDir,
    sshd: Sshd,
}

impl Door {
    fn new(sshd_config: &str) -> Door {
        Door::with(SshdOptions { config: sshd_config.to_owned(), ..SshdOptions::default() })
    }

    /// `{dir}` in the configuration stands for the folder the keys are made in.
    fn with(mut options: SshdOptions) -> Door {
        let dir = tempfile::tempdir().unwrap();
        options.config = options.config.replace("{dir}", &dir.path().display().to_string());
        let sshd = Sshd::start(&dir.path().join("sshd"), options);
        fs::write(dir.path().join("known_hosts"), sshd.known_hosts_line(ADDRESS)).unwrap();
        Door { dir, sshd }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn folder(&self, name: &str) -> PathBuf {
        fs::create_dir(self.path(name)).unwrap();
        self.path(name)
    }

    /// A new key in this file.
    fn key(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let passphrase: &[&str] = if arguments.contains(&"-N") { &[] } else { &["-N", ""] };
        run(Command::new("ssh-keygen").arg("-q").args(arguments).args(passphrase).arg("-f").arg(&path));
        path
    }

    /// A new key that the host knows.
    fn known_key(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.key(name, arguments);
        self.sshd.authorize(&fs::read_to_string(public(&path)).unwrap());
        path
    }

    /// A certificate for the key, beside it.
    fn certify(&self, key: &Path, arguments: &[&str]) {
        let authority = self.path("ca");
        if !authority.exists() {
            self.key("ca", &["-t", "ed25519"]);
        }
        let mut command = Command::new("ssh-keygen");
        run(command.arg("-q").arg("-s").arg(authority).args(["-I", "test"]).args(arguments).arg(public(key)));
    }

    /// The host, with a login that is to be filled in.
    fn host(&self) -> Host {
        let path = self.path("config.xml");
        let xml = format!(
            r#"<config><client ip="{ADDRESS}" port="{}" username="{USER}" password="x"/></config>"#,
            self.sshd.port
        );
        fs::write(&path, xml).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Host { password: None, ..config::load(&path).unwrap().hosts.remove(0) }
    }

    fn with_key(&self, key: &Path) -> Host {
        Host { identity_file: Some(key.to_owned()), ..self.host() }
    }

    fn with_agent(&self, agent: &Agent) -> Host {
        Host { agent: Some(At(agent.socket.clone())), ..self.host() }
    }

    /// Logs in, or returns what people are told.
    fn log_in(&self, host: &Host) -> Result<(), String> {
        self.log_in_within(host, PATIENCE)
    }

    fn log_in_within(&self, host: &Host, limit: Duration) -> Result<(), String> {
        self.log_in_and(host, limit, async |_| Ok(()))
    }

    /// Logs in and does this.
    fn log_in_and<T>(
        &self,
        host: &Host,
        limit: Duration,
        work: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
    ) -> Result<T, String> {
        self.sshd.clear_log();
        let path = self.path("known_hosts");
        let known = Arc::new(KnownHosts::read(&path).unwrap());
        let trust = Arc::new(Trust { known, path, policy: Policy::Strict });
        let access = access(host, None, &mut Identities::default())
            .map_err(|found| format!("{found} ({})", found.hint().unwrap_or_default()))?;
        let visit = async {
            let target = Target::at(&host.address, host.port);
            let stream = dial(&target, PATIENCE).await?;
            let mut session = Session::open(stream, &target, trust, PATIENCE).await?;
            session.log_in(&access.login, limit).await?;
            let done = work(&session).await;
            session.close().await;
            done
        };
        tokio::runtime::Runtime::new().unwrap().block_on(visit).map_err(|failure| failure.to_string())
    }

    /// How often the host said no, in how many connections.
    fn refusals(&self) -> (usize, usize) {
        let log = self.sshd.log();
        (log.matches("\nFailed ").count(), log.matches("Connection from").count())
    }
}

fn public(key: &Path) -> PathBuf {
    PathBuf::from(format!("{}.pub", key.display()))
}

fn fingerprint(key: &Path) -> String {
    let line = run(Command::new("ssh-keygen").arg("-lf").arg(public(key)));
    line.split(' ').nth(1).unwrap().to_owned()
}

fn secret(text: &str) -> Option<SecretSource> {
    Some(SecretSource::Inline(Secret::new(text.to_owned())))
}

#[track_caller]
fn says(result: Result<(), String>, words: &[&str]) {
    let said = result.expect_err("it is refused");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn a_refusal_says_what_was_tried_and_how_to_try_it_by_hand() {
    let door = Door::new("");
    let key = door.key("a key", &["-t", "ed25519"]);
    let host = Host { password: secret("wrong"), ..door.with_key(&key) };
    let by_hand = format!("by hand: ssh -p {} -i '{}' {USER}@{ADDRESS}", door.sshd.port, key.display());
    let tried = format!("tried key {}, password; the host takes publickey, password; {by_hand}", fingerprint(&key));
    says(door.log_in(&host), &[&tried]);
    assert_eq!(door.refusals(), (2, 1), "{}", door.sshd.log());
    let said = door.log_in(&host).unwrap_err();
    assert!(!said.contains("wrong"), "{said}");
}

#[test]
fn a_host_that_ends_the_connection_at_the_first_refusal_has_refused() {
    let door = Door::new("MaxAuthTries 1");
    let host = door.with_key(&door.key("id", &["-t", "ed25519"]));
    says(door.log_in(&host), &["the host ended the connection: Too many authentication failures", "by hand: ssh"]);
    assert_eq!(door.refusals().1, 1, "{}", door.sshd.log());
}

#[test]
fn the_host_may_want_a_key_and_then_the_password() {
    let door = Door::new("AuthenticationMethods publickey,password");
    let key = door.known_key("id", &["-t", "ed25519"]);
    let host = door.with_key(&key);
    assert_eq!(door.log_in(&Host { password: secret(PASSWORD), ..host.clone() }), Ok(()), "{}", door.sshd.log());
    assert_eq!(door.refusals().1, 1);
    says(door.log_in(&host), &["(accepted, but not enough); the host takes password"]);
}

#[test]
fn a_password_is_given_to_a_host_that_asks_for_it() {
    let words = "auth optional pam_echo.so file=/etc/hostname\n";
    let asking = |auth: &str| SshdOptions {
        config: "PasswordAuthentication no\nKbdInteractiveAuthentication yes".to_owned(),
        pam: Some(format!("{auth}account required pam_permit.so\nsession required pam_permit.so\n")),
        ..SshdOptions::default()
    };
    let once = "auth required pam_unix.so nodelay\n";
    let door = Door::with(asking(once));
    let host = Host { password: secret(PASSWORD), ..door.host() };
    assert_eq!(door.log_in(&host), Ok(()), "{}", door.sshd.log());
    says(door.log_in(&Host { password: secret("wrong"), ..host.clone() }), &["tried password, keyboard-interactive;"]);
    assert_eq!(door.refusals().1, 1, "{}", door.sshd.log());
    let with_key = Host { identity_file: Some(door.key("id", &["-t", "ed25519"])), ..host };
    assert_eq!(door.log_in(&with_key), Ok(()), "after a key that is refused");

    // Words before the question, and a second question after the first.
    let talking = Door::with(asking(&format!("{words}{once}")));
    assert_eq!(talking.log_in(&Host { password: secret(PASSWORD), ..talking.host() }), Ok(()));
    let twice = Door::with(asking(&format!("{once}account required pam_unix.so\npassword required pam_unix.so\n")));
    let host = Host { password: secret(PASSWORD), ..twice.host() };
    assert_eq!(twice.log_in(&host), Ok(()));
    // A password that has to be changed.
    let shadow = twice.path("sshd/shadow");
    fs::write(&shadow, fs::read_to_string(&shadow).unwrap().replace(":19000:", ":0:")).unwrap();
    says(twice.log_in(&host), &["You are required to change your password", "which was not answered"]);
}

#[test]
fn a_password_is_not_sent_to_a_host_that_takes_none() {
    for (takes, refusals) in [("no", 1), ("yes", 2)] {
        let door = Door::new(&format!("PasswordAuthentication {takes}"));
        let key = door.key("id", &["-t", "ed25519"]);
        let said = door.log_in(&Host { password: secret("wrong"), ..door.with_key(&key) }).unwrap_err();
        assert_eq!(said.contains(", password; "), takes == "yes", "{said}");
        assert_eq!(door.sshd.log().contains("method password"), takes == "yes", "{}", door.sshd.log());
        assert_eq!(door.refusals(), (refusals, 1));
    }
}

#[test]
fn a_command_that_is_given_up_leaves_its_place_to_the_next_one() {
    let door = Door::new("MaxSessions 1");
    let host = door.with_key(&door.known_key("id", &["-t", "ed25519"]));
    let said = door.log_in_and(&host, PATIENCE, async |session| {
        let endless = session
            .exec("while sleep 0.05; do echo; done", b"", ("talking", Duration::from_secs(1)), |_| Want::More)
            .await;
        assert!(matches!(endless, Err(Failure::CommandTimeout { .. })), "{endless:?}");
        let mut said = Vec::new();
        let take = |piece: &[u8]| {
            said.extend_from_slice(piece);
            Want::More
        };
        session.exec("echo next", b"", ("talking", PATIENCE), take).await?;
        Ok(said)
    });
    assert_eq!(said.as_deref(), Ok(&b"next\n"[..]), "{}", door.sshd.log());
}
