//! Host certificates: what an authority says about a host's key, and whether that authority may say so.

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Certificate, HashAlg, PublicKey};
use sample::{Timestamp, Untrusted};

use super::algorithms::SHA1;
use super::known_hosts::fingerprint;
use config::wildcard_match;

/// Whether a certificate that was signed by one of `authorities` proves now that its key belongs to the host with
/// this name; otherwise why not. Whether anything in it is revoked is decided elsewhere, and before.
///
/// OpenSSH's rules (PROTOCOL.certkeys), but for one: a certificate that names nobody is valid for nobody.
pub(super) fn vouches_for(
    certificate: &Certificate,
    name: &str,
    authorities: &[&PublicKey],
    now: Timestamp,
) -> Result<(), String> {
    let authority = certificate.signature_key().fingerprint(HashAlg::Sha256);
    if !authorities.iter().any(|trusted| trusted.key_data() == certificate.signature_key()) {
        return Err(format!("it is signed by {authority}, which is no @cert-authority for this host"));
    }
    if certificate.cert_type() != CertType::Host {
        return Err("it is a user's certificate, not a host's".to_owned());
    }
    let principals = certificate.valid_principals();
    if !principals.iter().any(|principal| wildcard_match(&principal.to_lowercase(), host_of(name))) {
        let named = Untrusted(&principals.join(", ")).to_string();
        return Err(format!("it is for {named:?}, not for {:?}", host_of(name)));
    }
    if !certificate.critical_options().is_empty() {
        return Err("it has critical options, and hosts have none that are known".to_owned());
    }
    let seconds = u64::try_from(now.as_millis() / 1000).map_err(|error| format!("this server's clock: {error}"))?;
    if seconds < certificate.valid_after() {
        return Err("it is not valid yet".to_owned());
    }
    if seconds >= certificate.valid_before() {
        return Err("it has expired".to_owned());
    }
    if certificate.signature().algorithm() == SHA1 {
        return Err("its authority signed it with SHA-1".to_owned());
    }
    // Checks the signature, and the authority and the time once more.
    let checked = certificate.validate_at(seconds, [&authority]);
    checked.map_err(|error| format!("its signature is not good: {error}"))
}

/// A certificate as people compare it.
pub(super) fn describe(certificate: &Certificate) -> String {
    let key = PublicKey::new(certificate.public_key().clone(), "");
    let id = Untrusted(certificate.key_id()).to_string();
    let authority = certificate.signature_key().fingerprint(HashAlg::Sha256);
    format!("a certificate {id:?} of {} signed by {authority}", fingerprint(&key))
}

/// The host in a lookup name: without brackets and port, since certificates don't name ports.
pub(super) fn host_of(name: &str) -> &str {
    name.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(name, |(host, _port)| host)
}
