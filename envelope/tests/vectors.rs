//! Every file in `testdata/` states what must become of its envelope. They were made by an independent
//! implementation, `testdata/make_vectors.py`.

use std::fs;
use std::path::{Path, PathBuf};

use envelope::{Header, OpenError, PrivateKey};

struct Vector {
    name: String,
    expect: String,
    host: String,
    key: String,
    plaintext: Option<Vec<u8>>,
    envelope: Vec<u8>,
}

#[test]
fn every_vector_comes_out_as_its_file_says() {
    let vectors = vectors();
    assert!(vectors.len() >= 80, "only {} vectors in testdata", vectors.len());
    let mut wrong = Vec::new();
    for vector in &vectors {
        let opened = envelope::open(&private_key(&vector.key), &vector.host, &vector.envelope);
        let found = opened.as_ref().map_or_else(|error| expectation(*error), |_| "ok".to_owned());
        if found != vector.expect || opened.ok().as_deref() != vector.plaintext.as_ref() {
            wrong.push(format!("{}: expected {}, found {found}", vector.name, vector.expect));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_header_is_read_without_a_key() {
    let vector = read(&testdata().join("ok_rsa_3072.txt"));
    let header = Header::parse(&vector.envelope).unwrap();
    assert_eq!(header.key_id, private_key("rsa3072").id());
    assert_eq!(header.spool.to_vec(), (0x10..0x20).collect::<Vec<u8>>());
    assert_eq!(header.sequence, 0x0102_0304_0506_0708);
    assert_eq!(header.len, vector.envelope.len());
}

#[test]
fn a_stream_of_envelopes_is_split_at_their_lengths() {
    let wanted: Vec<_> = vectors().into_iter().filter(|vector| vector.expect == "ok").collect();
    let stream = wanted.iter().flat_map(|vector| vector.envelope.iter().copied()).collect::<Vec<_>>();
    let mut rest = &stream[..];
    for vector in wanted {
        let first = Header::parse_prefix(rest).unwrap();
        assert_eq!(rest[..first.len], vector.envelope, "{}", vector.name);
        assert!(rest.len() == first.len || Header::parse(rest).is_err());
        rest = &rest[first.len..];
    }
    assert_eq!(Header::parse_prefix(rest), Err(OpenError::TooShort));
}

fn expectation(error: OpenError) -> String {
    match error {
        OpenError::TooShort => "too short".to_owned(),
        OpenError::NotAnEnvelope => "not an envelope".to_owned(),
        OpenError::UnsupportedVersion(version) => format!("unsupported version {version}"),
        OpenError::UnsupportedSuite(suite) => format!("unsupported suite {suite}"),
        OpenError::UnknownKey => "unknown key".to_owned(),
        OpenError::Damaged => "damaged".to_owned(),
    }
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn private_key(name: &str) -> PrivateKey {
    let pem = fs::read_to_string(testdata().join("keys").join(format!("{name}.pem"))).expect("a key of that name");
    PrivateKey::from_pem(&pem).expect("a good key")
}

fn vectors() -> Vec<Vector> {
    let files = fs::read_dir(testdata()).expect("a folder of vectors").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).map(|path| read(&path)).collect()
}

fn read(path: &Path) -> Vector {
    let text = fs::read_to_string(path).expect("a readable vector");
    let (head, envelope) = text.split_once("envelope-hex:\n").expect("an envelope");
    let field = |name: &str| {
        let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.trim().to_owned())
    };
    let required = |name: &str| field(name).unwrap_or_else(|| panic!("{}: no {name}", path.display()));
    Vector {
        name: path.display().to_string(),
        expect: required("expect"),
        host: required("host"),
        key: required("key"),
        plaintext: field("plaintext-hex").map(|digits| unhex(&digits)),
        envelope: unhex(envelope),
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).expect("two digits")).collect()
}
