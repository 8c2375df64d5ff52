//! Turns a sample into an envelope.

mod shorten;

use envelope::{MAX_PLAINTEXT, Place, PublicKey};
use sample::{Sample, SpoolId};

use crate::error::ProbeError;

/// What an envelope adds to a sample, at most: header, a key wrapped by RSA-4096, nonce, tag.
pub(crate) const FRAME: u64 = 1024;

/// A sample as bytes that fit into an envelope.
pub(crate) struct Letter<'a> {
    key: &'a PublicKey,
    host: String,
    plaintext: Vec<u8>,
}

impl<'a> Letter<'a> {
    /// Encodes the sample. What matters least stays out if it is too long.
    pub(crate) fn new(key: &'a PublicKey, mut sample: Sample) -> Letter<'a> {
        let plaintext = shorten::encode(&mut sample, MAX_PLAINTEXT);
        Letter { key, host: sample.host.into(), plaintext }
    }

    /// The envelope is not longer than this.
    pub(crate) fn size_at_most(&self) -> u64 {
        self.plaintext.len() as u64 + FRAME
    }

    /// The envelope for this place in a spool.
    pub(crate) fn seal(&self, spool: SpoolId, sequence: u64) -> Result<Vec<u8>, ProbeError> {
        let place = Place { spool: spool.0, sequence, host: &self.host };
        envelope::seal(self.key, &place, &self.plaintext).map_err(ProbeError::Seal)
    }
}

#[cfg(test)]
mod tests {
    use envelope::PrivateKey;
    use sample::{Counters, Facts, Filesystem, Readings, SampleId, Timestamp};

    use super::*;

    #[test]
    fn a_host_with_hundreds_of_long_mount_points_is_still_heard_of_the_fullest() {
        let private = PrivateKey::generate().unwrap();
        let key = PublicKey::from_pem(&private.public_pem()).unwrap();
        let mount = |n: usize| Filesystem {
            mount: format!("/{n:0>4000}"),
            fs_type: "ext4".into(),
            size_bytes: 1,
            used_bytes: if n >= 480 { 99 } else { 1 },
            avail_bytes: 100,
            inodes: Some(100),
            inodes_free: Some(if n == 300 { 0 } else { 100 }),
            ..Filesystem::default()
        };
        let sample = Sample {
            id: SampleId([1; 16]),
            host: "web1".parse().unwrap(),
            nonce: None,
            host_time_ms: Timestamp::from_millis(0),
            boot: None,
            facts: Facts::default(),
            readings: Readings { filesystems: Some((0..512).map(mount).collect()), ..Readings::default() },
            counters: Counters::default(),
        };
        let letter = Letter::new(&key, sample);
        let envelope = letter.seal(SpoolId([2; 16]), 7).unwrap();
        assert!(envelope.len() as u64 <= letter.size_at_most());
        let opened = Sample::decode(&envelope::open(&private, "web1", &envelope).unwrap()).unwrap();
        let told = opened.readings.filesystems.unwrap();
        assert_eq!(told.len(), 63, "as many as fit");
        let told_of = |n: usize| told.iter().any(|fs| *fs == mount(n));
        assert!((480..512).all(told_of) && told_of(300), "the fullest, by space or by inodes");
    }
}
