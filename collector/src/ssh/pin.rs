//! Pinning host keys: see what hosts offer, compare with what is on file, and put it there.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use russh::keys::PublicKey;
use sample::HostName;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connect::offered_key;
use super::dial::Target;
use super::host_key::{LOCK_PATIENCE, append, describe, locked, note};
use super::known_hosts::{KnownHosts, Verdict};
use crate::Failure;

/// A host and the key it offers now.
pub struct Offer {
    /// The host.
    pub host: HostName,
    /// Its name in known_hosts.
    pub name: String,
    /// What the file says about the key, or config.xml where it pins keys.
    pub verdict: Verdict,
    /// Whether config.xml pins keys of this host: then other keys on file are of no use.
    pub pinned_in_config: bool,
    key: PublicKey,
}

impl Offer {
    fn new(host: HostName, target: Target, key: PublicKey, known: &KnownHosts) -> Offer {
        let pinned_in_config = !target.fingerprints.is_empty();
        let verdict = match known.check(&target.lookup, &key) {
            on_file @ (Verdict::Match | Verdict::Unknown | Verdict::Changed(_)) if !pinned_in_config => on_file,
            Verdict::Match | Verdict::Unknown | Verdict::Changed(_) if target.has_pinned(&key) => Verdict::Match,
            Verdict::Match | Verdict::Unknown | Verdict::Changed(_) => Verdict::Changed(target.fingerprints),
            Verdict::Revoked => Verdict::Revoked,
        };
        Offer { host, name: target.lookup, verdict, pinned_in_config, key }
    }

    /// The key as people compare it: type and fingerprint.
    pub fn key(&self) -> String {
        describe(&self.key)
    }
}

/// How many hosts are asked at once.
const AT_ONCE: usize = 64;

/// Asks every host for its key, without trusting it and without logging in. In the order of the hosts.
pub async fn look(
    hosts: Vec<(HostName, Target)>,
    known: &Arc<KnownHosts>,
    limits: (Duration, Duration),
) -> Vec<(HostName, Result<Offer, Failure>)> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (order, (host, target)) in hosts.into_iter().enumerate() {
        let turns = turns.clone();
        let known = known.clone();
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("this semaphore is never closed");
            let key = offered_key(&target, &known, limits).await;
            (order, host, target, key)
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(order, ..)| *order);
    let offer = |(_, host, target, key): (usize, HostName, Target, Result<PublicKey, Failure>)| {
        let offer = key.map(|key| Offer::new(host.clone(), target, key, known));
        (host, offer)
    };
    answers.into_iter().map(offer).collect()
}

/// Puts a key on file. Where other keys of the host stand there, it takes their place: the file is written anew
/// beside the old one and renamed, so that it is never half there.
///
/// Returns the fingerprints of other keys that stay trusted for the host, because their lines name other hosts too.
///
/// # Errors
/// The file can't be read or written.
pub fn pin(path: &Path, offer: &Offer) -> io::Result<Vec<String>> {
    match &offer.verdict {
        Verdict::Match | Verdict::Revoked => Ok(Vec::new()),
        Verdict::Unknown => note(path, &offer.name, &offer.key).map(|()| Vec::new()),
        Verdict::Changed(_) => replace(path, offer),
    }
}

fn replace(path: &Path, offer: &Offer) -> io::Result<Vec<String>> {
    // Held until the new file has taken the place of this one: a key that a run notes meanwhile must not be lost.
    let mut old = locked(path, Instant::now() + LOCK_PATIENCE)?;
    let mut text = String::new();
    old.read_to_string(&mut text)?;
    let kept = KnownHosts::without(&text, &offer.name);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.as_file().set_permissions(old.metadata()?.permissions())?;
    file.write_all(kept.as_bytes())?;
    append(file.as_file_mut(), &offer.name, &offer.key)?;
    file.persist(path)?;
    std::fs::File::open(folder)?.sync_all()?;
    match KnownHosts::parse(&kept).map(|kept| kept.check(&offer.name, &offer.key)) {
        Ok(Verdict::Changed(others)) => Ok(others),
        Ok(Verdict::Match | Verdict::Unknown | Verdict::Revoked) | Err(_) => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests;
