//! The scripts are run here by the shells that hosts have as /bin/sh; over SSH they are run end to end.

mod left;
mod private;

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use std::env::consts::ARCH;

const NONCE: Nonce = Nonce([3; 16]);
const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
/// Of nothing: no file has it.
const SHA256: &str = "5de3d8dd0e3b9ac1d2b5d6d7e8dc6b6a6c1f5d7b000000000000000000000000";

fn sh(shell: &[&str], home: &Path, script: &str) -> Report {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-s").env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Report::parse(&child.wait_with_output().unwrap().stdout, NONCE)
}

fn find(shell: &[&str], home: &Path, wanted: &str, sha256: &str) -> Report {
    let head = format!(
        "nonce={NONCE}\nwanted={wanted}\nremembered=\nmachine='Linux {ARCH}'\nsha256={sha256}\nsize=20\navoid=\nkey=k1\npem='{PEM}'\n"
    );
    sh(shell, home, &format!("{head}{FIND_A_PLACE}"))
}

fn install(shell: &[&str], home: &Path, place: &Path, sha256: &str, size: usize) -> Report {
    install_or_take_back(shell, home, (place, ""), sha256, size)
}

fn install_or_take_back(
    shell: &[&str],
    home: &Path,
    (place, made): (&Path, &str),
    sha256: &str,
    size: usize,
) -> Report {
    let place = place.display();
    sh(
        shell,
        home,
        &format!("nonce={NONCE}\nplace=\"{place}\"\nmade='{made}'\nsha256={sha256}\nsize={size}\n{INSTALL}"),
    )
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every shell found here that a host may have as /bin/sh.
fn shells() -> Vec<Vec<&'static str>> {
    let all: [&[&str]; 4] = [&["/bin/dash"], &["/bin/bash", "--posix"], &["/bin/busybox", "sh"], &["/bin/ksh"]];
    all.into_iter().filter(|shell| Path::new(shell[0]).exists()).map(<[&str]>::to_vec).collect()
}

#[test]
fn probe_and_key_are_placed_privately_and_found_again() {
    let probe = b"#!/bin/sh\necho probe\n";
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join(".cache/fleet-health");
        let report = find(&shell, home.path(), "", &digest(probe));
        assert_eq!(report.last("place"), place.to_str(), "{shell:?}");
        assert_eq!(std::fs::metadata(&place).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_to_string(place.join("keys/k1.pub")).unwrap(), format!("{PEM}\n"));

        std::fs::write(report.last("part").unwrap(), probe).unwrap();
        let report = install(&shell, home.path(), &place, &digest(probe), probe.len());
        assert_eq!(report.last("installed"), Some("yes"), "{shell:?}");
        let ran = Command::new(place.join("fleet-probe")).output().unwrap();
        assert_eq!(ran.stdout, b"probe\n");

        let again = find(&shell, home.path(), "", &digest(probe));
        assert_eq!((again.last("place"), again.last("part")), (place.to_str(), None), "{shell:?}");
        let left: Vec<_> = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
}

#[test]
fn a_damaged_probe_is_uploaded_again() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join(".cache/fleet-health");
    let report = find(&["/bin/sh"], home.path(), "", &digest(b"good"));
    std::fs::write(report.last("part").unwrap(), b"good").unwrap();
    install(&["/bin/sh"], home.path(), &place, &digest(b"good"), 4);
    std::fs::write(place.join(format!("probe-{}", digest(b"good"))), b"evil").unwrap();
    assert!(find(&["/bin/sh"], home.path(), "", &digest(b"good")).last("part").is_some());
}

#[test]
fn an_upload_that_is_short_or_wrong_is_removed_and_told() {
    for (arrived, said) in [(b"goo".as_slice(), "3 of 4 bytes arrived"), (b"evil", "the digest is")] {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join(".cache/fleet-health");
        let report = find(&["/bin/sh"], home.path(), "", &digest(b"good"));
        let part = report.last("part").unwrap();
        std::fs::write(part, arrived).unwrap();
        let report = install(&["/bin/sh"], home.path(), &place, &digest(b"good"), 4);
        assert!(report.last("installed").unwrap().contains(said));
        assert!(!Path::new(part).exists());
        assert!(!place.join(format!("probe-{}", digest(b"good"))).exists());
    }
}

#[test]
fn a_place_that_is_a_link_or_no_directory_is_refused_and_the_next_one_taken() {
    for prepare in [
        |cache: &Path| symlink("/tmp", cache.join("fleet-health")).unwrap(),
        |cache: &Path| std::fs::write(cache.join("fleet-health"), "").unwrap(),
    ] {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".cache")).unwrap();
        prepare(&home.path().join(".cache"));
        let report = find(&["/bin/sh"], home.path(), "", SHA256);
        assert_eq!(report.last("place"), home.path().join(".fleet-health").to_str());
        assert_eq!(report.all("refused").count(), 1);
    }
}

