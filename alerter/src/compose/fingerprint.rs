//! A hash over a list of texts.

use sha2::{Digest, Sha256};

/// A SHA-256 that grows field by field.
#[derive(Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a field, with its length: two lists of fields never read the same.
    pub(super) fn field(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    /// Adds a number.
    pub(super) fn number(&mut self, number: impl ToString) {
        self.field(&number.to_string());
    }

    /// The first 26 hexadecimal digits: 104 bits.
    pub(super) fn digits(self) -> String {
        self.0.finalize().iter().take(13).map(|byte| format!("{byte:02x}")).collect()
    }
}
