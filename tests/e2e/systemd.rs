//! What the probe tells of systemd, against what systemd's own programs say.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use envelope::{Header, PrivateKey};
use harness::{Systemd, program, run};
use sample::wire::{self, AnswerHeader, Limits, Request};
use sample::{KeyId, Log, Nonce, Readings, Sample, Scope, SystemdUnit};

/// A key, and a folder with the probe and its public half.
struct Visitor {
    key: PrivateKey,
    dir: tempfile::TempDir,
}

impl Visitor {
    fn new() -> Visitor {
        let (key, dir) = (PrivateKey::generate().unwrap(), tempfile::tempdir().unwrap());
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(dir.path().join("keys")).unwrap();
        fs::write(dir.path().join(format!("keys/{}.pub", KeyId(key.id()))), key.public_pem()).unwrap();
        run(Command::new("cp").arg(program("fleet-probe")).arg(dir.path()));
        Visitor { key, dir }
    }

    fn visit(&self, host: &Systemd, scope: &Scope) -> Readings {
        let request = Request {
            version: wire::VERSION,
            host: "web1".parse().unwrap(),
            nonce: Nonce([7; 16]),
            key: KeyId(self.key.id()),
            acknowledgements: Vec::new(),
            former: Vec::new(),
            known_boot: None,
            scope: scope.clone(),
            limits: Limits { envelopes: 1000, bytes: 8 << 20 },
        };
        let mut command = host.command(self.dir.path().join("fleet-probe"));
        let mut probe = command.arg("run").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        probe.stdin.take().unwrap().write_all(request.encode().as_bytes()).unwrap();
        let answer = probe.wait_with_output().unwrap().stdout;
        let header_end = 1 + answer[1..].iter().position(|byte| *byte == b'\n').unwrap();
        AnswerHeader::decode(&answer[1..header_end], request.nonce).unwrap();
        let mut envelopes = &answer[header_end + 1..answer.len() - wire::end_line(request.nonce).len()];
        let mut readings = None;
        // The fresh one is the last.
        while !envelopes.is_empty() {
            let (sealed, others) = envelopes.split_at(Header::parse_prefix(envelopes).unwrap().len);
            let opened = envelope::open(&self.key, "web1", sealed).unwrap();
            readings = Some(Sample::decode(&opened).unwrap().readings);
            envelopes = others;
        }
        readings.unwrap()
    }

    /// Visits until this is told: on a busy machine systemd may not answer in the time that the probe gives it.
    fn visit_until<T>(&self, host: &Systemd, scope: &Scope, told: fn(Readings) -> Option<T>) -> T {
        let found = (0..5).find_map(|_| told(self.visit(host, scope)));
        found.expect("systemd answers in one of five visits")
    }

    fn units(&self, host: &Systemd, scope: &Scope) -> Vec<SystemdUnit> {
        self.visit_until(host, scope, |readings| readings.units)
    }

    /// What is not told in one visit is told by the next.
    fn log(&self, host: &Systemd, scope: &Scope) -> Log {
        self.visit_until(host, scope, |readings| readings.log)
    }
}

const SERVICES: [(&str, &str); 4] = [
    ("works.service", "ExecStart=/bin/sleep infinity"),
    ("fails.service", "Type=oneshot\nExecStart=/bin/false"),
    ("missing-program.service", "ExecStart=/no/such/program"),
    ("odd\\x2dname@1.service", "Type=oneshot\nExecStart=/bin/false"),
];

fn booted(dir: &Path) -> Systemd {
    Systemd::boot(&dir.join("systemd"), &SERVICES)
}

#[test]
fn the_units_that_have_failed_are_those_that_systemctl_names_and_the_wanted_ones_are_told_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let (host, visitor) = (booted(dir.path()), Visitor::new());
    let listed = run(host.command("systemctl").args(["--failed", "--plain", "--no-legend", "--full"]));
    let expected: BTreeSet<&str> = listed.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(expected.contains("fails.service") && expected.len() >= 3, "{listed}");
    let units = visitor.units(&host, &Scope::default());
    let told: BTreeSet<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(told, expected);
    assert!(units.iter().all(|unit| unit.has_failed() && !unit.wanted), "{units:?}");

    let wanted = ["works.service", "nope.timer", "fails.service", "getty@.service"].map(str::to_owned).to_vec();
    let units = visitor.units(&host, &Scope { units: wanted, ..Scope::default() });
    let line = |at: usize| format!("{} {} {}", units[at].name, units[at].load_state, units[at].active_state);
    assert_eq!(
        [line(0), line(1), line(2)],
        ["works.service loaded active", "nope.timer not-found inactive", "fails.service loaded failed"]
    );
    assert_eq!(units.len(), 3 + expected.len() - 1, "fails.service is told once: {units:?}");
}

#[test]
fn errors_of_the_journal_come_home_once_each() {
    let dir = tempfile::tempdir().unwrap();
    let (host, visitor) = (booted(dir.path()), Visitor::new());
    let wanted = Scope { log_lines: 2, ..Scope::default() };
    visitor.log(&host, &wanted);
    let log = |priority: &str, text: &str| {
        let mut systemd_cat = host.command("systemd-cat");
        run(systemd_cat.args(["--identifier=shop", "--priority", priority, "echo", text]));
        // Waits until all that was written is in the journal.
        run(host.command("journalctl").arg("--sync"));
    };
    assert_eq!(visitor.log(&host, &wanted).lines, []);
    for text in ["one", "two", "three"] {
        log("err", text);
    }
    log("warning", "not an error");
    let found = visitor.log(&host, &wanted);
    let told: Vec<_> = found.lines.iter().map(|line| (line.source.as_deref(), line.message.as_str())).collect();
    assert_eq!((told, found.omitted), (vec![(Some("shop"), "two"), (Some("shop"), "three")], 1));
    log("crit", "four");
    let found = visitor.log(&host, &wanted);
    assert_eq!((found.lines.len(), found.lines[0].message.as_str(), found.omitted), (1, "four", 0));
    assert_eq!(visitor.log(&host, &wanted).lines, []);
    assert_eq!(visitor.visit(&host, &Scope::default()).log, None);
}
