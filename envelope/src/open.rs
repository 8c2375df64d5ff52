//! Opening: the collector's side, and the only code that touches a private key.
//!
//! The private operation is aws-lc's, which is constant-time and blinded; `rsa` is not (RUSTSEC-2023-0071).
//! Still, close the connection to a host before its envelopes are opened: it should have nothing to time.

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use rsa::pkcs1;
use rsa::pkcs8::{LineEnding, PrivateKeyInfo, SecretDocument};
use zeroize::Zeroizing;

use crate::format::{CEK_LENGTH, LABEL, Parts};
use crate::key::{check_label, check_size};
use crate::{KeyError, OpenError, PublicKey};

const PRIVATE_LABEL: &str = "PRIVATE KEY";

/// The key that opens envelopes. It is wiped from memory when dropped, and may be used by several threads.
pub struct PrivateKey {
    key: PrivateDecryptingKey,
    unwrapping: OaepPrivateDecryptingKey,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a new RSA key of 3072 bits.
    ///
    /// # Errors
    /// When there are no random bytes or no memory.
    pub fn generate() -> Result<PrivateKey, KeyError> {
        let Ok(key) = PrivateDecryptingKey::generate(KeySize::Rsa3072) else {
            return Err(KeyError::Generate);
        };
        PrivateKey::new(key)
    }

    /// Reads an unencrypted `PRIVATE KEY` (PKCS #8) in PEM.
    ///
    /// # Errors
    /// When the text is not PEM, holds something else, or an RSA key outside 2048 to 4096 bits.
    pub fn from_pem(pem: &str) -> Result<PrivateKey, KeyError> {
        let Ok((label, der)) = SecretDocument::from_pem(pem) else {
            return Err(KeyError::NotPem { expected: PRIVATE_LABEL });
        };
        check_label(label, PRIVATE_LABEL)?;
        let info = PrivateKeyInfo::try_from(der.as_bytes());
        let Ok(Ok(numbers)) = info.map(|info| pkcs1::RsaPrivateKey::try_from(info.private_key)) else {
            return Err(KeyError::NotRsa);
        };
        check_size(&numbers.modulus)?;
        let Ok(key) = PrivateDecryptingKey::from_pkcs8(der.as_bytes()) else {
            return Err(KeyError::NotRsa);
        };
        PrivateKey::new(key)
    }

    fn new(key: PrivateDecryptingKey) -> Result<PrivateKey, KeyError> {
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(&key.public_key()).expect("a valid key has a public half");
        let public = PublicKey::from_der(der.as_ref())?;
        // The clone is a second reference to the same memory, not a second copy of the key.
        let unwrapping = OaepPrivateDecryptingKey::new(key.clone()).expect("a valid key fits OAEP");
        Ok(PrivateKey { key, unwrapping, public })
    }

