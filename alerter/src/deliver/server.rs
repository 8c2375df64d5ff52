//! The SMTP server as configured, with everything read that a connection needs.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::extension::ClientId;

use config::{SecretError, Security, Smtp};

use super::session::address;

/// How long the server may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For TCP, TLS, its greeting and EHLO, each.
    pub connect: Duration,
    /// For each command.
    pub command: Duration,
    /// For the answer to the message. Ending this wait early makes duplicates (RFC 5321, 4.5.3.2.6).
    pub final_answer: Duration,
    /// For the answer to QUIT.
    pub goodbye: Duration,
    /// For one mail from beginning to end, however slowly the server drips.
    pub attempt: Duration,
    /// For the answer to a message that is handed over when this program is told to end.
    pub grace: Duration,
    /// For all mails of a run: after it no attempt begins, and the rest stays due. A run holds the run lock, and new
    /// alerts wait for the next one.
    pub delivering: Duration,
}

/// Where mails go, ready to connect.
pub(crate) struct Server {
    pub(crate) host: String,
    /// What is sent there stays on this machine.
    pub(crate) is_loopback: bool,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) tls: Option<TlsParameters>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello: ClientId,
    pub(crate) from: Address,
    pub(crate) timeouts: Timeouts,
}

/// What the SMTP settings name cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The password.
    #[error("the SMTP password is not available")]
    Password(#[source] SecretError),
    /// The file of certificates.
    #[error("cannot read the ca-file {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in it.
    #[error("no usable certificate (PEM) in the ca-file {}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// Why; none if there simply is none.
        source: Option<lettre::transport::smtp::Error>,
    },
    /// TLS as a whole.
    #[error("cannot set up TLS")]
    Tls(#[source] lettre::transport::smtp::Error),
}

impl Default for Timeouts {
    /// RFC 5321, 4.5.3.2, but no longer than a minute for a server to come to its greeting. Five minutes of delivering
    /// are the usual distance of two runs; a service manager waits longer than two seconds before it kills.
    fn default() -> Timeouts {
        let [connect, command, final_answer, goodbye, attempt] = [60, 300, 600, 5, 900].map(Duration::from_secs);
        let [grace, delivering] = [2, 300].map(Duration::from_secs);
        Timeouts { connect, command, final_answer, goodbye, attempt, grace, delivering }
    }
}

impl Server {
    /// Reads the password and the certificates that the settings name.
    ///
    /// # Errors
    /// One of them can't be had.
    pub(crate) fn new(smtp: &Smtp, timeouts: Timeouts) -> Result<Server, ServerError> {
        let credentials = match &smtp.credentials {
            None => None,
            Some(login) => {
                let password = login.password.read().map_err(ServerError::Password)?;
                Some(Credentials::new(login.username.clone(), password.expose().to_owned()))
            }
        };
        let tls = match smtp.security {
            Security::None => None,
            Security::StartTls | Security::Tls => Some(tls(&smtp.host, smtp.ca_file.as_deref())?),
        };
        Ok(Server {
            host: smtp.host.clone(),
            is_loopback: smtp.is_loopback(),
            port: smtp.port,
            security: smtp.security,
            tls,
            credentials,
            hello: hello(),
            from: address(&smtp.from),
            timeouts,
        })
    }
}

/// The system's certificates and those of the ca-file; names are verified.
fn tls(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, ServerError> {
    let mut builder = TlsParametersBuilder::new(host.to_owned());
    if let Some(path) = ca_file {
        let path_buf = || path.to_owned();
        let pem = std::fs::read(path).map_err(|source| ServerError::CaFile { path: path_buf(), source })?;
        // Without this, a file of something else would be taken for an empty list.
        if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
            return Err(ServerError::NoCertificate { path: path_buf(), source: None });
        }
        let certificate = Certificate::from_pem(&pem);
        let unusable = |source| ServerError::NoCertificate { path: path_buf(), source: Some(source) };
        builder = builder.add_root_certificate(certificate.map_err(unusable)?);
    }
    builder.build().map_err(ServerError::Tls)
}

const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// What we call ourselves in EHLO: this machine's name, or an address literal if that is not a DNS name.
fn hello() -> ClientId {
    let default = ClientId::default();
    if let ClientId::Domain(name) = &default
        && is_dns_name(name)
    {
        return default;
    }
    ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST)
}

fn is_dns_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}
