//! From what config.xml says about an account to what logs in to it: keys, certificates and passwords are read here.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::{Agent, Host, Secret, SecretError, SecretSource};

use crate::failure::with_causes;
use crate::ssh::{AgentSocket, Bastion, CertificateError, Identity, IdentityError, Login, UserCertificate};
use crate::visit::Access;
use crate::work_dir::ParseWorkDirError;

/// Certificates and public keys are a few hundred bytes; those of large RSA keys some thousand.
const MOST_BYTES: u64 = 64 * 1024;

/// A host can't be logged in to because of what lies on this server.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A password, passphrase or private key.
    #[error("{}", with_causes(.0))]
    Secret(#[from] SecretError),
    /// What the identity file holds.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What the certificate file holds.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate file can't be read.
    #[error("certificate-file {}: {source}", path.display())]
    CertificateUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The agent is to be found by the environment, and is not.
    #[error("there is no ssh-agent: SSH_AUTH_SOCK is not set")]
    NoAgent,
    /// The directory on the host.
    #[error("work-dir: {0}")]
    WorkDir(#[from] ParseWorkDirError),
}

impl Unusable {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Unusable::Secret(error) => error.hint(),
            Unusable::Identity(error) => error.hint(),
            Unusable::NoAgent => {
                Some("cron and systemd don't set it: name the agent's socket in identity-agent".to_owned())
            }
            Unusable::Certificate(_) | Unusable::CertificateUnreadable { .. } | Unusable::WorkDir(_) => None,
        }
    }
}

/// The keys and certificates read so far. Most fleets share one, and opening one with a passphrase takes a tenth of a
/// second.
#[derive(Default)]
pub struct Identities {
    keys: HashMap<PathBuf, Vec<Opened>>,
    certificates: HashMap<PathBuf, Arc<UserCertificate>>,
    /// What lies beside a key: its certificate, or nothing of use.
    beside: HashMap<PathBuf, Option<Arc<UserCertificate>>>,
}

/// A key, with the passphrase it was opened with.
struct Opened {
    passphrase: Option<Secret>,
    identity: Arc<Identity>,
}

impl Identities {
    fn get(&mut self, path: &Path, passphrase: Option<Secret>) -> Result<Arc<Identity>, Unusable> {
        let wanted = passphrase.as_ref().map(Secret::expose);
        let same = |opened: &&Opened| opened.passphrase.as_ref().map(Secret::expose) == wanted;
        if let Some(opened) = self.keys.get(path).and_then(|opened| opened.iter().find(same)) {
            return Ok(opened.identity.clone());
        }
        let text = match SecretSource::File(path.to_owned()).read() {
            Ok(text) => text,
            // A public key may be seen by everybody.
            Err(SecretError::Unsafe { path, refusal }) => match read_public(&path) {
                Ok(text) if is_public_key(&text, &path) => Secret::new(text),
                Ok(_) | Err(_) => return Err(SecretError::Unsafe { path, refusal }.into()),
            },
            Err(error) => return Err(error.into()),
        };
        let identity = Arc::new(Identity::from_text(text.expose(), path, passphrase.as_ref())?);
        self.keys.entry(path.to_owned()).or_default().push(Opened { passphrase, identity: identity.clone() });
        Ok(identity)
    }

    /// The certificate in a file that config.xml names.
    fn certificate(&mut self, path: &Path) -> Result<Arc<UserCertificate>, Unusable> {
        if let Some(known) = self.certificates.get(path) {
            return Ok(known.clone());
        }
        let unreadable = |source| Unusable::CertificateUnreadable { path: path.to_owned(), source };
        let text = read_public(path).map_err(unreadable)?;
        let certificate = Arc::new(UserCertificate::from_text(&text, path)?);
        self.certificates.insert(path.to_owned(), certificate.clone());
        Ok(certificate)
    }

