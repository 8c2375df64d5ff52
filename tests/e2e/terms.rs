//! On what terms hosts are talked to: pinned keys, old algorithms.

use harness::SshdOptions;

use crate::ways::{Watched, visit};

#[test]
fn a_pinned_fingerprint_decides_whatever_is_on_file() {
    let mut watched = Watched::new();
    let (one, other) = (watched.sshd("one", SshdOptions::default()), watched.sshd("other", SshdOptions::default()));
    watched.add("one", &one, ("127.0.5.25", one.port));
    watched.add_direct("other", &other, "127.0.5.26");
    let pins = [one.fingerprint(), "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()];
    let setting = watched.setting(|host| host.fingerprints = pins.to_vec());
    let outcomes = visit(&setting);
    assert_eq!(outcomes["one"], "ok", "its key is not on file, but pinned");
    let refused = &outcomes["other"];
    assert!(refused.starts_with("host_key_changed"), "its key is on file, but not pinned: {refused}");
    assert!(pins.iter().all(|pin| refused.contains(pin)) && refused.contains(&other.fingerprint()), "{refused}");
    assert!(!other.log().contains("userauth-request for user"), "{}", other.log());

    watched.known_hosts += &format!("@revoked * {}", one.host_key());
    let outcomes = visit(&watched.setting(|host| host.fingerprints = pins.to_vec()));
    assert!(outcomes["one"].starts_with("host_key_revoked"), "{outcomes:?}");
}

#[test]
fn old_algorithms_are_taken_only_where_they_are_allowed() {
    let old = [
        ("KexAlgorithms diffie-hellman-group14-sha1\nHostKeyAlgorithms ssh-rsa\n", "key exchange"),
        ("KexAlgorithms diffie-hellman-group-exchange-sha256\n", "key exchange"),
        ("HostKeyAlgorithms ssh-rsa\n", "host key algorithm"),
        ("Ciphers aes128-cbc\nMACs hmac-sha1\n", "cipher"),
    ];
    for (config, kind) in old {
        let mut watched = Watched::new();
        let options = SshdOptions { config: config.to_owned(), host_key: Some("rsa"), ..SshdOptions::default() };
        let sshd = watched.sshd("old", options);
        watched.add_direct("old", &sshd, "127.0.5.27");
        let refused = visit(&watched.setting(|_| {})).remove("old").unwrap();
        assert!(refused.starts_with(&format!("handshake_failed: no common {kind}: it offers ")), "{refused}");
        let theirs = config.lines().next().unwrap().split(' ').nth(1).unwrap();
        assert!(refused.contains(theirs) && refused.contains("; we take "), "{refused}");
        let outcomes = visit(&watched.setting(|host| host.legacy_algorithms = true));
        assert_eq!(outcomes["old"], "ok", "{config}");
    }
}

#[test]
fn a_modern_host_is_not_talked_down_to_old_algorithms() {
    let mut watched = Watched::new();
    let sshd = watched.sshd("new", SshdOptions::default());
    watched.add_direct("new", &sshd, "127.0.5.28");
    assert_eq!(visit(&watched.setting(|host| host.legacy_algorithms = true))["new"], "ok");
    assert!(sshd.log().contains("kex: algorithm: curve25519-sha256"), "{}", sshd.log());
    assert!(sshd.log().contains("cipher: aes256-gcm@openssh.com"), "{}", sshd.log());
}
