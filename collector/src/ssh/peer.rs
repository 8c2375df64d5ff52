//! Our side of russh's session task: what the server may ask of us, which is nothing but a look at its key.

use std::sync::{Arc, OnceLock};

use russh::client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{AlgorithmKind, Channel, ChannelId};
use sample::Untrusted;
use tokio::sync::oneshot;

use super::dial::Target;
use super::guard::Greeting;
use super::host_key::{Trust, describe};
use crate::Failure;

/// Our side of russh's session task.
pub(super) struct Peer {
    pub(super) check: Check,
    pub(super) farewell: Farewell,
}

/// What the host said when it ended the connection in good order.
#[derive(Clone, Default)]
pub(super) struct Farewell(Arc<OnceLock<String>>);

impl Farewell {
    /// Safe to show; none if the connection is there, or just broke off.
    pub(super) fn words(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// What is done with the key the host offers.
pub(super) enum Check {
    /// It is accepted or not.
    Decide {
        /// The host.
        target: Target,
        /// Who decides.
        trust: Arc<Trust>,
    },
    /// It is handed out, and the connection ends.
    Look(Option<oneshot::Sender<PublicKey>>),
}

/// What can end russh's session task.
#[derive(Debug)]
pub(super) enum PeerError {
    Russh(russh::Error),
    Refused(Failure),
}

impl From<russh::Error> for PeerError {
    fn from(error: russh::Error) -> PeerError {
        PeerError::Russh(error)
    }
}

impl PeerError {
    pub(super) fn into_failure(self, greeting: &Greeting) -> Failure {
        match self {
            PeerError::Refused(failure) => failure,
            PeerError::Russh(russh::Error::NoCommonAlgo { kind, ours, theirs }) => {
                let (ours, theirs) = (listed(&ours), Untrusted(&listed(&theirs)).to_string());
                Failure::NoCommonAlgorithm { kind: named(&kind), ours, theirs }
            }
            PeerError::Russh(error) => match greeting.instead_of_ssh() {
                Some(line) if SENT_AWAY.contains(&line.as_str()) => Failure::Throttled(format!("sshd said: {line}")),
                Some(line) => Failure::NotSsh(line),
                None if greeting.is_empty() => {
                    Failure::Throttled("the connection was closed before the host said a word".to_owned())
                }
                // The text may hold the peer's own words.
                None => Failure::Handshake(Untrusted(&error.to_string()).to_string()),
            },
        }
    }
}

/// What sshd says instead of its version when too many logins are under way, or after too many that failed.
const SENT_AWAY: [&str; 2] = ["Exceeded MaxStartups", "Not allowed at this time"];

fn named(kind: &AlgorithmKind) -> &'static str {
    match kind {
        AlgorithmKind::Kex => "key exchange",
        AlgorithmKind::Key => "host key algorithm",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Mac => "MAC",
        AlgorithmKind::Compression => "compression",
    }
}

/// Algorithms without the extensions that are announced among them.
fn listed(names: &[String]) -> String {
    let is_extension = |name: &&String| name.starts_with("ext-info-") || name.starts_with("kex-strict-");
    names.iter().filter(|name| !is_extension(name)).map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl client::Handler for Peer {
    type Error = PeerError;

    async fn disconnected(&mut self, reason: DisconnectReason<PeerError>) -> Result<(), PeerError> {
        match reason {
            DisconnectReason::ReceivedDisconnect(said) => {
                self.farewell.0.get_or_init(|| Untrusted(&said.message).to_string());
                Ok(())
            }
            DisconnectReason::Error(error) => Err(error),
        }
    }

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, PeerError> {
        match &mut self.check {
            Check::Decide { target, trust } => {
                trust.decide(target, key).await.map_err(PeerError::Refused)?;
                Ok(true)
            }
            Check::Look(sender) => {
                // Of a certificate it is the key: that can be pinned.
                let key = key.public_key();
                let seen = format!("looked at {} and left", describe(&key));
                if let Some(sender) = sender.take() {
                    // The receiver may have given up at its deadline; then nobody wants the key any more.
                    drop(sender.send(key));
                }
                Err(PeerError::Refused(Failure::Handshake(seen)))
            }
        }
    }

    // russh accepts channels that a server opens unless told otherwise. Dropping `reply` rejects the channel.

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), PeerError> {
        Ok(())
    }

    async fn should_accept_unknown_server_channel(&mut self, _: ChannelId, _: &str) -> bool {
        false
    }
}
