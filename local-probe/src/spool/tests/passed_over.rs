//! Envelopes that can't be handed out in one visit and can in a later one.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What a collector remembers of one host: it acknowledges the highest number it opened of each life.
#[derive(Default)]
struct Server {
    through: BTreeMap<SpoolId, u64>,
    known: BTreeSet<u64>,
}

impl Server {
    fn acknowledgements(&self) -> Vec<Acknowledgement> {
        self.through.iter().map(|(&spool, &through)| Acknowledgement { spool, through }).collect()
    }

    fn commit(&mut self, answer: &[Vec<u8>]) {
        for bytes in answer {
            let Header { spool, sequence, .. } = Header::parse(bytes).unwrap();
            let through = self.through.entry(SpoolId(spool)).or_default();
            *through = (*through).max(sequence);
            self.known.insert(sequence);
        }
    }
}

impl Spools {
    /// One visit, as far as the answer on the wire.
    fn answer(&self, server: &Server) -> Vec<Vec<u8>> {
        let mut spool = self.open();
        spool.acknowledge(&server.acknowledgements()).unwrap();
        let (life, sequence) = spool.reserve(2000).unwrap();
        let fresh = sealed(life, sequence, 10);
        spool.keep(sequence, &fresh).unwrap();
        let mut answer = spool.into_waiting();
        answer.push(fresh);
        answer
    }

    /// A whole visit. Returns the numbers in the answer.
    fn visit(&self, server: &mut Server) -> Vec<u64> {
        let answer = self.answer(server);
        server.commit(&answer);
        answer.iter().map(|bytes| Header::parse(bytes).unwrap().sequence).collect()
    }

    /// Makes this envelope one of a newer probe, or ours again.
    fn set_version(&self, sequence: u64, version: u8) {
        let path = self.path(&file_name(sequence));
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] = version;
        fs::write(path, bytes).unwrap();
    }

    fn passed_over(&self) -> Vec<(u64, u64)> {
        Counter::load(&self.path("")).unwrap().unwrap().passed_over.into_iter().collect()
    }
}

#[test]
fn what_was_passed_over_is_delivered_before_an_acknowledgement_deletes_it() {
    let (spools, mut server) = (Spools::new(), Server::default());
    for _ in 0..3 {
        spools.add();
    }
    spools.set_version(2, b'2');
    assert_eq!(spools.visit(&mut server), [1, 3, 4]);
    assert_eq!(spools.visit(&mut server), [5], "what was handed out is deleted as ever");
    spools.set_version(2, b'1');
    assert_eq!(spools.visit(&mut server), [2, 6]);
    assert_eq!(spools.visit(&mut server), [7]);
    assert_eq!(server.known, (1..=7).collect());
    assert_eq!((spools.passed_over(), spools.open().dropped()), (vec![], 0));
}

#[test]
fn an_answer_that_is_lost_confirms_nothing_that_was_passed_over() {
    let (spools, mut server) = (Spools::new(), Server::default());
    spools.add();
    spools.set_version(1, b'2');
    assert_eq!(spools.visit(&mut server), [2]);
    spools.set_version(1, b'1');
    assert_eq!(spools.answer(&server).len(), 2);
    spools.set_version(1, b'2');
    assert_eq!(spools.visit(&mut server), [3, 4], "passed over once more, with an acknowledgement of 4 to come");
    spools.set_version(1, b'1');
    assert_eq!(spools.visit(&mut server), [1, 5]);
    assert_eq!(spools.visit(&mut server), [6]);
}

#[test]
fn what_an_older_life_passed_over_is_confirmed_by_the_current_one() {
    let (spools, mut server) = (Spools::new(), Server::default());
    spools.add();
    spools.add();
    spools.set_version(1, b'2');
    assert_eq!(spools.visit(&mut server), [2, 3]);
    let known = Counter::load(&spools.path("")).unwrap().unwrap();
    known.next_life().unwrap().store(&spools.path("")).unwrap();
    spools.set_version(1, b'1');
    assert_eq!(spools.answer(&server).len(), 2, "its own life is acknowledged up to 3, and the answer is lost");
    assert_eq!(spools.visit(&mut server), [1, 4, 5]);
    assert_eq!(spools.visit(&mut server), [6]);
    assert_eq!(spools.passed_over(), []);
}

#[test]
fn a_counter_lost_with_its_notes_deletes_nothing_that_was_passed_over() {
    let (spools, mut server) = (Spools::new(), Server::default());
    spools.add();
    spools.set_version(1, b'2');
    assert_eq!(spools.visit(&mut server), [2]);
    spools.set_version(1, b'1');
    fs::remove_file(spools.path("counter.json")).unwrap();
    assert_eq!(spools.visit(&mut server), [1, 2, 3]);
    assert_eq!(spools.visit(&mut server), [4]);
}

#[test]
fn where_passing_over_cannot_be_noted_nothing_behind_is_handed_out() {
    let spools = Spools::new();
    for _ in 0..3 {
        spools.add();
    }
    spools.set_version(2, b'2');
    // As after a reserve that failed on a full disk.
    assert_eq!(spools.waiting(), [1]);
    spools.open().reserve(2000).unwrap();
    assert_eq!(spools.waiting(), [1, 3], "noted by an earlier run");
}

#[test]
fn the_notes_on_a_thousand_envelopes_are_read_again() {
    let spools = Spools::new();
    spools.add();
    let mut counter = Counter::load(&spools.path("")).unwrap().unwrap();
    counter.last = u64::MAX - 1;
    let latest = counter.last;
    counter.pass_over((0..1000).map(|n| u64::MAX - 1 - n), latest);
    counter.store(&spools.path("")).unwrap();
    assert_eq!(Counter::load(&spools.path("")).unwrap(), Some(counter));
}
