//! Public keys: what is accepted as one, and how it is named.

use std::fmt;
use std::ops::RangeInclusive;

use rsa::RsaPublicKey;
use rsa::pkcs1::{self, UintRef};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::pkcs8::{Document, EncodePublicKey, LineEnding};
use rsa::sha2::{Digest, Sha256};

/// Smaller ones are broken or soon will be; larger ones cost a busy server seconds per host.
const ALLOWED_BITS: RangeInclusive<usize> = 2048..=4096;

pub(crate) const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// Why a text is not a key that can be used, or a key could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No PEM, or broken PEM.
    #[error("not a key in PEM: expected one block that begins with -----BEGIN {expected}-----")]
    NotPem {
        /// The label that was looked for.
        expected: &'static str,
    },
    /// PEM of something else.
    #[error("the PEM holds a {found:?}, expected a {expected:?}")]
    WrongLabel {
        /// The label it has.
        found: String,
        /// The label that was looked for.
        expected: &'static str,
    },
    /// A key of another algorithm, or no key at all.
    #[error("the PEM holds no valid RSA key")]
    NotRsa,
    /// RSA, of a size that is not allowed.
    #[error("the RSA key has {bits} bits, allowed are 2048 to 4096")]
    Size {
        /// Length of its modulus.
        bits: usize,
    },
    /// The random number generator or the memory failed.
    #[error("an RSA key could not be made")]
    Generate,
}

/// The key that envelopes are sealed to.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) rsa: RsaPublicKey,
    der: Document,
    id: [u8; 32],
}

impl PublicKey {
    /// Reads a `PUBLIC KEY` (SubjectPublicKeyInfo) in PEM.
    ///
    /// # Errors
    /// When the text is not PEM, holds something else, or an RSA key outside 2048 to 4096 bits.
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyError> {
        let Ok((label, der)) = Document::from_pem(pem) else {
            return Err(KeyError::NotPem { expected: PUBLIC_LABEL });
        };
        check_label(label, PUBLIC_LABEL)?;
        PublicKey::from_der(der.as_bytes())
    }

    /// Reads a SubjectPublicKeyInfo.
    pub(crate) fn from_der(der: &[u8]) -> Result<PublicKey, KeyError> {
        let Ok(info) = SubjectPublicKeyInfoRef::try_from(der) else {
            return Err(KeyError::NotRsa);
        };
        // The size is judged before `rsa` sees the key: it would call a large one malformed, and take a small one.
        let key = info.subject_public_key.as_bytes().map(pkcs1::RsaPublicKey::try_from);
        let Some(Ok(key)) = key else {
            return Err(KeyError::NotRsa);
        };
        check_size(&key.modulus)?;
        let Ok(rsa) = RsaPublicKey::try_from(info) else {
            return Err(KeyError::NotRsa);
        };
        // Written anew, so that a key has one id however its file was made.
        let der = rsa.to_public_key_der().expect("an RSA key of at most 4096 bits has a DER form");
        let id = fingerprint(&[der.as_bytes()]);
        Ok(PublicKey { rsa, der, id })
    }

    /// SHA-256 of its SubjectPublicKeyInfo in DER: what envelopes call it.
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// The key as PEM, as [`PublicKey::from_pem`] reads it.
    pub fn to_pem(&self) -> String {
        self.der.to_pem(PUBLIC_LABEL, LineEnding::LF).expect("the label is valid and memory is left")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// SHA-256 over the parts, one after the other: the hash behind key ids, for names that are derived from them.
pub fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

pub(crate) fn check_label(found: &str, expected: &'static str) -> Result<(), KeyError> {
    if found != expected {
        return Err(KeyError::WrongLabel { found: found.to_owned(), expected });
    }
    Ok(())
}

pub(crate) fn check_size(modulus: &UintRef<'_>) -> Result<(), KeyError> {
    let bytes = modulus.as_bytes();
    let bits = bytes.len() * 8 - bytes.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if !ALLOWED_BITS.contains(&bits) {
        return Err(KeyError::Size { bits });
    }
    Ok(())
}
