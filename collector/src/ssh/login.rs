//! Logging in: one connection, each method once, never again after a refusal (servers lock accounts and addresses).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::Secret;
use russh::client::AuthResult;
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};
use russh::{MethodKind, MethodSet};
use tokio::time::timeout;

use super::algorithms::is_rsa;
use super::connect::Session;
use crate::Failure;

/// How to log in to a host. At least one of key and password is there.
#[derive(Clone)]
pub struct Login {
    /// The account.
    pub username: String,
    /// Tried first.
    pub key: Option<Arc<Identity>>,
    /// Tried if the key is refused and the host takes passwords.
    pub password: Option<Arc<Secret>>,
}

/// A private key to log in with.
pub struct Identity(Arc<PrivateKey>);

/// The file is no key this program can log in with.
#[derive(Debug, thiserror::Error)]
#[error("identity-file {path}: {found}")]
pub struct IdentityError {
    path: PathBuf,
    found: String,
}

impl Identity {
    /// Takes the private key in `text`: OpenSSH, PKCS#8, PKCS#1, SEC1 or PuTTY format, without passphrase.
    ///
    /// # Errors
    /// It is encrypted, or no private key. `path` is named in the message.
    pub fn from_text(text: &str, path: &Path) -> Result<Identity, IdentityError> {
        let found = match decode_secret_key(text, None) {
            Ok(key) if key.is_encrypted() => "the key has a passphrase, which cron could not type".to_owned(),
            Ok(key) => return Ok(Identity(Arc::new(key))),
            Err(russh::keys::Error::KeyIsEncrypted) => "the key has a passphrase, which cron could not type".to_owned(),
            Err(error) => format!("not a private key: {error}"),
        };
        Err(IdentityError { path: path.to_owned(), found })
    }
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// The host refuses, is too slow, or the connection ends.
    pub async fn log_in(&mut self, login: &Login, limit: Duration) -> Result<(), Failure> {
        timeout(limit, self.try_methods(login)).await.map_err(|_elapsed| Failure::AuthTimeout(limit))?
    }

    async fn try_methods(&mut self, login: &Login) -> Result<(), Failure> {
        let mut tried = Vec::new();
        // What the host takes is known after the first refusal.
        let mut offered = MethodSet::empty();
        if let Some(identity) = &login.key {
            match self.try_key(login, identity).await? {
                Answer::Welcome => return Ok(()),
                Answer::Refused(methods) => offered = methods,
            }
            tried.push("publickey");
        }
        if let Some(password) = &login.password
            && (tried.is_empty() || offered.contains(&MethodKind::Password))
        {
            let result = self.handle.authenticate_password(&login.username, password.expose()).await;
            match self.answer(result)? {
                Answer::Welcome => return Ok(()),
                Answer::Refused(methods) => offered = methods,
            }
            tried.push("password");
        }
        let offered: Vec<&str> = offered.iter().map(<&str>::from).collect();
        let tried = format!("{}; the host takes {}", tried.join(", "), offered.join(", "));
        Err(Failure::AuthRefused { user: login.username.clone(), tried })
    }

    async fn try_key(&mut self, login: &Login, identity: &Identity) -> Result<Answer, Failure> {
        // Which signatures the host takes matters for RSA keys alone, and asking can take a second.
        let hash = match is_rsa(&identity.0.algorithm()) {
            true => self.handle.best_supported_rsa_hash().await.ok().flatten().flatten(),
            false => None,
        };
        let key = PrivateKeyWithHashAlg::new(identity.0.clone(), hash);
        let result = self.handle.authenticate_publickey(&login.username, key).await;
        self.answer(result)
    }

    fn answer(&self, result: Result<AuthResult, russh::Error>) -> Result<Answer, Failure> {
        const PHASE: &str = "during the login";
        match result {
            Ok(AuthResult::Success) => Ok(Answer::Welcome),
            // russh reports a connection that ended in the same way, with no methods left.
            Ok(AuthResult::Failure { remaining_methods, .. }) if remaining_methods.is_empty() && self.is_lost() => {
                Err(Failure::SessionLost { phase: PHASE })
            }
            Ok(AuthResult::Failure { remaining_methods, .. }) => Ok(Answer::Refused(remaining_methods)),
            Err(_) => Err(Failure::SessionLost { phase: PHASE }),
        }
    }
}

enum Answer {
    Welcome,
    Refused(MethodSet),
}