#[test]
fn a_place_of_another_user_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let wanted = home.path().join("theirs");
    std::fs::create_dir(&wanted).unwrap();
    std::os::unix::fs::chown(&wanted, Some(65534), None).expect("this test gives a directory away: run it as root");
    let report = find(&["/bin/sh"], home.path(), wanted.to_str().unwrap(), SHA256);
    assert_eq!(report.last("place"), None);
    assert!(report.last("refused").unwrap().contains("belongs to another user"));
}

#[test]
fn a_wanted_place_is_taken_or_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let report = find(&["/bin/sh"], home.path(), &format!("{}/x", file.display()), SHA256);
    assert_eq!(report.last("place"), None);
    let report = find(&["/bin/sh"], home.path(), "\"$HOME/here\"", SHA256);
    assert_eq!(report.last("place"), home.path().join("here").to_str());
}

#[test]
fn a_script_cut_anywhere_does_nothing() {
    let home = tempfile::tempdir().unwrap();
    let head = format!(
        "nonce={NONCE}\nwanted=\nremembered=\nmachine='Linux {ARCH}'\nsha256={SHA256}\nsize=20\navoid=\nkey=k1\npem='{PEM}'\n"
    );
    let script = format!("{head}{FIND_A_PLACE}");
    let last_line = script.rfind("\nmain\n").unwrap();
    for length in (0..=last_line).step_by(97) {
        sh(&["/bin/sh"], home.path(), &script[..script.floor_char_boundary(length)]);
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_remembered_place_that_somebody_else_made_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let foreign = home.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::os::unix::fs::chown(&foreign, Some(65534), None).expect("this test gives a directory away: run it as root");
    // The home is a file, so nothing in it can be taken.
    let no_home = home.path().join("no-home");
    std::fs::write(&no_home, "").unwrap();
    let remembered = foreign.display();
    let head = format!(
        "nonce={NONCE}\nwanted=\nremembered=\"{remembered}\"\nmachine='Linux {ARCH}'\nsha256={SHA256}\nsize=20\navoid=\nkey=k1\npem='{PEM}'\n"
    );
    let report = sh(&["/bin/sh"], &no_home, &format!("{head}{FIND_A_PLACE}"));
    let place = report.last("place").unwrap();
    assert!(place.starts_with("/var/tmp/fleet-health."), "{place}");
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn on_another_machine_nothing_is_done_but_to_say_so() {
    let home = tempfile::tempdir().unwrap();
    let head = format!(
        "nonce={NONCE}\nwanted=\nremembered=\nmachine='Linux sparc64'\nsha256={SHA256}\nsize=20\navoid=\nkey=k1\npem='{PEM}'\n"
    );
    let report = sh(&["/bin/sh"], home.path(), &format!("{head}{FIND_A_PLACE}"));
    assert_eq!(report.last("uname"), Some(format!("Linux {ARCH}").as_str()));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_place_without_room_for_the_probe_is_refused_with_what_is_free() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let wanted = home.path().join("here");
        let script = |size: u64| {
            let head = format!("nonce={NONCE}\nwanted={}\nremembered=\nmachine='Linux {ARCH}'\n", wanted.display());
            format!("{head}sha256={SHA256}\nsize={size}\navoid=' '\nkey=k1\npem='{PEM}'\n{FIND_A_PLACE}")
        };
        let report = sh(&shell, home.path(), &script(1 << 60));
        assert_eq!(report.last("place"), None);
        let told = report.last("refused").unwrap();
        let free = told.split_once("no room: ").unwrap().1.split_once(" KiB are free").unwrap().0;
        assert!(free.parse::<u64>().unwrap() > 1024, "{told}: a machine that compiled this has more");
        assert_eq!(sh(&shell, home.path(), &script(20)).last("place"), wanted.to_str(), "{shell:?}");
    }
}

#[test]
fn a_place_where_an_upload_failed_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let [first, second] = [".cache/fleet-health", ".fleet-health"].map(|place| home.path().join(place));
    let head = format!("nonce={NONCE}\nwanted=\nremembered=\nmachine='Linux {ARCH}'\nsha256={SHA256}\nsize=20\n");
    let script = format!("{head}avoid=' {} '\nkey=k1\npem='{PEM}'\n{FIND_A_PLACE}", first.display());
    let report = sh(&["/bin/sh"], home.path(), &script);
    assert_eq!(report.last("place"), second.to_str());
    assert!(report.last("refused").unwrap().contains("the upload failed there"));
}

#[test]
fn a_script_whose_first_lines_somebody_read_does_nothing() {
    let home = tempfile::tempdir().unwrap();
    let without_nonce = format!(
        "wanted=\nremembered=\nmachine='Linux {ARCH}'\nsha256={SHA256}\nsize=20\navoid=\nkey=k1\npem='{PEM}'\n{FIND_A_PLACE}"
    );
    assert!(sh(&["/bin/sh"], home.path(), &without_nonce).0.is_empty());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
