use std::path::PathBuf;
use std::sync::LazyLock;

use envelope::{Place, PrivateKey, PublicKey, seal};
use sample::wire::AnswerHeader;
use sample::{Boot, Counters, Facts, Readings, SampleId, Timestamp};

use super::*;
use crate::keys::KeyPair;

mod clock;

static KEYS: LazyLock<KeyRing> = LazyLock::new(|| {
    let pair = || {
        let private = PrivateKey::generate().unwrap();
        let (id, public_pem) = (KeyId(private.id()), private.public_pem());
        KeyPair { private, id, public_pem, path: PathBuf::new() }
    };
    KeyRing { current: pair(), former: vec![pair()] }
});
const NONCE: Nonce = Nonce([1; 16]);
const CURRENT: SpoolId = SpoolId([2; 16]);
const OLDER: SpoolId = SpoolId([3; 16]);

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn host() -> HostName {
    "web1".parse().unwrap()
}

fn sample(id: u8, host_time: i64, boot: Option<(&str, u64)>, nonce: Option<Nonce>) -> Sample {
    let boot = boot.map(|(id, elapsed_ms)| Boot { id: id.to_owned(), elapsed_ms });
    let (facts, readings) = (Facts::default(), Readings::default());
    Sample {
        id: SampleId([id; 16]),
        host: host(),
        nonce,
        host_time_ms: at(host_time),
        boot,
        facts,
        readings,
        counters: Counters::default(),
    }
}

fn sealed(spool: SpoolId, sequence: u64, sample: &Sample) -> Vec<u8> {
    sealed_by(&KEYS.current, "web1", (spool, sequence), sample)
}

fn sealed_by(pair: &KeyPair, host: &str, place: (SpoolId, u64), sample: &Sample) -> Vec<u8> {
    let public = PublicKey::from_pem(&pair.public_pem).unwrap();
    let place = Place { spool: place.0.0, sequence: place.1, host };
    seal(&public, &place, &sample.encode()).unwrap()
}

