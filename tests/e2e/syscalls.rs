//! Kills and disk errors at every system call that writes, one after the other: in a run of the collector, and in
//! the probe.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::{Finished, Reaped, eventually};

use crate::World;
use crate::killing::{everything_comes_home, nothing_is_lost_or_doubled};

const HOST: [&str; 1] = ["127.0.5.9"];

/// What happens at the Nth call of a thread.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// The call, as strace(1) knows it.
    call: &'static str,
    /// What strace does to it.
    effect: &'static str,
}

const fn fault(call: &'static str, effect: &'static str) -> Fault {
    Fault { call, effect }
}

const KILL: &str = "signal=KILL";

/// What the database is written with, and what tidies up after it.
const OF_THE_DATABASE: [Fault; 9] = [
    fault("pwrite64", KILL),
    fault("pwrite64", "error=ENOSPC"),
    fault("pwrite64", "error=EIO"),
    fault("fsync", KILL),
    fault("fsync", "error=EIO"),
    fault("ftruncate", KILL),
    fault("ftruncate", "error=EIO"),
    fault("unlink", KILL),
    fault("unlink", "error=EIO"),
];

/// What a spool is written with.
const OF_THE_SPOOL: [Fault; 10] = [
    fault("write", KILL),
    fault("write", "error=ENOSPC"),
    fault("write", "error=EIO"),
    fault("fsync", KILL),
    fault("fsync", "error=EIO"),
    fault("rename", KILL),
    fault("rename", "error=ENOSPC"),
    fault("rename", "error=EIO"),
    fault("unlink", KILL),
    fault("unlink", "error=EIO"),
];

/// So many calls are taken one by one, and of those after them every `STRIDE`th.
const ONE_BY_ONE: usize = 4;
const STRIDE: usize = 7;

/// The numbers of the calls to be hit.
fn numbers() -> impl Iterator<Item = usize> {
    (1..=ONE_BY_ONE).chain((ONE_BY_ONE + 1..).step_by(STRIDE))
}

/// strace, told to do this at the Nth call of each thread it traces.
fn strace(fault: Fault, number: usize, log: &Path) -> Command {
    let Fault { call, effect } = fault;
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o"]).arg(log).args(["-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:{effect}:when={number}")]);
    strace.stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin");
    strace
}

/// Whether the fault came to pass: there may be fewer calls than that.
fn came_to_pass(log: &Path) -> bool {
    let log = fs::read_to_string(log).unwrap_or_default();
    log.contains("(INJECTED)") || log.contains("killed by SIGKILL")
}

/// A killed collector has no exit status; any other ends as the manual has it, and tells why.
#[track_caller]
fn ended_in_good_order(finished: &Finished, killed: bool, when: &str) {
    let Finished { status, stderr, .. } = finished;
    let in_order = if killed { status.is_none() } else { matches!(status, Some(0 | 1 | 3)) };
    assert!(in_order && !stderr.contains("panicked"), "{when}: {status:?}\n{stderr}");
    assert!(*status != Some(1) || stderr.contains("fleet.db"), "{when}: {stderr}");
}

fn warm_world() -> World {
    let world = World::new(&HOST);
    world.server.watch(&world.sshd, &HOST, "");
    world.server.collector(&[]).expect(0);
    world
}

