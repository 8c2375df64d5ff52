//! The project end to end, with real servers and the programs as `cargo build` makes them.

mod cleaning;
mod collecting;
mod compared;
mod crontab;
mod cutting;
mod database;
mod host_keys;
mod hostile;
mod inventory;
mod killing;
mod layers;
mod load;
mod logins;
mod mail_answers;
mod mail_kills;
mod mailing;
mod paper;
mod pipeline;
mod places;
mod poison;
mod rotation;
mod scope;
mod server;
mod shells;
mod spool;
mod strangers;
mod syscalls;
mod systemd;
mod terminal;
mod terms;
mod told;
mod ways;
mod zoo;

use harness::{Server, Sshd, SshdOptions};
use tempfile::TempDir;

/// A folder, a fleet of one sshd, and a server.
struct World {
    dir: TempDir,
    sshd: Sshd,
    server: Server,
}

impl World {
    /// Every address of the list has a home of its own.
    fn new(addresses: &[&str]) -> World {
        let homes = addresses.iter().map(|address| ((*address).to_owned(), format!("home-{address}"))).collect();
        World::with(SshdOptions { homes, ..SshdOptions::default() })
    }

    fn with(options: SshdOptions) -> World {
        let dir = tempfile::tempdir().unwrap();
        let sshd = Sshd::start(&dir.path().join("sshd"), options);
        let server = Server::new(&dir.path().join("server"));
        World { dir, sshd, server }
    }

    /// `host kind` of each outcome of the latest run, in the order of the names.
    fn outcomes(&self) -> Vec<String> {
        self.server.sql(
            "SELECT host.name || ' ' || outcome.kind FROM outcome JOIN host ON host.id = host_id
             WHERE run_id = (SELECT max(id) FROM run) ORDER BY host.name",
        )
    }

    /// How many samples there are.
    fn samples(&self) -> usize {
        self.server.value("SELECT count(*) FROM sample").parse().unwrap()
    }
}
