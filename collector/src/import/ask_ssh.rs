//! What `ssh -G` says of a host: its configuration as ssh itself resolves it, contacting nobody.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sample::Untrusted;

use super::ImportError;

/// A host as it is named on a command line or in `ProxyJump`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// The name.
    pub host: String,
    /// The account, if it is named.
    pub user: Option<String>,
    /// The port, if it is named.
    pub port: Option<String>,
}

impl Hop {
    /// A host by its name alone.
    pub fn named(host: &str) -> Hop {
        Hop { host: host.to_owned(), ..Hop::default() }
    }

    /// Reads `[user@]host[:port]`, as ssh prints it: IPv6 addresses in brackets.
    pub fn parse(text: &str) -> Option<Hop> {
        let (user, place) = text.rsplit_once('@').map_or((None, text), |(user, place)| (Some(user), place));
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']')?;
                (host, behind.strip_prefix(':'))
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let hop = Hop { host: host.to_owned(), user: user.map(str::to_owned), port: port.map(str::to_owned) };
        (!hop.host.is_empty() && !hop.host.starts_with('-')).then_some(hop)
    }
}

/// What ssh would do to reach a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) address: String,
    pub(super) port: String,
    pub(super) user: String,
    pub(super) identity_file: Option<PathBuf>,
    pub(super) certificate_file: Option<PathBuf>,
    pub(super) proxy_jump: Option<String>,
    pub(super) proxy_command: Option<String>,
    /// The name it was asked for.
    original: String,
    settings: HashMap<String, Vec<String>>,
}

/// Asks ssh about a host that is reached through `before`, or as its configuration says.
///
/// # Errors
/// ssh can't be started. The inner error is what it says against this host.
pub(super) fn ask(file: Option<&Path>, hop: &Hop, before: Option<&str>) -> Result<Result<Known, String>, ImportError> {
    let mut ssh = Command::new("ssh");
    ssh.arg("-G").stdin(Stdio::null());
    if let Some(file) = file {
        ssh.arg("-F").arg(file);
    }
    let options = [("-l", hop.user.as_deref()), ("-p", hop.port.as_deref()), ("-J", before)];
    for (option, value) in options {
        ssh.args(value.map(|value| [option, value]).into_iter().flatten());
    }
    let output = ssh.arg("--").arg(&hop.host).output().map_err(ImportError::NoSsh)?;
    if output.status.success() {
        return Ok(Ok(Known::parse(&String::from_utf8_lossy(&output.stdout), &hop.host)));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // It also remarks on a terminal it does not need here.
    let said: Vec<&str> = said.lines().filter(|line| !line.starts_with("Pseudo-terminal")).collect();
    Ok(Err(Untrusted(&said.join("; ")).to_string()))
}

impl Known {
    fn parse(text: &str, original: &str) -> Known {
        let mut settings: HashMap<String, Vec<String>> = HashMap::new();
        for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            settings.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        let mut one = |key: &str| settings.remove(key).and_then(|values| values.into_iter().next());
        let none = |value: &String| value != "none";
        Known {
            address: one("hostname").unwrap_or_default(),
            port: one("port").unwrap_or_default(),
            user: one("user").unwrap_or_default(),
            proxy_jump: one("proxyjump").filter(none),
            proxy_command: one("proxycommand").filter(none),
            original: original.to_owned(),
            settings: ["identityfile", "certificatefile", "hostkeyalias", "canonicalizehostname"]
                .into_iter()
                .filter_map(|key| settings.remove_entry(key))
                .collect(),
            ..Known::default()
        }
    }

    /// Chooses the files; returns what of all this has no place in config.xml.
    pub(super) fn settle(&mut self, home: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        self.identity_file = self.first_existing("identityfile", home, &mut notes);
        self.certificate_file = self.first_existing("certificatefile", home, &mut notes);
        if self.identity_file.is_none() {
            notes.push(
                "no identity file of it exists here: add identity-file, identity-agent or password-file".to_owned(),
            );
        }
        if let Some(command) = &self.proxy_command {
            notes.push(format!("not reached by ProxyCommand {command}: replace it by jump, then remove enabled"));
        }
        for alias in self.settings.remove("hostkeyalias").unwrap_or_default() {
            notes.push(format!("HostKeyAlias {alias} is not used: run fleet-collector trust for it"));
        }
        let canonical = self.settings.remove("canonicalizehostname").unwrap_or_default();
        if canonical.iter().any(|value| !matches!(value.as_str(), "no" | "false")) {
            notes.push("CanonicalizeHostname is not followed: check ip".to_owned());
        }
        // Only which name it was asked for by; another name for the same is the same.
        self.original.clear();
        notes
    }

    fn first_existing(&mut self, key: &str, home: &Path, notes: &mut Vec<String>) -> Option<PathBuf> {
        let files = self.settings.remove(key).unwrap_or_default();
        let mut found = None;
        for file in files.iter().filter(|file| *file != "none") {
            match self.expanded(file, home) {
                Some(path) if found.is_none() && path.is_file() => found = Some(path),
                Some(_) => {}
                None => notes.push(format!("{key} {file} has a token that is not followed")),
            }
        }
        found
    }

    /// The path with its tokens replaced; none if one is not known here.
    fn expanded(&self, file: &str, home: &Path) -> Option<PathBuf> {
        let mut path = String::new();
        let mut chars = file.chars();
        while let Some(c) = chars.next() {
            match (c, if c == '%' { chars.next() } else { None }) {
                ('%', Some('%')) => path.push('%'),
                ('%', Some('d')) => path.push_str(home.to_str()?),
                ('%', Some('h')) => path.push_str(&self.address),
                ('%', Some('n')) => path.push_str(&self.original),
                ('%', Some('p')) => path.push_str(&self.port),
                ('%', Some('r')) => path.push_str(&self.user),
                ('%', _) => return None,
                ('$', _) if chars.as_str().starts_with('{') => return None,
                (c, _) => path.push(c),
            }
        }
        match path.strip_prefix("~/") {
            Some(rest) => Some(home.join(rest)),
            None if path.starts_with('~') => None,
            None => std::path::absolute(path).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_has_a_host_and_perhaps_user_and_port() {
        let hop = |user: Option<&str>, host: &str, port: Option<&str>| {
            Some(Hop { host: host.to_owned(), user: user.map(str::to_owned), port: port.map(str::to_owned) })
        };
        assert_eq!(Hop::parse("gate"), hop(None, "gate", None));
        assert_eq!(Hop::parse("me@gate:2200"), hop(Some("me"), "gate", Some("2200")));
        assert_eq!(Hop::parse("[2001:db8::1]:22"), hop(None, "2001:db8::1", Some("22")));
        assert_eq!(Hop::parse("a@b@[::1]"), hop(Some("a@b"), "::1", None));
        for no in ["", "me@", "-oProxyCommand=x", "[::1"] {
            assert_eq!(Hop::parse(no), None, "{no}");
        }
    }
}
