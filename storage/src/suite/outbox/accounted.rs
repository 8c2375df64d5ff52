//! Whatever became of an incident: each of its events has a mail that tells of it, or its incident a reason why none does.

use std::collections::BTreeMap;

use rules::{Circumstances, Incident, Outages, Repeats, Silence, Zone, notify, round};

use super::*;
use crate::IncidentFilter;

/// What nobody can account for.
const LOST: &str = "
    SELECT count(*) FROM event JOIN incident ON incident.id = incident_id
    WHERE settled_ms IS NOT NULL AND mail_id IS NULL AND untold IS NULL";

/// A run of the alerter: decides, makes mails, settles; mail is sent if it can be.
fn tell(fixture: &mut Fixture, number: u32, now: Timestamp, mail_works: bool) {
    let (store, incidents) = (&fixture.store, fixture.unsettled());
    let (outages, silences) = (Outages::default(), store.silences(NOON).unwrap());
    let around = Circumstances {
        zone: Zone::UTC,
        repeats: Repeats::default(),
        silences: &silences,
        maintenance: &[],
        outages: &outages,
    };
    let decisions: Vec<_> = incidents.iter().map(|incident| notify(incident, &around, now)).collect();
    let round = round(&incidents, &decisions, &store.mailboxes(now).unwrap(), 20);
    let mails: Vec<NewMail> = (0..)
        .zip(&round.posts)
        .map(|(place, post)| {
            let notices: Vec<_> = post.notices.iter().map(|(index, kind)| (incidents[*index].id, *kind)).collect();
            telling(number * 100 + place, post.recipient.as_str(), &notices)
        })
        .collect();
    let settled: Vec<_> = round.settled.into_iter().map(|(index, why)| (incidents[index].id, why)).collect();
    fixture.store.create_mails(&mails, &settled, now).unwrap();
    while mail_works && !due(&fixture.store, now).is_empty() {
        fixture.attempt(&sent(now), now);
    }
}

#[test]
fn every_event_has_a_mail_or_its_incident_a_reason_why_none_tells_of_it() {
    let mut fixture = Fixture::new();
    let host = fixture.host("web1");
    let metrics = [Metric::Cpu, Metric::Memory, Metric::Load, Metric::Disk];
    let silence = Silence {
        id: 0,
        host: "*".into(),
        metric: "memory".into(),
        instance: "*".into(),
        starts: NOON,
        ends: at(9_000),
        author: "ann".into(),
        comment: String::new(),
    };
    fixture.store.add_silence(&silence, NOON).unwrap();
    // Told, silenced, nobody's, and only for somebody who can't be reached for a while.
    fixture.fire(host, &metrics[..2], &["ops@example.org"]);
    fixture.fire(host, &metrics[2..3], &[]);
    tell(&mut fixture, 1, at(60), true);
    fixture.fire(host, &metrics[3..], &["ops@example.org", "ann@example.org"]);
    tell(&mut fixture, 2, at(120), false);
    for (metric, second) in metrics.into_iter().zip(180..) {
        fixture.resolve(host, metric, second);
    }
    tell(&mut fixture, 3, at(240), false);
    tell(&mut fixture, 4, at(3600), true);
    tell(&mut fixture, 5, at(7200), true);
    assert_eq!(fixture.unsettled(), []);
    let all: Vec<Incident> = fixture.store.incidents(&IncidentFilter::default()).unwrap();
    assert_eq!(all.len(), 4);
    let count = |select: &str| -> i64 { fixture.store.connection.query_row(select, [], |row| row.get(0)).unwrap() };
    assert_eq!(count(LOST), 0);
    let reasons: BTreeMap<String, i64> = ["silenced", "no_recipient"]
        .map(|why| (why.to_owned(), count(&format!("SELECT count(*) FROM incident WHERE untold = '{why}'"))))
        .into();
    assert_eq!(reasons.values().copied().collect::<Vec<_>>(), [1, 1]);
}
