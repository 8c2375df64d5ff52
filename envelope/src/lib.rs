//! FHE1: seals bytes to a public key and opens them with the private one.
//!
//! A host's measurements lie on its disk and pass through its shell before they come home. They are sealed
//! where they are taken, so that all of them but the moment of measuring can be read by the holder of the
//! private key alone. This crate turns bytes into bytes: it knows neither samples nor hosts nor files.
//!
//! # Format
//!
//! Numbers are big endian. The lengths must add up exactly: an envelope has no byte left over.
//!
//! | bytes | field | |
//! |---|---|---|
//! | 4 | magic | `FHE1`; another version has another last digit |
//! | 1 | suite | 1: RSA-OAEP and AES-256-GCM as below |
//! | 32 | key id | SHA-256 of the public key's SubjectPublicKeyInfo in DER |
//! | 16 | spool id | where the envelope was kept |
//! | 8 | sequence | its number there |
//! | 2 | wrapped length | *n*: the RSA modulus in bytes, 256 to 512 |
//! | *n* | wrapped key | RSA-OAEP of 32 random bytes: SHA-256, MGF1 with SHA-256, label `fleet-health/FHE1` |
//! | 12 | nonce | random |
//! | 4 | ciphertext length | *m*: 16 to 262,144, the tag included |
//! | *m* | ciphertext and tag | AES-256-GCM under the wrapped key |
//!
//! The additional data of AES-GCM is every byte before the nonce, then the host's name. The wrapped length says
//! where the first part ends, so no other pair of header and name gives the same bytes. The name itself is not in
//! the envelope: whoever opens it says whose it should be, and an envelope of another host is [`OpenError::Damaged`].
//!
//! Each envelope has a key of its own, so two envelopes can never share a pair of key and nonce.
//!
//! # What it buys
//!
//! - Whoever reads a host's spool, its backups or the connection learns the size of a sample, when it was taken
//!   and for which key, and nothing of what it says.
//! - Any changed, lost or added byte is noticed, and so is an envelope under another host's name or place.
//!
//! # What it does not buy
//!
//! - **It does not say who sealed it.** The key is public: anybody who has it can seal anything, under any host
//!   name. That a sample comes from its host rests on the SSH host key, on the owner of the files there, and on
//!   what the sample itself carries.
//! - It does not stop an envelope from being delivered twice or dropped. Its reader must recognise a repetition.
//! - It does not keep old envelopes secret once the private key is known.
//! - AES-GCM does not commit to its key. With one recipient nobody can make use of that.

mod format;
mod key;
#[cfg(feature = "open")]
mod open;
mod seal;

pub use format::{Header, MAX_CIPHERTEXT, MAX_PLAINTEXT, OpenError};
pub use key::{KeyError, PublicKey, fingerprint};
#[cfg(feature = "open")]
pub use open::{PrivateKey, open};
pub use seal::{Place, SealError, seal};
