//! Random and derived identifiers, each its own type so that none can stand in for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not an identifier of the wanted length in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} lower-case hexadecimal digits")]
pub struct ParseIdError {
    expected: usize,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<$name, ParseIdError> {
                let mut bytes = [0; $bytes];
                decode_hex(text, &mut bytes)?;
                Ok($name(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<$name, ParseIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

hex_id! {
    /// SHA-256 of a public key's SubjectPublicKeyInfo: says which private key opens an envelope.
    KeyId, 32
}
hex_id! {
    /// One life of one spool. A spool that is wiped, re-made or restored from a backup gets a new one,
    /// so that an old acknowledgement can't delete new envelopes.
    SpoolId, 16
}
hex_id! {
    /// Random, made with the sample: decides whether a sample that arrives again is the same one.
    SampleId, 16
}
hex_id! {
    /// Random, made by the collector for one visit: proves that an answer belongs to it.
    Nonce, 16
}

fn decode_hex(text: &str, bytes: &mut [u8]) -> Result<(), ParseIdError> {
    let error = ParseIdError { expected: bytes.len() * 2 };
    if text.len() != bytes.len() * 2 {
        return Err(error);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        match (hex_digit(pair[0]), hex_digit(pair[1])) {
            (Some(high), Some(low)) => *byte = high << 4 | low,
            _ => return Err(error),
        }
    }
    Ok(())
}

fn hex_digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = Nonce([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
        assert_eq!(id.to_string(), "00010203040506070809aabbccddeeff");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_lengths_and_alphabets_are_refused() {
        let upper = "00010203040506070809AABBCCDDEEFF";
        for text in ["", "00", "zz010203040506070809aabbccddeeff", upper, "é0010203040506070809aabbccddeef"] {
            assert!(text.parse::<Nonce>().is_err(), "{text}");
        }
    }
}