#[test]
fn a_collector_killed_or_refused_at_any_write_loses_and_doubles_nothing() {
    let world = warm_world();
    let log = world.dir.path().join("strace");
    let mut points = 0;
    for fault in OF_THE_DATABASE {
        for number in numbers() {
            let when = format!("{fault:?}, call {number}");
            let collector = world.server.command("fleet-collector", &[]);
            let mut all = strace(fault, number, &log);
            all.arg("-f").arg(collector.get_program());
            all.envs(collector.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let finished = Finished::from(all.output().unwrap());
            if !came_to_pass(&log) {
                let _untouched = finished.expect(0);
                break;
            }
            points += 1;
            ended_in_good_order(&finished, fault.effect == KILL, &when);
            nothing_is_lost_or_doubled(&world, &HOST, &when);
        }
    }
    println!("{points} faults");
    assert!(points > 20, "{points} faults");
    everything_comes_home(&world, &HOST);
    assert_eq!(world.server.value("SELECT count(*) FROM run WHERE state NOT IN ('done', 'aborted')"), "0");
}

/// A thread of the collector that writes to the database while hosts are visited, or after it.
#[derive(Clone, Copy, Debug)]
enum Writer {
    /// Commits the visits.
    Recorder,
    /// Marks the run as finished, and closes the database.
    Main,
}

impl Writer {
    /// Its thread id, once both are there.
    fn thread(self, collector: &Reaped) -> u32 {
        let tasks = PathBuf::from(format!("/proc/{}/task", collector.pid()));
        let mut recorder = None;
        eventually("the thread that commits", || {
            let ids = fs::read_dir(&tasks).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let is_it =
                |id: &String| fs::read_to_string(tasks.join(id).join("comm")).is_ok_and(|it| it == "recorder\n");
            recorder = ids.into_iter().find(is_it).map(|id| id.parse().unwrap());
            recorder.is_some()
        });
        match self {
            Writer::Recorder => recorder.expect("it was waited for"),
            Writer::Main => collector.pid(),
        }
    }
}

#[test]
fn each_thread_that_writes_may_be_killed_or_refused_at_its_own_writes() {
    let world = warm_world();
    let log = world.dir.path().join("strace");
    for (writer, faults) in [(Writer::Recorder, &OF_THE_DATABASE[..5]), (Writer::Main, &OF_THE_DATABASE[..])] {
        let mut points = 0;
        for fault in faults {
            for number in numbers() {
                if !hit(&world, writer, *fault, number, &log) {
                    break;
                }
                points += 1;
                nothing_is_lost_or_doubled(&world, &HOST, &format!("{writer:?}, {fault:?}, call {number}"));
            }
        }
        println!("{points} faults in {writer:?}");
        assert!(points > 5, "{points} faults in {writer:?}");
    }
    everything_comes_home(&world, &HOST);
}

/// Runs the collector with a fault in one of its threads, from when it waits for its host on. Returns whether the
/// fault came to pass.
fn hit(world: &World, writer: Writer, fault: Fault, number: usize, log: &Path) -> bool {
    world.sshd.pause();
    let errors = world.dir.path().join("errors");
    let mut command = world.server.command("fleet-collector", &[]);
    command.stdout(Stdio::null()).stderr(fs::File::create(&errors).unwrap());
    let mut collector = Reaped::spawn(&mut command);
    let thread = writer.thread(&collector);
    let mut tracer = Reaped::spawn(strace(fault, number, log).arg("-p").arg(thread.to_string()));
    let status = format!("/proc/{}/task/{thread}/status", collector.pid());
    eventually("the tracer", || {
        fs::read_to_string(&status).unwrap().lines().any(|line| line == format!("TracerPid:\t{}", tracer.pid()))
    });
    world.sshd.resume();
    let (status, stdout) = (collector.wait(), String::new());
    // It ends when there is nothing left to trace.
    let _status = tracer.wait();
    let came = came_to_pass(log);
    let stderr = fs::read_to_string(errors).unwrap();
    let finished = Finished { status, stdout, stderr };
    let when = format!("{writer:?}, {fault:?}, call {number}");
    match came {
        true => ended_in_good_order(&finished, fault.effect == KILL, &when),
        false => drop(finished.expect(0)),
    }
    came
}

/// The envelopes that wait in the host's only spool, by number, and the last number of its counter.
fn spool(home: &Path) -> (BTreeMap<u64, Vec<u8>>, u64) {
    let spools = home.join(".cache/fleet-health/spool");
    let folder = fs::read_dir(spools).unwrap().next().unwrap().unwrap().path();
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let number = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let envelopes = files.filter(|path| path.extension().is_some_and(|it| it == "fhe"));
    let envelopes = envelopes.map(|path| (number(&path), fs::read(&path).unwrap())).collect();
    let counter: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("counter.json")).unwrap()).unwrap();
    (envelopes, counter["last"].as_u64().unwrap())
}

#[test]
fn a_probe_killed_or_refused_at_any_write_leaves_a_spool_that_can_be_read_and_no_number_twice() {
    let world = warm_world();
    let home = world.sshd.home(HOST[0]);
    let (log, owner) = (home.join("strace"), fs::metadata(&home).unwrap().uid().to_string());
    let (mut known, mut last) = spool(&home);
    let mut points = 0;
    for fault in OF_THE_SPOOL {
        for number in numbers() {
            let mut all = Command::new("setpriv");
            all.args(["--reuid", &owner, "--regid", &owner, "--clear-groups", "strace"]);
            all.args(strace(fault, number, &log).get_args()).arg("-f");
            all.arg(home.join(".cache/fleet-health/fleet-probe")).arg("sample").current_dir(&home);
            let finished = Finished::from(all.stdin(Stdio::null()).output().unwrap());
            let when = format!("{fault:?}, call {number}: {finished:?}");
            assert!(!finished.stderr.contains("panicked"), "{when}");
            let (waiting, counted) = spool(&home);
            assert!(counted >= last && waiting.keys().all(|number| *number <= counted), "{when}");
            assert!(known.iter().all(|(number, bytes)| waiting.get(number) == Some(bytes)), "{when}");
            (known, last) = (waiting, counted);
            if !came_to_pass(&log) {
                assert_eq!(finished.status, Some(0), "{when}");
                break;
            }
            points += 1;
            assert_eq!(finished.status.is_none(), fault.effect == KILL, "{when}");
        }
    }
    println!("{points} faults, {} envelopes", known.len());
    assert!(points > 15, "{points} faults");
    let stored = world.samples();
    let first_known = usize::from(known.contains_key(&1));
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), stored - first_known + known.len() + 1, "all that waited, and a fresh one");
    assert_eq!(world.server.value("SELECT count(*) FROM rejected_envelope"), "0");
    assert_eq!(world.server.value("SELECT count(*) FROM outcome WHERE kind <> 'ok' OR detail IS NOT NULL"), "0");
}
