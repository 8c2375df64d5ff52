//! Questions about hosts that somebody should look after.

use sample::{Listener, RebootRequired};

use super::*;

#[test]
fn a_reboot_is_a_boot_within_the_week() {
    let mut fixture = Fixture::new();
    let booted = |now: Timestamp, number, hours, boot: &str, uptime_hours: Option<u64>| {
        let uptime_seconds = uptime_hours.map(|hours| hours * 3600);
        let mut received = hours_ago(now, number, hours, Readings { uptime_seconds, ..Readings::default() });
        received.sample.boot = Some(Boot { id: boot.into(), elapsed_ms: 1 });
        received
    };
    let now = now(&fixture.store);
    let web1 = vec![
        booted(now, 1, 30, "a", Some(400)),
        booted(now, 2, 20, "a", Some(410)),
        booted(now, 3, 15, "b", Some(3)),
        booted(now, 4, 0, "b", Some(18)),
    ];
    let steady = vec![booted(now, 1, 30, "a", Some(400)), booted(now, 2, 0, "a", Some(430))];
    let unknown = vec![booted(now, 1, 30, "a", None), booted(now, 2, 10, "b", None)];
    let silent = vec![booted(now, 1, 24 * 8, "a", Some(1)), booted(now, 2, 24 * 8 - 2, "b", Some(1))];
    fixture.visited("web1", web1);
    fixture.visited("steady", steady);
    fixture.visited("unknown", unknown);
    fixture.visited("silent", silent);
    let ago = |hours: i64| shown(now.plus_millis(-hours * HOUR_MS));
    let query = include_str!("../../../../sql/queries/reboots_of_the_last_week.sql");
    let expected = [format!("unknown - {} 1200", ago(30)), format!("web1 {} {} 300", ago(18), ago(20))];
    assert_eq!(answer(&fixture.store, query, []), expected);
}

#[test]
fn a_host_without_data_has_no_sample_of_the_last_hour() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    let fresh = hours_ago(now, 1, 0, Readings::default());
    let stale = vec![hours_ago(now, 1, 50, every_reading()), hours_ago(now, 2, 30, every_reading())];
    let newest = stale[1].taken;
    fixture.visited("good", vec![fresh]);
    let host = fixture.visited("stale", stale);
    fixture.new_host("never");
    for kind in [OutcomeKind::AuthFailed, OutcomeKind::Cancelled] {
        let run = fixture.run();
        fixture.store.record_visits(run, &[ended(host, kind, now)]).unwrap();
    }
    let query = include_str!("../../../../sql/queries/hosts_without_data.sql");
    let expected = ["never - - -".to_owned(), format!("stale {} 30 auth_failed", shown(newest))];
    assert_eq!(answer(&fixture.store, query, []), expected);
}

#[test]
fn hosts_that_wait_are_those_of_which_it_is_known() {
    let mut fixture = Fixture::new();
    let waiting = |required: Option<bool>, security_updates| Readings {
        reboot_required: required.map(|required| RebootRequired { required, reason: required.then(|| "libc6".into()) }),
        security_updates,
        uptime_seconds: Some(129_600),
        ..Readings::default()
    };
    let now = now(&fixture.store);
    for (name, readings) in [
        ("both", waiting(Some(true), Some(3))),
        ("reboot", waiting(Some(true), None)),
        ("updates", waiting(None, Some(12))),
        ("good", waiting(Some(false), Some(0))),
        ("unknown", Readings::default()),
    ] {
        let older = waiting(Some(true), Some(99));
        fixture.visited(name, vec![hours_ago(now, 1, 1, older), hours_ago(now, 2, 0, readings)]);
    }
    let query = include_str!("../../../../sql/queries/hosts_that_need_a_reboot_or_updates.sql");
    let expected = ["updates - - 12 1.5", "both yes libc6 3 1.5", "reboot yes libc6 - 1.5"];
    assert_eq!(answer(&fixture.store, query, []), expected.map(|line| format!("{line} {}", shown(now))));
}

#[test]
fn a_clock_is_wrong_that_is_off_or_kept_by_nothing() {
    let mut fixture = Fixture::new();
    let now = now(&fixture.store);
    for (name, synchronized, skews) in [
        ("behind", Some(true), [Some(1), Some(-90_500), None]),
        ("ahead", None, [None, Some(-5), Some(2000)]),
        ("loose", Some(false), [None, None, None]),
        ("good", Some(true), [Some(5000), Some(1000), None]),
        ("unknown", None, [None, None, None]),
    ] {
        let samples = skews.into_iter().zip(0_u8..).map(|(clock_skew_ms, number)| {
            let readings = Readings { clock_synchronized: synchronized, ..Readings::default() };
            let hours = 2 - i64::from(number);
            ReceivedSample { clock_skew_ms, ..hours_ago(now, number, hours, readings) }
        });
        let samples = samples.collect();
        fixture.visited(name, samples);
    }
    let query = include_str!("../../../../sql/queries/clocks_that_are_wrong.sql");
    let expected = ["behind -90.5 yes", "ahead 2 -", "loose - no"].map(|line| format!("{line} {}", shown(now)));
    assert_eq!(answer(&fixture.store, query, []), expected);
}

#[test]
fn a_port_is_new_that_nobody_listened_on_yesterday() {
    let mut fixture = Fixture::new();
    let listening = |ports: &[u16]| {
        let listener = |port: &u16| Listener { protocol: "tcp".into(), address: "::".into(), port: *port };
        Readings { listeners: Some(ports.iter().map(listener).collect()), ..Readings::default() }
    };
    let now = now(&fixture.store);
    let web1 = vec![
        hours_ago(now, 1, 60, listening(&[22, 80, 4444])),
        hours_ago(now, 2, 30, listening(&[22, 80])),
        hours_ago(now, 3, 26, Readings::default()),
        hours_ago(now, 4, 2, listening(&[22, 4444])),
        hours_ago(now, 5, 0, listening(&[22, 443, 4444])),
    ];
    let taken = web1[4].taken;
    let fresh = vec![hours_ago(now, 1, 3, listening(&[22])), hours_ago(now, 2, 0, listening(&[22, 4444]))];
    let stopped = vec![hours_ago(now, 1, 30, listening(&[])), hours_ago(now, 2, 0, Readings::default())];
    fixture.visited("web1", web1);
    fixture.visited("fresh", fresh);
    fixture.visited("stopped", stopped);
    let query = include_str!("../../../../sql/queries/ports_new_since_yesterday.sql");
    let expected = [443, 4444].map(|port| format!("web1 tcp :: {port} {}", shown(taken)));
    assert_eq!(answer(&fixture.store, query, []), expected);
}
