//! An OpenSSH user certificate: what a certificate authority says about a key.

use std::path::{Path, PathBuf};

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Certificate, PublicKey};
use sample::{Timestamp, Untrusted};

/// A user certificate, as it lies in a file.
#[derive(Debug)]
pub struct UserCertificate {
    pub(super) certificate: Certificate,
    path: PathBuf,
}

/// The file is no certificate this program can log in with.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It can't be read.
    #[error("certificate-file {}: {found}", path.display())]
    NotACertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// It certifies another key than the one to log in with.
    #[error("certificate-file {} certifies {certified}, but the key is {key}", path.display())]
    OfAnotherKey {
        /// The file.
        path: PathBuf,
        /// The fingerprint of the key it is for.
        certified: String,
        /// The fingerprint of the key there is.
        key: String,
    },
}

impl UserCertificate {
    /// Takes the certificate in `text`, one line as ssh-keygen writes it.
    ///
    /// # Errors
    /// It is none, or one for hosts. `path` is named in the message.
    pub fn from_text(text: &str, path: &Path) -> Result<UserCertificate, CertificateError> {
        let not = |found: String| CertificateError::NotACertificate { path: path.to_owned(), found };
        let certificate = Certificate::from_openssh(text.trim_end());
        let certificate = certificate.map_err(|error| not(format!("not an OpenSSH certificate: {error}")))?;
        match certificate.cert_type() {
            CertType::User => Ok(UserCertificate { certificate, path: path.to_owned() }),
            CertType::Host => Err(not("it is a certificate for hosts, not for users".to_owned())),
        }
    }

    /// Checks that it certifies this key.
    ///
    /// # Errors
    /// It certifies another one.
    pub fn check_certifies(&self, key: &PublicKey) -> Result<(), CertificateError> {
        if self.certificate.public_key() == key.key_data() {
            return Ok(());
        }
        let certified = self.certificate.public_key().fingerprint(Default::default()).to_string();
        let key = super::fingerprint(key);
        Err(CertificateError::OfAnotherKey { path: self.path.clone(), certified, key })
    }
}

/// Why this server would say that the certificate does not let `user` in at that time; none if nothing speaks against
/// it. The host decides, by its own clock.
pub(super) fn objection(certificate: &Certificate, user: &str, now: Timestamp) -> Option<String> {
    let seconds = u64::try_from(now.as_millis() / 1000).unwrap_or(0);
    let principals = certificate.valid_principals();
    if seconds >= certificate.valid_before() {
        Some(format!("expired at {}", shown(certificate.valid_before())))
    } else if seconds < certificate.valid_after() {
        Some(format!("not valid before {}", shown(certificate.valid_after())))
    } else if !principals.is_empty() && !principals.iter().any(|principal| principal == user) {
        Some(format!("made out to {}", Untrusted(&principals.join(", "))))
    } else {
        None
    }
}

fn shown(seconds: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000))
}
