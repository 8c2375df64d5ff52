use std::sync::OnceLock;

use envelope::{Header, Place, PrivateKey, PublicKey};

use super::*;

struct Spools {
    folder: tempfile::TempDir,
    target: Target,
}

fn key() -> &'static PublicKey {
    static KEY: OnceLock<PublicKey> = OnceLock::new();
    KEY.get_or_init(|| PublicKey::from_pem(&PrivateKey::generate().unwrap().public_pem()).unwrap())
}

fn sealed(spool: SpoolId, sequence: u64, size: usize) -> Vec<u8> {
    envelope::seal(key(), &Place { spool: spool.0, sequence, host: "web1" }, &vec![b' '; size]).unwrap()
}

impl Spools {
    fn new() -> Spools {
        let target = Target::new("web1".parse().unwrap(), key(), sample::Scope::default());
        Spools { folder: tempfile::tempdir().unwrap(), target }
    }

    fn open(&self) -> Spool {
        Spool::open(self.folder.path(), &self.target, None).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(self.target.folder()).join(name)
    }

    /// Seals and keeps one more envelope, as a visit does.
    fn add(&self) -> (SpoolId, u64) {
        let mut spool = self.open();
        let (life, sequence) = spool.reserve(2000).unwrap();
        spool.keep(sequence, &sealed(life, sequence, 10)).unwrap();
        (life, sequence)
    }

    fn acknowledge(&self, spool: SpoolId, through: u64) {
        let mut held = self.open();
        held.acknowledge(&[Acknowledgement { spool, through }]).unwrap();
        held.reserve(2000).unwrap();
    }

    /// The sequence numbers of what is waiting, in order.
    fn waiting(&self) -> Vec<u64> {
        let envelopes = self.open().into_waiting();
        envelopes.iter().map(|bytes| Header::parse(bytes).unwrap().sequence).collect()
    }
}

#[test]
fn what_is_acknowledged_goes_and_the_rest_stays_in_order() {
    let spools = Spools::new();
    let life = [spools.add(), spools.add(), spools.add()][0].0;
    assert_eq!(spools.waiting(), [1, 2, 3]);
    spools.acknowledge(life, 2);
    assert_eq!(spools.waiting(), [3]);
    assert!(!spools.path("00000000000000000002.fhe").exists());
}

#[test]
fn an_acknowledgement_of_another_spool_is_void() {
    let spools = Spools::new();
    spools.add();
    spools.acknowledge(SpoolId([0xee; 16]), 1000);
    assert_eq!(spools.waiting(), [1]);
}

#[test]
fn no_number_comes_twice_after_a_crash_between_counter_and_envelope() {
    let spools = Spools::new();
    let (life, first) = spools.open().reserve(2000).unwrap();
    // The process dies here: nothing was kept under the first number.
    assert_eq!((first, spools.add()), (1, (life, 2)));
}

#[test]
fn a_lost_or_damaged_counter_begins_a_new_life_and_loses_nothing() {
    for damage in [None, Some(""), Some("{\"spool\":\"00\"}"), Some(" ".repeat(5000).as_str())] {
        let spools = Spools::new();
        let old = [spools.add(), spools.add()][0].0;
        match damage {
            None => fs::remove_file(spools.path("counter.json")).unwrap(),
            Some(content) => fs::write(spools.path("counter.json"), content).unwrap(),
        }
        let (new, sequence) = spools.add();
        assert!(new != old && sequence == 3);
        assert_eq!(spools.waiting(), [1, 2, 3], "the older life first");
        spools.acknowledge(old, 1000);
        assert_eq!(spools.waiting(), [1, 2, 3], "which of the old life were handed out is lost with the counter");
        spools.acknowledge(new, 3);
        assert_eq!(spools.waiting(), [] as [u64; 0]);
    }
}

#[test]
fn a_counter_that_went_back_begins_a_new_life() {
    let spools = Spools::new();
    let (old, _) = spools.add();
    let backup = fs::read(spools.path("counter.json")).unwrap();
    spools.add();
    // Restored with the envelopes left as they are: the file with number 2 gives it away.
    fs::write(spools.path("counter.json"), &backup).unwrap();
    let (new, sequence) = spools.add();
    assert!(new != old && sequence == 3);
}

