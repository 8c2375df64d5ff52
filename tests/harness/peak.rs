//! How much memory a program took at most.

use std::fs;
use std::process::{Command, ExitStatus};

/// Runs the program, and asks the system for the peak of its children. Between the tests and the program stands one that is
/// small: what a process had before it became another program counts as the other one's (getrusage(2)).
const RUN: &str = "\
import resource, subprocess, sys
ended = subprocess.run(sys.argv[2:])
open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(ended.returncode)";

/// Runs a command, whose output and environment are as they were set, and returns how it ended and its peak in bytes.
pub fn with_peak(command: &Command, configure: impl FnOnce(&mut Command)) -> (ExitStatus, u64) {
    let folder = tempfile::tempdir().unwrap();
    let peak = folder.path().join("peak");
    let mut run = Command::new("/usr/bin/python3");
    run.arg("-c").arg(RUN).arg(&peak).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => run.env(name, value),
            None => run.env_remove(name),
        };
    }
    configure(&mut run);
    let status = run.status().unwrap();
    let kib: u64 = fs::read_to_string(&peak).unwrap().parse().unwrap();
    (status, kib * 1024)
}
