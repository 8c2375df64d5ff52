//! `cargo xtask demo`: the whole thing, for real, on this machine, in two minutes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use harness::{Exim, Server, Sshd, SshdOptions, target_dir};

use crate::tools::{cargo, install};

const HOSTS: [&str; 3] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];

/// Starts throwaway hosts and a mail server, visits them, compares with thresholds, and shows what came of it.
pub(crate) fn demo() -> Result<()> {
    install(|tool| tool.for_demo)?;
    if !harness::is_root() {
        bail!(
            "the throwaway hosts get users in a namespace of their own, which needs root; please run: sudo -E env PATH=$PATH cargo xtask demo"
        );
    }
    say("Building the programs");
    cargo(&["build", "--locked", "--workspace", "--bins"])?;
    let folder = tempfile::Builder::new().prefix("fleet-health-demo-").tempdir()?.keep();

    say("Starting three hosts (OpenSSH on loopback) and a mail server (exim)");
    let homes = HOSTS.iter().map(|address| ((*address).to_owned(), format!("home-of-{address}"))).collect();
    let sshd = Sshd::start(&folder.join("hosts"), SshdOptions { homes, ..SshdOptions::default() });
    let exim = Exim::start(&folder.join("mail"));
    let server = Server { dir: folder.join("server") };
    fs::create_dir_all(&server.dir)?;
    write_password(&server.dir.join("smtp-password"))?;
    server.configure(&config(&sshd, &exim));
    println!("\n{}", fs::read_to_string(server.dir.join("config.xml"))?);

    act(&server)?;
    say("The mail that was received");
    for mail in exim.mails(1) {
        println!("{}", as_read(&mail.text));
    }
    let again = write_again(&folder)?;
    say("What now");
    println!("Everything is in   {}", folder.display());
    println!("The same again:    sh {}", again.display());
    println!(
        "Your own hosts:    copy config/example/config.xml to ~/.config/fleet-health/config.xml, change three lines,"
    );
    println!(
        "                   then run fleet-collector keygen, trust '*' and fleet-collector (README.md has it all)"
    );
    Ok(())
}

/// What an administrator would type. The last host is down, so some of it ends with 3: done, but not everywhere.
fn act(server: &Server) -> Result<()> {
    let steps = Steps { server };
    steps.show("fleet-collector", &["keygen"], &[0])?;
    steps.show("fleet-collector", &["trust", "--yes", "*"], &[3])?;
    // A host is down when two visits in a row did not reach it.
    steps.show("fleet-collector", &["-v"], &[3])?;
    steps.show("fleet-collector", &["-v", "--host", "down"], &[3])?;
    steps.show("fleet-alerter", &["-v"], &[0])?;
    steps.show("fleet", &["status"], &[0])?;
    steps.show("fleet", &["alerts"], &[0])?;
    steps.show("fleet", &["explain", "down", "unreachable"], &[0])
}

fn config(sshd: &Sshd, exim: &Exim) -> String {
    let mut xml = format!(
        "<config>\n  <smtp host=\"localhost\" port=\"{}\" security=\"starttls\" username=\"fleet\"\n        \
         password-file=\"smtp-password\" ca-file=\"{}\" from=\"fleet-health@example.org\"/>\n  \
         <collector dial-timeout=\"2s\"/>\n  \
         <defaults port=\"{}\" username=\"{}\" identity-file=\"{}\" mail=\"ops@example.org\">\n    \
         <alert type=\"disk\" limit=\"90%\"/>\n    <alert type=\"memory\" limit=\"95%\"/>\n  </defaults>\n",
        exim.port,
        exim.ca_file().display(),
        sshd.port,
        harness::USER,
        sshd.identity().display(),
    );
    for (number, address) in HOSTS.iter().enumerate() {
        let name = format!("web{}", number + 1);
        // One host has a limit that it is certainly over, so that there is something to tell.
        let alert = if number == 0 { "><alert type=\"uptime\" limit=\"1\"/></client>" } else { "/>" };
        xml += &format!("  <client name=\"{name}\" ip=\"{address}\"{alert}\n");
    }
    xml + "  <client name=\"down\" ip=\"127.0.0.14\" port=\"1\"/>\n</config>\n"
}

/// What a mail client shows of a mail: who, what, and the first of its parts. The other one is the same in HTML.
fn as_read(mail: &str) -> String {
    let (head, body) = mail.split_once("\n\n").unwrap_or((mail, ""));
    let shown = |line: &&str| ["From:", "To:", "Subject:", "Date:"].iter().any(|name| line.starts_with(name));
    let head: Vec<&str> = head.lines().filter(shown).collect();
    let parts: Vec<&str> = body.split("\n--").collect();
    let text = parts.iter().find_map(|part| part.split_once("\n\n")).map_or(body, |(_, text)| text);
    format!("{}\n\n{}", head.join("\n"), decoded(&text.replace("=\n", "")))
}

/// Quoted-printable text as it was before (RFC 2045, 6.7).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = text.split('=');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend(code);
        bytes.extend(part[if code.is_some() { 2 } else { 0 }..].bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write_password(path: &Path) -> Result<()> {
    fs::write(path, "letmein\n")?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

struct Steps<'a> {
    server: &'a Server,
}

impl Steps<'_> {
    /// Runs one of the programs, in front of the reader.
    fn show(&self, name: &str, arguments: &[&str], expected: &[i32]) -> Result<()> {
        println!("\n$ {name} {}", arguments.join(" "));
        let status = self.server.command(name, arguments).status().with_context(|| format!("cannot start {name}"))?;
        match status.code() {
            Some(code) if expected.contains(&code) => Ok(()),
            _ => bail!("{name} ended with {status}, expected {expected:?}"),
        }
    }
}

/// A script that starts the servers of the folder again, does the same, and stops them.
fn write_again(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("again.sh");
    let (here, programs) = (folder.display(), target_dir().join("debug"));
    let script = format!(
        "#!/bin/sh\n# Starts the hosts and the mail server of this folder again, visits them, and stops them.\n\
         cd '{here}/hosts' || exit 1\n\
         unshare -m /bin/sh -c 'mount --bind passwd /etc/passwd && mount --bind shadow /etc/shadow && exec /usr/sbin/sshd -D -f \"$PWD/sshd_config\" -E \"$PWD/log\"' &\nhosts=$!\n\
         /usr/sbin/exim4 -C '{here}/mail/exim.conf' -bdf &\nmail=$!\n\
         trap 'kill $hosts $mail' EXIT\nsleep 1\n\
         PATH='{}':$PATH\nexport FLEET_CONFIG='{here}/server/config.xml' FLEET_STATE_DIR='{here}/server/state'\n\
         fleet-collector -v\nfleet-alerter -v\nfleet status\n",
        programs.display()
    );
    fs::write(&path, script).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn say(what: &str) {
    println!("\n== {what}");
}
