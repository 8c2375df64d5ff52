//! Passwords: where they are, and how they are read without being shown.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::access::{self, Refusal};

const MAX_BYTES: u64 = 64 * 1024;

/// A password. It can't be printed or serialised, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a password.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The password itself: for the protocol that sends it, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a password is.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// In config.xml itself.
    Inline(Secret),
    /// In a file that others can't read; one trailing line break does not belong to it.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// A password can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not safe.
    #[error("{}: {refusal}", path.display())]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// Why not.
        refusal: Refusal,
    },
    /// The file holds no password.
    #[error("{}: {problem}", path.display())]
    NotAPassword {
        /// The file.
        path: PathBuf,
        /// What it holds.
        problem: &'static str,
    },
    /// There is no such variable.
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    /// The variable holds no password.
    #[error("the environment variable {variable} {problem}")]
    NotAPasswordInEnv {
        /// The variable.
        variable: String,
        /// What it holds.
        problem: &'static str,
    },
}

impl SecretError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            SecretError::Unsafe { path, refusal } => refusal.hint(path),
            SecretError::NotSet(variable) => {
                Some(format!("set {variable} where the program is started, in a crontab too"))
            }
            SecretError::Unreadable { .. }
            | SecretError::NotAPassword { .. }
            | SecretError::NotAPasswordInEnv { .. } => None,
        }
    }
}

impl SecretSource {
    /// The password.
    ///
    /// # Errors
    /// The file is missing, empty or open to others; the variable is not set or empty.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            SecretSource::Inline(secret) => Ok(secret.clone()),
            SecretSource::File(path) => from_file(path),
            SecretSource::Env(variable) => from_variable(variable, std::env::var_os(variable)),
        }
    }
}

/// Checks that a file with a password or a private key is readable for us and closed to others.
///
/// # Errors
/// It can't be opened, is not a file, belongs to somebody else, or others may read or write it.
pub fn check_secret_file(path: &Path) -> Result<(), SecretError> {
    open(path).map(drop)
}

fn open(path: &Path) -> Result<access::Opened, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let opened = access::open(path).map_err(unreadable)?;
    match opened.refusal().or_else(|| opened.readable_by_others()) {
        Some(refusal) => Err(SecretError::Unsafe { path: path.to_owned(), refusal }),
        None => Ok(opened),
    }
}

fn from_file(path: &Path) -> Result<Secret, SecretError> {
    let bytes = open(path)?.read(MAX_BYTES);
    let bytes = bytes.map_err(|source| SecretError::Unreadable { path: path.to_owned(), source })?;
    let not_a_password = |problem| SecretError::NotAPassword { path: path.to_owned(), problem };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(not_a_password("more than 64 KiB are no password"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_shows_bytes| not_a_password("the password is not UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() { Err(not_a_password("the file is empty")) } else { Ok(Secret::new(text.to_owned())) }
}

fn from_variable(variable: &str, value: Option<OsString>) -> Result<Secret, SecretError> {
    let value = value.ok_or_else(|| SecretError::NotSet(variable.to_owned()))?;
    let unusable = |problem| SecretError::NotAPasswordInEnv { variable: variable.to_owned(), problem };
    let text = value.into_string().map_err(|_shows_it| unusable("is not UTF-8"))?;
    if text.is_empty() { Err(unusable("is empty")) } else { Ok(Secret::new(text)) }
}
