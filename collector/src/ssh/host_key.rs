//! The decision about an offered host key, made before anything of ours goes to the host.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use russh::keys::{Certificate, PublicKey, PublicKeyOrCertificate};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;

use super::certificate;
use super::dial::Target;
use super::known_hosts::{KnownHosts, Verdict, fingerprint};
use crate::{Failure, clock};

/// The keys on file, and what to do with a host that has none there.
pub struct Trust {
    /// The keys on file when the run began.
    pub known: Arc<KnownHosts>,
    /// The file, for new keys.
    pub path: PathBuf,
    /// What happens to a host that has no key on file.
    pub policy: Policy,
}

/// How long known_hosts may be locked by somebody else. Less than a handshake may take.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// What happens to a host that has no key on file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is not visited.
    Strict,
    /// Its key is noted and trusted from then on. A changed or revoked key is never accepted.
    AcceptNew,
}

impl Trust {
    /// Accepts the key or certificate the host offers, or says why not.
    ///
    /// # Errors
    /// It is none of the pinned keys, is not on file for the host and may not be noted, could not be noted, or is
    /// revoked.
    pub async fn decide(&self, target: &Target, offered: &PublicKeyOrCertificate) -> Result<(), Failure> {
        match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } if target.fingerprints.is_empty() => {
                self.on_file(target, key).await
            }
            PublicKeyOrCertificate::PublicKey { key, .. } => self.pinned(target, key),
            PublicKeyOrCertificate::Certificate(certificate) => self.certified(target, certificate),
        }
    }

    /// Whether there is a key, an authority or a fingerprint that the host could be known by.
    pub fn knows(&self, target: &Target) -> bool {
        !target.fingerprints.is_empty() || self.knows_name(&target.lookup)
    }

    /// Whether there is a key or an authority on file under this name.
    pub(crate) fn knows_name(&self, name: &str) -> bool {
        !self.known.algorithms(name).is_empty() || self.known.has_authority(name)
    }

    async fn on_file(&self, target: &Target, key: &PublicKey) -> Result<(), Failure> {
        let (name, offered) = (target.lookup.clone(), describe(key));
        match (self.known.check(&name, key), self.policy) {
            (Verdict::Match, Policy::Strict) => Ok(()),
            // So that it is known when config.xml does not tell its former name any more.
            (Verdict::Match, Policy::AcceptNew) => match &target.renamed {
                Some(name) => self.note(name.clone(), key).await,
                None => Ok(()),
            },
            (Verdict::Unknown, Policy::AcceptNew) => self.note(name, key).await,
            (Verdict::Unknown, Policy::Strict) => Err(Failure::HostKeyUnknown { name, offered }),
            (Verdict::Changed(known), _) => Err(Failure::HostKeyChanged { name, known, offered }),
            (Verdict::Revoked, _) => Err(Failure::HostKeyRevoked { name, offered }),
        }
    }

    /// Hosts of one run note their keys one after the other, in a thread that may be blocked.
    async fn note(&self, name: String, key: &PublicKey) -> Result<(), Failure> {
        static TURN: Semaphore = Semaphore::const_new(1);
        let until = Instant::now() + LOCK_PATIENCE;
        let noted = async {
            let turn = timeout_at(until.into(), TURN.acquire()).await.map_err(|_elapsed| still_locked())?;
            let (path, key) = (self.path.clone(), key.clone());
            let noting = move || {
                let _turn = turn;
                append(&mut locked(&path, until)?, &name, &key)
            };
            spawn_blocking(noting).await.map_err(io::Error::other)?
        };
        noted.await.map_err(Failure::HostKeyNotNoted)
    }

    fn pinned(&self, target: &Target, key: &PublicKey) -> Result<(), Failure> {
        let (name, offered) = (target.lookup.clone(), describe(key));
        if self.known.revokes(&name, key.key_data()) {
            return Err(Failure::HostKeyRevoked { name, offered });
        }
        if target.has_pinned(key) {
            return Ok(());
        }
        Err(Failure::HostKeyNotPinned { name, pinned: target.fingerprints.clone(), offered })
    }

    /// A certificate that proves nothing is a key all the same, and may be on file as such.
    fn certified(&self, target: &Target, offered: &Certificate) -> Result<(), Failure> {
        let (name, description) = (target.lookup.clone(), certificate::describe(offered));
        let key = PublicKey::new(offered.public_key().clone(), "");
        let signed_by = offered.signature_key();
        if self.known.revokes(&name, key.key_data()) || self.known.revokes(&name, signed_by) {
            return Err(Failure::HostKeyRevoked { name, offered: description });
        }
        // They are not asked for where keys are pinned.
        if !target.fingerprints.is_empty() {
            return self.pinned(target, &key);
        }
        let vouched = certificate::vouches_for(offered, &name, &self.known.authorities(&name), clock::now());
        match vouched {
            Ok(()) => Ok(()),
            Err(_) if self.known.check(&name, &key) == Verdict::Match => Ok(()),
            Err(found) => Err(Failure::HostCertificate { name, offered: description, found }),
        }
    }
}

/// A key as people compare it: `ssh-ed25519 SHA256:…`.
pub(super) fn describe(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), fingerprint(key))
}

/// Appends a key to the file as a line of its own, and returns when it is on disk. Nothing is left of it otherwise.
///
/// # Errors
/// The file can't be written, or somebody else has it locked.
pub(super) fn note(path: &Path, name: &str, key: &PublicKey) -> io::Result<()> {
    append(&mut locked(path, Instant::now() + LOCK_PATIENCE)?, name, key)
}

/// Appends a key to a file that is locked or nobody else's.
pub(super) fn append(file: &mut File, name: &str, key: &PublicKey) -> io::Result<()> {
    let key = PublicKey::new(key.key_data().clone(), "");
    let key = key.to_openssh().map_err(io::Error::other)?;
    let length = file.metadata()?.len();
    let mut line = format!("{name} {}\n", key.trim_end());
    // A line that was edited by hand may lack its end.
    if length > 0 && last_byte(file)? != b'\n' {
        line.insert(0, '\n');
    }
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        file.set_len(length)?;
    }
    written
}

/// Opens the file for appending and locks it. Whoever writes it anew renames the new one over it while it is locked,
/// and who has waited for the lock meanwhile holds that of a file that is gone.
///
/// # Errors
/// The file can't be opened, or somebody else has had it locked until now.
pub(super) fn locked(path: &Path, until: Instant) -> io::Result<File> {
    const PAUSE: Duration = Duration::from_millis(20);
    loop {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                sleep(PAUSE);
                continue;
            }
            Err(TryLockError::WouldBlock) => return Err(still_locked()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (ours, there) = (file.metadata()?, std::fs::metadata(path));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(file);
        }
    }
}

fn still_locked() -> io::Error {
    let waited = LOCK_PATIENCE.as_secs();
    io::Error::new(io::ErrorKind::TimedOut, format!("known_hosts was locked by another program for {waited} s"))
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::Verdict;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";

    #[test]
    fn a_key_noted_behind_a_line_without_end_stands_on_a_line_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        std::fs::write(&path, format!("web1 {A} a comment")).unwrap();
        let key = PublicKey::from_openssh(A).unwrap();
        note(&path, "web2", &key).unwrap();
        note(&path, "web3", &key).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("web1 {A} a comment\nweb2 {A}\nweb3 {A}\n"));
        let known = KnownHosts::read(&path).unwrap();
        assert_eq!(known.check("web2", &key), Verdict::Match);
    }
}
