//! The monitoring server: its folder, its programs, its database.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::{Connection, OpenFlags};

use crate::process::{Finished, Reaped};
use crate::{Sshd, USER, program};

/// The monitoring server, in a folder of its own.
pub struct Server {
    /// The folder: config.xml and state/ lie in it.
    pub dir: PathBuf,
}

impl Server {
    /// A server in `dir` with a key pair.
    pub fn new(dir: &Path) -> Server {
        let server = Server { dir: dir.to_owned() };
        fs::create_dir_all(dir).unwrap();
        server.collector(&["keygen"]).expect(0);
        server
    }

    /// Writes config.xml, private to its owner.
    pub fn configure(&self, xml: &str) {
        let path = self.dir.join("config.xml");
        fs::write(&path, xml).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes a config.xml whose hosts are addresses of one sshd, named like their addresses, with these alerts and
    /// other elements, and pins their keys.
    pub fn watch(&self, sshd: &Sshd, addresses: &[&str], more: &str) {
        let identity = sshd.identity();
        let mut xml = format!("<config>\n{more}\n");
        let mut known_hosts = String::new();
        for address in addresses {
            let (port, identity) = (sshd.port, identity.display());
            xml += &format!(
                "<client ip=\"{address}\" port=\"{port}\" username=\"{USER}\" identity-file=\"{identity}\"/>\n"
            );
            known_hosts += &sshd.known_hosts_line(address);
        }
        self.configure(&(xml + "</config>\n"));
        fs::write(self.state("known_hosts"), known_hosts).unwrap();
    }

    /// A path in the state folder.
    pub fn state(&self, name: &str) -> PathBuf {
        self.dir.join("state").join(name)
    }

    /// A program of the project, told to use this server's folders and nothing of the environment.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(name));
        command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        command.env("FLEET_CONFIG", self.dir.join("config.xml")).env("FLEET_STATE_DIR", self.dir.join("state"));
        command.args(arguments);
        command
    }

    /// Starts a program in the background.
    pub fn spawn(&self, name: &str, arguments: &[&str]) -> Reaped {
        Reaped::spawn(self.command(name, arguments).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// Runs the collector to its end.
    #[must_use = "its exit status may say more than you expect"]
    pub fn collector(&self, arguments: &[&str]) -> Finished {
        self.run("fleet-collector", arguments)
    }

    /// Runs the alerter to its end.
    #[must_use = "its exit status may say more than you expect"]
    pub fn alerter(&self, arguments: &[&str]) -> Finished {
        self.run("fleet-alerter", arguments)
    }

    /// Runs `fleet` to its end.
    #[must_use = "its exit status may say more than you expect"]
    pub fn fleet(&self, arguments: &[&str]) -> Finished {
        self.run("fleet", arguments)
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Finished {
        let mut command = self.command(name, arguments);
        command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")).into()
    }

    /// The rows of a query, each as its columns joined by `|`, NULL as nothing.
    pub fn sql(&self, query: &str) -> Vec<String> {
        let db = Connection::open_with_flags(self.state("fleet.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut statement = db.prepare(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let columns = statement.column_count();
        let text = |value: rusqlite::types::Value| match value {
            rusqlite::types::Value::Null => String::new(),
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Real(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let row = |row: &rusqlite::Row<'_>| {
            let values: Result<Vec<_>, _> = (0..columns).map(|index| row.get(index).map(text)).collect();
            Ok(values?.join("|"))
        };
        let rows = statement.query_map([], row).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The single value of a query that has one.
    pub fn value(&self, query: &str) -> String {
        let rows = self.sql(query);
        assert_eq!(rows.len(), 1, "{query}");
        rows.into_iter().next().unwrap()
    }

    /// How many samples there are, also while the database is still being made.
    pub fn samples_so_far(&self) -> usize {
        let db = Connection::open_with_flags(self.state("fleet.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let count = db.and_then(|db| db.query_one("SELECT count(*) FROM sample", [], |row| row.get::<_, i64>(0)));
        count.map_or(0, |count| usize::try_from(count).unwrap())
    }

    /// Lets the time pass that failed deliveries wait for.
    pub fn make_deliveries_due(&self) {
        let db = Connection::open(self.state("fleet.db")).unwrap();
        db.execute("UPDATE delivery SET next_attempt_ms = 0", []).unwrap();
    }
}
