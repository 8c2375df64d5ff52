//! Spools of keys and names that the server has given up.

use std::fs::{self, File};
use std::path::PathBuf;

use sample::SpoolId;
use sample::wire::{Acknowledgement, Limits, Request, SpoolOwner};

use crate::host::{Answer, Host, next_key};

/// A request of the server after it took its next key. The spool of the first one is a former one.
fn rotated(host: &Host) -> Request {
    let before = host.request();
    let former = vec![SpoolOwner { key: before.key, host: before.host.clone() }];
    Request { key: next_key(), former, ..before }
}

fn acknowledging(request: Request, acknowledged: &[(SpoolId, u64)]) -> Request {
    let acknowledgements = acknowledged.iter().map(|&(spool, through)| Acknowledgement { spool, through }).collect();
    Request { acknowledgements, ..request }
}

/// A host with three envelopes for the first key, and the life of their spool.
fn host_with_three() -> (Host, SpoolId) {
    let host = Host::new();
    host.visit(&host.request());
    host.call("sample").quietly();
    let life = host.visit(&host.request()).header.spool;
    (host, life)
}

fn told(answer: &Answer) -> (&[u64], u32, u32) {
    (&answer.sequences, answer.header.former, answer.header.held)
}

fn spools(host: &Host) -> Vec<PathBuf> {
    let spools = fs::read_dir(host.path("spool")).expect("a spool folder");
    spools.map(|spool| spool.expect("a spool").path()).collect()
}

#[test]
fn what_waits_in_a_former_spool_comes_first_and_once_it_is_acknowledged_the_spool_and_its_key_go() {
    let (host, life) = host_with_three();
    let answer = host.visit(&rotated(&host));
    assert_eq!(told(&answer), (&[1, 2, 3, 1][..], 1, 0));
    assert_ne!(answer.header.spool, life);
    host.call("sample").quietly();
    let fed = host.files("target.json");
    assert_eq!((host.files("former.json").len(), fed.len()), (1, 1));
    let again = host.visit(&acknowledging(rotated(&host), &[(life, 2)]));
    assert_eq!(told(&again), (&[3, 1, 2, 3][..], 1, 0));
    let key = host.path(&format!("keys/{}.pub", host.request().key));
    assert!(key.exists());
    let last = host.visit(&acknowledging(rotated(&host), &[(life, 3), (answer.header.spool, 3)]));
    assert_eq!(told(&last), (&[4][..], 0, 0));
    assert!(spools(&host).len() == 1 && !key.exists());
}

#[test]
fn the_limits_of_a_request_hold_for_all_its_spools_together() {
    let (host, _) = host_with_three();
    host.visit(&rotated(&host));
    let few = |envelopes| Request { limits: Limits { envelopes, bytes: 8 << 20 }, ..rotated(&host) };
    assert_eq!(told(&host.visit(&few(3))), (&[1, 2, 2][..], 1, 2));
    assert_eq!(told(&host.visit(&few(5))), (&[1, 2, 3, 1, 3][..], 1, 1));
}

#[test]
fn a_spool_of_a_former_name_goes_and_its_key_stays_while_it_is_in_use() {
    let host = Host::new();
    let before = Request { host: "old-web1".parse().unwrap(), ..host.request() };
    let life = host.visit(&before).header.spool;
    let renamed = || {
        let former = vec![SpoolOwner { key: before.key, host: before.host.clone() }];
        Request { former, ..host.request() }
    };
    let answer = host.visit(&renamed());
    assert_eq!(told(&answer), (&[1, 1][..], 1, 0));
    assert_eq!(answer.samples[0].host, before.host);
    assert_eq!(told(&host.visit(&acknowledging(renamed(), &[(life, 1)]))), (&[1, 2][..], 0, 0));
    assert!(spools(&host).len() == 1 && host.path(&format!("keys/{}.pub", before.key)).exists());
}

#[test]
fn a_key_stays_while_a_spool_of_another_name_is_left_for_it() {
    let (host, life) = host_with_three();
    let other_life = host.visit(&Request { host: "web2".parse().unwrap(), ..host.request() }).header.spool;
    let key = host.path(&format!("keys/{}.pub", host.request().key));
    assert_eq!(told(&host.visit(&acknowledging(rotated(&host), &[(life, 3)]))), (&[1][..], 0, 0));
    assert!(key.exists(), "web2 shares this home");
    let of_web2 = || Request { host: "web2".parse().unwrap(), ..rotated(&host) };
    let former = vec![SpoolOwner { key: host.request().key, host: "web2".parse().unwrap() }];
    assert_eq!(host.visit(&Request { former: former.clone(), ..of_web2() }).header.former, 1);
    assert!(key.exists());
    host.visit(&acknowledging(Request { former, ..of_web2() }, &[(other_life, 1)]));
    assert!(!key.exists());
}