/// An envelope that nobody opens.
fn closed(spool: SpoolId, sequence: u64) -> Vec<u8> {
    let mut bytes = sealed(spool, sequence, &sample(0, 0, None, None));
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

/// It took ten seconds until the answer came, and half a second more until it had come.
fn call() -> Call {
    Call { nonce: NONCE, called: at(89_500), answered: at(99_500), received: at(100_000) }
}

fn open_answer(answer: &Answer) -> Unsealed {
    let host = host();
    unseal(&KEYS, Names { current: &host, former: None }, &call(), answer)
}

fn fresh(sequence: u64) -> Vec<u8> {
    sealed(CURRENT, sequence, &sample(99, 5_000, Some(("now", 1_000)), Some(NONCE)))
}

fn answer(envelopes: &[Vec<u8>], held: u32) -> Answer {
    let envelopes = envelopes.concat();
    let (probe, bytes) = ("0.1.0".to_owned(), envelopes.len() as u64);
    let header =
        AnswerHeader { probe, spool: CURRENT, count: 100, bytes, dropped: 4, held, former: 0, unspooled: None };
    Answer { header, envelopes }
}

fn open_all(envelopes: &[Vec<u8>], held: u32) -> Unsealed {
    open_answer(&answer(envelopes, held))
}

fn through(unsealed: &Unsealed, spool: SpoolId) -> Option<u64> {
    unsealed.spools.iter().find(|progress| progress.spool == spool).and_then(|progress| progress.through)
}

#[test]
fn a_visit_is_fresh_only_with_a_sample_of_its_own_nonce() {
    assert!(open_all(&[fresh(7)], 0).fresh);
    let replayed = sealed(CURRENT, 7, &sample(99, 5_000, None, Some(Nonce([9; 16]))));
    let unsealed = open_all(&[replayed], 0);
    assert!(!unsealed.fresh);
    assert_eq!(unsealed.samples.len(), 1, "an older visit's sample is kept all the same");
}

#[test]
fn envelopes_of_other_hosts_keys_and_none_at_all_are_rejected_by_class() {
    let public = PublicKey::from_pem(&KEYS.current.public_pem).unwrap();
    let foreign = seal(&public, &Place { spool: CURRENT.0, sequence: 1, host: "web2" }, b"{}").unwrap();
    let other_key = PrivateKey::generate().unwrap();
    let other_key = PublicKey::from_pem(&other_key.public_pem()).unwrap();
    let old_key = seal(&other_key, &Place { spool: CURRENT.0, sequence: 2, host: "web1" }, b"{}").unwrap();
    let no_sample = seal(&public, &Place { spool: CURRENT.0, sequence: 3, host: "web1" }, b"{}").unwrap();
    let mut lying = sample(4, 0, None, None);
    lying.host = "web2".parse().unwrap();
    let lying = sealed(CURRENT, 4, &lying);

    let unsealed = open_all(&[foreign, old_key, no_sample, lying, fresh(5), b"FHE1 rubbish".to_vec()], 0);
    let expected =
        [(Rejection::Malformed, 1), (Rejection::UnknownKey, 1), (Rejection::Damaged, 1), (Rejection::InvalidSample, 2)];
    assert_eq!(unsealed.rejected, BTreeMap::from(expected));
    assert_eq!(unsealed.samples.len(), 1);
    assert_eq!(through(&unsealed, CURRENT), Some(5), "the fresh one acknowledges what lies before it");
}

#[test]
fn a_damaged_number_acknowledges_nothing() {
    let mut damaged = fresh(3);
    damaged[4 + 1 + 32 + 16] ^= 0x40; // the sequence number, now enormous
    let unsealed = open_all(&[damaged], 0);
    assert_eq!(unsealed.rejected, BTreeMap::from([(Rejection::Damaged, 1)]));
    assert_eq!(through(&unsealed, CURRENT), None);
}

#[test]
fn while_envelopes_are_held_back_the_fresh_one_is_not_acknowledged() {
    let older = sealed(CURRENT, 3, &sample(1, 1_000, None, None));
    assert_eq!(through(&open_all(&[older.clone(), fresh(9)], 5), CURRENT), Some(3));
    assert_eq!(through(&open_all(&[fresh(9)], 5), CURRENT), None);
    assert_eq!(through(&open_all(&[older, fresh(9)], 0), CURRENT), Some(9));
}

#[test]
fn an_older_life_of_the_spool_is_acknowledged_under_its_own_id() {
    let older = sealed(OLDER, 40, &sample(1, 1_000, None, None));
    let unsealed = open_all(&[older, fresh(1)], 0);
    assert_eq!(through(&unsealed, OLDER), Some(40));
    assert_eq!(through(&unsealed, CURRENT), Some(1));
    let dropped: Vec<_> = unsealed.spools.iter().map(|progress| (progress.spool, progress.dropped)).collect();
    assert_eq!(dropped, [(CURRENT, 4), (OLDER, 0)]);
}

#[test]
fn samples_of_the_same_boot_are_placed_by_uptime_whatever_the_hosts_clock_did() {
    // The host's clock jumped an hour ahead between the two.
    let before = sealed(CURRENT, 1, &sample(1, 4_000 - 3_600_000, Some(("now", 400)), None));
    let unsealed = open_all(&[before, fresh(2)], 0);
    let taken: Vec<_> = unsealed.samples.iter().map(|sample| sample.taken).collect();
    assert_eq!(taken, [at(100_000 - 600), at(100_000)]);
    assert_eq!(unsealed.samples[0].sample.host_time_ms, at(4_000 - 3_600_000), "the raw time is kept");
}

#[test]
fn samples_of_another_boot_are_moved_by_the_error_of_the_hosts_clock() {
    let before = sealed(CURRENT, 1, &sample(1, 2_000, Some(("before", 777)), None));
    let unsealed = open_all(&[before, fresh(2)], 0);
    // The host says 5,000 when it is 100,000.
    assert_eq!(unsealed.samples[0].taken, at(2_000 + 95_000));
}

#[test]
fn nothing_is_placed_after_what_came_later() {
    let ahead = sealed(CURRENT, 1, &sample(1, 9_000_000, Some(("before", 1)), None));
    let unsealed = open_all(&[ahead, fresh(2)], 0);
    assert_eq!(unsealed.samples[0].taken, at(100_000));
    let lying = sealed(CURRENT, 1, &sample(1, 0, Some(("now", u64::MAX)), None));
    assert_eq!(open_all(&[lying, fresh(2)], 0).samples[0].taken, at(100_000));
}

#[test]
fn a_clock_that_was_reset_for_one_boot_moves_no_other_sample() {
    let good = sealed(CURRENT, 1, &sample(1, 2_000, Some(("first", 1)), None));
    let reset = sealed(CURRENT, 2, &sample(2, -900_000, Some(("second", 1)), None));
    let times: Vec<_> = open_all(&[good, reset, fresh(3)], 0).samples.iter().map(|sample| sample.taken).collect();
    assert_eq!(times, [at(97_000), at(97_000), at(100_000)]);
}

#[test]
fn what_opened_and_is_no_sample_is_acknowledged_also_without_a_fresh_one_behind() {
    let mut hot = sample(1, 1_000, None, Some(NONCE));
    hot.readings.cpu = Some(::sample::Cpu { busy_percent: 101.0, window_ms: 500, ..::sample::Cpu::default() });
    let unsealed = open_all(&[sealed(CURRENT, 6, &hot)], 0);
    assert!(!unsealed.fresh);
    assert_eq!(through(&unsealed, CURRENT), Some(6));
}

#[test]
fn more_envelopes_than_announced_are_not_opened() {
    let mut answer = answer(&[fresh(1), fresh(2), fresh(3)], 0);
    answer.header.count = 2;
    let unsealed = open_answer(&answer);
    assert_eq!(unsealed.samples.len(), 2);
    assert_eq!(unsealed.rejected, BTreeMap::from([(Rejection::Malformed, 1)]));
}

#[test]
fn a_spool_that_could_not_be_written_leaves_no_trace() {
    let mut answer = answer(&[sealed(OLDER, 4, &sample(1, 1_000, None, None)), fresh(1)], 0);
    answer.header.unspooled = Some("no space left".to_owned());
    let unsealed = open_answer(&answer);
    let spools: Vec<_> = unsealed.spools.iter().map(|progress| (progress.spool, progress.through)).collect();
    assert_eq!(spools, [(OLDER, Some(4))]);
}

#[test]
fn on_a_full_disk_what_was_kept_before_is_still_acknowledged() {
    let mut answer = answer(&[sealed(CURRENT, 4, &sample(1, 1_000, None, None)), fresh(5)], 0);
    answer.header.unspooled = Some("no space left".to_owned());
    let unsealed = open_answer(&answer);
    assert_eq!(through(&unsealed, CURRENT), Some(4));
}

#[test]
fn envelopes_of_a_former_key_and_a_former_name_are_opened() {
    let former = &KEYS.former[0];
    let old_key = sealed_by(former, "web1", (OLDER, 1), &sample(1, 1_000, None, None));
    let renamed = |id| Sample { host: "old-web1".parse().unwrap(), ..sample(id, 1_000, None, None) };
    let old_name = sealed_by(&KEYS.current, "old-web1", (OLDER, 2), &renamed(2));
    let both = sealed_by(former, "old-web1", (OLDER, 3), &renamed(3));
    let (now, before) = (host(), "old-web1".parse().unwrap());
    let names = Names { current: &now, former: Some(&before) };
    let answer = answer(&[old_key, old_name, both, fresh(1)], 0);
    let unsealed = unseal(&KEYS, names, &call(), &answer);
    assert_eq!((unsealed.samples.len(), &unsealed.rejected), (4, &BTreeMap::new()));
    assert_eq!(through(&unsealed, OLDER), Some(3));
    let without = open_answer(&answer);
    assert_eq!(without.rejected, BTreeMap::from([(Rejection::Damaged, 2)]));
}

#[test]
fn a_sample_that_names_another_host_than_its_envelope_is_none_also_under_a_former_name() {
    let (now, before) = (host(), "old-web1".parse().unwrap());
    let names = Names { current: &now, former: Some(&before) };
    let lying = sealed_by(&KEYS.current, "old-web1", (OLDER, 1), &sample(1, 0, None, None));
    let unsealed = unseal(&KEYS, names, &call(), &answer(&[lying, fresh(1)], 0));
    assert_eq!(unsealed.rejected, BTreeMap::from([(Rejection::InvalidSample, 1)]));
}

#[test]
fn while_envelopes_are_held_back_closed_ones_of_other_lives_are_acknowledged_but_for_the_last() {
    let unsealed = open_all(&[closed(OLDER, 1), closed(OLDER, 2), closed(OLDER, 3), fresh(9)], 5);
    assert_eq!(through(&unsealed, OLDER), Some(2), "or a former spool full of them would come for ever");
    let lie = open_all(&[closed(OLDER, 1), closed(OLDER, u64::MAX), closed(OLDER, 3), fresh(9)], 5);
    assert_eq!(through(&lie, OLDER), Some(1), "a number out of order is not believed");
    assert_eq!(through(&open_all(&[closed(CURRENT, 1), closed(CURRENT, 2), fresh(9)], 5), CURRENT), None);
}
