//! Turns a sample into an envelope.

use envelope::{MAX_PLAINTEXT, Place, PublicKey};
use sample::{Sample, SpoolId};

use crate::error::ProbeError;
use crate::measure::fullest_first;

/// What an envelope adds to a sample, at most: header, a key wrapped by RSA-4096, nonce, tag.
pub(crate) const FRAME: u64 = 1024;

/// A sample as bytes that fit into an envelope.
pub(crate) struct Letter<'a> {
    key: &'a PublicKey,
    host: String,
    plaintext: Vec<u8>,
}

impl<'a> Letter<'a> {
    /// Encodes the sample. If hundreds of mount points with long names make it too long, the emptiest stay out.
    pub(crate) fn new(key: &'a PublicKey, mut sample: Sample) -> Letter<'a> {
        let mut plaintext = sample.encode();
        while let Some(mounts) = sample.readings.filesystems.as_mut().filter(|mounts| !mounts.is_empty())
            && plaintext.len() > MAX_PLAINTEXT
        {
            mounts.sort_by(fullest_first);
            // An eighth at a time: few encodings, and few that would have fitted.
            mounts.truncate(mounts.len() / 8 * 7);
            plaintext = sample.encode();
        }
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
        assert_eq!(told.len(), 56, "63 would fit");
        let told_of = |n: usize| told.iter().any(|fs| *fs == mount(n));
        assert!((480..512).all(told_of) && told_of(300), "the fullest, by space or by inodes");
    }
}
