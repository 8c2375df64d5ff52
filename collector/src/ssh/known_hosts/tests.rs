use std::process::Command;

use super::*;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

#[track_caller]
fn check(file: &str, host: (&str, u16), offered: &str, expected: &Verdict) {
    let known = KnownHosts::parse(file).unwrap();
    assert_eq!(known.check(&lookup_name(host.0, host.1), &key(offered)), *expected, "{file}");
}

fn changed(known: &[&str]) -> Verdict {
    Verdict::Changed(known.iter().map(|text| fingerprint(&key(text))).collect())
}

#[test]
fn the_key_on_file_matches_and_any_other_key_is_a_changed_one() {
    let file = format!("192.0.2.10 {A}\n");
    check(&file, ("192.0.2.10", 22), A, &Verdict::Match);
    check(&file, ("192.0.2.10", 22), B, &changed(&[A]));
    check(&file, ("192.0.2.11", 22), A, &Verdict::Unknown);
    check("", ("192.0.2.10", 22), A, &Verdict::Unknown);
}

#[test]
fn a_key_of_another_type_is_changed_not_unknown() {
    check(&format!("web1 {A}\n"), ("web1", 22), ECDSA, &changed(&[A]));
}

#[test]
fn of_several_keys_any_may_match_also_after_one_that_does_not() {
    let file = format!("web1 {A}\nweb1 {ECDSA}\nweb1 {B}\n");
    for offered in [A, B, ECDSA] {
        check(&file, ("web1", 22), offered, &Verdict::Match);
    }
}

#[test]
fn revoked_beats_everything_wherever_it_stands() {
    for file in [format!("web1 {A}\n@revoked * {A}\n"), format!("@revoked web1 {A}\nweb1 {A}\n")] {
        check(&file, ("web1", 22), A, &Verdict::Revoked);
        check(&format!("{file}web1 {B}\n"), ("web1", 22), B, &Verdict::Match);
    }
    check(&format!("@revoked web1 {A}\n"), ("web1", 22), B, &Verdict::Unknown);
}

#[test]
fn another_port_is_another_host() {
    let file = format!("[web1]:2222 {A}\nweb1 {B}\n");
    check(&file, ("web1", 2222), A, &Verdict::Match);
    check(&file, ("web1", 2222), B, &changed(&[A]));
    check(&file, ("web1", 22), B, &Verdict::Match);
    check(&file, ("web1", 2223), A, &Verdict::Unknown);
}

#[test]
fn names_ignore_case_and_know_lists_wildcards_negation_tabs_and_comments() {
    let file = format!("# ours\n\n  Web1,10.0.0.1\t{A} root@web1\n*.example.org,!db.example.org {B}\n");
    check(&file, ("WEB1", 22), A, &Verdict::Match);
    check(&file, ("10.0.0.1", 22), A, &Verdict::Match);
    check(&file, ("www.example.org", 22), B, &Verdict::Match);
    check(&file, ("db.example.org", 22), B, &Verdict::Unknown);
}

#[test]
fn names_hashed_by_openssh_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_hosts");
    std::fs::write(&path, format!("web1 {A}\n[web1]:2222 {B}\n")).unwrap();
    let hashed = Command::new("ssh-keygen").arg("-H").arg("-f").arg(&path).output().unwrap();
    assert!(hashed.status.success(), "{hashed:?}; is openssh-client installed?");
    let file = std::fs::read_to_string(&path).unwrap();
    assert!(!file.contains("web1"), "{file}");
    check(&file, ("web1", 22), A, &Verdict::Match);
    check(&file, ("web1", 22), B, &changed(&[A]));
    check(&file, ("web1", 2222), B, &Verdict::Match);
    check(&file, ("web2", 22), A, &Verdict::Unknown);
}

#[test]
fn a_key_of_an_unsupported_type_makes_its_host_a_known_one() {
    let known = KnownHosts::parse("web1 ssh-dss AAAAB3NzaC1kc3MAAAAA\n").unwrap();
    assert!(matches!(known.check("web1", &key(A)), Verdict::Changed(_)));
}

#[test]
fn certificate_authorities_vouch_for_no_plain_key_and_make_their_hosts_known_ones() {
    let certified = || {
        let Verdict::Changed(keys) = changed(&[A]) else { unreachable!() };
        Verdict::Changed(keys.iter().map(|key| format!("any certified by {key}")).collect())
    };
    check(&format!("@cert-authority * {A}\n"), ("web1", 22), A, &certified());
    check(&format!("@cert-authority web1 {A}\n"), ("web1", 2222), B, &certified());
    check(&format!("@cert-authority web1 {A}\nweb1 {B}\n"), ("web1", 22), B, &Verdict::Match);
    check(&format!("@cert-authority web1 {A}\n"), ("web2", 22), A, &Verdict::Unknown);
}

#[test]
fn what_is_not_a_line_of_known_hosts_is_refused_with_its_number() {
    for (file, expected) in [
        (format!("web1 {A}\nweb2\n"), "known_hosts:2: expected host names"),
        (format!("@revokd web1 {A}\n"), "known_hosts:1: unknown marker"),
        ("web1 ssh-ed25519 AAAA\n".to_owned(), "known_hosts:1: malformed key"),
        ("@revoked web1 ssh-dss AAAA\n".to_owned(), "known_hosts:1: this revoked key"),
        (format!("|1|x|y {A}\n"), "known_hosts:1: malformed host names"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        std::fs::write(&path, &file).unwrap();
        let error = KnownHosts::read(&path).err().expect(&file).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_file_that_is_there_and_cannot_be_read_is_an_error_not_an_empty_file() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(KnownHosts::read(dir.path()), Err(KnownHostsError::Unreadable { .. })));
    assert!(KnownHosts::read(&dir.path().join("none")).is_ok());
}

#[test]
fn the_algorithms_on_file_are_known() {
    let known = KnownHosts::parse(&format!("web1 {ECDSA}\n@revoked web1 {A}\n")).unwrap();
    assert_eq!(known.algorithms("web1"), [key(ECDSA).algorithm()]);
}

#[test]
fn a_replaced_key_leaves_every_other_line_alone() {
    let text = format!("# ours\nweb1 {A}\nweb1,web2 {A}\n* {B}\n@revoked web1 {B}\nWEB1 {ECDSA}\n[web1]:2222 {A}\n");
    let kept = format!("# ours\nweb1,web2 {A}\n* {B}\n@revoked web1 {B}\n[web1]:2222 {A}\n");
    assert_eq!(KnownHosts::without(&text, "web1"), kept);
}

#[test]
fn a_file_others_can_write_is_refused_with_the_chmod_that_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_hosts");
    std::fs::write(&path, format!("web1 {A}\n")).unwrap();
    for (mode, refused) in [(0o600, false), (0o644, false), (0o660, true), (0o602, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let hint = KnownHosts::read(&path).err().and_then(|error| error.hint());
        assert_eq!(hint, refused.then(|| format!("chmod go-w {}", path.display())), "{mode:o}");
    }
}
