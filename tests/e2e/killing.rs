//! The collector is killed at random instants, hundreds of times: nothing is lost, nothing is stored twice.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use harness::{Reaped, run};
use rusqlite::{Connection, OpenFlags};

use crate::World;

const HOSTS: [&str; 3] = ["127.0.5.1", "127.0.5.2", "127.0.5.3"];
const HOST_COUNT: i64 = HOSTS.len() as i64;
const KILLS: usize = 300;
/// After so many kills a run is left alone, and has to heal everything.
const BATCH: usize = 20;
/// Another seed is another series of instants; a failure prints it.
const SEED: u64 = 20_261_121;

/// Where in a run the collector was killed, by what the database held right after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// There was no row of this run yet.
    BeforeTheRun,
    /// Hosts were being visited, no outcome was committed.
    BeforeTheFirstCommit,
    /// Some outcomes were committed.
    BetweenCommits,
    /// All outcomes were, and the run was not marked as finished.
    BeforeTheEnd,
    /// The run was finished; the process was closing the database, or about to exit.
    AfterTheEnd,
}

impl Phase {
    const ALL: [Phase; 5] = [
        Phase::BeforeTheRun,
        Phase::BeforeTheFirstCommit,
        Phase::BetweenCommits,
        Phase::BeforeTheEnd,
        Phase::AfterTheEnd,
    ];
}

#[test]
fn three_hundred_kills_at_random_instants_lose_and_double_nothing() {
    let world = World::new(&HOSTS);
    world.server.watch(&world.sshd, &HOSTS, "");
    world.server.collector(&[]).expect(0);
    let mut random = Random(SEED);
    let lengths = lengths_of_phases(&world);
    let mut hits = [0_usize; Phase::ALL.len()];
    let mut round = 0;
    while hits.iter().sum::<usize>() < KILLS {
        let aim = Phase::ALL[round % Phase::ALL.len()];
        round += 1;
        assert!(round < 3 * KILLS, "most runs end before they are killed: {hits:?} of {round}");
        if let Some(phase) = kill_in(&world, aim, random.up_to(lengths[aim as usize])) {
            hits[phase as usize] += 1;
        }
        if round % BATCH == 0 {
            nothing_is_lost_or_doubled(&world, &HOSTS, &format!("seed {SEED}, after round {round}"));
            world.server.collector(&[]).expect(0);
        }
    }
    for (phase, hits) in Phase::ALL.iter().zip(hits) {
        println!("{hits:>4} kills {phase:?} (it lasts {:?})", lengths[*phase as usize]);
        assert!(hits >= KILLS / 60, "seed {SEED}: {phase:?} was hit {hits} times");
    }
    everything_comes_home(&world, &HOSTS);
    // A commit is in the file before its readers see it: one that was cut off in between is found by the next start.
    let unfinished = hits[Phase::BeforeTheFirstCommit as usize] + hits[Phase::BetweenCommits as usize];
    let aborted = world.server.value("SELECT count(*) FROM run WHERE state = 'aborted'");
    assert!(aborted.parse::<usize>().unwrap() >= unfinished, "{aborted} are marked as killed, {unfinished} were");
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE state NOT IN ('done', 'aborted')"), "0");
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE (finished_ms IS NULL) <> (state = 'aborted')"), "0");
}

/// Starts a run, waits until it has come to this phase, and kills it after `delay`. Returns the phase it was killed
/// in; nothing if it had ended before.
fn kill_in(world: &World, aim: Phase, delay: Duration) -> Option<Phase> {
    let watch = Watch::new(&world.server.state("fleet.db"));
    let mut collector = world.server.spawn("fleet-collector", &[]);
    watch.until(aim, &mut collector);
    if aim == Phase::AfterTheEnd {
        // Whoever closes a database last tidies up after it: that is to be the collector.
        drop(watch);
        std::thread::sleep(delay);
        return collector.kill_if_alive().then_some(aim);
    }
    std::thread::sleep(delay);
    let killed = collector.kill_if_alive();
    killed.then(|| watch.phase())
}

/// How long the phases last in a run that is left alone.
fn lengths_of_phases(world: &World) -> [Duration; Phase::ALL.len()] {
    let watch = Watch::new(&world.server.state("fleet.db"));
    let mut collector = world.server.spawn("fleet-collector", &[]);
    let mut begun = Instant::now();
    let mut lengths = [Duration::ZERO; Phase::ALL.len()];
    for (index, next) in Phase::ALL.into_iter().enumerate().skip(1) {
        watch.until(next, &mut collector);
        lengths[index - 1] = begun.elapsed();
        begun = Instant::now();
    }
    drop(watch);
    assert_eq!(collector.wait(), Some(0));
    lengths[Phase::AfterTheEnd as usize] = begun.elapsed();
    lengths
}

/// Looks at the database while a run is under way.
struct Watch {
    db: Connection,
    runs_before: i64,
}

