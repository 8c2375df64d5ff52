//! The key pairs that envelopes are sealed to, in the state folder:
//!
//! ```text
//! keys/collector.pem         the private key of the current pair
//! keys/former/<id>.pem       private keys of former pairs: hosts may still hold envelopes for them
//! keys/<id>.pub              the public keys of all of them
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use config::{SecretError, SecretSource};
use envelope::PrivateKey;
use sample::wire::{MAX_FORMER, SpoolOwner};
use sample::{HostName, KeyId};

/// Most former keys: with two names for a host, as many former spools as a request may name.
pub const MOST_FORMER_KEYS: usize = (MAX_FORMER - 1) / 2;

/// A pair, in memory.
pub struct KeyPair {
    /// Opens envelopes.
    pub private: PrivateKey,
    /// Its id, as envelopes and hosts name it.
    pub id: KeyId,
    /// What is pushed to hosts.
    pub public_pem: String,
    /// Where the private key lies.
    pub path: PathBuf,
}

/// All pairs that this server has.
pub struct KeyRing {
    /// What hosts seal to now.
    pub current: KeyPair,
    /// What they sealed to before, the oldest first.
    pub former: Vec<KeyPair>,
}

impl KeyRing {
    /// The private key with this id.
    pub fn private(&self, id: KeyId) -> Option<&PrivateKey> {
        let mut all = self.former.iter().chain([&self.current]);
        all.find(|pair| pair.id == id).map(|pair| &pair.private)
    }

    /// The spools a host may have for earlier keys and its earlier name, the oldest first.
    pub fn former_owners(&self, name: &HostName, formerly: Option<&HostName>) -> Vec<SpoolOwner> {
        let owner = |pair: &KeyPair, host: &HostName| SpoolOwner { key: pair.id, host: host.clone() };
        let names = || formerly.into_iter().chain([name]);
        let of_former_keys = self.former.iter().flat_map(|pair| names().map(move |host| owner(pair, host)));
        of_former_keys.chain(formerly.map(|host| owner(&self.current, host))).collect()
    }
}

/// The key pair can't be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyPairError {
    /// There is none.
    #[error("no key at {0}")]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// So many keys were replaced that no request can name the spools of them all.
    #[error("{dir} holds {found} former keys, more than {MOST_FORMER_KEYS} are not possible", dir = dir.display())]
    TooManyFormer {
        /// Their folder.
        dir: PathBuf,
        /// How many there are, or would be.
        found: usize,
    },
    /// The private key can't be read, or others can read it too.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The file is no key of ours.
    #[error("{path}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: envelope::KeyError,
    },
    /// A file can't be read or written.
    #[error("{path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl KeyPairError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            KeyPairError::Missing(_) => Some("make one with: fleet-collector keygen".to_owned()),
            KeyPairError::Secret(error) => error.hint(),
            KeyPairError::Exists(_) => {
                Some("fleet-collector keygen --rotate replaces it and keeps the old one".to_owned())
            }
            KeyPairError::TooManyFormer { .. } => {
                Some("fleet-collector check tells which of them no host needs any more".to_owned())
            }
            KeyPairError::Malformed { .. } | KeyPairError::Io { .. } => None,
        }
    }
}

/// Reads all pairs from the state folder.
///
/// # Errors
/// There is no current one, there are too many former ones, others can read one, or one is malformed.
pub fn load(state_dir: &Path) -> Result<KeyRing, KeyPairError> {
    let path = private_path(state_dir);
    if fs::metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Err(KeyPairError::Missing(path));
    }
    let current = read_pair(path)?;
    let former = former_paths(state_dir)?.into_iter().map(read_pair).collect::<Result<Vec<_>, _>>()?;
    // A rotation that was cut short has kept the current one as a former one already.
    let former: Vec<_> = former.into_iter().filter(|pair| pair.id != current.id).collect();
    if former.len() > MOST_FORMER_KEYS {
        return Err(KeyPairError::TooManyFormer { dir: former_dir(state_dir), found: former.len() });
    }
    Ok(KeyRing { current, former })
}

fn read_pair(path: PathBuf) -> Result<KeyPair, KeyPairError> {
    let pem = SecretSource::File(path.clone()).read()?;
    let private =
        PrivateKey::from_pem(pem.expose()).map_err(|source| KeyPairError::Malformed { path: path.clone(), source })?;
    let (id, public_pem) = (KeyId(private.id()), private.public_pem());
    Ok(KeyPair { private, id, public_pem, path })
}

