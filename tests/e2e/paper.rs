//! A monitoring server whose hosts exist on paper: rows at any time, and a mail server that does what a test wants.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

use harness::{MailServer, Measured, Rows, Server};
use sample::Timestamp;
use storage::Store;
use tempfile::TempDir;

pub(crate) struct Paper {
    pub(crate) server: Server,
    pub(crate) mail: MailServer,
    pub(crate) rows: Rows,
    /// Kept for its drop, which removes the folder.
    _dir: TempDir,
}

impl Paper {
    /// Hosts of these names, with these alerts, of which these people are told.
    pub(crate) fn new(hosts: &[&str], mail: &str, alerts: &str) -> Paper {
        let dir = tempfile::tempdir().unwrap();
        let server = Server { dir: dir.path().to_owned() };
        let state = server.dir.join("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        drop(Store::open(&server.state("fleet.db"), Timestamp::from_millis(now_ms())).unwrap());
        let rows = Rows::open(&server.state("fleet.db"));
        let paper = Paper { server, mail: MailServer::friendly(), rows, _dir: dir };
        let clients: String =
            hosts.iter().map(|name| format!("<client name=\"{name}\" ip=\"192.0.2.1\"/>\n")).collect();
        paper.configure("", &format!("<defaults {LOGIN} mail=\"{mail}\">{alerts}</defaults>\n{clients}"));
        paper
    }

    /// Writes config.xml; `smtp` are more attributes of the mail server, `rest` is everything but it.
    pub(crate) fn configure(&self, smtp: &str, rest: &str) {
        let port = self.mail.port;
        let smtp = if smtp.contains("port=") { smtp.to_owned() } else { format!("port=\"{port}\" {smtp}") };
        self.server.configure(&format!(
            "<config>\n<smtp host=\"127.0.0.1\" {smtp} from=\"fleet@example.org\"/>\n{rest}</config>\n"
        ));
    }

    /// One visit to a host that brought a sample home. Returns the sample.
    pub(crate) fn visit(&self, host: &str, at_ms: i64, measured: &Measured) -> i64 {
        let id = self.rows.host(host, at_ms);
        self.rows.visit(self.rows.run(at_ms), id, at_ms, measured)
    }
}

/// Nobody logs in anywhere.
pub(crate) const LOGIN: &str = "username=\"monitor\" identity-file=\"login\"";

/// A host that is over a limit of memory.
pub(crate) fn full() -> Measured {
    Measured { memory_percent: 96.0, ..Measured::default() }
}

#[expect(clippy::disallowed_methods, reason = "the programs take the time from the system, so rows have to fit it")]
pub(crate) fn now_ms() -> i64 {
    Timestamp::from(SystemTime::now()).as_millis()
}
