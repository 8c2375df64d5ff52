//! The bytes of an envelope: where each field lies. No key is used here.

use std::ops::RangeInclusive;

/// The most bytes of ciphertext, tag included, that an envelope may hold.
pub const MAX_CIPHERTEXT: usize = 256 * 1024;

/// The most bytes that can be sealed.
pub const MAX_PLAINTEXT: usize = MAX_CIPHERTEXT - TAG_LENGTH;

/// Names the protocol inside the wrapped key, so that a key wrapped for another purpose is no key here.
pub(crate) const LABEL: &str = "fleet-health/FHE1";

pub(crate) const MAGIC: [u8; 4] = *b"FHE1";
pub(crate) const SUITE: u8 = 1;
pub(crate) const CEK_LENGTH: usize = 32;
pub(crate) const NONCE_LENGTH: usize = 12;
pub(crate) const TAG_LENGTH: usize = 16;
/// The moduli of RSA keys of 2048 to 4096 bits, in bytes.
const WRAPPED_LENGTHS: RangeInclusive<usize> = 256..=512;

/// What an envelope says of itself in plain text. Nothing vouches for it before [`open`](crate::open) succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// SHA-256 of the SubjectPublicKeyInfo of the key it is sealed to.
    pub key_id: [u8; 32],
    /// The spool it was kept in.
    pub spool: [u8; 16],
    /// Its number in that spool.
    pub sequence: u64,
    /// Bytes of the whole envelope.
    pub len: usize,
}

/// Why bytes are not an envelope that this key opens.
///
/// It tells classes on purpose: whether the key, the tag or the name did not fit is nobody's to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes end before the envelope does.
    #[error("the envelope is cut short")]
    TooShort,
    /// The bytes do not begin as an envelope of any version.
    #[error("not an envelope")]
    NotAnEnvelope,
    /// A later or earlier format.
    #[error("envelope of version {0}, only version 1 is known")]
    UnsupportedVersion(u8),
    /// This format, with other algorithms.
    #[error("envelope of suite {0}, only suite 1 is known")]
    UnsupportedSuite(u8),
    /// Sealed to another key.
    #[error("the envelope is sealed to another key")]
    UnknownKey,
    /// Altered, or made for another host or place.
    #[error("the envelope is damaged or was made for another host")]
    Damaged,
}

impl Header {
    /// Reads the header of `bytes`, which must be exactly one envelope.
    ///
    /// # Errors
    /// As [`open`](crate::open), as far as that can be told without a key.
    pub fn parse(bytes: &[u8]) -> Result<Header, OpenError> {
        Ok(Parts::of_one(bytes)?.header)
    }

    /// Reads the header of the first of several envelopes that follow each other; the next begins at its `len`.
    ///
    /// # Errors
    /// As [`open`](crate::open), as far as that can be told without a key.
    pub fn parse_prefix(bytes: &[u8]) -> Result<Header, OpenError> {
        Ok(Parts::of_first(bytes)?.header)
    }
}

/// The fields of one envelope, none of them verified.
#[cfg_attr(not(feature = "open"), expect(dead_code, reason = "without a private key only the header is of use"))]
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    /// Everything before the nonce.
    pub(crate) authenticated: &'a [u8],
    pub(crate) wrapped: &'a [u8],
    pub(crate) nonce: &'a [u8; NONCE_LENGTH],
    pub(crate) ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(crate) fn of_one(bytes: &'a [u8]) -> Result<Parts<'a>, OpenError> {
        let parts = Parts::of_first(bytes)?;
        if parts.header.len != bytes.len() {
            return Err(OpenError::Damaged);
        }
        Ok(parts)
    }

    fn of_first(bytes: &'a [u8]) -> Result<Parts<'a>, OpenError> {
        let mut rest = bytes;
        check_magic(take(&mut rest)?)?;
        let [suite] = *take(&mut rest)?;
        if suite != SUITE {
            return Err(OpenError::UnsupportedSuite(suite));
        }
        let key_id = *take(&mut rest)?;
        let spool = *take(&mut rest)?;
        let sequence = u64::from_be_bytes(*take(&mut rest)?);
        let wrapped_length = usize::from(u16::from_be_bytes(*take(&mut rest)?));
        if !WRAPPED_LENGTHS.contains(&wrapped_length) {
            return Err(OpenError::Damaged);
        }
        let wrapped = take_slice(&mut rest, wrapped_length)?;
        let authenticated = &bytes[..bytes.len() - rest.len()];
        let nonce = take(&mut rest)?;
        let ciphertext_length = u32::from_be_bytes(*take(&mut rest)?) as usize;
        if !(TAG_LENGTH..=MAX_CIPHERTEXT).contains(&ciphertext_length) {
            return Err(OpenError::Damaged);
        }
        let ciphertext = take_slice(&mut rest, ciphertext_length)?;
        let header = Header { key_id, spool, sequence, len: bytes.len() - rest.len() };
        Ok(Parts { header, authenticated, wrapped, nonce, ciphertext })
    }
}

fn check_magic(found: &[u8; 4]) -> Result<(), OpenError> {
    match *found {
        MAGIC => Ok(()),
        [b'F', b'H', b'E', version @ b'0'..=b'9'] => Err(OpenError::UnsupportedVersion(version - b'0')),
        _ => Err(OpenError::NotAnEnvelope),
    }
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], OpenError> {
    let (field, behind) = rest.split_first_chunk().ok_or(OpenError::TooShort)?;
    *rest = behind;
    Ok(field)
}

fn take_slice<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], OpenError> {
    let (field, behind) = rest.split_at_checked(length).ok_or(OpenError::TooShort)?;
    *rest = behind;
    Ok(field)
}
