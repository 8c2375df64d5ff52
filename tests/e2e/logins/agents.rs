//! Keys that an ssh-agent holds.

use std::process::Command;
use std::time::Duration;

use config::Host;
use harness::{Agent, PASSWORD, run};

use super::{ADDRESS, Door, fingerprint, public, says, secret};

#[test]
fn an_agent_signs_and_the_identity_file_says_with_which_key() {
    let door = Door::new("");
    let agent = Agent::start(door.dir.path());
    for number in 0..4 {
        agent.add(&door.key(&format!("other-{number}"), &["-t", "ed25519"]));
    }
    // Keys of a type that is not spoken any more are passed over.
    agent.add(&door.key("dsa", &["-t", "dsa"]));
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
    says(door.log_in(&host), &[&format!("it holds 8 keys, but not {}", fingerprint(&unlisted)), "by hand: ssh "]);
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
fn a_key_the_agent_keeps_for_one_host_logs_in_there() {
    let (door, other) = (Door::new(""), Door::new(""));
    let agent = Agent::start(door.dir.path());
    let key = door.known_key("id", &["-t", "ed25519"]);
    agent.add_for(&key, &format!("[{ADDRESS}]:{}", door.sshd.port), &door.path("known_hosts"));
    let host = Host { identity_file: Some(public(&key)), ..door.with_agent(&agent) };
    assert_eq!(door.log_in(&host), Ok(()), "{}", door.sshd.log());
    // The other host knows the key too.
    other.sshd.authorize(&std::fs::read_to_string(public(&key)).unwrap());
    assert_eq!(other.log_in(&other.with_key(&key)), Ok(()));
    let host = Host { identity_file: Some(public(&key)), ..other.with_agent(&agent) };
    says(other.log_in(&host), &["it holds no keys, or is locked"]);
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
