//! How far a host's clock is off.

use super::*;

/// What is told of the host's clock if it showed this in the sample of the visit.
fn skew(call: Call, host_time: i64) -> Option<i64> {
    skew_after(None, call, host_time)
}

/// The same, if the probe said how long it had measured then.
fn skew_after(measuring_ms: Option<u64>, call: Call, host_time: i64) -> Option<i64> {
    let mut sample = sample(9, host_time, Some(("now", 1_000)), Some(NONCE));
    sample.readings.measuring_ms = measuring_ms;
    let fresh = sealed(CURRENT, 2, &sample);
    let host = host();
    let unsealed = unseal(&KEYS, Names { current: &host, former: None }, &call, &answer(&[fresh], 0));
    unsealed.samples[0].clock_skew_ms
}

#[test]
fn a_clock_is_ahead_or_behind_only_by_what_the_time_of_the_call_does_not_explain() {
    for (host_time, expected) in
        [(89_500, 0), (95_000, 0), (99_500, 0), (99_501, 1), (3_699_500, 3_600_000), (89_499, -1), (0, -89_500)]
    {
        assert_eq!(skew(call(), host_time), Some(expected), "{host_time}");
    }
    assert_eq!(skew(call(), i64::MAX), Some(i64::MAX - 99_500));
    assert_eq!(skew(call(), i64::MIN), Some(-i64::MAX), "a number that has an opposite");
}

#[test]
fn a_slow_network_is_no_wrong_clock() {
    let slow = Call { called: at(0), answered: at(29_000), received: at(29_900), ..call() };
    assert_eq!([skew(slow, 1), skew(slow, 28_999)], [Some(0), Some(0)]);
}

#[test]
fn a_clock_that_is_behind_does_not_hide_behind_slow_checks() {
    let slow = Call { called: at(0), answered: at(29_000), received: at(29_900), ..call() };
    assert_eq!(skew_after(Some(20_000), slow, 20_000), Some(0));
    assert_eq!(skew_after(Some(20_000), slow, 12_000), Some(-8_000));
    // A host may say anything: it was answered when it was.
    assert_eq!(skew_after(Some(u64::MAX >> 1), slow, 28_000), Some(-1_000));
}

#[test]
fn while_our_own_clock_is_set_back_nothing_is_said_of_the_hosts() {
    let set_back = Call { called: at(89_500), answered: at(80_000), received: at(80_100), ..call() };
    assert_eq!(skew(set_back, 89_500), None);
}

#[test]
fn only_the_newest_sample_of_the_visit_tells_of_the_clock() {
    let hour = 3_600_000;
    let by_crontab = sealed(CURRENT, 1, &sample(1, hour, Some(("now", 500)), None));
    // A visit that asks twice leaves the sample of its first call behind.
    let first_call = sealed(CURRENT, 2, &sample(2, 2 * hour, Some(("now", 700)), Some(NONCE)));
    let told: Vec<_> = open_all(&[by_crontab, first_call, fresh(3)], 0)
        .samples
        .iter()
        .map(|sample| (sample.sample.id.0[0], sample.clock_skew_ms))
        .collect();
    assert_eq!(told, [(1, None), (2, None), (99, Some(5_000 - 89_500))]);
}