/// The files of former keys, by the time they were written. Others in that folder are not ours.
fn former_paths(state_dir: &Path) -> Result<Vec<PathBuf>, KeyPairError> {
    let dir = former_dir(state_dir);
    let entries = match fs::read_dir(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io_error(&dir))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io_error(&dir))?;
        let named = entry.file_name().to_str().and_then(|name| name.strip_suffix(".pem")?.parse::<KeyId>().ok());
        if named.is_some() {
            let written = entry.metadata().and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            found.push((written, entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Makes a pair in the state folder and returns its id.
///
/// # Errors
/// There is one already, or the folder can't be written.
pub fn generate(state_dir: &Path) -> Result<KeyId, KeyPairError> {
    let _lock = lock_dir(state_dir)?;
    let path = private_path(state_dir);
    if path.exists() {
        return Err(KeyPairError::Exists(path));
    }
    make_current(state_dir)
}

/// Makes a new pair the current one and keeps the old one as a former one. Returns the ids of both, the new one first.
///
/// At every moment, also after a crash, there is a current key, and the old one is there as well.
///
/// # Errors
/// There is no pair yet, there are too many former ones, or the folder can't be written.
pub fn rotate(state_dir: &Path) -> Result<(KeyId, KeyId), KeyPairError> {
    let _lock = lock_dir(state_dir)?;
    let ring = load(state_dir)?;
    let dir = former_dir(state_dir);
    if ring.former.len() == MOST_FORMER_KEYS {
        return Err(KeyPairError::TooManyFormer { dir, found: ring.former.len() + 1 });
    }
    make_dir(&dir)?;
    let old = ring.current;
    replace(&dir, &former_name(old.id), &old.private)?;
    Ok((make_current(state_dir)?, old.id))
}

fn make_current(state_dir: &Path) -> Result<KeyId, KeyPairError> {
    let (dir, path) = (state_dir.join("keys"), private_path(state_dir));
    let private = PrivateKey::generate().map_err(|source| KeyPairError::Malformed { path, source })?;
    let id = KeyId(private.id());
    write_new(&dir.join(format!("{id}.pub")), private.public_pem().as_bytes(), 0o644)?;
    replace(&dir, CURRENT, &private)?;
    Ok(id)
}

/// Writes a private key so that after a crash at any point the file has its old content or the new.
fn replace(dir: &Path, name: &str, private: &PrivateKey) -> Result<(), KeyPairError> {
    let (path, unfinished) = (dir.join(name), dir.join(".unfinished"));
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(&unfinished)(error)),
        Ok(()) | Err(_) => {}
    }
    write_new(&unfinished, private.to_pem().as_bytes(), 0o600)?;
    fs::rename(&unfinished, &path).map_err(io_error(&path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error(dir))
}

/// Makes the folder of the keys, and lets one program at a time change it.
fn lock_dir(state_dir: &Path) -> Result<File, KeyPairError> {
    let dir = state_dir.join("keys");
    make_dir(&dir)?;
    let lock = File::open(&dir).and_then(|file| file.lock().map(|()| file));
    lock.map_err(io_error(&dir))
}

fn make_dir(dir: &Path) -> Result<(), KeyPairError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error(dir))?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(io_error(dir))
}

const CURRENT: &str = "collector.pem";

fn former_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("keys/former")
}

/// Where the private key with this id lies once it is a former one.
pub fn former_path(state_dir: &Path, id: KeyId) -> PathBuf {
    former_dir(state_dir).join(former_name(id))
}

fn former_name(id: KeyId) -> String {
    format!("{id}.pem")
}

/// Where the current private key lies.
pub fn private_path(state_dir: &Path) -> PathBuf {
    state_dir.join("keys").join(CURRENT)
}

/// Creates a file that must not exist, with its final mode from the start.
fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), KeyPairError> {
    let created = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    created.and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all())).map_err(|source| {
        let path = path.to_owned();
        match source.kind() == io::ErrorKind::AlreadyExists {
            true => KeyPairError::Exists(path),
            false => KeyPairError::Io { path, source },
        }
    })
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> KeyPairError {
    move |source| KeyPairError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
