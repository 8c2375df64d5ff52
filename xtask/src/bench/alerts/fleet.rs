//! A monitoring server whose hosts exist on paper, in a folder that goes away.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use harness::{MailServer, Server};
use tempfile::TempDir;

use crate::bench::figures::Figures;
use crate::bench::host::Host;

/// Who is told of every host.
pub(super) const RECIPIENTS: [&str; 3] = ["ops@example.org", "dba@example.org", "night@example.org"];

/// Five rules over numbers, one of them with two levels; those that are built in come on top.
const RULES: &str = r#"
    <alert type="cpu" limit="90%" for="10m"/>
    <alert type="memory" limit="90%"/>
    <alert type="disk" warn="85%" crit="95%"/>
    <alert type="inodes" limit="90%"/>
    <alert type="load" limit="4"/>"#;

pub(super) struct Fleet {
    /// Kept for its drop, which removes the folder.
    _folder: TempDir,
    hosts: u32,
    server: Server,
    mail: MailServer,
}

impl Fleet {
    /// A fleet of so many hosts, with a mail server that is friendly.
    ///
    /// # Errors
    /// The folder can't be made.
    pub(super) fn new(hosts: u32) -> Result<Fleet> {
        let folder = tempfile::Builder::new().prefix("fleet-health-bench-").tempdir()?;
        let server = Server { dir: folder.path().to_owned() };
        std::fs::create_dir(server.dir.join("state"))?;
        let mail = MailServer::friendly();
        server.configure(&config(hosts, mail.port)?);
        Ok(Fleet { _folder: folder, hosts, server, mail })
    }

    /// Fills the database, in a process of its own.
    ///
    /// # Errors
    /// That did not work; it has said why.
    pub(super) fn fill(&self, xtask: &Path, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(xtask);
        command.arg("fill").args(arguments).arg("--database").arg(self.server.state("fleet.db"));
        let status = command.status().with_context(|| format!("cannot start {}", xtask.display()))?;
        ensure!(status.success(), "the database could not be filled: {status}");
        Ok(())
    }

    /// One run of the alerter.
    ///
    /// # Errors
    /// It can't be started, or left something undone.
    pub(super) fn evaluate(&self, alerter: &Path) -> Result<Figures> {
        let mut command = Command::new(alerter);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.arg("--config").arg(self.server.dir.join("config.xml"));
        command.arg("--state-dir").arg(self.server.dir.join("state"));
        let (status, figures) = Figures::measure(&mut command, self.hosts)?;
        ensure!(status.success(), "the alerter could not do its run: {status}");
        for table in ["sample", "outcome"] {
            let untreated = self.server.value(&format!("SELECT count(*) FROM {table} WHERE treated_ms IS NULL"));
            ensure!(untreated == "0", "{untreated} rows of {table} were left untreated");
        }
        Ok(figures)
    }

    /// How many mails came for whom since this was last asked.
    ///
    /// # Errors
    /// A mail came twice, or one that was made did not come.
    pub(super) fn mails(&self) -> Result<BTreeMap<String, usize>> {
        let mut found = BTreeMap::new();
        for recipient in self.mail.taken().into_iter().flat_map(|mail| mail.to) {
            *found.entry(recipient).or_default() += 1;
        }
        let waiting = self.server.value("SELECT count(*) FROM delivery WHERE state <> 'sent'");
        ensure!(waiting == "0", "{waiting} deliveries did not end well");
        Ok(found)
    }
}

fn config(hosts: u32, port: u16) -> Result<String> {
    let mut xml = format!(
        "<config>\n<smtp host=\"127.0.0.1\" port=\"{port}\" security=\"none\" from=\"fleet@example.org\"/>\n\
         <alerter mails-per-hour=\"1000\"/>\n\
         <defaults username=\"monitor\" identity-file=\"login\" mail=\"{}\">{RULES}\n</defaults>\n",
        RECIPIENTS.join(", ")
    );
    for host in Host::first(hosts) {
        writeln!(xml, "<client name=\"{}\" ip=\"{}\"/>", host.name(), host.address())?;
    }
    Ok(xml + "</config>\n")
}
