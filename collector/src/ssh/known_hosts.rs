//! The keys on file and what they say about an offered one.
//!
//! OpenSSH's semantics (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names may be hashed, negated or hold wildcards, a
//! host may have several keys, `@revoked` beats everything, a key of another type than the recorded ones is a
//! *changed* key. Whatever can't be read is an error, and an error is a no: russh's own check takes an unreadable
//! file for an empty one, knows no markers, and calls a key of another type unknown.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::known_hosts::HostPatterns;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use sha1::Sha1;

use super::certificate::host_of;
use config::wildcard_match;

/// The keys on file.
#[derive(Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
    /// Entries by the plain names they hold, so that a fleet of n hosts is not compared n × n times.
    by_name: HashMap<String, Vec<usize>>,
    /// Entries with wildcards, negations or hashed names: they have to be tried one by one.
    to_try: Vec<usize>,
}

/// Key types that are verified. Others, such as ssh-dss, are on file in many places and asked for nowhere.
const SUPPORTED: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

struct Entry {
    marker: Marker,
    patterns: HostPatterns,
    /// None for a key of a type this program can't read. It can't match, but it makes its host a known one.
    key: Option<PublicKey>,
}

/// What a line says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    /// It is the host's.
    Plain,
    /// It is nobody's any more.
    Revoked,
    /// It signs the certificates of hosts.
    Authority,
}

/// What the file says about an offered key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The key is on file for this host.
    Match,
    /// No key of this host is on file.
    Unknown,
    /// Only other keys are on file for this host; their fingerprints.
    Changed(Vec<String>),
    /// The key is marked `@revoked`.
    Revoked,
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownHostsError {
    /// It exists and can't be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others could put keys there.
    #[error("{path} can be written by others (mode {mode:04o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A line is not one of known_hosts.
    #[error("{path}:{line}: {found}; mend or remove the line")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        found: &'static str,
    },
}

impl KnownHostsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            KnownHostsError::Exposed { path, .. } => Some(format!("chmod go-w {}", path.display())),
            KnownHostsError::Unreadable { .. } | KnownHostsError::Malformed { .. } => None,
        }
    }
}

/// The name a host has in the file: `host`, or `[host]:port` for another port than 22. Always lower case.
pub fn lookup_name(address: &str, port: u16) -> String {
    let address = address.to_lowercase();
    if port == 22 { address } else { format!("[{address}]:{port}") }
}

/// A key's fingerprint as OpenSSH writes it: `SHA256:…`.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

impl KnownHosts {
    /// Reads the file. One that does not exist yet is empty.
    ///
    /// # Errors
    /// The file can't be read for any other reason, or holds a line that is none.
    pub fn read(path: &Path) -> Result<KnownHosts, KnownHostsError> {
        let unreadable = |source| KnownHostsError::Unreadable { path: path.to_owned(), source };
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(KnownHosts::default()),
            opened => opened.map_err(unreadable)?,
        };
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(KnownHostsError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        KnownHosts::parse(&text).map_err(|(line, found)| {
            let path = path.to_owned();
            KnownHostsError::Malformed { path, line, found }
        })
    }

