//! Sealing: all that the probe needs.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use rsa::Oaep;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use zeroize::Zeroizing;

use crate::PublicKey;
use crate::format::{CEK_LENGTH, LABEL, MAGIC, MAX_PLAINTEXT, NONCE_LENGTH, SUITE};

/// What an envelope is bound to, besides its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The spool it is kept in.
    pub spool: [u8; 16],
    /// Its number in that spool.
    pub sequence: u64,
    /// The name of the host it is made for. It is not in the envelope, but must be known to open it.
    pub host: &'a str,
}

/// Why bytes could not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More bytes than an envelope holds.
    #[error("{found} bytes are too many to seal, at most {MAX_PLAINTEXT} are allowed")]
    TooLong {
        /// Bytes that were to be sealed.
        found: usize,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes to be had")]
    NoRandom(#[source] getrandom::Error),
}

/// Seals `plaintext` so that only the holder of the private key can read it.
///
/// # Errors
/// When it is longer than [`MAX_PLAINTEXT`], or there are no random bytes.
pub fn seal(key: &PublicKey, place: &Place<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(SealError::TooLong { found: plaintext.len() });
    }
    // A fresh key each time: under one key, two equal nonces would give both plaintexts and the tag key away.
    let mut cek = Zeroizing::new([0; CEK_LENGTH]);
    getrandom::fill(&mut *cek).map_err(SealError::NoRandom)?;
    let mut nonce = [0; NONCE_LENGTH];
    getrandom::fill(&mut nonce).map_err(SealError::NoRandom)?;

    let mut envelope = header(key, place, &wrap(key, &cek));
    let aad = [&envelope, place.host.as_bytes()].concat();
    let ciphertext = Aes256Gcm::new((&*cek).into())
        .encrypt(&nonce.into(), Payload { msg: plaintext, aad: &aad })
        .expect("AES-GCM takes 64 GiB, an envelope 256 KiB");
    let ciphertext_length = u32::try_from(ciphertext.len()).expect("at most 256 KiB");
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&ciphertext_length.to_be_bytes());
    envelope.extend_from_slice(&ciphertext);
    Ok(envelope)
}

fn wrap(key: &PublicKey, cek: &[u8; CEK_LENGTH]) -> Vec<u8> {
    let padding = Oaep::new_with_label::<Sha256, _>(LABEL);
    key.rsa.encrypt(&mut OsRng, padding, cek).expect("OAEP input is 32 bytes, a checked key takes at least 190")
}

fn header(key: &PublicKey, place: &Place<'_>, wrapped: &[u8]) -> Vec<u8> {
    let wrapped_length = u16::try_from(wrapped.len()).expect("a checked key wraps to at most 512 bytes");
    let fields: [&[u8]; 7] = [
        &MAGIC,
        &[SUITE],
        &key.id(),
        &place.spool,
        &place.sequence.to_be_bytes(),
        &wrapped_length.to_be_bytes(),
        wrapped,
    ];
    fields.concat()
}
