//! Custom checks, run by a visit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use sample::{Check, CheckState};

use crate::host::Host;

/// Tells whether it holds open what the probe, its parent, has for input, output and errors.
const NOSY: &str = "\
open=$(for fd in /proc/$$/fd/*; do readlink $fd; done)
for fd in 0 1 2; do
    case $open in *\"$(readlink /proc/$PPID/fd/$fd)\"*) echo \"has $fd of the probe\"; exit 2 ;; esac
done
echo \"nice $(nice), $(ulimit -c) $*| fds=3;;;0\"";

/// Makes a check of this script. Returns the folder it is in, below the host's `home`.
fn write_check(host: &Host, script: &str) -> PathBuf {
    let folder = host.path("home/.config/fleet-health/checks.d");
    fs::create_dir_all(&folder).expect("a folder for checks");
    let write = "umask 022; chmod -R go-w \"$1\"; printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$3\" && chmod 755 \"$3\"";
    let mut sh = Command::new("sh");
    sh.args(["-c", write, "sh"]).arg(host.path("home")).arg(script).arg(folder.join("check"));
    assert!(sh.status().expect("sh runs").success());
    folder
}

/// A visit with this home.
fn visit(host: &Host, home: &str, wanted: bool) -> Option<Vec<Check>> {
    let mut request = host.request();
    request.scope.checks = wanted;
    let mut env = Command::new("env");
    let answer = host.visit_by(env.arg(format!("HOME={home}")).arg(host.probe()).arg("run"), &request);
    answer.samples.last().expect("the fresh one").readings.checks.clone()
}

#[test]
fn a_check_that_takes_its_time_in_one_of_two_visits_does_not_bend_the_means_between_them() {
    let host = Host::new();
    let folder = host.path("home/.config/fleet-health/checks.d");
    fs::create_dir_all(&folder).expect("a folder for checks");
    let write = "umask 022; chmod -R go-w \"$1\"; printf '#!/bin/sh\\n[ -e \"$0.fast\" ] || exec sleep 3\\n' > \"$2\" && chmod 755 \"$2\"";
    let mut sh = Command::new("sh");
    assert!(sh.args(["-c", write, "sh"]).arg(host.path("home")).arg(folder.join("slow")).status().unwrap().success());
    let sample = || {
        let home = format!("HOME={}", host.path("home").display());
        let answer = host.visit_by(Command::new("env").arg(home).arg(host.probe()).arg("run"), &host.request());
        answer.samples.into_iter().next_back().expect("the fresh one")
    };
    let first = sample();
    fs::write(folder.join("slow.fast"), "").unwrap();
    let second = sample();
    assert!(first.readings.measuring_ms >= Some(3000) && second.readings.measuring_ms < Some(2900));
    let ticks = |of: &sample::Sample| {
        let cpu = of.counters.cpu.as_ref().unwrap();
        let all = cpu.cores.iter().map(|core| core.busy + core.idle).sum::<u64>();
        all as f64 * 10.0 / cpu.cores.len() as f64
    };
    let counted_ms = ticks(&second) - ticks(&first);
    let elapsed = |of: &sample::Sample| of.boot.as_ref().unwrap().elapsed_ms as f64;
    let passed_ms = elapsed(&second) - elapsed(&first);
    assert!(
        (counted_ms - passed_ms).abs() < 500.0,
        "the counters are {counted_ms} ms apart, the samples {passed_ms} ms"
    );
}

#[test]
fn a_visit_brings_home_what_the_hosts_own_checks_found_and_they_get_nothing_of_it() {
    let host = Host::new();
    let folder = write_check(&host, NOSY);
    let home = host.path("home").display().to_string();
    let [check] = visit(&host, &home, true).expect("there is a folder").try_into().expect("one check");
    assert_eq!((check.state, check.output.as_str()), (CheckState::Ok, "nice 19, 0"));
    assert_eq!((check.values[0].label.as_str(), check.values[0].value), ("fds", 3.0));

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("it is ours");
    let [check] = visit(&host, &home, true).expect("there is a folder").try_into().expect("one check");
    assert_eq!(check.state, CheckState::Unknown);
    assert!(check.output.starts_with("not run: others can write to "), "{check:?}");

    assert_eq!(visit(&host, &home, false), None, "nobody wants them");
    for elsewhere in ["", "home", "/", "/no/such/home"] {
        assert_eq!(visit(&host, elsewhere, true), None, "{elsewhere}");
    }
}

#[test]
fn a_check_that_takes_all_its_time_keeps_no_server_from_its_sample_between_visits() {
    let (host, limit) = (Host::new(), Duration::from_secs(2));
    write_check(&host, "exec sleep 1000");
    let requests = ["web1", "web2", "web3"].map(|name| {
        let mut request = host.request();
        request.host = name.parse().expect("a host name");
        request.scope.check_timeout_ms = 2000;
        request
    });
    // Without a home there are no checks.
    requests.iter().for_each(|request| assert_eq!(host.visit(request).samples.len(), 1));
    let began = Instant::now();
    let mut sample = Command::new(host.probe());
    sample.arg("sample").env_clear().env("HOME", host.path("home"));
    assert!(sample.status().expect("the probe runs").success());
    let took = began.elapsed();
    assert!(took >= limit && took < 3 * limit, "side by side, not one after the other: {took:?}");
    for request in &requests {
        let samples = host.visit(request).samples;
        let [_, between, _] = samples.as_slice() else { panic!("{samples:?}") };
        let [check] = between.readings.checks.as_deref().expect("checks") else { panic!("{between:?}") };
        assert_eq!((&between.host, check.state), (&request.host, CheckState::Unknown), "{check:?}");
    }
}
