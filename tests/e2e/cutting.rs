//! A visit whose line is cut, or changes a bit, at each place of it: no wrong row, an outcome that fits, and the next
//! visit heals it.
//!
//! A first visit is the longest: it goes cold, uploads the probe, runs it. Its two streams are damaged at every 64th
//! byte of whatever is protocol: the first and last kilobytes. In between lies the upload, the same again and again,
//! which is damaged at some places only. Most of the visits go to an SSH server in this process, which runs the
//! commands for real, by /bin/sh in a home for each address; some go to a real sshd.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use harness::{Behaviour, Damage, Direction, HostileServer, How, Server, Sshd, SshdOptions, USER, WeakLine};
use tempfile::TempDir;

/// Distance between two damages in the protocol, in bytes.
const STRIDE: usize = 64;
/// How long the protocol is before and after the upload, at most.
const BEFORE_UPLOAD: u64 = 12 * 1024;
const AFTER_UPLOAD: u64 = 6 * 1024;
/// How many places of the upload are damaged.
const IN_UPLOAD: u64 = 16;
/// How many hosts one run visits.
const BATCH: usize = 160;

/// Every version line is longer than this. A connection that ends before it is one that sshd had no room for, and is
/// tried once more after a pause: a second or three for each batch that has such a place.
const BEFORE_VERSION: u64 = 16;

/// So far behind the end of a visit nothing comes any more.
const BEHIND: u64 = 64 * 1024;

const CUT: &[&str] = &["ok", "handshake_failed", "session_lost"];
/// A changed bit may also be one of a length, so that one side waits for more, or one of the host's key.
const FLIPPED: &[&str] = &[
    "ok",
    "handshake_failed",
    "session_lost",
    "handshake_timeout",
    "auth_timeout",
    "command_timeout",
    "host_key_changed",
];

#[test]
fn a_visit_cut_anywhere_leaves_no_wrong_row_and_the_next_one_heals() {
    let fleet = Fleet::in_process();
    for direction in [Direction::FromHost, Direction::ToHost] {
        drop(fleet.damage_everywhere(direction, How::Cut, STRIDE, CUT));
    }
}

#[test]
fn a_bit_changed_anywhere_leaves_no_wrong_row_and_the_next_visit_heals() {
    let fleet = Fleet::in_process();
    for direction in [Direction::FromHost, Direction::ToHost] {
        drop(fleet.damage_everywhere(direction, How::Flip, STRIDE, FLIPPED));
    }
}

#[test]
fn a_visit_to_a_real_sshd_cut_or_changed_anywhere_leaves_no_wrong_row_and_the_next_one_heals() {
    const SPARSE: usize = 16 * STRIDE;
    let fleet = Fleet::with_sshd();
    for direction in [Direction::FromHost, Direction::ToHost] {
        drop(fleet.damage_everywhere(direction, How::Cut, SPARSE, CUT));
        drop(fleet.damage_everywhere(direction, How::Flip, SPARSE, FLIPPED));
    }
}

#[test]
fn a_visit_that_stalls_anywhere_ends_at_the_deadline_of_the_step_it_was_in() {
    const IN_ORDER: [&str; 4] = ["handshake_timeout", "auth_timeout", "command_timeout", "ok"];
    let fleet = Fleet::in_process();
    let found = fleet.damage_everywhere(Direction::FromHost, How::Hold, 2 * STRIDE, &IN_ORDER);
    let steps: Vec<_> = found.values().map(|kind| IN_ORDER.iter().position(|step| step == kind)).collect();
    assert!(steps.is_sorted(), "{found:?}");
    assert_eq!(IN_ORDER.map(|step| found.values().any(|kind| kind == step)), [true; 4], "{found:?}");
}

/// Hosts behind a line.
struct Fleet {
    server: Server,
    line: WeakLine,
    addresses: Vec<String>,
    homes: Vec<PathBuf>,
    _hosts: Hosts,
    _dir: TempDir,
}

