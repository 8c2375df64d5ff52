//! When a spool begins a new life, and what it takes along.

use super::*;

impl Spools {
    fn open_in(&self, boot: Option<&str>) -> Spool {
        Spool::open(self.folder.path(), &self.target, boot).unwrap()
    }

    fn add_in(&self, boot: Option<&str>) -> (SpoolId, u64) {
        let mut spool = self.open_in(boot);
        let (life, sequence) = spool.reserve(2000).unwrap();
        spool.keep(sequence, &sealed(life, sequence, 10)).unwrap();
        (life, sequence)
    }
}

#[test]
fn each_boot_begins_a_life_and_one_that_is_unknown_does_not() {
    let spools = Spools::new();
    let numbers = [Some("a"), Some("a"), None, Some("a"), Some("b"), Some("b")].map(|boot| spools.add_in(boot));
    let (a, b) = (numbers[0].0, numbers[4].0);
    assert_eq!(numbers, [(a, 1), (a, 2), (a, 3), (a, 4), (b, 5), (b, 6)]);
    assert_ne!(a, b);
    spools.acknowledge(a, 4);
    assert_eq!(spools.waiting(), [5, 6], "the older life is acknowledged as ever");
}

#[test]
fn samples_of_a_host_that_was_rolled_back_are_not_deleted_by_what_it_had_delivered_before() {
    let spools = Spools::new();
    let (old, _) = spools.add_in(Some("a"));
    // A snapshot is taken here. Then the server fetches up to 7, and the host is rolled back and boots.
    for number in 2..=9 {
        assert_eq!(spools.add_in(Some("b")).1, number);
    }
    let mut spool = spools.open_in(Some("b"));
    spool.acknowledge(&[Acknowledgement { spool: old, through: 7 }]).unwrap();
    drop(spool);
    assert_eq!(spools.waiting(), (2..=9).collect::<Vec<u64>>());
}

#[test]
fn after_a_rollback_within_one_boot_a_lost_answer_loses_no_sample() {
    let spools = Spools::new();
    let (old, _) = spools.add();
    spools.add();
    // The server has seen 7, so the second may be another. The answer to this visit does not arrive.
    spools.acknowledge(old, 7);
    spools.acknowledge(old, 7);
    assert_eq!(spools.waiting(), [1, 2]);
    let current = spools.open().counter.spool;
    spools.acknowledge(current, 4);
    assert_eq!(spools.waiting(), [] as [u64; 0]);
}

#[test]
fn a_new_life_tells_of_losses_that_the_old_one_could_not() {
    let spools = Spools::new();
    let lose = |number: u64| fs::write(spools.path(&file_name(number)), b"").unwrap();
    let (a, _) = spools.add_in(Some("a"));
    lose(90);
    assert_eq!(spools.add_in(Some("a")), (a, 2));
    assert_eq!(spools.open_in(Some("b")).dropped(), 1, "2 was not acknowledged");
    let mut spool = spools.open_in(Some("a"));
    spool.acknowledge(&[Acknowledgement { spool: a, through: 1 }]).unwrap();
    assert_eq!(spool.counter.told, 0, "an answer with 1 was made before the loss");
    spool.acknowledge(&[Acknowledgement { spool: a, through: 2 }]).unwrap();
    lose(91);
    spool.files = Files::list(&spools.path("")).unwrap();
    spool.reserve(2000).unwrap();
    drop(spool);
    let dropped = [Some("a"), Some("b")].map(|boot| spools.open_in(boot).dropped());
    assert_eq!(dropped, [2, 1]);
}
