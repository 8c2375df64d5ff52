//! What OpenSSH's client knows about hosts, as clients of config.xml.
//!
//! The names are read from the `Host` lines; what each name means is asked of `ssh -G`, so that `Include`, `Match`,
//! tokens and defaults mean what they mean to ssh. (The crate ssh2-config knows no `Match`, puts the lines of such a
//! block on the `Host` before it, and refuses a file for values it can't parse.)

mod ask_ssh;
mod names;
mod xml;

use std::collections::HashSet;
use std::env;
use std::io;
use std::path::{Path, PathBuf};

use sample::HostName;

pub use ask_ssh::Hop;
use ask_ssh::{Known, ask};
pub use names::Named;

/// A host that ssh knows.
#[derive(Debug)]
pub struct Client {
    /// Its name in the file, or one made of where it is.
    pub name: HostName,
    /// The client to go through.
    pub jump: Option<HostName>,
    /// Whether it is to be visited; hosts that are only on the way are not.
    pub enabled: bool,
    /// What has no place in config.xml.
    pub notes: Vec<String>,
    known: Known,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Import {
    /// In the order of the file, jump hosts that it doesn't name last.
    pub clients: Vec<Client>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

/// Nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file, or one it includes.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// OpenSSH's client is missing.
    #[error("cannot run ssh, which knows what its configuration means")]
    NoSsh(#[source] io::Error),
    /// The account has none, and so no ~/.ssh/config.
    #[error("this account has no home directory: name the file")]
    NoHome,
}

impl ImportError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ImportError::NoSsh(_) => Some("install OpenSSH's client: apt install openssh-client".to_owned()),
            ImportError::Unreadable { .. } => Some("fleet-collector import FILE reads another file".to_owned()),
            ImportError::NoHome => None,
        }
    }
}

/// Reads `file`, or else what ssh reads by itself.
///
/// # Errors
/// The file can't be read, or there is no ssh. What is wrong with single hosts is told in the result.
pub fn import(file: Option<&Path>) -> Result<Import, ImportError> {
    let home = env::home_dir().ok_or(ImportError::NoHome)?;
    let path = file.map_or_else(|| home.join(".ssh/config"), Path::to_owned);
    let mut import = Import::default();
    let names = names::read(&path, &home, &mut import.warnings)?;
    for named in names {
        let at = format!("{}:{}", named.file.display(), named.line);
        let Ok(name) = named.name.parse() else {
            import.warnings.push(format!("{at}: {:?} can be no name of a client, left out", named.name));
            continue;
        };
        match ask(file, &Hop::named(&named.name), None)? {
            Ok(known) => import.clients.push(Client::new(name, known, true, &home)),
            Err(said) => import.warnings.push(format!("{at}: {name} left out, ssh says: {said}")),
        }
    }
    import.add_jumps(file, &home)?;
    Ok(import)
}

impl Client {
    fn new(name: HostName, mut known: Known, visited: bool, home: &Path) -> Client {
        let notes = known.settle(home);
        let enabled = visited && known.proxy_command.is_none();
        Client { name, jump: None, enabled, notes, known }
    }
}

impl Import {
    /// Gives every client the one it is reached through. Clients that are added for that are reached somehow, too.
    fn add_jumps(&mut self, file: Option<&Path>, home: &Path) -> Result<(), ImportError> {
        let mut index = 0;
        while let Some(chain) = self.clients.get(index).map(|client| client.known.proxy_jump.clone()) {
            if let Some(chain) = chain {
                match self.jump(&chain, file, home)? {
                    Ok(jump) => self.clients[index].jump = Some(jump),
                    Err(said) => {
                        self.clients[index].enabled = false;
                        self.clients[index].notes.push(format!("ProxyJump {chain}: {said}"));
                    }
                }
            }
            index += 1;
        }
        Ok(())
    }

    /// The client that stands for the last hop of a chain.
    fn jump(&mut self, chain: &str, file: Option<&Path>, home: &Path) -> Result<Result<HostName, String>, ImportError> {
        let (before, last) = chain.rsplit_once(',').map_or((None, chain), |(before, last)| (Some(before), last));
        let Some(hop) = Hop::parse(last) else { return Ok(Err(format!("{last:?} is no host"))) };
        let known = match ask(file, &hop, before)? {
            Ok(known) => known,
            Err(said) => return Ok(Err(format!("ssh says of {last}: {said}"))),
        };
        let names: HashSet<&str> = self.clients.iter().map(|client| client.name.as_str()).collect();
        let free = |name: &String| !names.contains(name.as_str());
        let name = [hop.host.clone()].into_iter().chain((1..).map(|number| format!("{}-jump{number}", hop.host)));
        let name = name.take(self.clients.len() + 1).find(free).unwrap_or_default();
        let Ok(name) = name.parse() else { return Ok(Err(format!("{:?} can be no name of a client", hop.host))) };
        let client = Client::new(name, known, false, home);
        if let Some(same) = self.clients.iter().find(|other| other.known == client.known) {
            return Ok(Ok(same.name.clone()));
        }
        let name = client.name.clone();
        self.clients.push(client);
        Ok(Ok(name))
    }
}

#[cfg(test)]
mod tests;
