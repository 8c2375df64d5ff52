//! Hosts behind jump hosts: behind a good one, behind ones that are down or in the way, and bad company behind the good.

use std::path::Path;

use harness::{Behaviour, HostileServer, Sshd, SshdOptions, USER};

use super::fleet::{Address, Expected, HERE, Zoo};

/// Hosts behind the good jump host that no real server stands for.
const BAD_COMPANY: [(&str, Behaviour, &str, &str); 6] = [
    ("behind-gate-mute", Behaviour::Mute, "handshake_timeout", ""),
    ("behind-gate-stalls", Behaviour::MuteCommand, "command_timeout", "running the probe"),
    ("behind-gate-floods", Behaviour::EndlessOutput, "shell_unusable", "without end"),
    ("behind-gate-floods-errors", Behaviour::EndlessErrors, "shell_unusable", "stderr"),
    // As much as it likes, before anybody has read what we have to say.
    ("behind-gate-floods-early", Behaviour::EndlessLine, "handshake_failed", ""),
    ("behind-gate-hangs-up", Behaviour::HangsUpAtExec, "session_lost", "running the probe"),
];

impl Zoo {
    /// Jump hosts, which are visited themselves, and hosts behind them, whose keys are on file under their names.
    pub(super) fn add_beyond(&mut self) {
        let gate = self.start("gate", SshdOptions { forwards: true, ..SshdOptions::default() });
        let wall = self.start("wall", SshdOptions::default());
        let deep = self.start("deep", SshdOptions::default());
        for (host, sshd) in [("gate", &gate), ("wall", &wall)] {
            self.known_hosts += &sshd.known_hosts_line(HERE);
            self.add_at(host, ("ok", ""), sshd.port, &sshd.identity(), "");
        }
        self.add_at("gate-down", ("connect_refused", ""), 1, &gate.identity(), "");
        for (host, jump, kind, says) in [
            ("behind-gate", "gate", "ok", ""),
            ("behind-gate-down", "gate-down", "jump_failed", "jump host gate-down: connect_refused"),
            ("behind-wall", "wall", "jump_failed", "AllowTcpForwarding"),
        ] {
            self.known_hosts += &format!("{host} {}", deep.host_key());
            self.add_at(host, (kind, says), deep.port, &deep.identity(), &format!("jump=\"{jump}\""));
        }
        let gone = ("unreachable", "jump host gate cannot reach");
        self.add_at("behind-gate-gone", gone, 1, &deep.identity(), "jump=\"gate\"");
        self.add_at("behind-gate-strange", ("host_key_unknown", ""), deep.port, &deep.identity(), "jump=\"gate\"");
        self.add_bad_company();
        self.keep((gate, wall, deep));
    }

    fn add_bad_company(&mut self) {
        let server = HostileServer::start(&self.path("company"), &BAD_COMPANY.map(|(_, behaviour, ..)| behaviour));
        for (index, (host, _, kind, says)) in BAD_COMPANY.into_iter().enumerate() {
            let key = server.known_hosts_line(HERE, server.port);
            let (_, key) = key.split_once(' ').expect("host and key");
            self.known_hosts += &format!("{host} {key}");
            let ip = HostileServer::address(index);
            let at = Address { ip: &ip, port: server.port, user: USER, identity: &server.identity() };
            self.add_with(host, Expected { kind, says }, &at, "jump=\"gate\"");
        }
        self.keep(server);
    }

    /// A host of a real server at this address of ours.
    pub(super) fn add_at(
        &mut self,
        host: &str,
        (kind, says): (&'static str, &'static str),
        port: u16,
        identity: &Path,
        more: &str,
    ) {
        self.add_with(host, Expected { kind, says }, &Address { ip: HERE, port, user: USER, identity }, more);
        self.real += usize::from(kind != "ok");
    }

    /// Another sshd, in a folder of this name.
    pub(super) fn start(&self, name: &str, options: SshdOptions) -> Sshd {
        Sshd::start(&self.path(name), options)
    }
}