    /// The certificate that lies beside the key, like ssh finds it. Nobody asked for it, so one that is of no use stops
    /// no login; people are told once.
    fn certificate_beside(&mut self, key: &Identity) -> Option<Arc<UserCertificate>> {
        if let Some(known) = self.beside.get(key.path()) {
            return known.clone();
        }
        let found = match self.certificate(&beside(key.path())) {
            // One for another key stayed when the key was replaced.
            Ok(certificate) => Some(certificate).filter(|found| found.check_certifies(key.public()).is_ok()),
            Err(Unusable::CertificateUnreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(unusable) => {
                tracing::warn!("logging in without it: {unusable}; mend or remove the file");
                None
            }
        };
        self.beside.insert(key.path().to_owned(), found.clone());
        found
    }
}

/// What logs in to the host, which is reached through this jump host if any. A private key that is not at hand is left
/// to the agent, if there is one.
///
/// # Errors
/// A file is missing, not safe, or not what it should be; a passphrase is missing or wrong.
pub fn access(host: &Host, through: Option<&Bastion>, identities: &mut Identities) -> Result<Access, Unusable> {
    let password = host.password.as_ref().map(|source| source.read().map(Arc::new)).transpose()?;
    let passphrase = host.passphrase.as_ref().map(SecretSource::read).transpose()?;
    let key = host.identity_file.as_deref().map(|path| identities.get(path, passphrase)).transpose()?;
    let private = key.as_ref().map(|key| key.private().map(drop));
    let agent = match (&host.agent, private) {
        (None, Some(Err(needs_agent))) => return Err(needs_agent.into()),
        (None, _) | (Some(_), Some(Ok(()))) => None,
        (Some(agent), _) => match socket(agent) {
            None if password.is_none() => return Err(Unusable::NoAgent),
            found => found,
        },
    };
    let certificate = certificate(host, key.as_deref(), identities)?;
    let wanted_dir = host.work_dir.as_deref().map(str::parse).transpose()?;
    let by_hand = by_hand(host, through);
    Ok(Access {
        login: Login { username: host.username.clone(), key, certificate, agent, password, by_hand },
        wanted_dir,
    })
}

fn socket(agent: &Agent) -> Option<AgentSocket> {
    match agent {
        Agent::OfEnvironment => std::env::var_os("SSH_AUTH_SOCK").map(|path| AgentSocket::at(Path::new(&path))),
        Agent::At(path) => Some(AgentSocket::at(path)),
    }
}

/// The certificate that is named, or the one beside the key.
fn certificate(
    host: &Host,
    key: Option<&Identity>,
    identities: &mut Identities,
) -> Result<Option<Arc<UserCertificate>>, Unusable> {
    match (&host.certificate_file, key) {
        (Some(path), key) => {
            let certificate = identities.certificate(path)?;
            key.map_or(Ok(()), |key| certificate.check_certifies(key.public()))?;
            Ok(Some(certificate))
        }
        (None, Some(key)) => Ok(identities.certificate_beside(key)),
        (None, None) => Ok(None),
    }
}

/// `id-cert.pub` for `id` and for `id.pub`.
fn beside(key: &Path) -> PathBuf {
    let private = if is_named_pub(key) { key.with_extension("") } else { key.to_owned() };
    let mut path = private.into_os_string();
    path.push("-cert.pub");
    path.into()
}

fn is_named_pub(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pub")
}

fn is_public_key(text: &str, path: &Path) -> bool {
    Identity::from_text(text, path, None).is_ok_and(|identity| identity.is_public_half())
}

fn read_public(path: &Path) -> io::Result<String> {
    // Opening a pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("this is not a regular file"));
    }
    let mut text = String::new();
    File::open(path)?.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// The line that does the same in a person's shell.
fn by_hand(host: &Host, through: Option<&Bastion>) -> String {
    let jump = through.map(|bastion| format!(" -J {}", quoted(&bastion.as_jump()))).unwrap_or_default();
    let mut line = format!("ssh{jump} -p {}", host.port);
    let mut add = |option: &str, path: &Path| line += &format!(" {option}{}", quoted(&path.to_string_lossy()));
    if let Some(path) = &host.identity_file {
        add("-i ", path);
    }
    if let Some(path) = &host.certificate_file {
        add("-o CertificateFile=", path);
    }
    if let Some(Agent::At(path)) = &host.agent {
        add("-o IdentityAgent=", path);
    }
    line + " " + &quoted(&format!("{}@{}", host.username, host.address))
}

/// As the shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:%+=,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
