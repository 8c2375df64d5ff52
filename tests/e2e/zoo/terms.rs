//! Hosts that are talked to on terms of their own: pinned and certified keys, old algorithms, logins that cannot work,
//! a name with a dead address.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Sshd, SshdOptions, USER, make_key, run};

use super::fleet::{Address, Expected, HERE, Zoo};

/// A name of two addresses, of which only the second one listens: the servers here speak no IPv6.
const TWO_ADDRESSES: &str = "two-addresses.test";
pub(super) const HOSTS: &str = "127.0.0.1 localhost\n::1 two-addresses.test\n127.0.0.1 two-addresses.test\n";

impl Zoo {
    /// `sshd` is one whose account is not on display yet.
    pub(super) fn add_terms(&mut self, sshd: &Sshd) {
        self.add_pinned(sshd);
        self.add_certified();
        self.add_legacy();
        self.add_logins(sshd);
        let named = self.start("named", SshdOptions::default());
        self.known_hosts += &named.known_hosts_line(TWO_ADDRESSES);
        let at = Address { ip: TWO_ADDRESSES, port: named.port, user: USER, identity: &named.identity() };
        self.add_with("two-addresses", Expected { kind: "ok", says: "" }, &at, "");
        self.keep(named);
    }

    fn add_pinned(&mut self, sshd: &Sshd) {
        let (right, wrong) = (sshd.fingerprint(), "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let pin = |fingerprint: &str| format!("fingerprint=\"{fingerprint}\"");
        self.add_at("pinned-right", ("ok", ""), sshd.port, &sshd.identity(), &pin(&right));
        self.add_at("pinned-wrong", ("host_key_changed", wrong), sshd.port, &sshd.identity(), &pin(wrong));
    }

    fn add_certified(&mut self) {
        let authority = self.path("authority");
        make_key(&authority, "ed25519");
        let public = fs::read_to_string(authority.with_extension("pub")).unwrap();
        for (host, validity, outcome) in [
            ("certified", "-1h:+1h", ("ok", "")),
            ("certified-once", "-2h:-1h", ("host_key_changed", "it has expired")),
        ] {
            let mut sshd = self.start(host, SshdOptions::default());
            sshd.certify(&authority, &["-h", "-n", HERE, "-V", validity]);
            writeln!(self.known_hosts, "@cert-authority [{HERE}]:{} {}", sshd.port, public.trim_end()).unwrap();
            self.add_at(host, outcome, sshd.port, &sshd.identity(), "");
            self.keep(sshd);
        }
    }

    fn add_legacy(&mut self) {
        let config = "KexAlgorithms diffie-hellman-group14-sha1\nHostKeyAlgorithms ssh-rsa\n".to_owned();
        let old = self.start("old", SshdOptions { config, host_key: Some("rsa"), ..SshdOptions::default() });
        self.known_hosts += &old.known_hosts_line(HERE);
        let refused = ("handshake_failed", "no common key exchange: it offers diffie-hellman-group14-sha1");
        self.add_at("old-algorithms", refused, old.port, &old.identity(), "");
        self.add_at("old-algorithms-taken", ("ok", ""), old.port, &old.identity(), "legacy-algorithms=\"yes\"");
        self.keep(old);
    }

    fn add_logins(&mut self, sshd: &Sshd) {
        let authority = self.path("user-authority");
        make_key(&authority, "ed25519");
        let certified = self.path("certified-key");
        make_key(&certified, "ed25519");
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-I", "test", "-n", USER, "-V", "20200101000000Z:20200102000000Z", "-s"]).arg(authority);
        run(sign.arg(public(&certified)));
        let expired = ("auth_failed", "(expired at 2020-01-02T00:00:00Z)");
        self.add_at("user-certificate-expired", expired, sshd.port, &certified, "");

        let locked = self.path("locked-key");
        let mut make = Command::new("ssh-keygen");
        run(make.args(["-q", "-t", "ed25519", "-N", "open sesame", "-f"]).arg(&locked));
        sshd.authorize(&fs::read_to_string(public(&locked)).unwrap());
        let missing = ("auth_failed", "the key has a passphrase");
        self.add_at("passphrase-missing", missing, sshd.port, &locked, "");
    }
}

fn public(key: &Path) -> PathBuf {
    key.with_extension("pub")
}
