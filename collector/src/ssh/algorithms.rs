//! What we offer a host to agree on.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use russh::client::{Config, GexParams};
use russh::keys::Algorithm;
use russh::{Preferred, cipher, compression, kex, mac};

use super::dial::Target;
use super::known_hosts::KnownHosts;

/// The connection may be silent that long; a second line behind the named deadlines, since russh has none itself.
const INACTIVITY: Duration = Duration::from_secs(120);
/// How often a jump host that says nothing is asked whether it is still there; after three times it is given up, before
/// the commands of those behind it are.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Modern algorithms only. The curve comes before the post-quantum hybrid, and AES-GCM before ChaCha20: a visit
/// lasts a second and carries an envelope that is sealed anyway, and these two halve the cost of the handshake.
const KEX: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::MLKEM768X25519_SHA256,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    // Not algorithms, but offers: without them sshd doesn't say which signatures it takes, and the Terrapin
    // attack (CVE-2023-48795) has its way.
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];
const CIPHER: &[cipher::Name] = &[cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR];

/// For hosts that config.xml allows them to, after all others.
const LEGACY_KEX: &[kex::Name] = &[kex::DH_GEX_SHA256, kex::DH_G14_SHA256, kex::DH_GEX_SHA1, kex::DH_G14_SHA1];
const LEGACY_CIPHER: &[cipher::Name] =
    &[cipher::AES_192_CTR, cipher::AES_128_CTR, cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC];
const LEGACY_MAC: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

/// The terms on which a host is talked to, of which these keys are known.
pub(super) fn config_for(target: &Target, known: &KnownHosts) -> Arc<Config> {
    static USUAL: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(for_a_visit(preferred(&[], false, false))));
    match known_of(target, known) {
        (keys, false) if keys.is_empty() && !target.legacy => USUAL.clone(),
        (keys, certificates) => Arc::new(for_a_visit(preferred(&keys, certificates, target.legacy))),
    }
}

/// The same for a jump host: other hosts' visits pass through the connection, so it must not end while they are
/// silent, and a host whose words nobody has read yet must not hold up the others soon.
pub(super) fn config_for_jumping(target: &Target, known: &KnownHosts) -> Arc<Config> {
    let (keys, certificates) = known_of(target, known);
    Arc::new(Config {
        inactivity_timeout: None,
        keepalive_interval: Some(KEEPALIVE),
        channel_buffer_size: 256,
        ..for_a_visit(preferred(&keys, certificates, target.legacy))
    })
}

/// The algorithms of the keys on file, and whether certificates are of use. A fingerprint does not tell the type of
/// its key, so nothing is preferred where keys are pinned.
fn known_of(target: &Target, known: &KnownHosts) -> (Vec<Algorithm>, bool) {
    match target.fingerprints.is_empty() {
        true => (known.algorithms(&target.lookup), known.has_authority(&target.lookup)),
        false => (Vec::new(), false),
    }
}

fn for_a_visit(preferred: Preferred) -> Config {
    Config {
        preferred,
        inactivity_timeout: Some(INACTIVITY),
        // Bounds what a hostile host can make us hold for one channel.
        window_size: 256 * 1024,
        channel_buffer_size: 16,
        gex: GexParams::new(2048, 3072, 8192).expect("russh takes groups of 2048 bits and more"),
        ..Config::default()
    }
}

fn preferred(known: &[Algorithm], certificates: bool, legacy: bool) -> Preferred {
    let key = host_key_algorithms(known, legacy);
    let safe: Vec<Algorithm> = key.iter().filter(|algorithm| **algorithm != SHA1).cloned().collect();
    let extended =
        |legacy: bool| if legacy { (LEGACY_KEX, LEGACY_CIPHER, LEGACY_MAC) } else { (&[][..], &[][..], &[][..]) };
    let (more_kex, more_ciphers, more_macs) = extended(legacy);
    Preferred {
        kex: [KEX, more_kex].concat().into(),
        key: key.into(),
        host_key_certificates: if certificates { Cow::Owned(safe) } else { Cow::Borrowed(&[]) },
        cipher: [CIPHER, more_ciphers].concat().into(),
        mac: [&Preferred::DEFAULT.mac[..], more_macs].concat().into(),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// RSA keys that sign with SHA-1.
pub(super) const SHA1: Algorithm = Algorithm::Rsa { hash: None };

/// The algorithms of the known keys first, then the others; SHA-1 signatures never, or for a legacy host last.
fn host_key_algorithms(known: &[Algorithm], legacy: bool) -> Vec<Algorithm> {
    let mut all: Vec<Algorithm> =
        Preferred::DEFAULT.key.iter().filter(|algorithm| **algorithm != SHA1).cloned().collect();
    let is_known =
        |algorithm: &Algorithm| known.iter().any(|known| known == algorithm || is_rsa(known) && is_rsa(algorithm));
    if legacy {
        all.push(SHA1);
    }
    all.sort_by_key(|algorithm| !is_known(algorithm));
    all
}

/// Whether it is RSA, with whichever hash: a known_hosts entry names the key, the handshake the signature.
pub(super) fn is_rsa(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { .. })
}
