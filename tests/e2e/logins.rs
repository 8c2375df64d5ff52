//! Every way to log in, and what is said when there is none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use collector::prepare::{Identities, access, target};
use collector::ssh::{KnownHosts, Policy, Session, Trust, dial};
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
        self.sshd.clear_log();
        let path = self.path("known_hosts");
        let known = KnownHosts::read(&path).unwrap();
        let trust = Arc::new(Trust { known, path, policy: Policy::Strict });
        let access = access(host, &mut Identities::default())
            .map_err(|found| format!("{found} ({})", found.hint().unwrap_or_default()))?;
        let visit = async {
            let target = target(host);
            let stream = dial(&target, PATIENCE).await?;
            let mut session = Session::open(stream, &target, trust, PATIENCE).await?;
            session.log_in(&access.login, limit).await?;
            session.close().await;
            Ok::<(), collector::Failure>(())
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
fn each_type_of_key_logs_in_from_each_format() {
    let door = Door::new("");
    let types: [&[&str]; 6] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "2048"],
        &["-t", "rsa", "-b", "3072"],
    ];
    for (number, of_type) in types.into_iter().enumerate() {
        for format in ["RFC4716", "PKCS8", "PEM"] {
            let name = format!("{number}-{format}");
            let key = door.known_key(&name, &[of_type, &["-m", format]].concat());
            assert_eq!(door.log_in(&door.with_key(&key)), Ok(()), "{name}: {}", door.sshd.log());
            assert_eq!(door.refusals(), (0, 1), "{name}");
        }
    }
}

#[test]
fn an_rsa_key_never_signs_with_sha_1_even_where_the_host_takes_nothing_else() {
    for (algorithms, outcome) in [("rsa-sha2-512", Ok(())), ("ssh-rsa", Err(()))] {
        let door = Door::new(&format!("PubkeyAcceptedAlgorithms {algorithms}"));
        let key = door.known_key("rsa", &["-t", "rsa", "-b", "2048"]);
        assert_eq!(door.log_in(&door.with_key(&key)).map_err(drop), outcome, "{algorithms}: {}", door.sshd.log());
        assert_eq!(door.sshd.log().contains("rsa-sha2-512 not in PubkeyAcceptedAlgorithms"), outcome.is_err());
    }
}

#[test]
fn dropbear_takes_rsa_signatures_with_sha_256_and_everything_else_it_knows() {
    let door = Door::new("");
    let types: [&[&str]; 3] = [&["-t", "rsa", "-b", "2048"], &["-t", "ed25519"], &["-t", "ecdsa"]];
    let keys: Vec<_> =
        types.into_iter().enumerate().map(|(number, of_type)| door.known_key(&number.to_string(), of_type)).collect();
    let (port, _dropbear) = door.sshd.dropbear();
    let line = door.sshd.known_hosts_line(ADDRESS).replace(&format!(":{}", door.sshd.port), &format!(":{port}"));
    fs::write(door.path("known_hosts"), line).unwrap();
    let at = |host: Host| Host { port, ..host };
    let log = || fs::read_to_string(door.path("sshd/dropbear.log")).unwrap();
    for key in keys {
        assert_eq!(door.log_in(&at(door.with_key(&key))), Ok(()), "{}: {}", key.display(), log());
    }
    assert_eq!(door.log_in(&at(Host { password: secret(PASSWORD), ..door.host() })), Ok(()), "{}", log());
    let stranger = door.key("stranger", &["-t", "ed25519"]);
    let refused = at(Host { password: secret("wrong"), ..door.with_key(&stranger) });
    says(door.log_in(&refused), &["tried key", ", password; the host takes publickey, password"]);
}

