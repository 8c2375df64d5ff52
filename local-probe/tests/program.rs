//! The built program, called as a collector and a crontab call it.

mod checks;
mod former;
mod host;
mod mounts;
mod process;
mod surroundings;

use std::fs;
use std::path::Path;
use std::process::Command;

use host::Host;
use sample::wire::{Acknowledgement, Limits};

#[test]
fn a_visit_brings_home_one_fresh_sample_that_only_the_private_key_opens() {
    let host = Host::new();
    let request = host.request();
    let answer = host.visit(&request);
    assert_eq!((answer.header.count, answer.header.held, &answer.header.unspooled), (1, 0, &None));
    let [sample] = answer.samples.as_slice() else { panic!("{answer:?}") };
    assert_eq!((sample.nonce, &sample.host), (Some(request.nonce), &request.host));
    let readings = &sample.readings;
    assert!(readings.cpu.is_some() && readings.memory.is_some() && readings.load.is_some(), "{readings:?}");
    assert!(readings.filesystems.as_ref().unwrap().iter().any(|fs| fs.mount == "/"));
    assert!(sample.boot.is_some());
    let mut with_baseline = host.request();
    with_baseline.known_boot = sample.boot.as_ref().map(|boot| boot.id.clone());
    assert_eq!(host.visit(&with_baseline).samples.pop().unwrap().readings.cpu, None);
}

#[test]
fn what_was_not_acknowledged_comes_again_and_what_was_is_gone() {
    let host = Host::new();
    let first = host.visit(&host.request());
    let second = host.visit(&host.request());
    assert_eq!(second.sequences, [1, 2]);
    assert_eq!(second.samples[0], first.samples[0]);
    let mut request = host.request();
    request.acknowledgements = vec![Acknowledgement { spool: second.header.spool, through: 2 }];
    assert_eq!(host.visit(&request).sequences, [3]);
}

#[test]
fn what_goes_beyond_the_limits_stays_and_is_counted() {
    let host = Host::new();
    host.visit(&host.request());
    host.visit(&host.request());
    let mut request = host.request();
    request.limits = Limits { envelopes: 2, bytes: 1 << 20 };
    let answer = host.visit(&request);
    assert_eq!((answer.header.held, answer.sequences), (1, vec![1, 3]));
    assert_eq!(host.visit(&host.request()).sequences, [1, 2, 3, 4]);
}

