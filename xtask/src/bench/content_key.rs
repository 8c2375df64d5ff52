//! FHE1 in two halves: the costly one before the clock starts, the cheap one at the visit.
//!
//! A real host pays for the RSA operation itself. Here hundreds of hosts share a machine with the collector, which
//! would then wait for them. So each host has its content key wrapped beforehand, its own as in life, and a visit
//! leaves AES-GCM over the sample to do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use anyhow::{Context, Result};
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPublicKey};
use sample::{HostName, KeyId, SpoolId};

/// How many keys are wrapped between two lines of progress.
const TOLD_EVERY: usize = 5000;

/// The content key of one host, and the spool it seals for.
pub(super) struct ContentKey {
    key: [u8; 32],
    wrapped: Vec<u8>,
    pub(super) spool: SpoolId,
}

/// Makes and wraps a key for each host, on all cores.
///
/// # Errors
/// There are no random bytes, or the public key can't wrap.
pub(super) fn wrap_all(public: &RsaPublicKey, hosts: usize) -> Result<Vec<ContentKey>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let done = AtomicUsize::new(0);
    let share = |core: usize| {
        let some = (core..hosts).step_by(cores);
        some.map(|_| ContentKey::wrap(public).inspect(|_| tell(&done, hosts))).collect::<Result<Vec<_>>>()
    };
    thread::scope(|scope| {
        let shares: Vec<_> = (0..cores).map(|core| scope.spawn(move || share(core))).collect();
        let mut all = Vec::with_capacity(hosts);
        for share in shares {
            all.extend(share.join().expect("wrapping a key does not panic")?);
        }
        Ok(all)
    })
}

fn tell(done: &AtomicUsize, hosts: usize) {
    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
    if done.is_multiple_of(TOLD_EVERY) {
        eprintln!("wrapped {done} of {hosts} content keys");
    }
}

impl ContentKey {
    fn wrap(public: &RsaPublicKey) -> Result<ContentKey> {
        let (mut key, mut spool) = ([0; 32], SpoolId([0; 16]));
        getrandom::fill(&mut key).and_then(|()| getrandom::fill(&mut spool.0)).context("no random bytes for a key")?;
        let padding = Oaep::new_with_label::<Sha256, _>("fleet-health/FHE1");
        let wrapped = public.encrypt(&mut OsRng, padding, &key).context("cannot wrap a content key")?;
        Ok(ContentKey { key, wrapped, spool })
    }

    /// The envelope, the first of its spool; the format is described at the top of the crate `envelope`.
    ///
    /// # Errors
    /// There are no random bytes.
    pub(super) fn seal(&self, sealed_to: KeyId, host: &HostName, plaintext: &[u8]) -> Result<Vec<u8>> {
        let sequence: u64 = 1;
        let wrapped_length = u16::try_from(self.wrapped.len()).context("the wrapped key is too long")?;
        let header: [&[u8]; 6] = [
            b"FHE1\x01",
            &sealed_to.0,
            &self.spool.0,
            &sequence.to_be_bytes(),
            &wrapped_length.to_be_bytes(),
            &self.wrapped,
        ];
        let mut envelope = header.concat();
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).context("no random bytes for a nonce")?;
        let aad = [&envelope, host.as_str().as_bytes()].concat();
        let sealed = Aes256Gcm::new((&self.key).into()).encrypt(&nonce.into(), Payload { msg: plaintext, aad: &aad });
        let sealed = sealed.expect("AES-GCM takes 64 GiB, a sample has a kilobyte or two");
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&u32::try_from(sealed.len()).context("the sample is too long")?.to_be_bytes());
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use envelope::{PrivateKey, open};
    use rsa::pkcs8::DecodePublicKey;

    use super::*;

    #[test]
    fn the_collectors_key_opens_what_is_sealed_in_two_halves() {
        let private = PrivateKey::generate().unwrap();
        let public = RsaPublicKey::from_public_key_pem(&private.public_pem()).unwrap();
        let keys = wrap_all(&public, 3).unwrap();
        assert_eq!(keys.len(), 3);
        for key in &keys {
            let envelope = key.seal(KeyId(private.id()), &"h00001".parse().unwrap(), b"a sample").unwrap();
            assert_eq!(open(&private, "h00001", &envelope).unwrap().as_slice(), b"a sample");
        }
        assert_ne!(keys[0].key, keys[1].key, "each host has a key of its own");
    }
}