#[test]
fn a_key_with_a_passphrase_opens_with_it_and_says_what_is_wrong_without() {
    let door = Door::new("");
    for (name, arguments) in [
        ("openssh", &["-t", "ed25519"] as &[&str]),
        ("pkcs8", &["-t", "ecdsa", "-m", "PKCS8"]),
        ("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
    ] {
        let key = door.known_key(name, &[arguments, &["-N", "open sesame"]].concat());
        let host = door.with_key(&key);
        let path = key.display().to_string();
        assert_eq!(door.log_in(&Host { passphrase: secret("open sesame"), ..host.clone() }), Ok(()), "{name}");
        says(door.log_in(&host), &[&path, "the key has a passphrase", "passphrase-file"]);
        says(door.log_in(&Host { passphrase: secret("sesame"), ..host }), &[&path, "the passphrase does not open"]);
        assert_eq!(door.refusals(), (0, 0), "{name}: nobody is contacted with a key that can't be used");
    }
    let bare = door.known_key("bare", &["-t", "ed25519"]);
    let host = Host { passphrase: secret("needless"), ..door.with_key(&bare) };
    assert_eq!(door.log_in(&host), Ok(()), "a passphrase for a key that has none");
}

#[test]
fn a_public_key_in_place_of_the_private_one_is_told_as_such() {
    let door = Door::new("");
    let key = door.known_key("id", &["-t", "ed25519"]);
    let expected = ["this is the public half", &format!("name the private key, probably {})", key.display())];
    says(door.log_in(&door.with_key(&public(&key))), &expected);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    says(door.log_in(&door.with_key(&key)), &["others may read the secret in it", "chmod 600"]);
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
fn an_agent_signs_and_the_identity_file_says_with_which_key() {
    let door = Door::new("");
    let agent = Agent::start(door.dir.path());
    for number in 0..4 {
        agent.add(&door.key(&format!("other-{number}"), &["-t", "ed25519"]));
    }
    let keys: [&[&str]; 3] = [&["-t", "ed25519"], &["-t", "ecdsa"], &["-t", "rsa", "-b", "2048"]];
    for (number, arguments) in keys.into_iter().enumerate() {
        let key = door.known_key(&format!("id-{number}"), arguments);
        agent.add(&key);
        let host = Host { identity_file: Some(public(&key)), ..door.with_agent(&agent) };
        assert_eq!(door.log_in(&host), Ok(()), "{number}: {}", door.sshd.log());
        assert_eq!(door.refusals(), (0, 1));
    }
    let unlisted = door.known_key("unlisted", &["-t", "ed25519"]);
    let host = Host { identity_file: Some(public(&unlisted)), ..door.with_agent(&agent) };
    says(door.log_in(&host), &[&format!("it holds 7 keys, but not {}", fingerprint(&unlisted)), "by hand: ssh "]);
    assert_eq!(door.refusals().0, 0, "no other key is offered");
    // The private key itself needs no agent.
    assert_eq!(door.log_in(&Host { identity_file: Some(unlisted), ..host }), Ok(()));
    // One whose passphrase only the agent was told.
    let closed = door.known_key("closed", &["-t", "ed25519"]);
    agent.add(&closed);
    run(Command::new("ssh-keygen").args(["-q", "-p", "-P", "", "-N", "open sesame", "-f"]).arg(&closed));
    assert_eq!(door.log_in(&Host { identity_file: Some(closed), ..door.with_agent(&agent) }), Ok(()));
}

#[test]
fn no_more_than_two_keys_of_an_agent_are_offered() {
    let door = Door::new("");
    let agent = Agent::start(door.dir.path());
    for number in 0..4 {
        agent.add(&door.key(&format!("other-{number}"), &["-t", "ed25519"]));
    }
    let fifth = door.known_key("fifth", &["-t", "ed25519"]);
    agent.add(&fifth);
    let host = door.with_agent(&agent);
    says(door.log_in(&host), &["no more than 2 of the 5 keys of the agent (identity-file chooses)"]);
    assert_eq!(door.refusals(), (2, 1), "{}", door.sshd.log());
    // One of the two attempts belongs to the password.
    assert_eq!(door.log_in(&Host { password: secret(PASSWORD), ..host.clone() }), Ok(()));
    assert_eq!(door.refusals(), (1, 1), "{}", door.sshd.log());
    assert_eq!(door.log_in(&Host { identity_file: Some(public(&fifth)), ..host }), Ok(()));
}

#[test]
fn an_agent_that_is_locked_silent_or_absent_is_told_and_a_password_does_without() {
    let door = Door::new("");
    let agent = Agent::start(door.dir.path());
    let host = door.with_agent(&agent);
    let socket = agent.socket.display().to_string();
    says(door.log_in(&host), &[&socket, "it holds no keys, or is locked"]);
    agent.add(&door.known_key("id", &["-t", "ed25519"]));
    assert_eq!(door.log_in(&host), Ok(()));
    agent.lock();
    says(door.log_in(&host), &[&socket, "it holds no keys, or is locked"]);
    agent.freeze();
    says(door.log_in_within(&host, Duration::from_secs(1)), &[&socket, "no answer within 500 ms"]);
    let with_password = Host { password: secret(PASSWORD), ..host.clone() };
    assert_eq!(door.log_in_within(&with_password, Duration::from_secs(4)), Ok(()));
    drop(agent);
    says(door.log_in(&host), &[&socket, "cannot connect"]);
    assert_eq!(door.refusals(), (0, 1), "nothing is tried without a key");
}

#[test]
fn a_user_certificate_logs_in_from_a_file_and_from_an_agent() {
    let door = Door::new("TrustedUserCAKeys {dir}/ca.pub");
    for (name, arguments) in [("ed25519", &["-t", "ed25519"] as &[&str]), ("rsa", &["-t", "rsa", "-b", "2048"])] {
        let key = door.key(name, arguments);
        says(door.log_in(&door.with_key(&key)), &["tried key"]);
        door.certify(&key, &["-n", USER]);
        assert_eq!(door.log_in(&door.with_key(&key)), Ok(()), "{name}, beside the key: {}", door.sshd.log());
        assert_eq!(door.refusals(), (0, 1));

        let agent = Agent::start(&door.folder(&format!("{name}-agent")));
        agent.add(&key);
        assert_eq!(door.log_in(&door.with_agent(&agent)).map_err(drop), Ok(()), "{name}, from the agent");
        let beside = PathBuf::from(format!("{}-cert.pub", key.display()));
        let named = door.path(&format!("{name}.certificate"));
        fs::rename(beside, &named).unwrap();
        let host = Host { certificate_file: Some(named.clone()), ..door.with_key(&key) };
        assert_eq!(door.log_in(&host), Ok(()), "{name}, named");
        let by_agent = Host { identity_file: None, ..Host { agent: Some(At(agent.socket.clone())), ..host.clone() } };
        assert_eq!(door.log_in(&by_agent), Ok(()), "{name}, named and signed by the agent");
        let stranger = door.key(&format!("{name}-stranger"), &["-t", "ed25519"]);
        let mixed = Host { identity_file: Some(stranger.clone()), ..host };
        says(door.log_in(&mixed), &["certifies", &fingerprint(&key), &fingerprint(&stranger)]);
    }
}

#[test]
fn an_expired_or_foreign_certificate_is_told_as_such() {
    let door = Door::new("TrustedUserCAKeys {dir}/ca.pub");
    for (name, arguments, expected) in [
        ("expired", ["-n", USER, "-V", "20200101000000Z:20200102000000Z"], "(expired at 2020-01-02T00:00:00Z)"),
        ("early", ["-n", USER, "-V", "20900101000000Z:20900102000000Z"], "(not valid before 2090-01-01T00:00:00Z)"),
        ("foreign", ["-n", "deploy,ops", "-V", "always:forever"], "(made out to deploy, ops)"),
    ] {
        let key = door.key(name, &["-t", "ed25519"]);
        door.certify(&key, &arguments);
        says(door.log_in(&door.with_key(&key)), &["certificate of key", expected]);
        assert_eq!(door.refusals(), (2, 1), "{name}: {}", door.sshd.log());
        // The host may know the key itself.
        door.sshd.authorize(&fs::read_to_string(public(&key)).unwrap());
        assert_eq!(door.log_in(&door.with_key(&key)), Ok(()), "{name}");
        assert_eq!(door.refusals(), (0, 1), "{name}: {}", door.sshd.log());
    }
}

#[test]
fn many_logins_share_one_agent() {
    let door = Door::new("");
    let agent = Agent::start(door.dir.path());
    agent.add(&door.known_key("id", &["-t", "ed25519"]));
    let host = door.with_agent(&agent);
    std::thread::scope(|scope| {
        let logins: Vec<_> = (0..32).map(|_| scope.spawn(|| door.log_in(&host))).collect();
        for login in logins {
            assert_eq!(login.join().unwrap(), Ok(()));
        }
    });
}
