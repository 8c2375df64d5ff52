//! Long times in which anything happens in any order: what holds whatever came.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use rules::{Incident, NoticeKind, Recipient};

use crate::fleet::Seen;
use crate::office::{ALERTS, DAY, Office, both, down, host};
use crate::smtp_server::{Answer, Said, Verb};

/// Numbers that look like chance, the same in every run (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const HOSTS: [&str; 3] = ["gate", "db1", "web1"];

fn fleet() -> String {
    let gate = host("gate", "", "ann@example.org,bob@example.org", ALERTS);
    let db1 = host("db1", r#"parent="gate""#, "ann@example.org,slow@example.org", ALERTS);
    format!("{gate}{db1}{}", host("web1", "", "bob@example.org", ALERTS))
}

/// One recipient is put off at every second attempt.
fn slow() -> impl Fn(&Said<'_>) -> Answer + Send + Sync {
    let attempts = AtomicUsize::new(0);
    move |said| {
        let is_slow = said.verb == Verb::Rcpt && said.line.contains("slow@");
        let is_put_off = is_slow && attempts.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        if is_put_off { Answer::Say("450 greylisted") } else { Answer::Usual }
    }
}

fn seen(chance: &mut Chance) -> Seen {
    match chance.below(5) {
        0 => down(),
        1 => both(90, 10),
        2 => both(10, 90),
        3 => both(90, 97),
        _ => both(10, 10),
    }
}

fn is_last(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::Over | NoticeKind::Missed)
}

/// Whoever was told of it was told its end, once and last.
fn assert_ended_once(incident: &Incident) {
    let people: BTreeSet<&Recipient> = incident.told.iter().map(|told| &told.recipient).collect();
    for person in people {
        let told = incident.told.iter().filter(|told| told.recipient == *person);
        let kinds: Vec<NoticeKind> = told.map(|told| told.kind).collect();
        let ends = kinds.iter().filter(|kind| is_last(**kind)).count();
        assert!(ends == 1 && is_last(kinds[kinds.len() - 1]), "{person}: {kinds:?}, {incident:?}");
        let is_missed = kinds.contains(&NoticeKind::Missed);
        assert_eq!(is_missed, kinds.len() == 1, "only what nobody knew of is missed: {kinds:?}");
    }
}

#[test]
fn whatever_happens_every_problem_that_was_told_is_told_to_be_over_once_and_a_dry_run_says_what_a_run_does() {
    for seed in 1..=2 {
        let mut chance = Chance(seed);
        let office = Office::start(&crate::office::config(r#"mails-per-hour="100""#, &fleet()), slow());
        let (mut minute, mut is_down) = (0, false);
        for step in 0..50 {
            minute += [5, 5, 10, 60, 300][usize::try_from(chance.below(5)).unwrap()];
            for _ in 0..=chance.below(3) {
                minute += 5;
                let visits: Vec<(&str, Seen)> = HOSTS.iter().map(|name| (*name, seen(&mut chance))).collect();
                office.fleet.visit(minute, &visits);
            }
            match chance.below(8) {
                0 => is_down = !is_down,
                1 => drop(office.silence(HOSTS[step % 3], "*", minute, minute + 120)),
                _ => {}
            }
            office.mail_is_down(is_down);
            let made = office.forecast(minute).len();
            let before = office.states().len();
            office.run(minute);
            assert_eq!(office.states().len() - before, made, "deliveries of seed {seed} at step {step}");
        }
        office.mail_is_down(false);
        for end in 1..=6 {
            let visits = HOSTS.map(|name| (name, both(10, 10)));
            office.see(minute + end * DAY, &visits);
        }
        assert_eq!(office.unsettled(), 0, "seed {seed}");
        let incidents = office.incidents();
        assert!(incidents.len() > 20, "{}", incidents.len());
        incidents.iter().for_each(assert_ended_once);
    }
}