    /// The key as PEM, as [`PrivateKey::from_pem`] reads it.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.key).expect("a valid key has a DER form");
        let document = SecretDocument::try_from(der.as_ref()).expect("aws-lc writes DER");
        document.to_pem(PRIVATE_LABEL, LineEnding::LF).expect("the label is valid and memory is left")
    }

    /// The public half as PEM: what a host is given.
    pub fn public_pem(&self) -> String {
        self.public.to_pem()
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// SHA-256 of the public half's SubjectPublicKeyInfo in DER: what envelopes call it.
    pub fn id(&self) -> [u8; 32] {
        self.public.id()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Opens exactly one envelope that `host` is said to have made.
///
/// Every failure that needed the private key to be found is the same [`OpenError::Damaged`].
///
/// # Errors
/// When the bytes are no envelope of this version, are sealed to another key, were altered, or were made for
/// another host.
pub fn open(key: &PrivateKey, host: &str, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let parts = Parts::of_one(envelope)?;
    if parts.header.key_id != key.id() {
        return Err(OpenError::UnknownKey);
    }
    let cek = unwrap(key, parts.wrapped)?;
    let aad = [parts.authenticated, host.as_bytes()].concat();
    let opened =
        Aes256Gcm::new((&*cek).into()).decrypt(parts.nonce.into(), Payload { msg: parts.ciphertext, aad: &aad });
    opened.map(Zeroizing::new).or(Err(OpenError::Damaged))
}

fn unwrap(key: &PrivateKey, wrapped: &[u8]) -> Result<Zeroizing<[u8; CEK_LENGTH]>, OpenError> {
    let mut buffer = Zeroizing::new(vec![0; key.unwrapping.min_output_size()]);
    let label = Some(LABEL.as_bytes());
    match key.unwrapping.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut buffer, label) {
        Ok(unwrapped) if unwrapped.len() == CEK_LENGTH => {
            // Copied in place: a moved array would leave a copy on the stack that nobody wipes.
            let mut cek = Zeroizing::new([0; CEK_LENGTH]);
            cek.copy_from_slice(unwrapped);
            Ok(cek)
        }
        Ok(_) | Err(_) => Err(OpenError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! test_key {
        ($name:literal) => {
            include_str!(concat!("../testdata/keys/", $name))
        };
    }

    #[test]
    fn a_key_survives_its_pem() {
        let key = PrivateKey::generate().unwrap();
        let again = PrivateKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.id(), key.id());
        assert_eq!(*again.to_pem(), *key.to_pem());
        assert_eq!(PublicKey::from_pem(&key.public_pem()).unwrap(), *key.public());
    }

    #[test]
    fn both_halves_of_a_foreign_key_have_the_id_of_its_public_der() {
        let private = PrivateKey::from_pem(test_key!("rsa2048.pem")).unwrap();
        let public = PublicKey::from_pem(test_key!("rsa2048.pub")).unwrap();
        assert_eq!(private.id(), public.id());
        // openssl pkey -pubin -in rsa2048.pub -outform DER | sha256sum
        assert_eq!(
            format!("{public:?}"),
            "PublicKey(5f0ab5205c779b99c49b47fe4e006735d4318cbc0e5bb96da157ac54df8f37d7)"
        );
        assert_eq!(public.to_pem(), test_key!("rsa2048.pub"));
    }

    #[test]
    fn a_private_key_is_not_printed() {
        let key = PrivateKey::from_pem(test_key!("rsa2048.pem")).unwrap();
        assert_eq!(format!("{key:?}"), format!("PrivateKey {{ public: {:?}, .. }}", key.public()));
    }

    #[test]
    fn sizes_outside_2048_to_4096_are_refused_on_both_sides() {
        for (bits, private, public) in [
            (1024, test_key!("refused-rsa1024.pem"), test_key!("refused-rsa1024.pub")),
            (2040, test_key!("refused-rsa2040.pem"), test_key!("refused-rsa2040.pub")),
            (4104, test_key!("refused-rsa4104.pem"), test_key!("refused-rsa4104.pub")),
        ] {
            assert_eq!(PrivateKey::from_pem(private).unwrap_err(), KeyError::Size { bits });
            assert_eq!(PublicKey::from_pem(public).unwrap_err(), KeyError::Size { bits });
        }
        for (private, public) in
            [(test_key!("rsa2048.pem"), test_key!("rsa2048.pub")), (test_key!("rsa4096.pem"), test_key!("rsa4096.pub"))]
        {
            assert_eq!(PrivateKey::from_pem(private).unwrap().public(), &PublicKey::from_pem(public).unwrap());
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_refused_by_name() {
        let private = |pem: &str| PrivateKey::from_pem(pem).unwrap_err().to_string();
        assert_eq!(private(test_key!("refused-p256.pem")), "the PEM holds no valid RSA key");
        let encrypted = "the PEM holds a \"ENCRYPTED PRIVATE KEY\", expected a \"PRIVATE KEY\"";
        assert_eq!(private(test_key!("refused-encrypted.pem")), encrypted);
        let pkcs1 = "the PEM holds a \"RSA PRIVATE KEY\", expected a \"PRIVATE KEY\"";
        assert_eq!(private(test_key!("refused-pkcs1.pem")), pkcs1);
        let no_pem = "not a key in PEM: expected one block that begins with -----BEGIN PRIVATE KEY-----";
        for text in ["", "ssh-ed25519 AAAA", &test_key!("rsa2048.pem")[..400]] {
            assert_eq!(private(text), no_pem);
        }
    }

    #[test]
    fn the_two_halves_are_not_taken_for_each_other() {
        let private_for_public = PublicKey::from_pem(test_key!("rsa2048.pem")).unwrap_err();
        assert_eq!(private_for_public, KeyError::WrongLabel { found: "PRIVATE KEY".into(), expected: "PUBLIC KEY" });
        let public_for_private = PrivateKey::from_pem(test_key!("rsa2048.pub")).unwrap_err();
        assert_eq!(public_for_private, KeyError::WrongLabel { found: "PUBLIC KEY".into(), expected: "PRIVATE KEY" });
        assert_eq!(PublicKey::from_pem(test_key!("refused-p256.pub")).unwrap_err(), KeyError::NotRsa);
    }
}