    pub(super) fn parse(text: &str) -> Result<KnownHosts, (usize, &'static str)> {
        let mut known = KnownHosts::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = Entry::parse(line).map_err(|found| (number + 1, found))?;
            known.entries.push(entry);
        }
        for (index, entry) in known.entries.iter().enumerate() {
            match entry.plain_names() {
                Some(names) => {
                    names.for_each(|name| known.by_name.entry(name.to_lowercase()).or_default().push(index));
                }
                None => known.to_try.push(index),
            }
        }
        Ok(known)
    }

    /// What the file says about `key` offered by the host with this [`lookup_name`].
    pub fn check(&self, name: &str, key: &PublicKey) -> Verdict {
        if self.revokes(name, key.key_data()) {
            return Verdict::Revoked;
        }
        let plain = self.marked(Marker::Plain, name);
        let mut known: Vec<String> = Vec::new();
        for entry in plain {
            match &entry.key {
                Some(on_file) if on_file.key_data() == key.key_data() => return Verdict::Match,
                Some(on_file) => known.push(fingerprint(on_file)),
                None => known.push("a key of an unsupported type".to_owned()),
            }
        }
        for entry in self.marked(Marker::Authority, name) {
            let authority = entry.key.as_ref().map_or("an authority of an unsupported type".to_owned(), fingerprint);
            known.push(format!("any certified by {authority}"));
        }
        if known.is_empty() { Verdict::Unknown } else { Verdict::Changed(known) }
    }

    /// Whether this key is marked `@revoked` for this host, be it the host's own or that of an authority.
    pub(super) fn revokes(&self, name: &str, key: &KeyData) -> bool {
        let is_it = |entry: &Entry| entry.key.as_ref().is_some_and(|revoked| revoked.key_data() == key);
        self.marked(Marker::Revoked, name).any(is_it)
    }

    /// The algorithms of the keys on file for this host: they are asked for first, as OpenSSH does. Otherwise a
    /// host with several keys would offer one that is not on file, and look changed.
    pub fn algorithms(&self, name: &str) -> Vec<Algorithm> {
        let known = self.marked(Marker::Plain, name);
        known.filter_map(|entry| Some(entry.key.as_ref()?.algorithm())).collect()
    }

    /// The keys that sign certificates for this host.
    pub(super) fn authorities<'a>(&'a self, name: &'a str) -> Vec<&'a PublicKey> {
        self.marked(Marker::Authority, name).filter_map(|entry| entry.key.as_ref()).collect()
    }

    /// Whether there is anybody to sign certificates for this host.
    pub fn has_authority(&self, name: &str) -> bool {
        !self.authorities(name).is_empty()
    }

    /// The file's text without the keys of this host. A line that names other hosts too, or names them by a
    /// pattern, stays: it was not written for this host alone.
    pub fn without(text: &str, name: &str) -> String {
        let of_this_host = |line: &&str| {
            let entry = Entry::parse(line.trim());
            entry.is_ok_and(|entry| entry.marker == Marker::Plain && entry.names_only(name))
        };
        text.lines().filter(|line| !of_this_host(line)).map(|line| format!("{line}\n")).collect()
    }

    /// The entries with this marker for a host. What is said of authorities and revocations for a name without port
    /// holds at every port.
    fn marked<'a>(&'a self, marker: Marker, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        let bare = Some(host_of(name)).filter(|bare| *bare != name && marker != Marker::Plain);
        let entries = self.of(name).chain(bare.into_iter().flat_map(|bare| self.of(bare)));
        entries.filter(move |entry| entry.marker == marker)
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        let plain = self.by_name.get(name).into_iter().flatten();
        let tried = self.to_try.iter().filter(move |index| self.entries[**index].names(name));
        plain.chain(tried).map(|index| &self.entries[*index])
    }
}

impl Entry {
    fn parse(line: &str) -> Result<Entry, &'static str> {
        let mut words = line.split_whitespace();
        let mut word = || words.next().ok_or("expected host names, key type and key");
        let first = word()?;
        let (marker, names) = if first.starts_with('@') { (first, word()?) } else { ("", first) };
        let marker = match marker {
            "" => Marker::Plain,
            "@revoked" => Marker::Revoked,
            "@cert-authority" => Marker::Authority,
            _ => return Err("unknown marker, expected @revoked or @cert-authority"),
        };
        let patterns = names.parse().map_err(drop).or(Err("malformed host names"))?;
        let (kind, data) = (word()?, word()?);
        let key = match PublicKey::from_openssh(&format!("{kind} {data}")) {
            Ok(key) => Some(key),
            // An unreadable @revoked line must not silently revoke nothing.
            Err(_) if marker == Marker::Revoked => return Err("this revoked key cannot be read"),
            Err(_) if !SUPPORTED.contains(&kind) => None,
            Err(_) => return Err("malformed key"),
        };
        Ok(Entry { marker, patterns, key })
    }

    /// The entry's names, if all of them can be compared as they are.
    fn plain_names(&self) -> Option<impl Iterator<Item = &String>> {
        match &self.patterns {
            HostPatterns::Patterns(patterns) => {
                let plain = |pattern: &String| !pattern.starts_with('!') && !pattern.contains(['*', '?']);
                patterns.iter().all(plain).then(|| patterns.iter())
            }
            HostPatterns::HashedName { .. } => None,
        }
    }

    fn names_only(&self, name: &str) -> bool {
        match &self.patterns {
            HostPatterns::Patterns(patterns) => patterns.len() == 1 && patterns[0].to_lowercase() == name,
            HostPatterns::HashedName { .. } => self.names(name),
        }
    }

    fn names(&self, name: &str) -> bool {
        match &self.patterns {
            HostPatterns::Patterns(patterns) => {
                let (negated, wanted): (Vec<_>, Vec<_>) = patterns.iter().partition(|p| p.starts_with('!'));
                let matches = |pattern: &str| wildcard_match(&pattern.to_lowercase(), name);
                wanted.iter().any(|p| matches(p)) && !negated.iter().any(|p| matches(&p[1..]))
            }
            HostPatterns::HashedName { salt, hash } => {
                let mut hmac = Hmac::<Sha1>::new_from_slice(salt).expect("HMAC takes keys of any length");
                hmac.update(name.as_bytes());
                hmac.verify_slice(hash).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests;
