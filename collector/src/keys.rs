//! The key pair that envelopes are sealed to: `keys/collector.pem` in the state folder.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use config::{SecretError, SecretSource};
use envelope::PrivateKey;
use sample::KeyId;

/// The pair, in memory.
pub struct KeyPair {
    /// Opens envelopes.
    pub private: PrivateKey,
    /// Its id, as envelopes and hosts name it.
    pub id: KeyId,
    /// What is pushed to hosts.
    pub public_pem: String,
}

/// The key pair can't be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyPairError {
    /// There is none.
    #[error("no key at {0}")]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} exists; a new key would make envelopes that wait on the hosts unreadable")]
    Exists(PathBuf),
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
            KeyPairError::Exists(_) | KeyPairError::Malformed { .. } | KeyPairError::Io { .. } => None,
        }
    }
}

/// Reads the pair from the state folder.
///
/// # Errors
/// There is none, others can read it, or it is malformed.
pub fn load(state_dir: &Path) -> Result<KeyPair, KeyPairError> {
    let path = private_path(state_dir);
    if fs::metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Err(KeyPairError::Missing(path));
    }
    let pem = SecretSource::File(path.clone()).read()?;
    let private = PrivateKey::from_pem(pem.expose()).map_err(|source| KeyPairError::Malformed { path, source })?;
    let (id, public_pem) = (KeyId(private.id()), private.public_pem());
    Ok(KeyPair { private, id, public_pem })
}

/// Makes a pair in the state folder and returns its id.
///
/// # Errors
/// There is one already, or the folder can't be written.
pub fn generate(state_dir: &Path) -> Result<KeyId, KeyPairError> {
    let path = private_path(state_dir);
    let dir = state_dir.join("keys");
    DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(io_error(&dir))?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(io_error(&dir))?;
    if path.exists() {
        return Err(KeyPairError::Exists(path));
    }
    let private = PrivateKey::generate().map_err(|source| KeyPairError::Malformed { path: path.clone(), source })?;
    let id = KeyId(private.id());
    write_new(&dir.join(format!("{id}.pub")), private.public_pem().as_bytes(), 0o644)?;
    write_new(&path, private.to_pem().as_bytes(), 0o600)?;
    fs::File::open(&dir).and_then(|dir| dir.sync_all()).map_err(io_error(&dir))?;
    Ok(id)
}

/// Where the private key lies.
pub fn private_path(state_dir: &Path) -> PathBuf {
    state_dir.join("keys/collector.pem")
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
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_made_private_once_and_read_back() {
        let state = tempfile::tempdir().unwrap();
        let id = generate(state.path()).unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(private_path(state.path())), 0o600);
        assert_eq!(mode(state.path().join("keys")), 0o700);
        assert_eq!(load(state.path()).unwrap().id, id);
        let before = fs::read(private_path(state.path())).unwrap();
        assert!(matches!(generate(state.path()), Err(KeyPairError::Exists(_))));
        assert_eq!(fs::read(private_path(state.path())).unwrap(), before);
    }

    #[test]
    fn a_key_others_can_read_is_refused_with_the_chmod_that_mends_it() {
        let state = tempfile::tempdir().unwrap();
        generate(state.path()).unwrap();
        let path = private_path(state.path());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = load(state.path()).err().unwrap();
        assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", path.display()));
    }

    #[test]
    fn a_missing_key_is_told_with_the_command_that_makes_one() {
        let state = tempfile::tempdir().unwrap();
        let error = load(state.path()).err().unwrap();
        assert!(error.hint().unwrap().contains("fleet-collector keygen"));
    }
}
