//! Keys that an authority certifies.

use std::fs;
use std::path::PathBuf;

use config::Agent::At;
use config::Host;
use harness::{Agent, USER};

use super::{Door, fingerprint, public, says};

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
fn a_certificate_that_nobody_named_stops_no_login() {
    let door = Door::new("");
    let key = door.known_key("id", &["-t", "ed25519"]);
    let beside = PathBuf::from(format!("{}-cert.pub", key.display()));
    fs::write(&beside, "not a certificate").unwrap();
    assert_eq!(door.log_in(&door.with_key(&key)), Ok(()));
    let named = Host { certificate_file: Some(beside.clone()), ..door.with_key(&key) };
    says(door.log_in(&named), &["certificate-file", "not an OpenSSH certificate"]);
    fs::remove_file(&beside).unwrap();
    fs::create_dir(&beside).unwrap();
    assert_eq!(door.log_in(&door.with_key(&key)), Ok(()), "it can't be read");
    says(door.log_in(&named), &["certificate-file", "not a regular file"]);
}