#[test]
fn a_former_spool_that_is_held_or_broken_is_counted_and_stops_nothing() {
    let (host, _) = host_with_three();
    let [spool] = spools(&host).try_into().unwrap();
    let lock = File::open(spool.join("lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(told(&host.visit(&rotated(&host))), (&[1][..], 1, 0));
    drop(lock);
    fs::remove_file(spool.join("lock")).unwrap();
    fs::create_dir(spool.join("lock")).unwrap();
    assert_eq!(told(&host.visit(&rotated(&host))), (&[1, 2][..], 1, 0));
    fs::remove_dir(spool.join("lock")).unwrap();
    assert_eq!(told(&host.visit(&rotated(&host))), (&[1, 2, 3, 1, 2, 3][..], 1, 0));
}

#[test]
fn what_a_former_spool_passed_over_is_confirmed_by_the_one_that_is_fed() {
    let (host, life) = host_with_three();
    let [newer] = host.files("00000000000000000002.fhe").try_into().unwrap();
    let ours = fs::read(&newer).unwrap();
    let set = |version: u8| {
        let mut bytes = ours.clone();
        bytes[3] = version;
        fs::write(&newer, bytes).unwrap();
    };
    set(b'2');
    let answer = host.visit(&rotated(&host));
    assert_eq!(answer.sequences, [1, 3, 1]);
    let fed = answer.header.spool;
    // Their numbers reach beyond the one that nobody has seen.
    assert_eq!(told(&host.visit(&acknowledging(rotated(&host), &[(life, 3), (fed, 1)]))), (&[2][..], 1, 0));
    set(b'1');
    let committed = |through| acknowledging(rotated(&host), &[(life, 3), (fed, through)]);
    assert_eq!(told(&host.visit(&committed(2))), (&[2, 3][..], 1, 0));
    assert_eq!(told(&host.visit(&committed(2))), (&[2, 3, 4][..], 1, 0), "an answer that was lost confirms nothing");
    assert_eq!(told(&host.visit(&committed(4))), (&[5][..], 0, 0));
    assert_eq!(spools(&host).len(), 1);
}

#[test]
fn an_envelope_of_a_newer_version_may_be_longer_than_ours() {
    let (host, life) = host_with_three();
    let [newer] = host.files("00000000000000000002.fhe").try_into().unwrap();
    fs::write(&newer, [b"FHE2".as_slice(), &vec![0; 300 << 10]].concat()).unwrap();
    let answer = host.visit(&acknowledging(host.request(), &[(life, 3)]));
    assert_eq!((answer.sequences, answer.header.dropped), (vec![4], 0));
    assert!(newer.exists());
}

#[test]
fn a_spool_that_is_named_as_a_former_one_and_as_the_current_is_the_current() {
    let (host, _) = host_with_three();
    let itself = SpoolOwner { key: host.request().key, host: host.request().host };
    let answer = host.visit(&Request { former: vec![itself.clone(), itself], ..host.request() });
    assert_eq!(told(&answer), (&[1, 2, 3, 4][..], 0, 0));
    // And one that becomes the current one again is fed again.
    host.visit(&rotated(&host));
    host.visit(&host.request());
    host.call("sample").quietly();
    assert_eq!(host.files("00000000000000000006.fhe").len(), 1);
}

#[test]
fn more_former_spools_than_a_server_can_have_are_refused() {
    let host = Host::new();
    let mut request = rotated(&host);
    request.former = vec![request.former[0].clone(); 17];
    let refusal = "fleet-probe: the request names 17 former spools, more than 16\n";
    host.call_with("run", request.encode().as_bytes()).fails(1, refusal);
    request.former.pop();
    host.visit(&request);
}

#[test]
fn losses_in_a_former_spool_are_told_of_when_it_goes() {
    let (host, life) = host_with_three();
    let [cut] = host.files("00000000000000000003.fhe").try_into().unwrap();
    fs::write(&cut, b"FHE1").unwrap();
    let answer = host.visit(&rotated(&host));
    assert_eq!((told(&answer), answer.header.dropped), ((&[1, 2, 1][..], 1, 0), 0));
    let last = host.visit(&acknowledging(rotated(&host), &[(life, 3), (answer.header.spool, 1)]));
    assert_eq!((told(&last), last.header.dropped), ((&[2][..], 0, 0), 1));
}