impl Watch {
    fn new(database: &Path) -> Watch {
        let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        db.busy_timeout(harness::PATIENCE).unwrap();
        let runs_before = db.query_one("SELECT max(id) FROM run", [], |row| row.get(0)).unwrap();
        Watch { db, runs_before }
    }

    fn phase(&self) -> Phase {
        let mut select = self
            .db
            .prepare_cached(
                "SELECT id, state = 'running', (SELECT count(*) FROM outcome WHERE run_id = run.id)
                 FROM run ORDER BY id DESC LIMIT 1",
            )
            .unwrap();
        let (run, running, outcomes): (i64, bool, i64) =
            select.query_one([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        match (run > self.runs_before, running, outcomes) {
            (false, ..) => Phase::BeforeTheRun,
            (true, false, _) => Phase::AfterTheEnd,
            (true, true, 0) => Phase::BeforeTheFirstCommit,
            (true, true, ..HOST_COUNT) => Phase::BetweenCommits,
            (true, true, _) => Phase::BeforeTheEnd,
        }
    }

    /// Returns once the run has come to this phase, or beyond it.
    fn until(&self, phase: Phase, collector: &mut Reaped) {
        while self.phase() < phase && !collector.has_ended() {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// What holds at every instant: the file is sound, no sample is there twice, and what a host has deleted from its
/// spool is in the database. Hosts may be at work meanwhile, so their spools are looked at first.
pub(crate) fn nothing_is_lost_or_doubled(world: &World, hosts: &[&str], when: &str) {
    let spools: Vec<_> = hosts.iter().map(|host| (host, Spool::of(world, host))).collect();
    assert_eq!(world.server.value("PRAGMA integrity_check"), "ok", "{when}");
    let doubled = "SELECT count(*) - count(DISTINCT probe_sample_id) FROM sample";
    assert_eq!(world.server.value(doubled), "0", "{when}");
    for (host, spool) in spools {
        // A number is given before its envelope is written: the last one may be just about to be.
        let gone: Vec<u64> = (1..spool.last).filter(|number| !spool.waiting.contains(number)).collect();
        let samples = samples_of(world, host);
        assert!(samples >= gone.len() as u64, "{when}: {host} deleted {gone:?}, and {samples} samples are stored");
        let through =
            format!("SELECT coalesce(max(through), 0) FROM spool JOIN host ON id = host_id WHERE name = '{host}'");
        let through: u64 = world.server.value(&through).parse().unwrap();
        assert!(
            gone.iter().all(|number| *number <= through),
            "{when}: {host} deleted {gone:?}, known through {through}"
        );
    }
}

/// In the end every envelope that any probe ever sealed is a sample, exactly once.
pub(crate) fn everything_comes_home(world: &World, hosts: &[&str]) {
    let is_home = |host: &&&str| samples_of(world, host) == Spool::of(world, host).last;
    // Probes of killed runs may be at work still, and seal one more.
    let healed = (0..5).any(|_| {
        world.server.collector(&[]).expect(0);
        hosts.iter().filter(|host| !is_home(host)).count() == 0
    });
    let found = hosts.iter().map(|host| (samples_of(world, host), Spool::of(world, host).last)).collect::<Vec<_>>();
    assert!(healed, "samples stored and envelopes sealed, by host: {found:?}");
    nothing_is_lost_or_doubled(world, hosts, "in the end");
    assert_eq!(world.server.value("SELECT count(*) FROM rejected_envelope"), "0");
}

fn samples_of(world: &World, host: &str) -> u64 {
    let query = format!("SELECT count(*) FROM sample JOIN host ON host.id = host_id WHERE name = '{host}'");
    world.server.value(&query).parse().unwrap()
}

/// A host's spool as its files tell.
struct Spool {
    /// The last number that an envelope got. The first one is 1.
    last: u64,
    /// The numbers of the envelopes that wait.
    waiting: Vec<u64>,
}

impl Spool {
    fn of(world: &World, host: &str) -> Spool {
        let place = world.sshd.home(host).join(".cache/fleet-health/spool");
        let list = || run(std::process::Command::new("find").arg(&place).args(["-name", "*.fhe", "-printf", "%f\n"]));
        let counters = run(std::process::Command::new("find").arg(&place).args(["-name", "counter.json"]));
        let counter = fs::read_to_string(counters.trim()).unwrap_or_else(|error| panic!("{counters}: {error}"));
        let counter: serde_json::Value = serde_json::from_str(&counter).unwrap();
        let number = |name: &str| name.strip_suffix(".fhe").unwrap().parse().unwrap();
        Spool { last: counter["last"].as_u64().unwrap(), waiting: list().lines().map(number).collect() }
    }
}

/// A series of numbers that the seed alone decides (SplitMix64: Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_nanos(self.next() % (u64::try_from(longest.as_nanos()).unwrap() + 1))
    }
}
