//! Keys that lie in files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use config::Host;
use harness::{PASSWORD, run};

use super::{ADDRESS, Door, public, says, secret};

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
    // As OpenSSL writes it; read and offered, although no host knows it.
    let key = door.path("openssl");
    run(Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key));
    says(door.log_in(&door.with_key(&key)), &["tried key SHA256:"]);
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
fn dropbear_takes_keys_and_passwords_and_refuses_others() {
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
    let old = door.known_key("old", &["-t", "ecdsa", "-m", "PEM", "-N", "open sesame"]);
    let host = Host { passphrase: secret("open sesame"), ..door.with_key(&old) };
    says(door.log_in(&host), &["encrypted in a way that is not supported", "ssh-keygen -p -f"]);
    run(Command::new("ssh-keygen").args(["-q", "-p", "-P", "open sesame", "-N", "open sesame", "-f"]).arg(&old));
    assert_eq!(door.log_in(&host), Ok(()), "rewritten as the hint says");
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
