//! Our side of russh's session task: what the server may ask of us, which is nothing but a look at its key.

use std::sync::Arc;

use russh::client::{self, ChannelOpenHandle, Msg, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelId};
use sample::Untrusted;
use tokio::sync::oneshot;

use super::guard::Greeting;
use super::host_key::{Trust, describe};
use crate::Failure;

/// Our side of russh's session task.
pub(super) struct Peer {
    pub(super) check: Check,
}

/// What is done with the key the host offers.
pub(super) enum Check {
    /// It is accepted or not.
    Decide {
        /// The host's name in known_hosts.
        name: String,
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
            PeerError::Russh(error) => match greeting.throttled() {
                Some(line) => Failure::Throttled(line.to_owned()),
                None if greeting.is_empty() => {
                    Failure::Handshake("the peer closed the connection without a word".to_owned())
                }
                // The text may hold the peer's own words, such as its list of algorithms.
                None => Failure::Handshake(Untrusted(&error.to_string()).to_string()),
            },
        }
    }
}

impl client::Handler for Peer {
    type Error = PeerError;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, PeerError> {
        // Certificates are not asked for; one that comes all the same is refused.
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        match &mut self.check {
            Check::Decide { name, trust } => {
                trust.decide(name, key).map_err(PeerError::Refused)?;
                Ok(true)
            }
            Check::Look(sender) => {
                if let Some(sender) = sender.take() {
                    // The receiver may have given up at its deadline; then nobody wants the key any more.
                    drop(sender.send(key.clone()));
                }
                Err(PeerError::Refused(Failure::Handshake(format!("looked at {} and left", describe(key)))))
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