#[expect(dead_code, reason = "held for as long as the fleet")]
enum Hosts {
    InProcess(HostileServer),
    Sshd(Sshd),
}

impl Fleet {
    fn in_process() -> Fleet {
        let dir = tempfile::tempdir().unwrap();
        let hosts = HostileServer::start(&dir.path().join("hosts"), &[Behaviour::Honest; BATCH]);
        let addresses: Vec<String> = hosts.addresses().map(|(address, _)| address).collect();
        let homes = addresses.iter().map(|address| hosts.home(address)).collect();
        let line = WeakLine::to(hosts.port);
        let known = addresses.iter().map(|address| hosts.known_hosts_line(address, line.port)).collect();
        let server = configure(dir.path(), &addresses, line.port, &hosts.identity(), known);
        Fleet { server, line, addresses, homes, _hosts: Hosts::InProcess(hosts), _dir: dir }
    }

    fn with_sshd() -> Fleet {
        let dir = tempfile::tempdir().unwrap();
        let addresses: Vec<String> = (1..=48).map(|number| format!("127.9.0.{number}")).collect();
        let homes = addresses.iter().map(|address| (address.clone(), format!("home-{address}"))).collect();
        let sshd = Sshd::start(&dir.path().join("sshd"), SshdOptions { homes, ..SshdOptions::default() });
        let homes = addresses.iter().map(|address| sshd.home(address).join(".cache")).collect();
        let line = WeakLine::to(sshd.port);
        let there =
            |address: &String| sshd.known_hosts_line(address).replace(&sshd.port.to_string(), &line.port.to_string());
        let known = addresses.iter().map(there).collect();
        let server = configure(dir.path(), &addresses, line.port, &sshd.identity(), known);
        Fleet { server, line, addresses, homes, _hosts: Hosts::Sshd(sshd), _dir: dir }
    }

    /// Damages first visits at every place, as many at a time as there are hosts, and heals each of them. Returns the
    /// outcome for each place.
    fn damage_everywhere(
        &self,
        direction: Direction,
        how: How,
        stride: usize,
        expected: &[&str],
    ) -> BTreeMap<u64, String> {
        let length = self.length(direction);
        let mut points = places(length, stride);
        // The next visits may send a little more. This one comes too late for any.
        points.push(length + BEHIND);
        let mut found = BTreeMap::new();
        for batch in points.chunks(self.addresses.len()) {
            self.forget();
            let damages = batch.iter().map(|at| Damage { direction, at: *at, how });
            self.line.damage(self.addresses.iter().cloned().zip(damages));
            drop(self.visit(batch.len()));
            for (kind, host, at) in self.outcomes(batch) {
                let turned_away = kind == "throttled" && how == How::Cut && at < BEFORE_VERSION;
                assert!(
                    turned_away || expected.contains(&kind.as_str()),
                    "{how:?} {direction:?} at {at}: {kind} ({host})"
                );
                found.insert(at, kind);
            }
            self.assert_no_wrong_row();
            self.line.damage([]);
            self.visit(batch.len()).expect(0);
            self.assert_no_wrong_row();
        }
        let mut kinds = BTreeMap::new();
        for kind in found.values() {
            *kinds.entry(kind.as_str()).or_insert(0) += 1;
        }
        println!("{how:?} {direction:?}: {} places, {kinds:?}", points.len());
        assert!(kinds.len() > 1, "some visits are damaged, and some damages come too late");
        found
    }

    /// How many bytes a first visit sends in this direction.
    fn length(&self, direction: Direction) -> u64 {
        self.forget();
        self.line.damage([]);
        let before = self.line.passed(&self.addresses[0], direction);
        self.visit(1).expect(0);
        self.line.passed(&self.addresses[0], direction) - before
    }

    /// Makes the next visits first ones, as far as the hosts can tell.
    fn forget(&self) {
        for home in self.homes.iter().filter(|home| home.exists()) {
            fs::remove_dir_all(home).unwrap();
        }
    }

