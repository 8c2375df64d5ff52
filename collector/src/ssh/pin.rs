//! Pinning host keys: see what hosts offer, compare with what is on file, and put it there.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PublicKey;
use sample::HostName;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connect::{Target, offered_key};
use super::host_key::{describe, note};
use super::known_hosts::{KnownHosts, Verdict, lookup_name};
use crate::Failure;

/// A host and the key it offers now.
pub struct Offer {
    /// The host.
    pub host: HostName,
    /// Its name in known_hosts.
    pub name: String,
    /// What the file says about the key.
    pub verdict: Verdict,
    key: PublicKey,
}

impl Offer {
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
    known: &KnownHosts,
    limits: (Duration, Duration),
) -> Vec<(HostName, Result<Offer, Failure>)> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (order, (host, target)) in hosts.into_iter().enumerate() {
        let turns = turns.clone();
        let name = lookup_name(&target.address, target.port);
        let algorithms = known.algorithms(&name);
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("this semaphore is never closed");
            let key = offered_key(&target, &algorithms, limits).await;
            (order, host, name, key)
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(order, ..)| *order);
    let offer = |(_, host, name, key): (usize, HostName, String, Result<PublicKey, Failure>)| {
        let offer = key.map(|key| Offer { verdict: known.check(&name, &key), host: host.clone(), name, key });
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
        Verdict::Changed(_) => {
            let text = std::fs::read_to_string(path)?;
            let kept = KnownHosts::without(&text, &offer.name);
            let folder = path.parent().unwrap_or(Path::new("."));
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(kept.as_bytes())?;
            note(file.path(), &offer.name, &offer.key)?;
            file.persist(path)?;
            std::fs::File::open(folder)?.sync_all()?;
            match KnownHosts::parse(&kept).map(|kept| kept.check(&offer.name, &offer.key)) {
                Ok(Verdict::Changed(others)) => Ok(others),
                _ => Ok(Vec::new()),
            }
        }
    }
}
