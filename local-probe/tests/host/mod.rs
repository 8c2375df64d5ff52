//! A host as a collector leaves it: a folder with the probe and a public key.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use envelope::{Header, PrivateKey};
use sample::wire::{self, AnswerHeader, Limits, Request};
use sample::{KeyId, Nonce, Sample};

/// A folder with the probe and a public key in it.
pub(crate) struct Host {
    folder: tempfile::TempDir,
}

/// An answer, opened.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) header: AnswerHeader,
    pub(crate) sequences: Vec<u64>,
    pub(crate) samples: Vec<Sample>,
}

/// What a call printed and ended with.
#[must_use]
pub(crate) struct Called(Output);

fn keys() -> &'static [PrivateKey; 2] {
    static KEYS: OnceLock<[PrivateKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| [(); 2].map(|()| PrivateKey::generate().expect("a key is generated")))
}

fn key() -> &'static PrivateKey {
    &keys()[0]
}

/// The key that a rotation puts in the place of the first one.
pub(crate) fn next_key() -> KeyId {
    KeyId(keys()[1].id())
}

impl Host {
    pub(crate) fn new() -> Host {
        let ours_alone = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(ours_alone).tempdir().expect("a temporary folder");
        let host = Host { folder };
        // By another process: were the copy open for writing here, a child forked just then would hold it open
        // too, and the program could not be started (ETXTBSY).
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_fleet-probe")).arg(host.probe()).status();
        assert!(copied.expect("cp runs").success());
        fs::create_dir(host.path("keys")).expect("a folder for keys");
        for key in keys() {
            fs::write(host.path(&format!("keys/{}.pub", KeyId(key.id()))), key.public_pem()).expect("a key file");
        }
        host
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn probe(&self) -> PathBuf {
        self.path("probe-c0ffee")
    }

    /// All files of this name in the spools.
    pub(crate) fn files(&self, name: &str) -> Vec<PathBuf> {
        let spools = fs::read_dir(self.path("spool")).expect("a spool folder");
        spools.map(|spool| spool.expect("a spool").path().join(name)).filter(|path| path.exists()).collect()
    }

    /// A request with a nonce of its own and no wishes.
    pub(crate) fn request(&self) -> Request {
        static NONCES: AtomicU8 = AtomicU8::new(0);
        Request {
            version: wire::VERSION,
            host: "web1".parse().expect("a host name"),
            nonce: Nonce([NONCES.fetch_add(1, Ordering::Relaxed); 16]),
            key: KeyId(key().id()),
            acknowledgements: Vec::new(),
            former: Vec::new(),
            known_boot: None,
            scope: sample::Scope::default(),
            limits: Limits { envelopes: 1000, bytes: 8 << 20 },
        }
    }

    pub(crate) fn call(&self, word: &str) -> Called {
        self.call_with(word, b"")
    }

    pub(crate) fn call_with(&self, word: &str, input: &[u8]) -> Called {
        Called(call(Command::new(self.probe()).arg(word), input))
    }

    pub(crate) fn visit(&self, request: &Request) -> Answer {
        self.visit_by(Command::new(self.probe()).arg("run"), request)
    }

    /// A visit by a command that calls the probe in some other way.
    pub(crate) fn visit_by(&self, command: &mut Command, request: &Request) -> Answer {
        let output = call(command, request.encode().as_bytes());
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && output.stderr.is_empty(), "{:?}: {complaint}", output.status);
        Answer::open(&output.stdout, request)
    }
}

/// Runs a command as sshd could: without an environment, in another folder.
fn call(command: &mut Command, input: &[u8]) -> Output {
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the probe starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    // A call that fails early does not read its input.
    if let Err(error) = stdin.write_all(input) {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
    drop(stdin);
    child.wait_with_output().expect("the probe ends")
}

impl Answer {
    fn open(output: &[u8], request: &Request) -> Answer {
        let line_end =
            |from: usize| from + output[from..].iter().position(|byte| *byte == b'\n').expect("a whole line");
        assert_eq!(line_end(0), 0, "an answer begins with a line break");
        let header = AnswerHeader::decode(&output[1..line_end(1)], request.nonce).expect("a header for this visit");
        let rest = &output[line_end(1) + 1..];
        let (mut envelopes, end) = rest.split_at(usize::try_from(header.bytes).expect("a length"));
        assert_eq!(end, wire::end_line(request.nonce).as_bytes());
        let (mut sequences, mut samples) = (Vec::new(), Vec::new());
        while !envelopes.is_empty() {
            let place = Header::parse_prefix(envelopes).expect("an envelope");
            let (sealed, others) = envelopes.split_at(place.len);
            let key = keys().iter().find(|key| key.id() == place.key_id).expect("a key of ours");
            let mut names = request.former.iter().map(|owner| &owner.host).chain([&request.host]);
            let plaintext =
                names.find_map(|host| envelope::open(key, host.as_str(), sealed).ok()).expect("for this host");
            sequences.push(place.sequence);
            samples.push(Sample::decode(&plaintext).expect("a sample"));
            envelopes = others;
        }
        assert_eq!(samples.len(), usize::try_from(header.count).expect("a count"));
        Answer { header, sequences, samples }
    }
}

impl Called {
    pub(crate) fn quietly(self) {
        let Called(output) = self;
        assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), Vec::new(), Vec::new()));
    }

    pub(crate) fn fails(self, code: i32, complaint: &str) {
        let Called(output) = self;
        assert_eq!(String::from_utf8_lossy(&output.stderr), complaint);
        assert_eq!((output.status.code(), output.stdout), (Some(code), Vec::new()));
    }
}