#[test]
fn an_acknowledgement_of_a_number_not_handed_out_yet_is_void_and_begins_a_new_life() {
    let spools = Spools::new();
    let (old, _) = spools.add();
    // The server has seen 7: the whole spool was restored from before.
    spools.acknowledge(old, 7);
    assert_eq!(spools.waiting(), [1]);
    assert_ne!(spools.add().0, old);
}

#[test]
fn of_a_thousand_envelopes_the_oldest_goes_and_is_counted() {
    let spools = Spools::new();
    let (life, _) = spools.add();
    let bytes = sealed(life, 0, 10);
    for sequence in 2..=1000 {
        // Only the number differs; big endian after magic, suite, key id and spool id.
        let mut copy = bytes.clone();
        copy[53..61].copy_from_slice(&u64::to_be_bytes(sequence));
        fs::write(spools.path(&file_name(sequence)), copy).unwrap();
    }
    let counter = Counter { last: 1000, dropped: 4, ..Counter::load(&spools.path("")).unwrap().unwrap() };
    counter.store(&spools.path("")).unwrap();
    assert_eq!(spools.add().1, 1001);
    assert_eq!(spools.waiting(), (2..=1001).collect::<Vec<u64>>());
    assert_eq!(spools.open().dropped(), 5);
}

#[test]
fn beyond_eight_mebibytes_the_oldest_go() {
    let spools = Spools::new();
    let mut spool = spools.open();
    for sequence in 1..=40 {
        let (life, _) = spool.reserve(0).unwrap();
        spool.keep(sequence, &sealed(life, sequence, 250 << 10)).unwrap();
    }
    drop(spool);
    assert_eq!(spools.add().1, 41);
    let left = spools.open();
    let (count, bytes) =
        (left.files.kept.len() as u64, left.files.kept.iter().map(|kept| kept.bytes.len() as u64).sum::<u64>());
    assert!(bytes <= MOST_BYTES && bytes > MOST_BYTES - (256 << 10), "{bytes}");
    assert_eq!(left.dropped(), 41 - count);
}

#[test]
fn damaged_envelopes_are_removed_and_counted_and_foreign_files_are_left_alone() {
    let spools = Spools::new();
    let (life, _) = spools.add();
    fs::write(spools.path("00000000000000000090.fhe"), b"FHE1\x01cut short").unwrap();
    fs::write(spools.path("00000000000000000091.fhe"), sealed(life, 5, 10)).unwrap();
    fs::write(spools.path("00000000000000000092.fhe"), vec![0; 300 << 10]).unwrap();
    fs::create_dir(spools.path("00000000000000000093.fhe")).unwrap();
    fs::write(spools.path("notes.txt"), b"mine").unwrap();
    assert_eq!(spools.add(), (life, 2));
    assert_eq!(spools.waiting(), [1, 2]);
    assert_eq!(spools.open().dropped(), 3);
    assert!(spools.path("notes.txt").exists() && spools.path("00000000000000000093.fhe").exists());
    assert!(!spools.path("00000000000000000092.fhe").exists());
}

#[test]
fn an_envelope_of_a_newer_probe_is_left_for_it_and_its_number_not_given_again() {
    let spools = Spools::new();
    let (life, _) = spools.add();
    let mut newer = sealed(life, 2, 10);
    newer[3] = b'2';
    fs::write(spools.path("00000000000000000002.fhe"), &newer).unwrap();
    assert_eq!(spools.add().1, 3);
    assert_eq!(spools.waiting(), [1, 3]);
    assert_eq!(fs::read(spools.path("00000000000000000002.fhe")).unwrap(), newer);
}

#[test]
fn a_spool_is_held_by_one_probe_at_a_time_and_not_waited_for_without_end() {
    let spools = Spools::new();
    let held = spools.open();
    let again = lock(&spools.path("lock"), Duration::ZERO);
    assert!(matches!(again, Err(SpoolError::Locked)));
    drop(held);
    lock(&spools.path("lock"), Duration::ZERO).unwrap();
}

#[test]
fn its_files_are_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let spools = Spools::new();
    spools.add();
    let mode = |name: &str| fs::metadata(spools.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for name in ["lock", TARGET, "counter.json", "00000000000000000001.fhe"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

mod lives;
mod passed_over;
