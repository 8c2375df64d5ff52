//! Against this machine, and what others say of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::*;

/// A program that ends with the test.
struct Running(Child);

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Running {
        Running(Command::new(program).args(arguments).stdin(Stdio::null()).spawn().unwrap())
    }

    /// Ends it and returns as soon as it is a zombie.
    fn become_zombie(&mut self) {
        self.0.kill().unwrap();
        let of = WaitId::Pid(Pid::from_child(&self.0));
        waitid(of, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    }

    /// How long it ran on a CPU, by the scheduler's own count.
    fn cpu_ms(&self) -> f64 {
        let schedstat = fs::read_to_string(format!("/proc/{}/schedstat", self.0.id())).unwrap();
        schedstat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1_000_000.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

fn now() -> Boot {
    system::boot().unwrap()
}

/// Measures this machine. The children of the test would be left out as the probe's, so another one is the probe.
fn measure(run: &Run) -> (Processes, Option<Vec<WantedProcess>>) {
    let notes = Notes::in_folder(run.folder.path());
    let asked = Asked { scope: &run.scope, spot: run.spot, notes: &notes, target: "live" };
    let begun = Begun::begin(&asked, &Tree::live());
    let end = now().elapsed_ms + 500;
    while run.spot && now().elapsed_ms <= end {
        std::thread::yield_now();
    }
    let (processes, wanted) = begun.finish_at(&asked, &Tree::live(), Some(now()), u32::MAX);
    (processes.unwrap(), wanted)
}

fn ps() -> u32 {
    let output = Command::new("ps").args(["-e", "--no-headers"]).output();
    let list = output.expect("ps runs: apt-get install procps").stdout;
    u32::try_from(list.split(|byte| *byte == b'\n').count() - 1).unwrap()
}

#[test]
fn there_are_as_many_processes_as_ps_sees() {
    let (before, seen, after) = (ps(), measure(&Run::new()).0.total, ps());
    // Others come and go meanwhile.
    assert!(seen + 20 >= before.min(after) && seen <= before.max(after) + 20, "{before} {seen} {after}");
}

#[test]
fn a_busy_loop_has_the_cpu_time_that_the_scheduler_gave_it_also_without_a_run_before() {
    let run = Run { spot: true, ..Run::new() };
    let busy = Running::start("/bin/sh", &["-c", "while :; do :; done"]);
    let (before, began) = (busy.cpu_ms(), now().elapsed_ms);
    let processes = measure(&run).0;
    let (most_ms, took_ms) = (busy.cpu_ms() - before, (now().elapsed_ms - began) as f64);
    let window_ms = processes.window_ms.unwrap() as f64;
    // It may have run while nobody looked, and both clocks have their steps.
    let (least_ms, most_ms) = (most_ms - (took_ms - window_ms) - 30.0, most_ms + 30.0);
    let ran_ms = |one: &TopProcess| one.cpu_percent.unwrap() * window_ms / 100.0;
    let Some(found) = processes.top.iter().find(|process| process.pid == busy.0.id()) else {
        let busier = processes.top.iter().filter(|one| ran_ms(one) >= least_ms).count();
        assert!(busier >= 5, "{least_ms} ms and not among {processes:?}");
        return;
    };
    assert!((least_ms..=most_ms).contains(&ran_ms(found)), "{least_ms} to {most_ms} ms and {processes:?}");
    assert!(window_ms >= 500.0);
    assert_eq!(found.name, "sh");
}

#[test]
fn a_process_with_much_memory_is_told_of() {
    let held = vec![1_u8; 300 << 20];
    let processes = measure(&Run::new()).0;
    let found = processes.top.iter().find(|process| process.pid == std::process::id());
    let bigger = processes.top.iter().filter(|one| one.memory_bytes > held.len() as u64).count();
    assert!(found.is_some_and(|one| one.memory_bytes > held.len() as u64) || bigger >= 5, "{processes:?}");
}

#[test]
fn a_wanted_process_is_there_until_it_has_ended_also_if_nobody_took_notice() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("wanted-by-a-test-of-{}", std::process::id());
    let program = folder.path().join(&name);
    symlink("/bin/sleep", &program).unwrap();
    let run = Run::wanting(&[&name, &name[..15]]);
    let mut sleeping = Running::start(program.to_str().unwrap(), &["600"]);
    let counts = || measure(&run).1.unwrap().iter().map(|wanted| wanted.count).collect::<Vec<_>>();
    assert_eq!(counts(), [1, 1]);
    sleeping.become_zombie();
    assert_eq!(counts(), [0, 0]);
    assert!(measure(&run).0.zombies >= 1);
}