    /// Visits the first hosts.
    fn visit(&self, count: usize) -> harness::Finished {
        let chosen = self.addresses[..count].iter().flat_map(|address| ["--host", address.as_str()]);
        self.server.collector(&chosen.collect::<Vec<_>>())
    }

    /// Kind, host and place of damage of the latest run's outcomes.
    fn outcomes(&self, batch: &[u64]) -> Vec<(String, String, u64)> {
        let rows = self.server.sql(
            "SELECT name || ' ' || kind || ' ' || coalesce(detail, '') FROM outcome JOIN host ON host.id = host_id
             WHERE run_id = (SELECT max(id) FROM run)",
        );
        assert_eq!(rows.len(), batch.len(), "one row for each host");
        let place = |name: &str| batch[self.addresses.iter().position(|address| address == name).unwrap()];
        let split = |row: &String| {
            let (name, rest) = row.split_once(' ').unwrap();
            (rest.split(' ').next().unwrap().to_owned(), row.clone(), place(name))
        };
        rows.iter().map(split).collect()
    }

    /// A visit that is not ok brought no row; a row is whole, this machine's, and came once.
    fn assert_no_wrong_row(&self) {
        let of_failed = self.server.value(
            "SELECT count(*) FROM outcome JOIN run ON run.id = outcome.run_id JOIN sample ON sample.host_id = outcome.host_id
             WHERE outcome.run_id = (SELECT max(id) FROM run) AND kind != 'ok' AND received_ms >= run.started_ms",
        );
        assert_eq!(of_failed, "0");
        let fresh = self.server.value(
            "SELECT count(*) FROM outcome JOIN run ON run.id = outcome.run_id WHERE outcome.run_id = (SELECT max(id) FROM run)
             AND kind = 'ok' AND NOT EXISTS (SELECT 1 FROM sample WHERE sample.host_id = outcome.host_id
                                             AND received_ms >= run.started_ms)",
        );
        assert_eq!(fresh, "0", "every ok has a sample");
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let odd = self.server.value(&format!(
            "SELECT count(*) FROM sample WHERE boot_id IS NOT '{}' OR memory_used_percent IS NULL
             OR memory_used_percent NOT BETWEEN 0 AND 100 OR uptime_seconds IS NULL",
            boot.trim(),
        ));
        assert_eq!(odd, "0");
        let twice = "SELECT count(*) - count(DISTINCT probe_sample_id) FROM sample";
        assert_eq!(self.server.value(twice), "0");
        assert_eq!(self.server.value("SELECT count(*) FROM outcome WHERE kind = 'internal'"), "0");
    }
}

fn configure(dir: &Path, addresses: &[String], port: u16, identity: &Path, known_hosts: String) -> Server {
    let server = Server::new(&dir.join("server"));
    let mut xml =
        "<config>\n<collector jobs=\"16\" handshake-timeout=\"5s\" authentication-timeout=\"5s\" command-timeout=\"8s\"/>\n"
            .to_owned();
    for ip in addresses {
        let identity = identity.display();
        writeln!(xml, "<client ip=\"{ip}\" port=\"{port}\" username=\"{USER}\" identity-file=\"{identity}\"/>")
            .unwrap();
    }
    server.configure(&(xml + "</config>\n"));
    fs::write(server.state("known_hosts"), known_hosts).unwrap();
    server
}

/// Where a stream of this length is damaged.
fn places(length: u64, stride: usize) -> Vec<u64> {
    let upload = length.saturating_sub(AFTER_UPLOAD).max(BEFORE_UPLOAD.min(length));
    let before = (0..BEFORE_UPLOAD.min(length)).step_by(stride);
    let bulk = upload - BEFORE_UPLOAD.min(length);
    let within = (0..IN_UPLOAD).filter(|_| bulk > 0).map(|part| BEFORE_UPLOAD + bulk * part / IN_UPLOAD);
    // A little further than its end, where nothing happens any more.
    let after = (upload..length + 2 * stride as u64).step_by(stride);
    before.chain(within).chain(after).collect()
}
