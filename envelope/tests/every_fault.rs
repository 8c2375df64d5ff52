//! Faults by the thousand, limits, and what no two envelopes may share.

use std::collections::HashSet;
use std::sync::OnceLock;

use envelope::{Header, MAX_CIPHERTEXT, MAX_PLAINTEXT, OpenError, Place, PrivateKey, PublicKey, SealError, open, seal};

const HOST: &str = "web-1.example.org";
const PLACE: Place<'_> = Place { spool: [7; 16], sequence: 41, host: HOST };
const PLAINTEXT: &[u8] = b"{\"cpu\":12.5}";

/// One key for all tests: making one takes a while.
fn key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate().expect("randomness and memory"))
}

fn sealed(plaintext: &[u8]) -> Vec<u8> {
    seal(key().public(), &PLACE, plaintext).expect("a short plaintext")
}

#[test]
fn what_was_sealed_is_opened() {
    let public = PublicKey::from_pem(&key().public_pem()).unwrap();
    let envelope = seal(&public, &PLACE, PLAINTEXT).unwrap();
    assert_eq!(&*open(key(), HOST, &envelope).unwrap(), PLAINTEXT);
    let header = Header::parse(&envelope).unwrap();
    assert_eq!(header, Header { key_id: public.id(), spool: [7; 16], sequence: 41, len: envelope.len() });
}

#[test]
fn every_flipped_bit_is_refused() {
    let good = sealed(PLAINTEXT);
    for position in 0..good.len() * 8 {
        let mut envelope = good.clone();
        envelope[position / 8] ^= 1 << (position % 8);
        let error = open(key(), HOST, &envelope).expect_err(&format!("bit {position} does not matter"));
        // The key id lies open and is compared; nothing behind it may tell more than its class.
        match position / 8 {
            0..5 => assert_ne!(error, OpenError::Damaged, "bit {position}"),
            5..37 => assert_eq!(error, OpenError::UnknownKey, "bit {position}"),
            _ => assert!(matches!(error, OpenError::Damaged | OpenError::TooShort), "bit {position}: {error}"),
        }
    }
}

#[test]
fn every_cut_and_every_added_byte_is_refused() {
    let good = sealed(PLAINTEXT);
    for length in 0..good.len() {
        assert_eq!(open(key(), HOST, &good[..length]).unwrap_err(), OpenError::TooShort, "{length} bytes");
        assert_eq!(Header::parse_prefix(&good[..length]), Err(OpenError::TooShort), "{length} bytes");
    }
    for byte in 0..=u8::MAX {
        assert_eq!(open(key(), HOST, &[&good[..], &[byte]].concat()).unwrap_err(), OpenError::Damaged);
    }
}

#[test]
fn an_envelope_opens_under_its_own_host_alone() {
    let envelope = sealed(PLAINTEXT);
    for host in ["", "web-2.example.org", "web-1.example.or", "web-1.example.org.", "WEB-1.example.org"] {
        assert_eq!(open(key(), host, &envelope).unwrap_err(), OpenError::Damaged, "{host:?}");
    }
}

#[test]
fn no_two_envelopes_share_a_nonce_or_a_wrapped_key() {
    let mut nonces = HashSet::new();
    let mut wrapped_keys = HashSet::new();
    for _ in 0..500 {
        let envelope = sealed(PLAINTEXT);
        let (wrapped, behind) = envelope[63..].split_at(384);
        assert!(wrapped_keys.insert(wrapped.to_vec()));
        assert!(nonces.insert(behind[..12].to_vec()));
    }
}

#[test]
fn the_longest_plaintext_is_sealed_and_one_byte_more_is_not() {
    let longest = vec![0x5a; MAX_PLAINTEXT];
    let envelope = sealed(&longest);
    assert_eq!(envelope.len(), 63 + 384 + 12 + 4 + MAX_CIPHERTEXT);
    assert_eq!(*open(key(), HOST, &envelope).unwrap(), longest);
    let longer = vec![0x5a; MAX_PLAINTEXT + 1];
    assert_eq!(seal(key().public(), &PLACE, &longer), Err(SealError::TooLong { found: MAX_PLAINTEXT + 1 }));
}

#[test]
fn one_key_opens_in_many_threads() {
    let envelope = sealed(PLAINTEXT);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(&*open(key(), HOST, &envelope).unwrap(), PLAINTEXT));
        }
    });
}
