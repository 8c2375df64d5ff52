//! The decision about an offered host key, made before anything of ours goes to the host.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use russh::keys::PublicKey;

use super::known_hosts::{KnownHosts, Verdict, fingerprint};
use crate::Failure;

/// The keys on file, and what to do with a host that has none there.
pub struct Trust {
    /// The keys on file when the run began.
    pub known: KnownHosts,
    /// The file, for new keys.
    pub path: PathBuf,
    /// What happens to a host that has no key on file.
    pub policy: Policy,
}

/// What happens to a host that has no key on file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is not visited.
    Strict,
    /// Its key is noted and trusted from then on. A changed or revoked key is never accepted.
    AcceptNew,
}

impl Trust {
    /// Accepts the key the host with this lookup name offers, or says why not.
    ///
    /// # Errors
    /// The key is not on file for the host and may not be noted, could not be noted, or is revoked.
    pub fn decide(&self, name: &str, key: &PublicKey) -> Result<(), Failure> {
        let (name, offered) = (name.to_owned(), describe(key));
        match (self.known.check(&name, key), self.policy) {
            (Verdict::Match, _) => Ok(()),
            (Verdict::Unknown, Policy::AcceptNew) => note(&self.path, &name, key).map_err(Failure::HostKeyNotNoted),
            (Verdict::Unknown, Policy::Strict) => Err(Failure::HostKeyUnknown { name, offered }),
            (Verdict::Changed(known), _) => Err(Failure::HostKeyChanged { name, known, offered }),
            (Verdict::Revoked, _) => Err(Failure::HostKeyRevoked { name, offered }),
        }
    }
}

/// A key as people compare it: `ssh-ed25519 SHA256:…`.
pub(crate) fn describe(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), fingerprint(key))
}

/// Appends a key to the file, and returns when it is on disk.
///
/// One write to a file opened for appending is atomic, so hosts of one run can note their keys at the same time.
pub(crate) fn note(path: &std::path::Path, name: &str, key: &PublicKey) -> io::Result<()> {
    let key = PublicKey::new(key.key_data().clone(), "");
    let key = key.to_openssh().map_err(io::Error::other)?;
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(format!("{name} {}\n", key.trim_end()).as_bytes())?;
    file.sync_all()
}
