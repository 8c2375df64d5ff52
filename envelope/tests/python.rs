//! The other implementation opens what we seal, and we open what it seals.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use envelope::{MAX_PLAINTEXT, OpenError, Place, PrivateKey, open, seal};

const HOST: &str = "web-1.example.org";

#[test]
fn python_opens_what_we_seal() {
    for name in ["rsa2048", "rsa2048e3", "rsa2056", "rsa3072", "rsa4096"] {
        let place = Place { spool: [0xfe; 16], sequence: u64::MAX, host: HOST };
        let plaintext = [b"from Rust, sealed to ".as_slice(), name.as_bytes(), &[0, 0xff, b'\n']].concat();
        let envelope = seal(private_key(name).public(), &place, &plaintext).unwrap();
        assert_eq!(python("open", name, HOST, &envelope).unwrap(), plaintext, "{name}");
    }
}

#[test]
fn python_refuses_our_envelope_under_another_host() {
    let place = Place { spool: [0; 16], sequence: 0, host: HOST };
    let envelope = seal(private_key("rsa2048").public(), &place, b"x").unwrap();
    assert!(python("open", "rsa2048", "web-2.example.org", &envelope).unwrap_err().contains("Refused: damaged"));
}

#[test]
fn an_envelope_above_the_limit_is_refused_though_it_is_well_sealed() {
    let plaintext = vec![1; MAX_PLAINTEXT];
    let fitting = python("seal", "rsa2048", HOST, &plaintext).unwrap();
    assert_eq!(*open(&private_key("rsa2048"), HOST, &fitting).unwrap(), plaintext);
    let longer = python("seal", "rsa2048", HOST, &[&plaintext[..], &[1]].concat()).unwrap();
    assert_eq!(open(&private_key("rsa2048"), HOST, &longer).unwrap_err(), OpenError::Damaged);
}

#[test]
fn python_agrees_with_every_vector() {
    let output = run(&["check"], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the other implementation writes, or what it complains of.
fn python(verb: &str, key: &str, host: &str, input: &[u8]) -> Result<Vec<u8>, String> {
    let key = key_file(key);
    let output = run(&[verb, key.to_str().expect("a path in UTF-8"), host], input);
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("python3")
        .arg(testdata().join("make_vectors.py"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is needed: apt-get install python3 python3-cryptography");
    // A script that fails early does not read its input; its own complaint says more than the broken pipe.
    drop(child.stdin.take().map(|mut stdin| stdin.write_all(input)));
    let output = child.wait_with_output().expect("the child is ours to wait for");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        !complaint.contains("ModuleNotFoundError"),
        "python3's cryptography is needed: apt-get install python3-cryptography\n{complaint}"
    );
    output
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn key_file(name: &str) -> PathBuf {
    testdata().join("keys").join(format!("{name}.pem"))
}

fn private_key(name: &str) -> PrivateKey {
    let pem = std::fs::read_to_string(key_file(name)).expect("a key of that name");
    PrivateKey::from_pem(&pem).expect("a good key")
}
