//! Checks that a mount holds in uninterruptible sleep.

use std::os::unix::fs::symlink;

use sample::{Check, CheckState};

use super::*;

/// The home's folder of checks, and in it each with such a script.
fn folder(host: &Host, checks: &[(&str, String)]) -> PathBuf {
    let folder = host.path("home/.config/fleet-health/checks.d");
    fs::create_dir_all(&folder).expect("a folder for checks");
    for (name, script) in checks {
        let write = "umask 022; chmod -R go-w \"$1\"; printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$3\" && chmod 755 \"$3\"";
        let mut sh = Command::new("sh");
        sh.args(["-c", write, "sh"]).arg(host.path("home")).arg(script).arg(folder.join(name));
        assert!(sh.status().expect("sh runs").success());
    }
    folder
}

/// `name output` of each check, by a visit that has to end soon: its answer is read to the end.
fn visit(host: &Host, namespace: &Namespace) -> Vec<String> {
    let mut request = host.request();
    request.scope.check_timeout_ms = 500;
    let mut env = namespace.command("env");
    env.arg(format!("HOME={}", host.path("home").display())).arg(host.probe()).arg("run");
    let began = Instant::now();
    let mut answer = host.visit_by(&mut env, &request);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let checks = answer.samples.pop().expect("a fresh sample").readings.checks.expect("a folder of checks");
    let told = |Check { name, state, output, .. }: Check| {
        assert_eq!(state, if name == "well" { CheckState::Ok } else { CheckState::Unknown }, "{name}: {output}");
        format!("{name} {output}")
    };
    checks.into_iter().map(told).collect()
}

/// The processes that are noted as hanging, each with its program.
fn hanging(host: &Host) -> Vec<(String, u64)> {
    let Ok(entries) = fs::read_dir(host.path("notes")) else { return Vec::new() };
    let mut notes = entries.map(|entry| entry.expect("an entry").path());
    let is_it = |path: &PathBuf| path.to_string_lossy().contains("/hanging-programs-");
    let Some(note) = notes.find(is_it) else { return Vec::new() };
    let note: serde_json::Value = serde_json::from_slice(&fs::read(note).expect("a note")).expect("JSON");
    let one = |one: &serde_json::Value| {
        (one["program"].as_str().expect("a name").to_owned(), one["process"]["pid"].as_u64().expect("a number"))
    };
    let mut hanging: Vec<_> = note["hanging"].as_array().expect("a list").iter().map(one).collect();
    hanging.sort();
    hanging
}

fn has_ended(pid: u64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn checks_that_a_mount_holds_leave_one_process_each_however_often_the_host_is_visited() {
    let (host, namespace) = (Host::new(), Namespace::new());
    let fuse = Fuse::stopped(&namespace, &host.path("slow"));
    fuse.takes_requests();
    let name = fuse.name();
    let checks =
        [("exec", format!("exec df {name}")), ("starts", format!("df {name}; exit 3")), ("well", "echo well".into())];
    let folder = folder(&host, &checks);
    symlink(fuse.point.join("plugin"), folder.join("linked")).expect("a link");
    let late = ["exec no end after 0.5 s", "linked no end after 0.5 s", "starts no end after 0.5 s", "well well"];
    assert_eq!(visit(&host, &namespace), late);
    let left = hanging(&host);
    let names: Vec<_> = left.iter().map(|(program, _)| program.as_str()).collect();
    assert_eq!(names, ["checks.d/exec", "checks.d/linked", "checks.d/starts"]);
    for _ in 0..2 {
        let told = visit(&host, &namespace);
        let is_known = |told: &String, name: &str| told.starts_with(&format!("{name} not run: still hanging since 20"));
        assert!(["exec", "linked", "starts"].iter().zip(&told).all(|(name, told)| is_known(told, name)), "{told:?}");
        assert_eq!((told[3].as_str(), hanging(&host)), ("well well", left.clone()));
    }
    fuse.answers();
    eventually("they end once they are answered", || left.iter().all(|(_, pid)| has_ended(*pid)));
    fs::remove_file(folder.join("exec")).expect("a check");
    let told = visit(&host, &namespace);
    let nowhere = format!("linked not run: {} can't be read: No such file", folder.join("linked").display());
    assert!(told[0].starts_with(&nowhere) && told[1].starts_with("starts df: "), "{told:?}");
}

#[test]
fn a_folder_of_checks_that_hangs_is_told_and_does_not_hold_up_the_visit() {
    let (host, namespace) = (Host::new(), Namespace::new());
    let fuse = Fuse::stopped(&namespace, &host.path("slow"));
    fuse.takes_requests();
    let folder = folder(&host, &[]);
    fs::remove_dir(&folder).expect("an empty folder");
    symlink(fuse.point.join("checks"), folder).expect("a link");
    assert_eq!(visit(&host, &namespace), ["checks.d the folder of checks does not answer"]);
    let left = hanging(&host);
    assert_eq!(left.len(), 1);
    let told = visit(&host, &namespace);
    assert!(
        told.len() == 1 && told[0].starts_with("checks.d the folder of checks does not answer since 20"),
        "{told:?}"
    );
    assert_eq!(hanging(&host), left);
}
