//! How hosts are reached that only jump hosts reach.

mod deadlines;
mod renamed;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collector::prepare::{Identities, Setting};
use collector::probe_file::Places;
use collector::run::HostReport;
use collector::ssh::{KnownHosts, Verdict, look};
use config::Host;
use harness::{Proxy, Server, Sshd, SshdOptions, USER, program};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// What sshd logs when it is asked to forward a connection.
const FORWARDED: &str = "server_request_direct_tcpip: originator";

/// A server, and the hosts it is told to watch.
pub(crate) struct Watched {
    dir: TempDir,
    server: Server,
    clients: String,
    /// The lines of known_hosts.
    pub(crate) known_hosts: String,
}

impl Watched {
    pub(crate) fn new() -> Watched {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::new(&dir.path().join("server"));
        Watched { dir, server, clients: String::new(), known_hosts: String::new() }
    }

    pub(crate) fn sshd(&self, name: &str, options: SshdOptions) -> Sshd {
        Sshd::start(&self.dir.path().join(name), options)
    }

    /// A jump host, whose key may be used to forward.
    fn bastion(&self, name: &str) -> Sshd {
        self.sshd(name, SshdOptions { forwards: true, ..SshdOptions::default() })
    }

    /// Adds a client that is reached at this address and port.
    pub(crate) fn add(&mut self, name: &str, sshd: &Sshd, (address, port): (&str, u16)) {
        let identity = sshd.identity().display().to_string();
        self.clients += &format!(
            "<client name=\"{name}\" ip=\"{address}\" port=\"{port}\" username=\"{USER}\" identity-file=\"{identity}\"/>\n"
        );
    }

    /// Adds a client that is reached directly, with its key on file.
    pub(crate) fn add_direct(&mut self, name: &str, sshd: &Sshd, address: &str) {
        self.add(name, sshd, (address, sshd.port));
        self.known_hosts += &sshd.known_hosts_line(address);
    }

    /// Adds a client behind a jump host, with its key on file under its name.
    fn add_behind(&mut self, name: &str, sshd: &Sshd, address: &str) {
        self.add(name, sshd, (address, sshd.port));
        self.known_hosts += &format!("{name} {}", sshd.host_key());
    }

    /// The configuration, with `change` applied to each host.
    pub(crate) fn setting(&self, change: impl Fn(&mut Host)) -> Setting {
        self.server.configure(&format!("<config>\n{}</config>\n", self.clients));
        fs::write(self.server.state("known_hosts"), &self.known_hosts).unwrap();
        let mut config = config::load(&self.server.dir.join("config.xml")).unwrap();
        config.hosts.iter_mut().for_each(change);
        let program_dir = program("fleet-collector").parent().unwrap().to_owned();
        let places = Places { probe_dir: None, program_dir };
        Setting { config, state_dir: self.server.dir.join("state"), patterns: Vec::new(), jobs: None, places }
    }
}

/// Visits every host. Returns `kind` or `kind: detail` by host.
pub(crate) fn visit(setting: &Setting) -> BTreeMap<String, String> {
    let told = Arc::new(Mutex::new(BTreeMap::new()));
    let hears = told.clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let run = setting.prepare().unwrap();
    let observer = Arc::new(move |report: &HostReport| {
        let detail = report.outcome.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        hears.lock().unwrap().insert(report.host.to_string(), format!("{}{detail}", report.outcome.kind));
    });
    runtime.block_on(run.execute(CancellationToken::new(), observer)).unwrap();
    Arc::into_inner(told).unwrap().into_inner().unwrap()
}

/// Every host but the jump hosts themselves goes through `jump`.
fn behind(jump: &str) -> impl Fn(&mut Host) {
    move |host| {
        if host.name.as_str() != jump {
            host.jump = Some(jump.parse().unwrap());
        }
    }
}

fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

fn homes(addresses: &[&str]) -> SshdOptions {
    let homes = addresses.iter().map(|address| ((*address).to_owned(), format!("home-{address}"))).collect();
    SshdOptions { homes, ..SshdOptions::default() }
}