#[test]
fn visits_at_the_same_time_all_succeed_with_numbers_of_their_own() {
    let host = Host::new();
    let fresh: Vec<_> = std::thread::scope(|scope| {
        let visits: Vec<_> = (0..6).map(|_| scope.spawn(|| host.visit(&host.request()))).collect();
        visits.into_iter().map(|visit| visit.join().unwrap()).collect()
    });
    let mut numbers: Vec<_> = fresh.iter().map(|answer| *answer.sequences.last().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert!(fresh.iter().all(|answer| answer.header.unspooled.is_none()));
}

#[test]
fn a_spool_that_cannot_be_made_does_not_keep_the_sample_from_the_server() {
    let host = Host::new();
    fs::write(host.path("spool"), b"in the way").unwrap();
    let answer = host.visit(&host.request());
    let reason = answer.header.unspooled.unwrap();
    assert!(reason.starts_with("can't make the spool folder: "), "{reason}");
    assert_eq!((answer.samples.len(), answer.header.dropped), (1, 0));
}

#[test]
fn a_disk_that_takes_no_byte_does_not_keep_the_sample_from_the_server_nor_what_waited() {
    let host = Host::new();
    let before = host.visit(&host.request());
    let full = || {
        let mut shell = Command::new("sh");
        host.visit_by(shell.args(["-c", "ulimit -f 0; exec \"$0\" run"]).arg(host.probe()), &host.request())
    };
    let answer = full();
    let reason = answer.header.unspooled.as_ref().unwrap();
    assert!(reason.starts_with("can't write the counter: File too large"), "{reason}");
    assert_eq!(answer.samples.len(), 2);
    assert_eq!(answer.samples[0], before.samples[0]);
    assert_ne!(answer.header.spool, before.header.spool, "a number not noted down must not be one of the spool's");
    let again = full();
    assert_ne!(again.header.spool, answer.header.spool);
    assert_eq!(host.visit(&host.request()).sequences, [1, 2]);
}

#[test]
fn losses_are_not_told_of_under_a_life_that_is_made_up_for_one_answer() {
    let host = Host::new();
    let life = host.visit(&host.request()).header.spool;
    let [only] = host.files("00000000000000000001.fhe").try_into().unwrap();
    fs::write(only, b"cut").unwrap();
    assert_eq!(host.visit(&host.request()).header.dropped, 1);
    let mut shell = Command::new("sh");
    let full = shell.args(["-c", "ulimit -f 0; exec \"$0\" run"]).arg(host.probe());
    let answer = host.visit_by(full, &host.request());
    assert!(answer.header.spool != life && answer.header.dropped == 0);
    assert_eq!(host.visit(&host.request()).header.dropped, 1);
}

#[test]
fn a_disk_that_went_read_only_still_hands_out_what_waited() {
    let host = Host::new();
    let before = host.visit(&host.request());
    let freeze = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && exec \"$0\" run";
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", freeze]).arg(host.probe()).arg(host.path(""));
    let answer = host.visit_by(&mut unshare, &host.request());
    let reason = answer.header.unspooled.unwrap();
    assert!(reason.starts_with("can't write the counter: Read-only file system"), "{reason}");
    assert_eq!((answer.samples.len(), &answer.samples[0]), (2, &before.samples[0]));
}

#[test]
fn an_envelope_on_a_bad_sector_comes_home_once_it_can_be_read() {
    let host = Host::new();
    host.visit(&host.request());
    host.call("sample").quietly();
    let [bad] = host.files("00000000000000000002.fhe").try_into().unwrap();
    // The first page of a process's memory: a regular file that answers every read(2) with EIO.
    let spoil = "mount --bind /proc/$$/mem \"$1\" && exec \"$0\" run";
    let acknowledging = |spool, through| {
        let mut request = host.request();
        request.acknowledgements = vec![Acknowledgement { spool, through }];
        request
    };
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", spoil]).arg(host.probe()).arg(&bad);
    let answer = host.visit_by(&mut unshare, &host.request());
    assert_eq!(answer.sequences, [1, 3]);
    let life = answer.header.spool;
    assert_eq!(host.visit(&acknowledging(life, 3)).sequences, [2, 4]);
    assert_eq!(host.visit(&acknowledging(life, 3)).sequences, [2, 4, 5], "an answer that was lost confirms nothing");
    let last = host.visit(&acknowledging(life, 5));
    assert_eq!((last.sequences, last.header.dropped), (vec![6], 0));
}

#[test]
fn a_boot_begins_a_life_of_the_spool() {
    let host = Host::new();
    let reboot =
        "echo 5f0a3b1c-boot > \"$1\" && mount --bind \"$1\" /proc/sys/kernel/random/boot_id && exec \"$0\" run";
    let before = [host.visit(&host.request()), host.visit(&host.request())].map(|answer| answer.header.spool);
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", reboot]).arg(host.probe()).arg(host.path("boot_id"));
    let after = host.visit_by(&mut unshare, &host.request());
    assert_eq!((before[0], after.sequences), (before[1], vec![1, 2, 3]));
    assert_ne!(after.header.spool, before[1]);
}

#[test]
fn the_crontab_of_the_host_takes_samples_between_visits_and_says_nothing() {
    let host = Host::new();
    host.visit(&host.request());
    host.call("sample").quietly();
    host.call("sample").quietly();
    let answer = host.visit(&host.request());
    assert_eq!(answer.sequences, [1, 2, 3, 4]);
    let nonces: Vec<_> = answer.samples.iter().map(|sample| sample.nonce.is_some()).collect();
    assert_eq!(nonces, [true, false, false, true]);
    assert!(answer.samples[1].readings.cpu.is_some());
}

#[test]
fn before_the_first_visit_and_on_another_machine_there_is_no_target() {
    let host = Host::new();
    let none = "fleet-probe: no sample taken: there is no target yet, a collector's first visit makes one\n";
    host.call("sample").fails(2, none);
    host.visit(&host.request());
    let [target] = host.files("target.json").try_into().unwrap();
    let text = fs::read_to_string(&target).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["machine_id"] = "0123456789abcdef0123456789abcdef".into();
    fs::write(&target, json.to_string()).unwrap();
    host.call("sample").fails(2, none);
    assert_eq!(host.files("00000000000000000002.fhe"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_most_that_can_be_asked_for_is_understood_and_remembered_for_the_hosts_own_crontab() {
    let host = Host::new();
    let mut request = host.request();
    // In JSON these take two bytes each.
    let process = sample::ProcessWish { name: "\"".repeat(sample::Scope::LONGEST_NAME), min: 100_000 };
    request.scope.processes = vec![process; sample::Scope::MOST];
    request.scope.units = vec!["\\".repeat(sample::Scope::LONGEST_NAME); sample::Scope::MOST];
    assert!(request.encode().len() > 64 * 1024);
    assert_eq!(host.visit(&request).samples.len(), 1);
    host.call("sample").quietly();
    assert_eq!(host.visit(&request).samples.len(), 3, "two visits, and once by the crontab");
}

#[test]
fn what_cannot_be_done_is_said_on_one_line() {
    let host = Host::new();
    let mut request = host.request();
    request.key = sample::KeyId([9; 32]);
    let path = host.path(&format!("keys/{}.pub", request.key));
    let reason = format!("can't read public key {}: No such file or directory (os error 2)", path.display());
    host.call_with("run", request.encode().as_bytes()).fails(1, &format!("fleet-probe: {reason}\n"));
    fs::copy(host.path(&format!("keys/{}.pub", host.request().key)), &path).unwrap();
    let reason = format!("{} holds key {}, not the key it is named for", path.display(), host.request().key);
    host.call_with("run", request.encode().as_bytes()).fails(1, &format!("fleet-probe: {reason}\n"));
    host.call_with("run", b"{}").fails(1, "fleet-probe: the request is cut off or longer than 131072 bytes\n");
    host.call("runn").fails(2, "fleet-probe: expected one of: run, sample, --version, --help\n");
}

#[test]
fn version_and_help_need_nothing() {
    let version = Command::new(env!("CARGO_BIN_EXE_fleet-probe")).arg("--version").output().unwrap();
    assert_eq!((version.status.code(), version.stdout.as_slice()), (Some(0), b"fleet-probe 0.1.0\n".as_slice()));
    let help = Command::new(env!("CARGO_BIN_EXE_fleet-probe")).arg("--help").output().unwrap();
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("fleet-probe sample"));
}

/// Whether an ELF file names an interpreter, so needs a dynamic linker and libraries on the host.
fn needs_a_dynamic_linker(program: &Path) -> bool {
    const PT_INTERP: u32 = 3;
    let elf = fs::read(program).expect("a program");
    assert_eq!(&elf[..6], b"\x7fELF\x02\x01", "a 64-bit little-endian ELF file");
    let number =
        |at: usize, bytes: usize| elf[at..at + bytes].iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte));
    let (table, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).any(|n| number(table + n * size, 4) == PT_INTERP as usize)
}

#[test]
fn the_program_is_static() {
    assert!(!needs_a_dynamic_linker(Path::new(env!("CARGO_BIN_EXE_fleet-probe"))));
    assert!(needs_a_dynamic_linker(&std::env::current_exe().unwrap()), "this test itself is linked dynamically");
}

#[test]
fn the_probe_carries_no_server_libraries() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", "local-probe", "-e", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for wanted in ["sysinfo", "rsa", "aes-gcm"] {
        assert!(names.contains(&wanted), "{wanted} is missing: {tree}");
    }
    for unwanted in ["aws-lc-rs", "aws-lc-sys", "tokio", "clap", "tracing", "anyhow", "rusqlite", "russh"] {
        assert!(!names.contains(&unwanted), "{unwanted} in the probe: cargo tree -p local-probe -i {unwanted}");
    }
}
