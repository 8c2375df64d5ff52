//! Why a visit failed: one error for the whole way to a host and back, and its place in the closed list of outcomes.

use std::io;
use std::time::Duration;

use sample::{OutcomeKind, Untrusted};

/// Why a visit gave no fresh sample.
///
/// `Display` is the outcome's detail: it is stored and shown, so it holds no secret, and text from the host in it
/// has passed [`Untrusted`].
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each one is")]
pub enum Failure {
    #[error("cannot resolve {name:?}: {source}")]
    Dns { name: String, source: io::Error },
    #[error("{address}: {source}")]
    Dial { address: String, source: io::Error },
    #[error("{address}: no answer within {}", humane(*limit))]
    DialTimeout { address: String, limit: Duration },
    #[error("{address}: this server is short of sockets, ports or threads: {source}")]
    Shortage { address: String, source: io::Error },
    #[error("{text}")]
    Earlier { kind: OutcomeKind, text: String },
    #[error("jump host {bastion}: {why}")]
    Jump { bastion: String, why: String },
    #[error("jump host {bastion} cannot reach {address} port {port}")]
    BeyondJump { bastion: String, address: String, port: u16 },
    #[error("{0}")]
    Throttled(String),
    #[error("no SSH server: it says \"{}\"", Untrusted(.0))]
    NotSsh(String),
    #[error("no common {kind}: it offers {theirs}; we take {ours}")]
    NoCommonAlgorithm { kind: &'static str, ours: String, theirs: String },
    #[error("{0}")]
    Handshake(String),
    #[error("no SSH handshake within {}", humane(*.0))]
    HandshakeTimeout(Duration),
    #[error("no key of {name} is on file; it offers {offered}")]
    HostKeyUnknown { name: String, offered: String },
    #[error("the key of {name} on file is {}; it offers {offered}", known.join(" or "))]
    HostKeyChanged { name: String, known: Vec<String>, offered: String },
    #[error("config.xml takes no key of {name} but {}; it offers {offered}", pinned.join(" or "))]
    HostKeyNotPinned { name: String, pinned: Vec<String>, offered: String },
    #[error("{name} offers {offered}: {found}")]
    HostCertificate { name: String, offered: String, found: String },
    #[error("{name} offers {offered}, which is marked @revoked")]
    HostKeyRevoked { name: String, offered: String },
    #[error("cannot note the new host key: {0}")]
    HostKeyNotNoted(#[source] io::Error),
    #[error("refused for user {user:?}; tried {tried}")]
    AuthRefused { user: String, tried: String },
    #[error("{0}")]
    NoAccess(String),
    #[error("no answer to the login within {}", humane(*.0))]
    AuthTimeout(Duration),
    #[error("the connection ended {phase}")]
    SessionLost { phase: &'static str },
    #[error("{0}")]
    ShellUnusable(String),
    #[error("no place for the probe: {0}")]
    NoWorkDir(String),
    #[error("{0}")]
    ArchUnsupported(String),
    #[error("{0}")]
    ProbeFailed(String),
    #[error("{phase}: not done within {}", humane(*limit))]
    CommandTimeout { phase: &'static str, limit: Duration },
    #[error("the visit took longer than {}", humane(*.0))]
    HostTimeout(Duration),
    #[error("the run was interrupted")]
    Cancelled,
    #[error("the run took longer than {}, see run-timeout on <collector>", humane(*.0))]
    RunTimeout(Duration),
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// Its place in the closed list of outcomes.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Failure::Dns { .. } => OutcomeKind::DnsFailed,
            Failure::Dial { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused => {
                OutcomeKind::ConnectRefused
            }
            Failure::Dial { source, .. } if source.kind() == io::ErrorKind::TimedOut => OutcomeKind::ConnectTimeout,
            Failure::Dial { .. } => OutcomeKind::Unreachable,
            Failure::DialTimeout { .. } => OutcomeKind::ConnectTimeout,
            Failure::Shortage { .. } => OutcomeKind::Internal,
            Failure::Earlier { kind, .. } => *kind,
            Failure::Jump { .. } => OutcomeKind::JumpFailed,
            Failure::BeyondJump { .. } => OutcomeKind::Unreachable,
            Failure::Throttled(_) => OutcomeKind::Throttled,
            Failure::NotSsh(_) | Failure::NoCommonAlgorithm { .. } | Failure::Handshake(_) => {
                OutcomeKind::HandshakeFailed
            }
            Failure::HandshakeTimeout(_) => OutcomeKind::HandshakeTimeout,
            Failure::HostKeyUnknown { .. } | Failure::HostKeyNotNoted(_) => OutcomeKind::HostKeyUnknown,
            Failure::HostKeyChanged { .. } | Failure::HostKeyNotPinned { .. } | Failure::HostCertificate { .. } => {
                OutcomeKind::HostKeyChanged
            }
            Failure::HostKeyRevoked { .. } => OutcomeKind::HostKeyRevoked,
            Failure::AuthRefused { .. } | Failure::NoAccess(_) => OutcomeKind::AuthFailed,
            Failure::AuthTimeout(_) => OutcomeKind::AuthTimeout,
            Failure::SessionLost { .. } => OutcomeKind::SessionLost,
            Failure::ShellUnusable(_) => OutcomeKind::ShellUnusable,
            Failure::NoWorkDir(_) => OutcomeKind::NoWorkDir,
            Failure::ArchUnsupported(_) => OutcomeKind::ArchUnsupported,
            Failure::ProbeFailed(_) => OutcomeKind::ProbeFailed,
            Failure::CommandTimeout { .. } => OutcomeKind::CommandTimeout,
            Failure::HostTimeout(_) => OutcomeKind::HostTimeout,
            Failure::Cancelled | Failure::RunTimeout(_) => OutcomeKind::Cancelled,
            Failure::Internal(_) => OutcomeKind::Internal,
        }
    }
}

/// What the host wrote to stderr, as one short safe line.
pub(crate) fn shown(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Untrusted(&lines.join("; ")).to_string()
}

fn humane(limit: Duration) -> String {
    match limit.as_millis() {
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

/// The error and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
