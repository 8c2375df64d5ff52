//! A key pair to log in with, as it lies in a file: the private half, or the public half of a key that an agent holds.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::Secret;
use russh::keys::{PrivateKey, PublicKey, decode_secret_key};

/// A key pair to log in with.
#[derive(Debug)]
pub struct Identity {
    path: PathBuf,
    key: Key,
}

#[derive(Debug)]
enum Key {
    /// It signs.
    Private(Arc<PrivateKey>),
    /// An agent has to sign, because of what the file is.
    Public(PublicKey, Fault),
}

/// The file is no key this program can log in with.
#[derive(Debug, thiserror::Error)]
#[error("identity-file {}: {fault}", path.display())]
pub struct IdentityError {
    path: PathBuf,
    fault: Fault,
}

#[derive(Clone, Debug)]
enum Fault {
    PublicHalf,
    NeedsPassphrase,
    WrongPassphrase,
    OldEncryption,
    NotAKey(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::PublicHalf => f.write_str("this is the public half, which only tells an agent which key is meant"),
            Fault::NeedsPassphrase => f.write_str("the key has a passphrase, which cron could not type"),
            Fault::WrongPassphrase => f.write_str("the passphrase does not open the key"),
            Fault::OldEncryption => f.write_str("the key is encrypted in a way that is not supported"),
            Fault::NotAKey(found) => write!(f, "not a private key: {found}"),
        }
    }
}

impl IdentityError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let path = self.path.display();
        match &self.fault {
            Fault::PublicHalf => {
                let private = self.path.with_extension("");
                Some(format!("name the private key, probably {}", private.display()))
            }
            Fault::NeedsPassphrase => {
                Some("put it into a file of mode 600 and name that with passphrase-file".to_owned())
            }
            Fault::WrongPassphrase => Some(format!("try it by hand: ssh-keygen -y -f {path}")),
            Fault::OldEncryption => Some(format!("rewrite the file in today's format: ssh-keygen -p -f {path}")),
            Fault::NotAKey(_) => None,
        }
    }
}

impl Identity {
    /// Takes the key in `text`: a private key in OpenSSH, PKCS#8, PKCS#1, SEC1 or PuTTY format, opened with the
    /// passphrase if it has one; or a public key in OpenSSH format.
    ///
    /// # Errors
    /// It is no key, or the passphrase is missing or wrong. `path` is named in the message. A missing passphrase is
    /// told by [`Identity::private`] if the public half can be read without it.
    pub fn from_text(text: &str, path: &Path, passphrase: Option<&Secret>) -> Result<Identity, IdentityError> {
        let key = read(text, passphrase).map_err(|fault| IdentityError { path: path.to_owned(), fault })?;
        Ok(Identity { path: path.to_owned(), key })
    }

    /// The private half.
    ///
    /// # Errors
    /// The file shows the public half alone: an agent has to sign.
    pub fn private(&self) -> Result<&Arc<PrivateKey>, IdentityError> {
        match &self.key {
            Key::Private(key) => Ok(key),
            Key::Public(_, fault) => Err(IdentityError { path: self.path.clone(), fault: fault.clone() }),
        }
    }

    /// Whether the file holds a public key.
    pub fn is_public_half(&self) -> bool {
        matches!(self.key, Key::Public(_, Fault::PublicHalf))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        match &self.key {
            Key::Private(key) => key.public_key(),
            Key::Public(key, _) => key,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn read(text: &str, passphrase: Option<&Secret>) -> Result<Key, Fault> {
    if let Ok(key) = PublicKey::from_openssh(text) {
        return Ok(Key::Public(key, Fault::PublicHalf));
    }
    match decode_secret_key(text, None) {
        Ok(key) => return Ok(Key::Private(Arc::new(key))),
        Err(russh::keys::Error::KeyIsEncrypted) => {}
        // russh takes the cipher text of these for a key, and finds it malformed.
        Err(_) if names_cipher(text) => {}
        Err(error) => return Err(Fault::NotAKey(error.to_string())),
    }
    match passphrase {
        Some(passphrase) => open_with(text, passphrase),
        // In OpenSSH's format the public half is not encrypted.
        None => match PrivateKey::from_openssh(text) {
            Ok(key) => Ok(Key::Public(key.public_key().clone(), Fault::NeedsPassphrase)),
            Err(_) => Err(Fault::NeedsPassphrase),
        },
    }
}

fn open_with(text: &str, passphrase: &Secret) -> Result<Key, Fault> {
    if old_cipher(text).is_some_and(|cipher| cipher != "AES-128-CBC") || text.contains("BEGIN EC PRIVATE KEY") {
        return Err(Fault::OldEncryption);
    }
    let key = decode_secret_key(text, Some(passphrase.expose())).map_err(|_wrong_or_damaged| Fault::WrongPassphrase)?;
    Ok(Key::Private(Arc::new(key)))
}

/// Whether the text says of itself that it is encrypted.
fn names_cipher(text: &str) -> bool {
    let putty = text.starts_with("PuTTY-User-Key-File-") && !text.contains("Encryption: none");
    putty || text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || old_cipher(text).is_some()
}

/// The cipher of a PEM file as OpenSSL made them before PKCS#8.
fn old_cipher(text: &str) -> Option<&str> {
    let header = text.lines().find_map(|line| line.strip_prefix("DEK-Info: "))?;
    header.split(',').next()
}