#[test]
fn hosts_behind_a_jump_host_are_reached_over_one_connection() {
    let mut watched = Watched::new();
    let hosts = "127.0.5.2 deep1.internal\n127.0.5.3 deep2.internal\n127.0.5.4 deep3.internal\n".to_owned();
    let gate = watched.sshd("gate", SshdOptions { forwards: true, hosts, ..SshdOptions::default() });
    let deep = watched.sshd("deep", homes(&["127.0.5.2", "127.0.5.3", "127.0.5.4"]));
    watched.add_direct("gate", &gate, "127.0.5.1");
    for number in 1..=3 {
        // Only the jump host knows these names.
        watched.add_behind(&format!("deep{number}"), &deep, &format!("deep{number}.internal"));
    }
    let outcomes = visit(&watched.setting(behind("gate")));
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.values().all(|outcome| outcome == "ok"), "{outcomes:?}");
    assert_eq!(gate.log().matches(FORWARDED).count(), 3, "{}", gate.log());
    assert_eq!(logins(&deep), 3);
    assert_eq!(logins(&gate), 1, "for its own visit and for all the others");
}

#[test]
fn jump_hosts_may_stand_behind_jump_hosts() {
    let mut watched = Watched::new();
    let (outer, inner) = (watched.bastion("outer"), watched.bastion("inner"));
    let deep = watched.sshd("deep", SshdOptions::default());
    watched.add_direct("outer", &outer, "127.0.5.5");
    watched.add_behind("inner", &inner, "127.0.5.6");
    watched.add_behind("deep", &deep, "127.0.5.7");
    let setting = watched.setting(|host| {
        let jump = match host.name.as_str() {
            "inner" => "outer",
            "deep" => "inner",
            _ => return,
        };
        host.jump = Some(jump.parse().unwrap());
    });
    let outcomes = visit(&setting);
    assert!(outcomes.values().all(|outcome| outcome == "ok"), "{outcomes:?}");
    assert!(inner.log().contains(&format!("target 127.0.5.7 port {}", deep.port)), "{}", inner.log());
    assert!(!outer.log().contains(&format!("target 127.0.5.7 port {}", deep.port)), "{}", outer.log());
}

#[test]
fn a_key_behind_a_jump_host_is_on_file_under_the_host_s_name() {
    let mut watched = Watched::new();
    let gate = watched.bastion("gate");
    let deep = watched.sshd("deep", SshdOptions::default());
    watched.add_direct("gate", &gate, "127.0.5.8");
    watched.add("deep", &deep, ("127.0.5.9", deep.port));
    watched.known_hosts += &deep.known_hosts_line("127.0.5.9");
    let setting = watched.setting(behind("gate"));
    let outcomes = visit(&setting);
    assert!(outcomes["deep"].starts_with("host_key_unknown: no key of deep is on file"), "{outcomes:?}");

    // It is shown through the jump host, which is logged in to for that, and pinned under that name.
    let path = setting.known_hosts();
    let known = Arc::new(KnownHosts::read(&path).unwrap());
    let mut identities = Identities::default();
    let mut ways = setting.ways(Arc::new(setting.trust(known.clone())), &mut identities);
    let hosts = setting.config.hosts.iter().map(|host| (host.name.clone(), ways.target(host))).collect();
    let limits = (setting.config.collector.deadlines.dial, setting.config.collector.deadlines.handshake);
    let offers = tokio::runtime::Runtime::new().unwrap().block_on(look(hosts, &known, limits));
    let offers: Vec<_> = offers.into_iter().map(|(_, offer)| offer.unwrap()).collect();
    assert_eq!(offers.iter().map(|offer| &offer.verdict).collect::<Vec<_>>(), [&Verdict::Match, &Verdict::Unknown]);
    collector::ssh::pin(&path, &offers[1]).unwrap();
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .contains(&format!("deep {}", deep.host_key().split(" fleet").next().unwrap()))
    );
    assert_eq!(visit(&setting)["deep"], "ok");
}

#[test]
fn a_jump_host_that_cannot_be_used_is_tried_once_and_named_to_every_host_behind_it() {
    let mut watched = Watched::new();
    let (gate, direct) = (watched.bastion("gate"), watched.sshd("direct", SshdOptions::default()));
    watched.add_direct("direct", &direct, "127.0.5.10");
    // The wrong key.
    watched.add("gate", &direct, ("127.0.5.11", gate.port));
    watched.known_hosts += &gate.known_hosts_line("127.0.5.11");
    for number in 1..=5 {
        watched.add_behind(&format!("deep{number}"), &direct, "127.0.5.12");
    }
    let setting = watched.setting(|host| {
        if host.name.as_str().starts_with("deep") {
            host.jump = Some("gate".parse().unwrap());
        }
    });
    let outcomes = visit(&setting);
    assert_eq!(outcomes["direct"], "ok");
    assert!(outcomes["gate"].starts_with("auth_failed"), "{outcomes:?}");
    for number in 1..=5 {
        let outcome = &outcomes[&format!("deep{number}")];
        assert!(outcome.starts_with("jump_failed: jump host gate: auth_failed: refused for user"), "{outcome}");
    }
    assert_eq!(gate.log().matches("Connection from 127").count(), 2, "readiness, and one try");
}

