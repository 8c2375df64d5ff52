//! What the probe is to the host it runs on: nothing that gets in the way, and gone after a minute.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::host::Host;

/// A probe whose request does not come.
fn waiting(host: &Host) -> Child {
    let mut command = Command::new(host.probe());
    command.arg("run").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the probe starts")
}

/// The 19th field of proc_pid_stat(5), for each of its threads.
fn nice_values(child: &Child) -> Vec<i64> {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    let nice = |stat: String| stat.rsplit(')').next()?.split_whitespace().nth(16)?.parse().ok();
    stats.filter_map(nice).collect()
}

#[test]
fn the_probe_runs_at_the_lowest_priority_with_all_its_threads() {
    let host = Host::new();
    let mut probe = waiting(&host);
    let began = Instant::now();
    // Its second thread is the watch over its time, which it makes before it reads the request.
    while nice_values(&probe) != [19, 19] {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", nice_values(&probe));
        thread::park_timeout(Duration::from_millis(5));
    }
    drop(probe.stdin.take());
    assert_eq!(probe.wait().unwrap().code(), Some(1), "the request was cut off");
}

#[test]
fn a_probe_whose_request_never_comes_ends_by_itself_after_a_minute() {
    let host = Host::new();
    let mut probe = waiting(&host);
    let (stdin, began) = (probe.stdin.take(), Instant::now());
    let ended = probe.wait_with_output().unwrap();
    let lasted = began.elapsed();
    drop(stdin);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "fleet-probe: gave up after 60 s\n");
    assert!(lasted >= Duration::from_secs(59) && lasted < Duration::from_secs(90), "{lasted:?}");
}