#[test]
fn an_unverified_jump_host_is_not_logged_in_to() {
    let mut watched = Watched::new();
    let (gate, deep) = (watched.bastion("gate"), watched.sshd("deep", SshdOptions::default()));
    watched.add("gate", &gate, ("127.0.5.13", gate.port));
    watched.add_behind("deep", &deep, "127.0.5.14");
    let outcomes = visit(&watched.setting(behind("gate")));
    assert!(outcomes["deep"].starts_with("jump_failed: jump host gate: host_key_unknown"), "{outcomes:?}");
    assert!(!gate.log().contains("userauth-request for user"), "{}", gate.log());
}

#[test]
fn what_a_jump_host_refuses_and_what_it_cannot_reach_are_told_apart() {
    let mut watched = Watched::new();
    let (gate, wall) = (watched.bastion("gate"), watched.sshd("wall", SshdOptions::default()));
    let deep = watched.sshd("deep", SshdOptions::default());
    watched.add_direct("gate", &gate, "127.0.5.15");
    watched.add_direct("wall", &wall, "127.0.5.16");
    // Nothing listens at port 1.
    watched.add("gone", &deep, ("127.0.5.17", 1));
    watched.add_behind("deep", &deep, "127.0.5.18");
    watched.add_behind("good", &deep, "127.0.5.19");
    let setting = watched.setting(|host| {
        let jump = match host.name.as_str() {
            "gone" | "good" => "gate",
            "deep" => "wall",
            _ => return,
        };
        host.jump = Some(jump.parse().unwrap());
    });
    let outcomes = visit(&setting);
    assert_eq!(outcomes["gone"], "unreachable: jump host gate cannot reach 127.0.5.17 port 1");
    assert!(outcomes["deep"].starts_with("jump_failed: jump host wall: it does not connect us to"), "{outcomes:?}");
    assert!(outcomes["deep"].contains("AllowTcpForwarding"), "{outcomes:?}");
    assert_eq!([&outcomes["gate"], &outcomes["wall"], &outcomes["good"]], ["ok"; 3]);
}

#[test]
fn a_jump_host_that_dies_in_mid_run_takes_only_the_hosts_behind_it_along() {
    let mut watched = Watched::new();
    let gate = watched.bastion("gate");
    let addresses = ["127.0.5.21", "127.0.5.22", "127.0.5.23"];
    let (deep, direct) = (watched.sshd("deep", homes(&addresses)), watched.sshd("direct", SshdOptions::default()));
    let proxy = Proxy::to(gate.port);
    watched.add_direct("direct", &direct, "127.0.5.24");
    watched.add("gate", &gate, ("127.0.5.20", proxy.port));
    watched.known_hosts += &format!("[127.0.5.20]:{} {}", proxy.port, gate.host_key());
    for (number, address) in addresses.iter().enumerate() {
        watched.add_behind(&format!("deep{number}"), &deep, address);
    }
    let mut setting = watched.setting(|host| {
        if host.name.as_str().starts_with("deep") {
            host.jump = Some("gate".parse().unwrap());
        }
    });
    setting.config.collector.deadlines.command = Duration::from_secs(5);
    // From the jump host's own login to the middle of the visits behind it. The line is cut, or held without a word.
    let cuts = [2_500, 5_000, 8_000, 12_000, 16_000].map(|bytes| (bytes, false));
    for (bytes, held) in cuts.into_iter().chain([(8_000, true), (14_000, true)]) {
        let _told = held.then(|| proxy.hold_after(bytes));
        proxy.cut_after(bytes);
        let outcomes = visit(&setting);
        assert_eq!(outcomes["direct"], "ok");
        for number in 0..addresses.len() {
            let outcome = &outcomes[&format!("deep{number}")];
            assert!(outcome.starts_with("jump_failed: jump host gate: "), "{bytes} bytes, held {held}: {outcomes:?}");
        }
    }
    proxy.mend();
    let outcomes = visit(&setting);
    assert!(outcomes.values().all(|outcome| outcome == "ok"), "{outcomes:?}");
}
